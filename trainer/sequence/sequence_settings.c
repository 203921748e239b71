#include "base/base.h"
#include "embed/text/query_vectors.h"
#include "schemas/content_vectors.h"
#include "schemas/item_vector.h"
#include "schemas/user_history.h"
#include "stream/config/option_table.h"
#include "trainer/sequence/sequence_settings.h"

enum { LENGTH_MAX = HISTORY_ACTIONS_MAX, WIDTH_STEP = 16 };
enum { WIDTH_USUAL = 64, WIDTH_WITH_VECTORS = 128 };

/* Memory of one number of an item's vector during training, in floats: itself, Adam's two moments,
 * the gradients of two lanes, the table with attributes, the best model's copy; and the byte of a
 * snapshot. */
enum { FLOATS_A_NUMBER = 8 };

/* The same of a number of a content vector: two models' and that of an epoch's beginning; and the
 * bytes of the usual vector itself. */
enum { FLOATS_A_CONTENT_NUMBER = 3, CONTENT_BYTES_USUAL = 384 };

#define OPTION_SETTINGS struct sequence_settings

const struct option sequence_options[SEQUENCE_OPTIONS_COUNT] = {
    OPTION("train.threads", LONG, threads, "1", OPTION_RANGE(0, 64),
           "Threads that train; more than two are of no use; 0: the main thread, between polls."),
    OPTION("train.cpu.share", DOUBLE, cpu_share, "1", OPTION_RANGE(0.01, 1),
           "Share of the time in which a training thread computes; for the rest it sleeps.",
           OPTION_LIVE),
    OPTION("train.memory.max", BYTES, memory_max, "auto", OPTION_RANGE(1 << 24, 1024 * GIB),
           "Memory for sequences (half of it) and the model; users who acted longest ago, and "
           "items beyond, are left out.", OPTION_PART(CACHE)),
    OPTION("train.checkpoint.interval.ms", DURATION, checkpoint_ms, "30s",
           OPTION_RANGE(100, 86400000),
           "Time between checkpoints; they are written at the end of an epoch.", OPTION_LIVE),
    OPTION("train.publish.interval.ms", DURATION, publish_ms, "60s", OPTION_RANGE(0, 86400000),
           "Least time between two model versions of one training run; the last one is always "
           "published.", OPTION_LIVE),
    OPTION("train.d", LONG, d, "0", OPTION_RANGE(0, VECTOR_NUMBERS_MAX),
           "Dimensions of a vector, a multiple of 16; 0: 64, or 128 where sequences are short and "
           "items have vectors (train.vectors)."),
    OPTION("train.blocks", LONG, blocks, "0", OPTION_RANGE(0, WEIGHTS_BLOCKS_MAX), "Layers; 0: 2."),
    OPTION("train.heads", LONG, heads, "0", OPTION_RANGE(0, 16), "Heads of attention; 0: 1."),
    OPTION("train.length", LONG, length, "0", OPTION_RANGE(0, LENGTH_MAX),
           "Newest actions of a user that the model reads; 0: 50, or 200 where sequences are long. "
           "At most what features keeps (history.length there)."),
    OPTION("train.dropout", DOUBLE, dropout, "-1", OPTION_RANGE(-1, 0.9),
           "Dropout rate; -1: 0.2 to 0.5, depending on the data."),
    OPTION("train.mask.share", DOUBLE, mask_share, "0", OPTION_RANGE(0, 0.9),
           "Share of the items masked and predicted from both sides (BERT4Rec); 0: each action "
           "predicts its successor."),
    OPTION("train.weights.power", DOUBLE, weights_power, "1", OPTION_RANGE(0, 2),
           "Power of an action's weight (a rating: 1) in how much it counts as a target; 0: all "
           "count alike."),
    OPTION("train.batch", LONG, batch, "0", OPTION_RANGE(0, 1024),
           "Users in a batch; 0: 64, or 32 where sequences are long."),
    OPTION("train.rate", DOUBLE, rate, "0.001", OPTION_RANGE(1e-6, 0.5), "Learning rate."),
    OPTION("train.epochs.max", LONG, epochs, "0", OPTION_RANGE(0, 10000),
           "Epochs of a training run; 0: 16 to 45, depending on the data."),
    OPTION("train.patience", LONG, patience, "0", OPTION_RANGE(0, 1000),
           "Epochs without gain before a training run ends; 0: 2, or 5 where sequences are long."),
    OPTION("train.actions.min", LONG, actions_least, "1000", OPTION_RANGE(1, 1e12),
           "Actions that are needed before training begins."),
    OPTION("train.run.growth", DOUBLE, growth, "0.25", OPTION_RANGE(0.001, 1e6),
           "Growth of the number of actions after which a new training run begins.",
           OPTION_FORMERLY("train.season.growth")),
    OPTION("train.items.max", LONG, items_max, "1000000", OPTION_RANGE(1, 1e8),
           "Most items with a vector."),
    OPTION("train.seed", LONG, seed, "1", OPTION_RANGE(0, 1e15), "Seed of all random numbers."),
    OPTION("train.attributes", BOOL, attributes, "true", OPTION_FREE,
           "Add the vectors of an item's tags to its own."),
    OPTION("train.vectors", STRING, vectors, CONTENT_VECTOR_TEXT, OPTION_FREE,
           "Name of the items' vectors in content-vectors of which the model learns what they "
           "mean; empty: it takes none."),
    OPTION("train.vectors.d", LONG, vectors_d, "64", OPTION_RANGE(1, VECTOR_NUMBERS_MAX),
           "Dimensions that these are made shorter to before."),
    OPTION("query.model.path", STRING, query_model_path, "", OPTION_FREE,
           "Directory of the model that freshet-embed has (its model.path): what users searched "
           "for stands in their sequences, as a vector by it; empty: it does not."),
    OPTION("query.pieces.max", LONG, query_pieces_max, "128", OPTION_RANGE(3, QUERY_PIECES_MAX),
           "Most word pieces of such a text that count, as freshet-embed's pieces.max."),
    OPTION("train.searches.max", LONG, searches_max, "100000", OPTION_RANGE(0, 1e8),
           "Most different texts that users searched for; of further ones nothing is learned. 400 "
           "bytes each at 384 numbers; each start encodes them anew."),
    OPTION("publish.rows.max", LONG, rows_max, "5000", OPTION_RANGE(1, 100000),
           "Most item vectors sent at a time; ten times a second.", OPTION_LIVE),
    OPTION("segments.every.ms", DURATION, segments_every_ms, "10m", OPTION_RANGE(0, 86400000 * 7),
           "Least time between two counts of what users of one country, decade of birth or tag act "
           "on, published to profiles; 0: nothing is counted."),
    OPTION("segments.users.min", LONG, segments_users_min, "20", OPTION_RANGE(1, 1e9),
           "Users with a history that a segment needs to be published."),
    OPTION("segments.item.users.min", LONG, segments_item_users_min, "3", OPTION_RANGE(1, 1e9),
           "Users of a segment who must have acted on an item for it to be named."),
    OPTION("segments.max", LONG, segments_max, "1000", OPTION_RANGE(1, 100000),
           "Most segments: those that most profiles are in."),
    OPTION("segments.items", LONG, segments_items, "200", OPTION_RANGE(2, GROUP_ITEMS_MAX),
           "Most items that a segment's record names: half by how much more its users act on them "
           "than all do, half by how many act on them."),
    OPTION("segments.memory.max", BYTES, segments_memory_max, "256m",
           OPTION_RANGE(1 << 20, 1024 * GIB),
           "Memory of a count; with less than it takes, a part of the users is counted."),
    OPTION("clusters.every.ms", DURATION, clusters_every_ms, "1h", OPTION_RANGE(0, 86400000 * 7),
           "Least time between two groupings of all users by what they act on, published to "
           "profiles; 0: users are not grouped."),
    OPTION("clusters.max", LONG, clusters_max, "32", OPTION_RANGE(1, GROUP_CLUSTERS_MAX),
           "Most clusters; with few users there are fewer: one for 4 clusters.users.min users."),
    OPTION("clusters.d", LONG, clusters_d, "32", OPTION_RANGE(1, GROUP_NUMBERS_MAX),
           "Dimensions of the vectors by which users are grouped."),
    OPTION("clusters.users.min", LONG, clusters_users_min, "20", OPTION_RANGE(1, 1e9),
           "Users that a cluster needs to be published."),
    OPTION("clusters.item.users.min", LONG, clusters_item_users_min, "3", OPTION_RANGE(1, 1e9),
           "Users of a cluster who must have acted on an item for it to be named, and users who "
           "must have for it to count when users are grouped."),
    OPTION("clusters.items", LONG, clusters_items, "200", OPTION_RANGE(2, GROUP_ITEMS_MAX),
           "Most items that a cluster's record names: half by how much more its users act on them "
           "than all do, half by how many act on them."),
    OPTION("clusters.factors", LONG, clusters_factors, "50000",
           OPTION_RANGE(1, GROUP_PARTS_MAX * GROUP_FACTORS_MAX),
           "Most items by which users are grouped: those with most users."),
    OPTION("clusters.users.told", LONG, clusters_users_told, "20000", OPTION_RANGE(0, 100000),
           "Most users of whose newest items a version tells, without their names: by them, lists "
           "have what users chose who act alike; 0: none."),
    OPTION("clusters.memory.max", BYTES, clusters_memory_max, "256m",
           OPTION_RANGE(1 << 20, 1024 * GIB),
           "Memory of a grouping, and of the clusters that are published; with less than it takes, "
           "a part of the users is grouped."),
};

