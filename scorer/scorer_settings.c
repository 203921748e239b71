#include "base/base.h"
#include "schemas/item_neighbours.h"
#include "schemas/recommendation_list.h"
#include "schemas/user_history.h"
#include "scorer/scorer_settings.h"
#include "stream/config/option_table.h"

enum { ITEMS_MAX_MOST = 100000000 };

#define OPTION_SETTINGS struct scorer_settings

const struct option scorer_options[SCORER_OPTIONS_COUNT] = {
    OPTION("list.length", LONG, list_length, "20", OPTION_RANGE(1, LIST_ITEMS_MAX),
           "Items in a list."),
    OPTION("recent.items", LONG, recent_items, "20", OPTION_RANGE(1, HISTORY_ACTIONS_MAX),
           "Newest distinct items of a user that give scores to candidates."),
    OPTION("directed.weight", DOUBLE, directed_weight, "1", OPTION_RANGE(0, 1000),
           "Weight of the transitions (which item follows which)."),
    OPTION("symmetric.weight", DOUBLE, symmetric_weight, "0.1", OPTION_RANGE(0, 1000),
           "Weight of the symmetric similarity; 0: not used."),
    OPTION("similarity.measure", CHOICE, similarity_measure, "cosine",
           OPTION_ONE_OF("cosine|jaccard|llr"),
           "Measure of the symmetric similarity; llr needs action weights of at most 1."),
    OPTION("popularity.weight", DOUBLE, popularity_weight, "0.03", OPTION_RANGE(0, 1000),
           "Weight of the candidates' popularity."),
    OPTION("backward.weight", DOUBLE, backward_weight, "0.2", OPTION_RANGE(0, 10),
           "Weight of a transition in the other direction."),
    OPTION("shrink", DOUBLE, shrink, "0.3", OPTION_RANGE(0, 1e6),
           "Transitions that a pair needs to count half."),
    OPTION("source.power", DOUBLE, source_power, "0.2", OPTION_RANGE(0, 2),
           "Power by which a recent item's popularity reduces the scores that it gives."),
    OPTION("target.power", DOUBLE, target_power, "0.35", OPTION_RANGE(0, 2),
           "Power by which a candidate's popularity reduces its score."),
    OPTION("kernel.power", DOUBLE, kernel_power, "0.45", OPTION_RANGE(0.05, 2),
           "Power of the transitions; below 1 many weak ones give more than one strong one."),
    OPTION("recency.decay", DOUBLE, recency_decay, "0.85", OPTION_RANGE(0, 1),
           "Factor from the score of one recent item to that of the item before it."),
    OPTION("recency.power", DOUBLE, recency_power, "0.25", OPTION_RANGE(0, 10),
           "Power by which the rank among the recent items reduces their scores."),
    OPTION("neighbours.used", LONG, neighbours_used, "512", OPTION_RANGE(1, NEIGHBOURS_MAX),
           "Strongest neighbours of an item that are kept in memory."),
    OPTION("items.max", LONG, items_max, "1000000", OPTION_RANGE(1, ITEMS_MAX_MOST),
           "Most items of the catalogue in memory, and as many others; further ones are not "
           "recommended. An item with more actions takes the place of one with few."),
    OPTION("items.admit.actions", LONG, items_admit_actions, "0", OPTION_RANGE(0, 1000000),
           "Actions that an item needs to be recommended, unless it is in the catalogue."),
    OPTION("items.required", BOOL, items_required, "false", OPTION_FREE,
           "Recommend only items of the topic items; false: also any item that was acted on."),
    OPTION("model.name", STRING, model_name, "item-item", OPTION_FREE,
           "Name of this ranking in the topics of lists and in quality."),
    OPTION("lists.evaluated", BOOL, lists_evaluated, "true", OPTION_FREE,
           "Evaluate lists by their users' next actions, and learn the blend from those; false: "
           "for lists made in hindsight.",
           OPTION_FORMERLY("judge")),
    OPTION("lists.remake.share", LONG, remake_share, "0", OPTION_RANGE(0, 100),
           "Most percent of a core, for each partition, for making standing lists again when rows, "
           "the catalogue or the model have changed; 0: lists stay until their users act. Barred "
           "items are taken off lists in any case."),
    OPTION("vectors.used", BOOL, vectors_used, "true", OPTION_FREE,
           "Use the model versions of the sequence trainer in the blend; has no effect without "
           "such a trainer."),
    OPTION("vectors.index.from", LONG, vectors_index_from, "200000",
           OPTION_RANGE(0, ITEMS_MAX_MOST),
           "From this many items on, a model version's best items are found by an approximate "
           "index; 0: always exactly, by a scan over all items."),
    OPTION("content.used", BOOL, content_used, "false", OPTION_FREE,
           "Blend in items that are similar to a user's newest items by tags and titles: a new "
           "item can be recommended before any user has acted on it."),
    OPTION("blend.memory.max", BYTES, blend_memory_max, "32m", OPTION_RANGE(1 << 16, 100 * GIB),
           "Memory for the models' scores of users' last lists, from which the blend learns; not "
           "used where nothing is blended."),
    OPTION("blend.leader", CHOICE, blend_leader, "proved",
           OPTION_ONE_OF("proved|counting|sequence|mixture"),
           "Which model makes the lists where there is a blend; proved: the one that is best on "
           "users' next actions."),
};

struct item_table_settings scorer_table_settings(const struct scorer_settings *settings)
{
    return (struct item_table_settings){
        .backward_weight = settings->backward_weight,
        .shrink = settings->shrink,
        .source_power = settings->source_power,
        .target_power = settings->target_power,
        .kernel_power = settings->kernel_power,
        .neighbours_used = (size_t)settings->neighbours_used,
        .measure = (enum similarity_measure)settings->similarity_measure,
    };
}

struct ranking_settings scorer_ranking_settings(const struct scorer_settings *settings)
{
    return (struct ranking_settings){
        .recent_items = (size_t)settings->recent_items,
        .recency_decay = settings->recency_decay,
        .recency_power = settings->recency_power,
        .directed_weight = settings->directed_weight,
        .symmetric_weight = settings->symmetric_weight,
        .popularity_weight = settings->popularity_weight,
    };
}
