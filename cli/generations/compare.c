/* compare: compares two generations' newest lists, and evaluates their lists on the same events.
 *
 * All lists and then the events of the last hours are read into memory and sorted by user and time.
 * A list counts for an event only if it was in its topic before the event was in `events` (Kafka's
 * timestamps). An event counts only if both generations had such a list for its user, so both are
 * measured on the same events, and none in hindsight.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "cli/client_schemas.h"
#include "cli/commands.h"
#include "cli/generation_log.h"
#include "cli/scan.h"
#include "model/ids.h"
#include "schemas/recommendation_list.h"
#include "schemas/user_event.h"
#include "stream/generation.h"

enum {
    TOP = 10,
    IDS_MAX = 50000000,
    SIDES = 2,
    COMPARE_ARENA_BLOCK = 1 << 16,
};

/* One published list; without items: the user's list was deleted. */
struct moment {
    int32_t user;
    int64_t time_ms;
    uint32_t count; /* of items; longer lists are cut */
    int32_t items[TOP];
};

struct side {
    const char *generation;
    struct moment *moments; /* by user, then time */
    size_t count;
    size_t capacity;
    uint8_t *listed; /* by item number: among the first ten of a newest list */
    int64_t users, items;
    int64_t hits;
    double gain;
};

struct compared_action {
    int32_t user;
    int32_t item;
    int64_t time_ms;
    bool liked;
};

struct compare {
    int64_t hours; /* flag */

    const struct client *client;
    struct wire *wire;
    struct codec *lists, *events;
    struct arena *arena;
    struct ids *users, *items;
    struct side sides[SIDES];
    struct side *reading;
    struct compared_action *actions; /* by user, then time */
    size_t actions_count, actions_capacity;
    int64_t both;
    double overlap;
    int64_t evaluated;
};

#define OPTION_SETTINGS struct compare

static const struct flag flags[] = {
    FLAG('h', "N",
         OPTION("hours", LONG, hours, "24", OPTION_RANGE(1, 1e6),
                "Evaluate on the events of the last N hours")),
};

/* ---- Reading ---- */

static void keep_moment(struct compare *compare, const struct recommendation_list *list,
                        int32_t user, int64_t time_ms)
{
    struct side *side = compare->reading;
    ARRAY_RESERVE(side->moments, side->capacity, side->count + 1, 1024);
    struct moment *moment = &side->moments[side->count++];
    *moment = (struct moment){.user = user, .time_ms = time_ms};
    for (size_t i = 0; i < MIN_OF(list->items.count, (size_t)TOP); i++) {
        moment->items[moment->count++] = ids_put(compare->items, list->items.at[i]);
    }
}

static bool take_list(void *arg, const struct record *rec)
{
    struct compare *compare = arg;
    struct recommendation_list list;
    struct codec_error error;
    arena_reset(compare->arena);
    if (!rec->key.data) { return true; }
    int32_t user = ids_put(compare->users, rec->key);
    if (!rec->value.data) {
        keep_moment(compare, &(struct recommendation_list){0}, user, rec->time_ms);
    } else if (codec_decode(compare->lists, rec->value, compare->arena, &list, &error) == 0 &&
               slice_equal(list.generation, slice_str(compare->reading->generation))) {
        keep_moment(compare, &list, user, rec->time_ms);
    }
    return true;
}

static bool take_event(void *arg, const struct record *rec)
{
    struct compare *compare = arg;
    struct user_event ev;
    struct codec_error error;
    arena_reset(compare->arena);
    if (!rec->value.data ||
        codec_decode(compare->events, rec->value, compare->arena, &ev, &error) < 0) {
        return true;
    }
    ARRAY_RESERVE(compare->actions, compare->actions_capacity, compare->actions_count + 1, 1024);
    compare->actions[compare->actions_count++] =
        (struct compared_action){.user = ids_put(compare->users, ev.user_id),
                                 .item = ids_put(compare->items, ev.item_id),
                                 .time_ms = rec->time_ms,
                                 .liked = ev.weight > 0};
    return true;
}

static int by_user_and_time(const void *a, const void *b)
{
    const struct moment *x = a, *y = b;
    if (x->user != y->user) { return x->user < y->user ? -1 : 1; }
    if (x->time_ms != y->time_ms) { return x->time_ms < y->time_ms ? -1 : 1; }
    return 0;
}

