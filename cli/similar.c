/* The item's row, and what is known of its neighbours, come from three scans: `neighbours` for the
 * row and for the masses of all items, by their numbers; then `items`, which bars some of them. The
 * similarity is derived from the counts at the end, as freshet-serve derives it from its table.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "cli/client_schemas.h"
#include "cli/commands.h"
#include "cli/scan.h"
#include "model/counting/decay.h"
#include "model/counting/similarity.h"
#include "model/ids.h"
#include "cli/screen.h"
#include "schemas/item.h"
#include "schemas/item_neighbours.h"
#include "stream/config/options.h"

enum {
    SIMILAR_ARENA_BLOCK = 1 << 18,
    ITEMS_MAX = 50000000,
    ID_JSON_MAX = 32 << 20,
};

struct mass {
    double value;
    int64_t epoch;
    int64_t first_users;
    bool barred; /* the catalogue has removed it, or says that it is not available now */
};

struct neighbour {
    struct slice id;
    double similarity;
    double co_rating;
};

/* Choices of the flag: as the scorer's configuration says, or one of enum similarity_measure. */
enum { MEASURE_CONFIGURED, MEASURES_FROM };

/* What the scorer's configuration says, by the names that its options have. */
struct list_words {
    int32_t measure; /* enum similarity_measure */
    bool required;
};

struct similar {
    int32_t chosen;  /* flag */
    int64_t count;   /* flag */
    bool required;   /* flag; or as configured */

    int32_t measure; /* enum similarity_measure */
    const char *item;
    int64_t now_ms;
    struct codec *codec;
    struct codec *items;
    struct arena *kept; /* the item's row */
    struct arena *scratch;
    struct ids *ids;
    struct mass *masses; /* by id number */
    size_t masses_capacity;
    bool found;
    struct item_neighbours row;
};

#define OPTION_SETTINGS struct list_words
static const struct option list_options[] = {
    OPTION("similarity.measure", CHOICE, measure, "cosine", OPTION_ONE_OF("cosine|jaccard|llr"),
           "Measure of the symmetric similarity."),
    OPTION("items.required", BOOL, required, "false", OPTION_FREE,
           "Recommend only items of the topic items."),
};

#undef OPTION_SETTINGS
#define OPTION_SETTINGS struct similar
static const struct flag flags[] = {
    FLAG('m', "NAME",
         OPTION("measure", CHOICE, chosen, "configured",
                OPTION_ONE_OF("configured|cosine|jaccard|llr"),
                "How similarity is derived from the counts; configured: by similarity.measure of "
                "--config, else cosine")),
    SWITCH('r', "items-required", required,
           "Leave out what the catalogue does not list, too, as with items.required of --config"),
    FLAG('n', "N",
         OPTION("count", LONG, count, "20", OPTION_RANGE(0, INFINITY), "Print N neighbours")),
};

/* Takes from the configuration what the flags do not say; 0, or an exit code. */
static int load_settings(struct similar *similar, const struct client *client)
{
    struct list_words words;
    const struct option_group group = {"lists", list_options, ARRAY_COUNT(list_options), &words};
    char *pairs[ARRAY_COUNT(list_options)];
    struct options *options = NULL;
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_COUNT(list_options); i++) {
        const char *value = client_other(client, list_options[i].name);
        if (value) { pairs[count++] = xprintf("%s=%s", list_options[i].name, value); }
    }
    int result = options_fill(&group, 1, (const char *const *)pairs, count, stderr, &options);
    for (size_t i = 0; i < count; i++) { free(pairs[i]); }
    options_free(options);
    if (result < 0) { return client_fail("the settings of lists are wrong: see above"); }
    bool chosen = similar->chosen != MEASURE_CONFIGURED;
    similar->measure = chosen ? similar->chosen - MEASURES_FROM : words.measure;
    similar->required |= words.required;
    return 0;
}