static int64_t width_of(const struct sequence_settings *settings)
{
    if (settings->d) { return settings->d; }
    return settings->vectors[0] ? WIDTH_WITH_VECTORS : WIDTH_USUAL;
}

const char *sequence_settings_fault(const struct sequence_settings *settings)
{
    if (settings->d % WIDTH_STEP) { return "train.d: want a multiple of 16"; }
    if (settings->heads && width_of(settings) % settings->heads) {
        return "train.heads must divide train.d";
    }
    if (settings->mask_share > 0.0 && settings->length == 1) {
        return "train.mask.share: train.length must be at least 2";
    }
    if (settings->query_model_path[0] && strcmp(settings->vectors, CONTENT_VECTOR_TEXT) != 0) {
        return "query.model.path: searches are compared with texts; hint: train.vectors="
               CONTENT_VECTOR_TEXT ", or query.model.path empty";
    }
    return NULL;
}

bool sequence_reads_searches(const struct sequence_settings *settings)
{
    return settings->query_model_path[0] && settings->searches_max > 0;
}

struct segment_counter_settings
sequence_segment_settings(const struct sequence_settings *settings)
{
    return (struct segment_counter_settings){
        .bytes_max = (size_t)settings->segments_memory_max,
        .segments_max = (size_t)settings->segments_max,
        .users_min = settings->segments_users_min,
        .item_users_min = settings->segments_item_users_min,
        .items_max = (size_t)settings->segments_items,
    };
}

