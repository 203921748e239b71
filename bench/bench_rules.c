/* Cuts lists from 200 candidates by ten rules of every kind, among 12,000 items with six tags each.
 * Prints `name value` lines. rules_us_per_200: a placement with all ten rules, and diversity. */
#include "base/base.h"
#include "base/xalloc.h"
#include "bench/stopwatch.h"
#include "model/rng.h"
#include "rules/list_cut.h"

enum { ITEMS = 12000, CANDIDATES = 200, TAGS = 6, USERS = 200, ACTIONS = 50 };
#define AS_OF_MS INT64_C(1796225400000)
#define DAY_MS INT64_C(86400000)

static const char text[] =
    "home.length=10\n"
    "home.repeats=yes\n"
    "home.filter.price=price < 90 and price >= 2\n"
    "home.filter.stock=stock > 0 or stock is unknown\n"
    "home.filter.adult=not tags has 'tag7'\n"
    "home.exclude.bought=purchase for 30d\n"
    "home.exclude.seen=view 3 times for 7d\n"
    "home.boost.new=1.3 if age < 14d\n"
    "home.boost.house=+0.1 if brand in ('brand1', 'brand2')\n"
    "home.pin.campaign=3 if category has 'level3'\n"
    "home.cap.brand=2 per brand\n"
    "home.share.new=20% if age < 14d\n";

struct bench {
    struct item_columns columns;
    struct ids *ids;
    struct cut_candidate candidates[USERS][CANDIDATES];
    int32_t items[USERS][ACTIONS], actions[ACTIONS];
    int64_t times_ms[ACTIONS];
    size_t places; /* keeps the work alive */
};

static void put_items(struct bench *bench, uint64_t *rng)
{
    char words[TAGS + 3][24];
    item_columns_init(&bench->columns);
    bench->ids = ids_new(INT32_MAX);
    for (int k = 0; k < ITEMS; k++) {
        struct slice texts[TAGS + 3];
        for (size_t t = 0; t < TAGS; t++) {
            (void)snprintf(words[t], sizeof(words[t]), "tag%zu", rng_below(rng, 300));
        }
        (void)snprintf(words[TAGS], sizeof(words[TAGS]), "level%zu", rng_below(rng, 20));
        (void)snprintf(words[TAGS + 1], sizeof(words[0]), "leaf%zu", rng_below(rng, 200));
        (void)snprintf(words[TAGS + 2], sizeof(words[0]), "brand%zu", rng_below(rng, 100));
        for (size_t t = 0; t < TAGS + 3; t++) { texts[t] = slice_str(words[t]); }
        const struct item item = {
            .price = (double)rng_below(rng, 100), .stock = (int64_t)rng_below(rng, 10) - 1,
            .created_ms = AS_OF_MS - (int64_t)rng_below(rng, 400) * DAY_MS,
            .brand = texts[TAGS + 2], .group_id = slice_str(""), .kind = slice_str(""),
            .tags = {texts, TAGS},
            .category = {texts + TAGS, 2}};
        char id[16];
        (void)snprintf(id, sizeof(id), "item-%d", k);
        item_columns_put(&bench->columns, ids_put(bench->ids, slice_str(id)), &item);
    }
}

static void draw_users(struct bench *bench, uint64_t *rng)
{
    for (size_t u = 0; u < USERS; u++) {
        size_t first = rng_below(rng, ITEMS);
        for (size_t k = 0; k < CANDIDATES; k++) { /* a step without common divisors: all differ */
            bench->candidates[u][k] = (struct cut_candidate){
                .item = (int32_t)((first + k * 7919) % ITEMS),
                .score = (float)(CANDIDATES - k) / CANDIDATES,
                .origin = k % 10 == 9 ? CUT_REPEAT : CUT_RANKED};
        }
        for (size_t a = 0; a < ACTIONS; a++) {
            bench->items[u][a] = bench->candidates[u][a % 20 * 10 + 9].item;
        }
    }
    for (size_t a = 0; a < ACTIONS; a++) {
        bench->actions[a] = a % 5 ? ACTION_VIEW : ACTION_PURCHASE;
        bench->times_ms[a] = AS_OF_MS - (int64_t)(ACTIONS - a) * DAY_MS;
    }
}

static double cut_all(struct bench *bench, struct list_cut *cut, const struct placement *placement)
{
    double begin = cpu_seconds();
    for (size_t u = 0; u < USERS; u++) {
        struct cut_result result;
        const struct cut_request request = {
            .candidates = bench->candidates[u], .count = CANDIDATES, .as_of_ms = AS_OF_MS,
            .user = {.items = bench->items[u], .actions = bench->actions,
                     .times_ms = bench->times_ms, .count = ACTIONS, .hash = u,
                     .actions_total = ACTIONS, .newest_ms = AS_OF_MS - DAY_MS}};
        list_cut_begin(cut, &request);
        list_cut_make(cut, placement, &result);
        bench->places += result.count;
    }
    return cpu_seconds() - begin;
}

static void measure(struct bench *bench, const char *name, const char *more)
{
    struct buf faults, all;
    buf_init(&faults, 1 << 16);
    buf_init(&all, 1 << 16);
    buf_printf(&all, "%s%s", text, more);
    struct rule_set *rules = rule_set_parse(buf_slice(&all), &bench->columns, 10, &faults);
    if (!rules) { fprintf(stderr, "%.*s", SLICE_ARGS(buf_slice(&faults))); }
    assert(rules);
    struct list_cut *cut = list_cut_new(&bench->columns, bench->ids);
    double best = cut_all(bench, cut, &rules->placements[0]);
    for (int turn = 0; turn < 20; turn++) {
        best = fmin(best, cut_all(bench, cut, &rules->placements[0]));
    }
    printf("%s %.1f\n", name, best / USERS * 1e6);
    list_cut_free(cut);
    rule_set_free(rules);
    buf_release(&faults);
    buf_release(&all);
}

int main(void)
{
    struct bench *bench = xcalloc(1, sizeof(*bench));
    uint64_t rng = 1;
    put_items(bench, &rng);
    draw_users(bench, &rng);
    measure(bench, "rules_undiversified_us_per_200", "");
    measure(bench, "rules_us_per_200", "home.diversity=0.3\n");
    printf("rules_places %zu\n", bench->places);
    item_columns_release(&bench->columns);
    ids_free(bench->ids);
    free(bench);
    return 0;
}