/* Bars the numbered items, until the catalogue is read. */
static void bar_all(struct similar *similar)
{
    for (size_t i = 0; i < similar->masses_capacity; i++) { similar->masses[i].barred = true; }
}

/* Numbers an item, with a place in the masses; ID_NONE when there are too many. */
static int32_t number_of(struct similar *similar, struct slice item)
{
    int32_t number = ids_put(similar->ids, item);
    if (number == ID_NONE) { return ID_NONE; }
    ARRAY_RESERVE_ZEROS(similar->masses, similar->masses_capacity, (size_t)number + 1, 4096);
    return number;
}

static void keep_mass(struct similar *similar, const struct item_neighbours *row)
{
    int32_t number = number_of(similar, row->item_id);
    if (number == ID_NONE) { return; }
    similar->masses[number] = (struct mass){
        .value = row->mass, .epoch = row->epoch, .first_users = row->first_users};
}

static void drop_row(struct similar *similar, struct slice item)
{
    int32_t number = item.data ? ids_find(similar->ids, item) : ID_NONE;
    if (number != ID_NONE) { similar->masses[number] = (struct mass){0}; }
    if (slice_equal(item, slice_str(similar->item))) { similar->found = false; }
}

static bool take_row(void *arg, const struct record *rec)
{
    struct similar *similar = arg;
    struct codec_error error;
    struct item_neighbours row;
    arena_reset(similar->scratch);
    if (!rec->value.data) {
        drop_row(similar, rec->key);
        return true;
    }
    if (codec_decode(similar->codec, rec->value, similar->scratch, &row, &error) < 0) {
        return true;
    }
    keep_mass(similar, &row);
    if (!slice_equal(row.item_id, slice_str(similar->item))) { return true; }
    struct slice copy = arena_copy(similar->kept, rec->value);
    similar->found =
        codec_decode(similar->codec, copy, similar->kept, &similar->row, &error) == 0 &&
        similar->row.co_ratings.count == similar->row.items.count;
    return true;
}

static double measure(const struct similar *similar, double co, double mass_b, double users)
{
    switch (similar->measure) {
    case SIMILARITY_JACCARD:
        return similarity_jaccard(co, similar->row.mass, mass_b);
    case SIMILARITY_LLR:
        return similarity_llr(co, similar->row.mass, mass_b, users);
    default:
        return similarity_cosine(co, similar->row.mass, mass_b);
    }
}

static int by_similarity(const void *a, const void *b)
{
    const struct neighbour *x = a, *y = b;
    if (x->similarity != y->similarity) { return x->similarity < y->similarity ? 1 : -1; }
    return slice_compare(x->id, y->id);
}

/* Keeps what the catalogue says last of an item that has a row. */
static bool take_item(void *arg, const struct record *rec)
{
    struct similar *similar = arg;
    struct codec_error error;
    struct item item = {0};
    int32_t number = rec->key.data ? ids_find(similar->ids, rec->key) : ID_NONE;
    if (number == ID_NONE) { return true; }
    arena_reset(similar->scratch);
    if (rec->value.data &&
        codec_decode(similar->items, rec->value, similar->scratch, &item, &error) < 0) {
        return true;
    }
    similar->masses[number].barred =
        !item.available ||
        !item_dates_hold(item.available_from_ms, item.available_until_ms, similar->now_ms);
    return true;
}

/* A row of somebody else may hold numbers whose similarity is none. */
static double finite_or_0(double number)
{
    return isfinite(number) ? number : 0.0;
}