static int actions_by_user(const void *a, const void *b)
{
    const struct compared_action *x = a, *y = b;
    if (x->user != y->user) { return x->user < y->user ? -1 : 1; }
    if (x->time_ms != y->time_ms) { return x->time_ms < y->time_ms ? -1 : 1; }
    return 0;
}

/* The base's lists are in `recommendations` until it has released it for the first time, or moved
 * them away for a trial. */
static int read_side(struct compare *compare, struct side *side,
                     const struct generations *generations)
{
    bool apart = generations_apart(generations, side->generation, 0);
    _cleanup_(xfreep) char *topic = client_topic_of(
        compare->client, apart ? "lists" : "recommendations", side->generation);
    compare->reading = side;
    if (scan_topic(compare->wire, topic, -1, /* follow= */ false, take_list, compare) < 0) {
        return client_fail("%s", wire_why(compare->wire));
    }
    if (!side->count) {
        return client_fail("no lists of generation %s in %s", generation_label(side->generation),
                           topic);
    }
    qsort(side->moments, side->count, sizeof(*side->moments), by_user_and_time);
    return 0;
}

static int read_all(struct compare *compare)
{
    struct generations generations;
    if (generation_log_read(compare->client, compare->wire, &generations) != 0) {
        return EXIT_FAILURE;
    }
    int result = 0;
    for (size_t i = 0; i < SIDES && !result; i++) {
        result = read_side(compare, &compare->sides[i], &generations);
    }
    generations_release(&generations);
    if (result) { return result; }
    _cleanup_(xfreep) char *events = client_topic(compare->client, "events");
    int64_t since_ms = clock_wall_ms() - compare->hours * 3600000;
    if (scan_since(compare->wire, events, MAX_OF(since_ms, (int64_t)1), take_event, compare) < 0) {
        return client_fail("%s", wire_why(compare->wire));
    }
    if (compare->actions_count) {
        qsort(compare->actions, compare->actions_count, sizeof(*compare->actions),
              actions_by_user);
    }
    return 0;
}

/* ---- Evaluating ---- */

/* The user's newest list before a time; NULL when there is none (or an empty one). */
static const struct moment *list_before(const struct side *side, int32_t user, int64_t time_ms)
{
    size_t low = 0, high = side->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct moment *at = &side->moments[middle];
        bool before = at->user < user || (at->user == user && at->time_ms < time_ms);
        if (before) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    const struct moment *found = low ? &side->moments[low - 1] : NULL;
    return found && found->user == user && found->count ? found : NULL;
}

static void count_hits(struct side *side, const struct moment *list,
                       const struct compared_action *action)
{
    for (uint32_t k = 0; action->liked && k < list->count; k++) {
        if (list->items[k] != action->item) { continue; }
        side->hits++;
        side->gain += 1.0 / log2((double)k + 2.0);
    }
}

static void count_hits_of_all(struct compare *compare)
{
    for (size_t i = 0; i < compare->actions_count; i++) {
        const struct compared_action *action = &compare->actions[i];
        const struct moment *lists[SIDES];
        for (size_t s = 0; s < SIDES; s++) {
            lists[s] = list_before(&compare->sides[s], action->user, action->time_ms);
        }
        if (!lists[0] || !lists[1]) { continue; }
        compare->evaluated++;
        for (size_t s = 0; s < SIDES; s++) { count_hits(&compare->sides[s], lists[s], action); }
    }
}

static double common(const struct moment *a, const struct moment *b)
{
    int both = 0;
    for (uint32_t i = 0; i < a->count; i++) {
        for (uint32_t k = 0; k < b->count; k++) { both += a->items[i] == b->items[k]; }
    }
    return (double)both / (double)MAX_OF(a->count, b->count);
}

static void cover(struct side *side, const struct moment *list)
{
    side->users++;
    for (uint32_t k = 0; k < list->count; k++) {
        if (list->items[k] == ID_NONE || side->listed[list->items[k]]) { continue; }
        side->listed[list->items[k]] = 1;
        side->items++;
    }
}

