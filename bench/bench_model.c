/* How fast the counting model is, beside a plain recomputation: `name value` lines.
 *
 * The stream has the shape of MovieLens 100k: 943 users, 1,682 items, 100,000 actions, both drawn
 * from zipf distributions, each user's actions in order of time. Beside it stands a table of a
 * million random pairs, which is larger than the caches.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "bench/stopwatch.h"
#include "model/counting/pairs.h"
#include "model/counting/row.h"
#include "model/counting/timeline.h"

enum { USERS = 943, ITEMS = 1682, EVENTS = 100000, WIDE_PAIRS = 1000000, WINDOW = 50, STEPS = 20 };

struct event {
    int32_t user;
    struct action action;
};

static uint64_t seed = 88172645463325252u;

static uint64_t rng(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static void tell(const char *name, double value)
{
    printf("%s %.0f\n", name, value);
}

/* Fills sums[0 .. count-1] with the running total of 1 / (rank + 10). */
static void zipf_table(double *sums, int32_t count)
{
    double sum = 0;
    for (int32_t i = 0; i < count; i++) { sums[i] = sum += 1.0 / (i + 10); }
}

static int32_t zipf_draw(const double *sums, int32_t count)
{
    double at = (double)(rng() >> 11) * 0x1p-53 * sums[count - 1];
    int32_t low = 0, high = count - 1;
    while (low < high) {
        int32_t middle = (low + high) / 2;
        if (sums[middle] < at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct event *make_events(void)
{
    static double users[USERS], items[ITEMS];
    zipf_table(users, USERS);
    zipf_table(items, ITEMS);
    struct event *events = xcalloc(EVENTS, sizeof(*events));
    for (int32_t i = 0; i < EVENTS; i++) {
        events[i].user = zipf_draw(users, USERS);
        events[i].action = (struct action){
            .time_ms = INT64_C(900000000000) + i * INT64_C(1000),
            .id_hash = rng(),
            .offset = i,
            .weight = (double)(rng() % 5 + 1),
            .item = zipf_draw(items, ITEMS),
        };
    }
    return events;
}

static struct ids *make_ids(void)
{
    struct ids *ids = ids_new(ITEMS);
    for (int32_t i = 0; i < ITEMS; i++) {
        char text[16];
        (void)snprintf(text, sizeof(text), "%d", i);
        (void)ids_put(ids, slice_str(text));
    }
    return ids;
}

/* Appends the stream `rounds` times over; late_percent of the actions come before their time. */
static void bench_timeline(const struct event *events, struct ids *ids, int64_t half_life_ms,
                           const char *name)
{
    struct timeline_rules rules = {
        .actions_max = 600, .seen_max = 2000, .pairs_window = WINDOW, .transitions_window = STEPS,
        .transitions_exponent = 0.75, .decay = {half_life_ms}, .trend_decay = {86400000},
    };
    struct window *window = window_new(&rules, ids);
    struct pairs *pairs = pairs_new();
    static struct timeline timelines[USERS];
    for (int32_t i = 0; i < USERS; i++) { timeline_init(&timelines[i]); }
    double begin = cpu_seconds();
    for (int32_t i = 0; i < EVENTS; i++) {
        (void)timeline_add(&timelines[events[i].user], window, &events[i].action, pairs);
    }
    double took = cpu_seconds() - begin;
    tell(name, EVENTS / took);
    if (half_life_ms == 0) { tell("timeline_pair_updates", (double)pairs_updates(pairs)); }
    for (int32_t i = 0; i < USERS; i++) { timeline_release(&timelines[i]); }
    pairs_free(pairs);
    window_free(window);
}

/* The plain way: each event's contribution by looking at every predecessor for every other, into
 * one dense matrix. */
static void bench_timeline_naive(const struct event *events)
{
    double *co = xcalloc((size_t)ITEMS * ITEMS, sizeof(*co));
    double *forward = xcalloc((size_t)ITEMS * ITEMS, sizeof(*forward));
    int32_t *history = xcalloc((size_t)USERS * EVENTS, sizeof(*history));
    static int32_t counts[USERS];
    double begin = cpu_seconds();
    for (int32_t n = 0; n < EVENTS; n++) {
        const struct action *y = &events[n].action;
        int32_t *past = history + (size_t)events[n].user * EVENTS;
        int32_t count = counts[events[n].user], oldest = MAX_OF(count - WINDOW, 0);
        double r_old = 0;
        for (int32_t i = oldest; i < count; i++) {
            const struct action *x = &events[past[i]].action;
            if (x->item == y->item) { r_old = fmax(r_old, x->weight); }
        }
        double r_new = fmax(r_old, y->weight);
        for (int32_t i = count - 1; i >= oldest; i--) {
            const struct action *x = &events[past[i]].action;
            if (x->item == y->item) { continue; }
            size_t cell = (size_t)x->item * ITEMS + (size_t)y->item;
            if (count - i <= STEPS) { forward[cell] += pow(count - i, -0.75); }
            double rating = 0;
            bool nearer = false;
            for (int32_t j = oldest; j < count; j++) {
                if (events[past[j]].action.item != x->item) { continue; }
                rating = fmax(rating, events[past[j]].action.weight);
                nearer = nearer || j > i;
            }
            if (!nearer) { co[cell] += fmin(r_new, rating) - fmin(r_old, rating); }
        }
        past[count] = n;
        counts[events[n].user]++;
    }
    tell("timeline_append_events_per_s_naive", EVENTS / (cpu_seconds() - begin));
    free(co);
    free(forward);
    free(history);
}

static void bench_pairs(void)
{
    enum { TERMS = 40, ROUNDS = 200000, WIDE_ITEMS = 1 << 20 };
    struct pairs *pairs = pairs_new();
    struct pair_term *terms = xcalloc((size_t)WIDE_PAIRS, sizeof(*terms));
    int32_t *items = xcalloc(WIDE_PAIRS / TERMS, sizeof(*items));
    for (int32_t i = 0; i < WIDE_PAIRS; i++) {
        terms[i] = (struct pair_term){(int32_t)(rng() % WIDE_ITEMS), 1.0, 0.5};
    }
    for (int32_t i = 0; i < WIDE_PAIRS / TERMS; i++) { items[i] = WIDE_ITEMS + i; }
    double begin = cpu_seconds();
    for (int32_t i = 0; i < WIDE_PAIRS / TERMS; i++) {
        pairs_add(pairs, items[i], terms + (size_t)i * TERMS, TERMS);
    }
    tell("pairs_fill_per_s", WIDE_PAIRS / (cpu_seconds() - begin));
    begin = cpu_seconds();
    for (int32_t round = 0; round < ROUNDS; round++) {
        size_t i = rng() % (WIDE_PAIRS / TERMS);
        pairs_add(pairs, items[i], terms + i * TERMS, TERMS);
    }
    tell("pairs_add_per_s", (double)ROUNDS * TERMS / (cpu_seconds() - begin));
    begin = cpu_seconds();
    struct pairs_view view;
    pairs_drain(pairs, &view);
    tell("pairs_drain_per_s", (double)view.pairs_count / (cpu_seconds() - begin));
    begin = cpu_seconds();
    pairs_reset(pairs);
    tell("pairs_reset_us", (cpu_seconds() - begin) * 1e6);
    pairs_free(pairs);
    free(terms);
    free(items);
}

/* As the trainer does: the terms by row, then each row's at once. */
static void apply(struct row *rows, const struct pairs_view *view)
{
    struct neighbour *terms = xcalloc(view->pairs_count * 2, sizeof(*terms));
    size_t *starts = xcalloc(view->items_count + 1, sizeof(*starts));
    for (size_t i = 0; i < view->pairs_count; i++) {
        starts[view->pairs[i].first + 1]++;
        starts[view->pairs[i].second + 1]++;
    }
    for (size_t i = 1; i <= view->items_count; i++) { starts[i] += starts[i - 1]; }
    for (size_t i = 0; i < view->pairs_count; i++) {
        const struct pair *pair = &view->pairs[i];
        int32_t first = view->items[pair->first].item, second = view->items[pair->second].item;
        terms[starts[pair->first]++] =
            (struct neighbour){second, pair->co, pair->forward, pair->backward};
        terms[starts[pair->second]++] =
            (struct neighbour){first, pair->co, pair->backward, pair->forward};
    }
    for (size_t i = 0, from = 0; i < view->items_count; from = starts[i++]) {
        (void)row_add_all(&rows[view->items[i].item], terms + from, starts[i] - from, 1.0,
                          INFINITY);
    }
    free(starts);
    free(terms);
}

static void apply_naive(double (*cells)[3], const struct pairs_view *view)
{
    for (size_t i = 0; i < view->pairs_count; i++) {
        const struct pair *pair = &view->pairs[i];
        size_t first = (size_t)view->items[pair->first].item;
        size_t second = (size_t)view->items[pair->second].item;
        double *a = cells[first * ITEMS + second], *b = cells[second * ITEMS + first];
        a[0] += pair->co, a[1] += pair->forward, a[2] += pair->backward;
        b[0] += pair->co, b[1] += pair->backward, b[2] += pair->forward;
    }
}

static void bench_rows(const struct event *events, struct ids *ids)
{
    enum { BATCH = 10000, BOUND = 512 };
    struct timeline_rules rules = {
        .actions_max = 600, .seen_max = 2000, .pairs_window = WINDOW, .transitions_window = STEPS,
        .transitions_exponent = 0.75, .trend_decay = {86400000},
    };
    struct window *window = window_new(&rules, ids);
    struct pairs *pairs = pairs_new();
    static struct timeline timelines[USERS];
    static struct row rows[ITEMS];
    double(*cells)[3] = xcalloc((size_t)ITEMS * ITEMS, sizeof(*cells));
    for (int32_t i = 0; i < ITEMS; i++) { row_init(&rows[i]); }
    double took = 0, took_naive = 0, took_order = 0, adds = 0, orders = 0;
    for (int32_t i = 0; i < EVENTS; i++) {
        (void)timeline_add(&timelines[events[i].user], window, &events[i].action, pairs);
        if ((i + 1) % BATCH) { continue; }
        struct pairs_view view;
        pairs_drain(pairs, &view);
        double begin = cpu_seconds();
        apply(rows, &view);
        double middle = cpu_seconds();
        apply_naive(cells, &view);
        double end = cpu_seconds();
        for (int32_t j = 0; j < ITEMS; j++) {
            (void)row_prune(&rows[j], BOUND, ids);
            row_order(&rows[j], ids);
        }
        took += middle - begin, took_naive += end - middle, took_order += cpu_seconds() - end;
        adds += 2 * (double)view.pairs_count, orders += ITEMS;
        pairs_reset(pairs);
    }
    tell("row_apply_per_s", adds / took);
    tell("row_apply_per_s_naive", adds / took_naive);
    tell("row_prune_and_order_per_s", orders / took_order);
    for (int32_t i = 0; i < USERS; i++) { timeline_release(&timelines[i]); }
    for (int32_t i = 0; i < ITEMS; i++) { row_release(&rows[i]); }
    free(cells);
    pairs_free(pairs);
    window_free(window);
}

int main(void)
{
    struct event *events = make_events();
    struct ids *ids = make_ids();
    bench_timeline(events, ids, 0, "timeline_append_events_per_s");
    bench_timeline(events, ids, INT64_C(30) * 86400000, "timeline_append_events_per_s_decayed");
    bench_timeline_naive(events);
    bench_pairs();
    bench_rows(events, ids);
    free(events);
    ids_free(ids);
    return 0;
}