/* Lists the neighbours that may be recommended, best first; returns how many there are. */
static size_t rank(const struct similar *similar, struct neighbour *list)
{
    const struct item_neighbours *row = &similar->row;
    double users = 0;
    size_t count = 0;
    for (size_t i = 0; i < similar->masses_capacity; i++) {
        users += (double)similar->masses[i].first_users;
    }
    for (size_t i = 0; i < row->items.count; i++) {
        int32_t number = ids_find(similar->ids, row->items.at[i]);
        struct mass mass = number == ID_NONE ? (struct mass){0} : similar->masses[number];
        if (mass.barred) { continue; }
        double mass_b = decay_rescale(mass.value, mass.epoch, row->epoch);
        list[count++] = (struct neighbour){
            .id = row->items.at[i],
            .co_rating = row->co_ratings.at[i],
            .similarity = finite_or_0(measure(similar, row->co_ratings.at[i], mass_b, users)),
        };
    }
    qsort(list, count, sizeof(*list), by_similarity);
    return count;
}

static void print(struct similar *similar)
{
    struct neighbour *list = xcalloc(similar->row.items.count, sizeof(*list));
    size_t count = rank(similar, list);
    struct buf id;
    buf_init(&id, ID_JSON_MAX);
    for (size_t i = 0; i < MIN_OF((size_t)similar->count, count); i++) {
        buf_clear(&id);
        quote_json(&id, list[i].id, QUOTE_EITHER);
        printf("{\"item\":%.*s,\"similarity\":%.17g,\"co_rating\":%.17g}\n",
               SLICE_ARGS(buf_slice(&id)), list[i].similarity, list[i].co_rating);
    }
    buf_release(&id);
    free(list);
}

static int run(struct similar *similar, const struct client *client, struct wire *wire)
{
    _cleanup_(xfreep) char *topic = client_topic(client, "neighbours");
    int result = scan_topic(wire, topic, -1, /* follow= */ false, take_row, similar);
    if (result < 0) { return client_fail_topic(client, wire, topic, "neighbours"); }
    if (!similar->found) {
        return client_fail("no row for item \"%s\" in %s; hint: an item is named by its id, and "
                           "has a row once somebody who acted on it has acted on another",
                           similar->item, topic);
    }
    for (size_t i = 0; i < similar->row.items.count; i++) { /* they may have no row of their own */
        (void)number_of(similar, similar->row.items.at[i]);
    }
    if (similar->required) { bar_all(similar); }
    _cleanup_(xfreep) char *items = client_topic(client, "items");
    if (scan_topic(wire, items, -1, /* follow= */ false, take_item, similar) < 0) {
        screen_line(stderr, "freshet: it is not known which items may be recommended: %s",
                    wire_why(wire));
    }
    print(similar);
    return 0;
}

static int similar_run(struct invocation *invocation)
{
    struct similar *similar = invocation->settings;
    if (load_settings(similar, &invocation->client)) { return EXIT_FAILURE; }
    struct schema_cache *schemas = client_schemas(&invocation->client);
    similar->item = invocation->arguments[0];
    similar->now_ms = clock_wall_ms();
    similar->codec = codec_new(&item_neighbours_contract, schemas);
    similar->items = codec_new(&item_contract, schemas);
    similar->kept = arena_new(SIMILAR_ARENA_BLOCK);
    similar->scratch = arena_new(SIMILAR_ARENA_BLOCK);
    similar->ids = ids_new(ITEMS_MAX);
    int result = run(similar, &invocation->client, invocation->wire);
    ids_free(similar->ids);
    free(similar->masses);
    arena_free(similar->kept);
    arena_free(similar->scratch);
    codec_free(similar->codec);
    codec_free(similar->items);
    schema_cache_free(schemas);
    return result;
}

const struct command similar_command = {
    .name = "similar",
    .group = GROUP_RESULTS,
    .summary = "print an item's nearest neighbours",
    .arguments = "ITEM",
    .arguments_least = 1,
    .arguments_most = 1,
    .about = "Prints an item's nearest neighbours as JSON lines, without those that the catalogue "
             "has removed or that are not available now. Similarities are derived from the "
             "counts in `neighbours`, at full precision. With the scorer's or the server's file as "
             "--config, items.required and similarity.measure are as there.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .needs = NEEDS_KAFKA,
    .settings_size = sizeof(struct similar),
    .run = similar_run,
};