static void compare_newest(struct compare *compare)
{
    for (size_t s = 0; s < SIDES; s++) {
        compare->sides[s].listed = xcalloc((size_t)ids_count(compare->items) + 1, 1);
    }
    for (int32_t user = 0; user < ids_count(compare->users); user++) {
        const struct moment *lists[SIDES];
        for (size_t s = 0; s < SIDES; s++) {
            lists[s] = list_before(&compare->sides[s], user, INT64_MAX);
            if (lists[s]) { cover(&compare->sides[s], lists[s]); }
        }
        if (!lists[0] || !lists[1]) { continue; }
        compare->both++;
        compare->overlap += common(lists[0], lists[1]);
    }
}

static void print(const struct compare *compare)
{
    const struct side *a = &compare->sides[0], *b = &compare->sides[1];
    double evaluated = (double)MAX_OF(compare->evaluated, (int64_t)1);
    printf("%-28s %14s %14s\n", "", generation_label(a->generation),
           generation_label(b->generation));
    printf("%-28s %14" PRId64 " %14" PRId64 "\n", "users with a list", a->users, b->users);
    printf("%-28s %14" PRId64 " %14" PRId64 "\n", "no list of the other", a->users - compare->both,
           b->users - compare->both);
    printf("%-28s %14" PRId64 " %14" PRId64 "\n", "items among first ten", a->items, b->items);
    if (compare->evaluated) {
        printf("%-28s %14.4f %14.4f\n", "hit@10", (double)a->hits / evaluated,
               (double)b->hits / evaluated);
        printf("%-28s %14.4f %14.4f\n", "ndcg@10", a->gain / evaluated,
               b->gain / evaluated);
    }
    printf("%-28s %14.4f\n", "overlap@10", compare->overlap /
           (double)MAX_OF(compare->both, (int64_t)1));
    printf("%-28s %14" PRId64 "\n", "users with both lists", compare->both);
    printf("%-28s %14" PRId64 "\n", "events evaluated", compare->evaluated);
    if (!compare->evaluated) {
        printf("No event of the last %" PRId64 " hours came after lists of both: let both "
               "generations follow events for a while.\n", compare->hours);
    }
}

static int run(struct compare *compare)
{
    int result = read_all(compare);
    if (result) { return result; }
    compare_newest(compare);
    count_hits_of_all(compare);
    print(compare);
    return 0;
}

static bool compare_check(struct invocation *invocation, struct buf *why)
{
    for (size_t i = 0; i < SIDES; i++) {
        if (!client_generation_valid(invocation->arguments[i], why)) { return false; }
    }
    if (strcmp(generation_parse(invocation->arguments[0]),
               generation_parse(invocation->arguments[1])) == 0) {
        buf_printf(why, "%s twice: name two generations", invocation->arguments[0]);
        return false;
    }
    return true;
}

static int compare_run(struct invocation *invocation)
{
    struct compare *compare = invocation->settings;
    struct schema_cache *schemas = client_schemas(&invocation->client);
    compare->client = &invocation->client;
    compare->wire = invocation->wire;
    compare->lists = codec_new(&recommendation_list_contract, schemas);
    compare->events = codec_new(&user_event_contract, schemas);
    compare->arena = arena_new(COMPARE_ARENA_BLOCK);
    compare->users = ids_new(IDS_MAX);
    compare->items = ids_new(IDS_MAX);
    for (size_t i = 0; i < SIDES; i++) {
        compare->sides[i].generation = generation_parse(invocation->arguments[i]);
    }
    int result = run(compare);
    for (size_t i = 0; i < SIDES; i++) {
        free(compare->sides[i].moments);
        free(compare->sides[i].listed);
    }
    free(compare->actions);
    ids_free(compare->users);
    ids_free(compare->items);
    arena_free(compare->arena);
    codec_free(compare->lists);
    codec_free(compare->events);
    schema_cache_free(schemas);
    return result;
}

const struct command compare_command = {
    .name = "compare",
    .group = GROUP_GENERATIONS,
    .summary = "print how two generations differ and how well their lists did",
    .arguments = "GENERATION GENERATION",
    .arguments_least = SIDES,
    .arguments_most = SIDES,
    .about =
        "Prints how many users and items the newest lists of two generations cover, how much the "
        "first ten items of a user's two lists have in common, and how often the item of an event "
        "was among the first ten of its user's list. Users of whom the other one has no list lose "
        "theirs when that one is promoted. Only events count for which both generations "
        "had published a list before.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .needs = NEEDS_KAFKA,
    .settings_size = sizeof(struct compare),
    .check = compare_check,
    .run = compare_run,
};