struct cluster_counter_settings
sequence_cluster_settings(const struct sequence_settings *settings)
{
    return (struct cluster_counter_settings){
        .bytes_max = (size_t)settings->clusters_memory_max,
        .clusters_max = (size_t)settings->clusters_max,
        .dimensions = (size_t)settings->clusters_d,
        .users_min = settings->clusters_users_min,
        .item_users_min = settings->clusters_item_users_min,
        .items_max = (size_t)settings->clusters_items,
        .factors_max = (size_t)settings->clusters_factors,
        .users_told = (size_t)settings->clusters_users_told,
        .seed = (uint64_t)settings->seed,
    };
}

size_t sequence_training_set_bytes(const struct sequence_settings *settings)
{
    return (size_t)settings->memory_max / 2;
}

struct training_pace sequence_pace(const struct sequence_settings *settings)
{
    return (struct training_pace){.cpu_share = settings->cpu_share,
                                  .checkpoint_ms = settings->checkpoint_ms,
                                  .publish_ms = settings->publish_ms};
}

struct training_thread_settings sequence_training_settings(const struct sequence_settings *settings)
{
    int64_t of_item = width_of(settings) * FLOATS_A_NUMBER * (int64_t)sizeof(float);
    if (settings->vectors[0]) {
        of_item += settings->vectors_d * FLOATS_A_CONTENT_NUMBER * (int64_t)sizeof(float) +
                   CONTENT_BYTES_USUAL;
    }
    int64_t fitting = MAX_OF(settings->memory_max / 2 / of_item, (int64_t)1);
    return (struct training_thread_settings){
        .learner = {.d = settings->d,
                    .blocks = settings->blocks,
                    .heads = settings->heads,
                    .length = settings->length,
                    .dropout = settings->dropout,
                    .mask_share = settings->mask_share,
                    .batch = settings->batch,
                    .rate = settings->rate,
                    .epochs = settings->epochs,
                    .patience = settings->patience,
                    .actions_least = settings->actions_least,
                    .growth = settings->growth,
                    .items_max = MIN_OF(settings->items_max, fitting),
                    .threads = settings->threads,
                    .seed = settings->seed},
        .content_rank = settings->vectors_d,
        .pace = sequence_pace(settings),
    };
}
