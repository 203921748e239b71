/* Lists for requests that say on which device, where and when somebody asks, on streams with a
 * planted effect of the device, or of the hour (on mobile, or in the evening, users choose more of
 * every other item), on one without any, and on one with a burst: counted as features counts it,
 * measured on actions that were left out. */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/counting/row.h"
#include "model/counting/timeline.h"
#include "model/rng.h"
#include "scorer/lists/lists.h"
#include "scorer/scorer_settings.h"

#include <setjmp.h>
#include <cmocka.h>

enum {
    ITEMS = 400, TASTES = 20, OF_TASTE = ITEMS / TASTES, USERS = 500, ACTIONS = 48, LEFT_OUT = 8,
    LENGTH = 10, NUMBERS = 2 * ITEMS + 1000, ROW_MAX = 384, EVENING = 18,
    PUSHED_ITEMS = 3, PUSHED_DAY = ACTIONS - 5, PUSHED_HOUR = 20,
};

#define HOUR_MS INT64_C(3600000)

/* What a stream has. */
struct plan {
    double by_device, by_hour; /* so much more often are items chosen; 1: not */
    int pushed;                /* users who act on the same items in one hour of one day */
    int advertised;            /* the same on one device in one country, at any hour of the day */
    uint64_t seed;
};

static const char *const devices[] = {"mobile", "desktop"};
static const char *const countries[] = {"DE", "FR", "IT", "PL", "SE", "DK", "NL"};

/* A user's k-th action is on day k. */
struct act {
    int item, device, hour, weekday, country;
};

struct world {
    struct act acts[USERS][ACTIONS + LEFT_OUT];
    struct scorer_settings settings;
    struct options *options;
    struct tables tables;
    struct lists *lists;
};

/* ---- The stream ---- */

/* Draws an item of a taste that the user has not had; on mobile, even ones more often than odd
 * ones, else the other way round; in the evening, every other two. */
static int draw(uint64_t *rng, const struct plan *plan, int taste, const struct act *act,
                const bool *had)
{
    for (;;) {
        int item = taste * OF_TASTE + (int)rng_below(rng, OF_TASTE);
        bool on_device = item % 2 == act->device;
        bool by_hour = (item / 2 % 2 == 0) == (act->hour >= EVENING);
        if (had[item] || (!on_device && rng_unit(rng) * plan->by_device > 1.0)) { continue; }
        if (!by_hour && rng_unit(rng) * plan->by_hour > 1.0) { continue; }
        return item;
    }
}

/* Many act on one of a few items, on the same day. */
static void push(struct world *world, int users, bool in_one_hour)
{
    for (int u = 0; u < users; u++) {
        struct act *act = &world->acts[u][PUSHED_DAY];
        int item = u % PUSHED_ITEMS;
        for (int a = 0; a < ACTIONS + LEFT_OUT; a++) {
            if (world->acts[u][a].item == item) { world->acts[u][a].item = act->item; }
        }
        act->item = item;
        if (in_one_hour) {
            act->hour = PUSHED_HOUR;
        } else {
            act->device = act->country = 0;
        }
    }
}

static void make_stream(struct world *world, const struct plan *plan)
{
    uint64_t seed = plan->seed;
    for (int u = 0; u < USERS; u++) {
        bool had[ITEMS] = {false};
        size_t tastes[5];
        for (int t = 0; t < 5; t++) { tastes[t] = rng_below(&seed, TASTES); }
        for (int a = 0; a < ACTIONS + LEFT_OUT; a++) {
            struct act *act = &world->acts[u][a];
            int device = (int)rng_below(&seed, 2), taste = 0;
            int left = 0;
            do {
                bool own = rng_unit(&seed) < 0.8;
                taste = (int)(own ? tastes[rng_below(&seed, 5)] : rng_below(&seed, TASTES));
                left = 0;
                for (int k = 0; k < OF_TASTE; k++) { left += !had[taste * OF_TASTE + k]; }
            } while (left < 4);
            *act = (struct act){.device = device,
                                .hour = (int)rng_below(&seed, 24),
                                .weekday = (3 + a) % 7 + 1, /* 1970 began on a Thursday */
                                .country = (int)rng_below(&seed, ARRAY_COUNT(countries))};
            act->item = draw(&seed, plan, taste, act, had);
            had[act->item] = true;
        }
    }
    push(world, plan->pushed, /* in_one_hour= */ true);
    push(world, plan->advertised, /* in_one_hour= */ false);
}

static struct slice name_of(int item, char into[static 16])
{
    (void)snprintf(into, 16, "i%03d", item);
    return slice_str(into);
}

/* ---- Counting ---- */

struct cell {
    int32_t item;
    float co, forward, backward;
};

struct counted {
    struct cell *cells;
    size_t count;
};

static int by_strength(const void *a, const void *b)
{
    const struct cell *x = a, *y = b;
    double s = neighbour_strength((double)x->co, (double)x->forward, (double)x->backward);
    double t = neighbour_strength((double)y->co, (double)y->forward, (double)y->backward);
    return s != t ? (s < t ? 1 : -1) : x->item - y->item;
}

static void put_rows(struct world *world, const struct ids *ids, const struct pairs_view *view)
{
    struct counted *all = xcalloc(view->items_count, sizeof(*all));
    for (size_t i = 0; i < view->items_count; i++) {
        all[i].cells = xcalloc(view->items_count, sizeof(struct cell));
    }
    for (size_t k = 0; k < view->pairs_count; k++) {
        const struct pair *pair = &view->pairs[k];
        float co = (float)pair->co, on = (float)pair->forward, back = (float)pair->backward;
        struct counted *first = &all[pair->first], *second = &all[pair->second];
        first->cells[first->count++] = (struct cell){pair->second, co, on, back};
        second->cells[second->count++] = (struct cell){pair->first, co, back, on};
    }
    for (size_t i = 0; i < view->items_count; i++) {
        static struct slice items[ROW_MAX];
        static float co[ROW_MAX], forwards[ROW_MAX], backwards[ROW_MAX];
        const struct pairs_item *item = &view->items[i];
        size_t count = MIN_OF(all[i].count, (size_t)ROW_MAX);
        qsort(all[i].cells, all[i].count, sizeof(struct cell), by_strength);
        for (size_t k = 0; k < count; k++) {
            const struct cell *cell = &all[i].cells[k];
            items[k] = ids_text(ids, view->items[cell->item].item);
            co[k] = cell->co;
            forwards[k] = cell->forward;
            backwards[k] = cell->backward;
        }
        const struct serving_row row = {
            .item_id = ids_text(ids, item->item), .version = 1, .epoch = view->epoch,
            .trend_epoch = view->trend_epoch, .mass = item->mass, .actions = item->actions,
            .trend = item->trend, .first_users = item->new_users, .items = {items, count},
            .co_ratings = {co, count}, .forwards = {forwards, count},
            .backwards = {backwards, count}};
        assert_null(tables_put_row(&world->tables, &row));
        free(all[i].cells);
    }
    free(all);
}

static void count_user(const struct world *world, int u, struct window *window, struct ids *ids,
                       struct pairs *pairs)
{
    struct timeline timeline;
    timeline_init(&timeline);
    for (int a = 0; a < ACTIONS; a++) {
        const struct act *act = &world->acts[u][a];
        const int64_t time_ms = (24 * a + act->hour) * HOUR_MS;
        char name[16], text[CONTEXT_TEXT_BYTES_MAX];
        const struct circumstances known = {.device = slice_str(devices[act->device]),
                                            .country = slice_str(countries[act->country]),
                                            .hour = act->hour,
                                            .weekday = act->weekday,
                                            .group = context_group(time_ms, act->weekday)};
        const struct action action = {
            .time_ms = time_ms, .id_hash = (uint64_t)a + 1, .weight = 1,
            .item = ids_put(ids, name_of(act->item, name)),
            .context = ids_put(ids, context_text_write(&known, text)) + 1};
        (void)timeline_add(&timeline, window, &action, pairs);
        if (a == 0) { pairs_add_user(pairs, action.item); }
    }
    timeline_release(&timeline);
}

static void count_all(struct world *world)
{
    const struct timeline_rules rules = {
        .actions_max = 600, .pairs_window = 50, .transitions_window = 20,
        .transitions_exponent = 0.75, .weights_power = 1, .contexts = true};
    struct ids *ids = ids_new(NUMBERS);
    struct window *window = window_new(&rules, ids);
    struct pairs *pairs = pairs_new();
    struct pairs_view view;
    for (int u = 0; u < USERS; u++) { count_user(world, u, window, ids, pairs); }
    pairs_drain(pairs, &view);
    put_rows(world, ids, &view);
    pairs_free(pairs);
    window_free(window);
    ids_free(ids);
}

static struct world *make_world(struct plan plan)
{
    struct world *world = xcalloc(1, sizeof(*world));
    const struct option_group group = {"scorer", scorer_options, SCORER_OPTIONS_COUNT,
                                       &world->settings};
    assert_int_equal(options_fill(&group, 1, NULL, 0, stderr, &world->options), 0);
    tables_init(&world->tables, &world->settings.lists);
    tables_use_contexts(&world->tables);
    make_stream(world, &plan);
    count_all(world);
    world->lists = lists_new(&world->settings.lists, &world->tables, NULL, NULL, "");
    lists_set_context(world->lists, 0.5);
    return world;
}

static struct world *free_world(struct world *world)
{
    lists_free(world->lists);
    tables_release(&world->tables);
    options_free(world->options);
    free(world);
    return NULL;
}

/* ---- Lists ---- */

static const struct request_context nothing = {.hour = -1};

static void make_list(struct world *world, int u, const struct list_scope *scope,
                      struct recommendation_list *ret_list)
{
    static char names[ACTIONS][16];
    static struct slice items[ACTIONS];
    static float weights[ACTIONS];
    static int64_t offsets[ACTIONS];
    for (int a = 0; a < ACTIONS; a++) {
        items[a] = name_of(world->acts[u][a].item, names[a]);
        weights[a] = 1.0F;
    }
    const struct user_history history = {.user_id = slice_str("u"), .items = {items, ACTIONS},
                                         .weights = {weights, ACTIONS},
                                         .offsets = {offsets, ACTIONS}, .events_total = ACTIONS};
    lists_make_scoped(world->lists, &history, scope, ret_list);
}

static struct list_scope scope_of(const struct request_context *context)
{
    return (struct list_scope){.length = LENGTH, .context = context};
}

/* The mean NDCG@10 of the actions that were left out. */
static double measure(struct world *world, bool with, size_t *ret_reasons)
{
    double sum = 0;
    *ret_reasons = 0;
    for (int u = 0; u < USERS; u++) {
        for (int a = ACTIONS; a < ACTIONS + LEFT_OUT; a++) {
            const struct act *act = &world->acts[u][a];
            const struct request_context context = {.device = slice_str(devices[act->device]),
                                                    .country = slice_str(countries[act->country]),
                                                    .hour = act->hour,
                                                    .weekday = act->weekday};
            const struct list_scope scope = scope_of(with ? &context : &nothing);
            struct recommendation_list list;
            char name[16];
            make_list(world, u, &scope, &list);
            assert_int_equal(list.items.count, LENGTH);
            for (size_t k = 0; k < LENGTH; k++) {
                bool hit = slice_equal(list.items.at[k], name_of(act->item, name));
                if (hit) { sum += 1 / log2((double)k + 2); }
                *ret_reasons += list.reasons.at[k] == REASON_CONTEXT;
                if (k) { assert_true(list.scores.at[k] <= list.scores.at[k - 1]); }
            }
        }
    }
    return sum / (USERS * LEFT_OUT);
}

static void a_planted_effect_is_found(void **state _unused_)
{
    struct world *world = make_world((struct plan){4, 1, 0, 0, 1});
    size_t reasons;
    double without = measure(world, false, &reasons);
    assert_int_equal(reasons, 0);
    double with = measure(world, true, &reasons);
    print_message("planted: NDCG@10 %.4f without, %.4f with, %zu reasons\n", without, with,
                  reasons);
    assert_true(with > 1.15 * without);
    assert_true(reasons > 500);
    world = free_world(world);
}

/* The same for the hour, which a list is asked for alone. */
static void an_effect_of_the_hour_is_found(void **state _unused_)
{
    struct world *world = make_world((struct plan){1, 4, 0, 0, 8});
    size_t reasons;
    double without = measure(world, false, &reasons), with = measure(world, true, &reasons);
    print_message("by the hour: NDCG@10 %.4f without, %.4f with, %zu reasons\n", without, with,
                  reasons);
    assert_true(with > 1.1 * without);
    assert_true(reasons > 500);
    world = free_world(world);
}

static void a_burst_says_nothing_of_the_hour(void **state _unused_)
{
    for (uint64_t seed = 9; seed < 15; seed++) {
        int users = 60 << (seed % 3);
        struct world *world = make_world((struct plan){1, 1, users, 0, seed});
        size_t reasons;
        double without = measure(world, false, &reasons), with = measure(world, true, &reasons);
        print_message("a burst of %d users: NDCG@10 %.4f without, %.4f with (%.2f %%), %zu "
                      "reasons\n", users, without, with, 100 * (with / without - 1), reasons);
        assert_true(with >= 0.995 * without);
        world = free_world(world);
    }
}

/* A campaign in one country, or a bot of many names, which makes up its device. */
static void a_campaign_on_one_device(void **state _unused_)
{
    for (uint64_t seed = 9; seed < 15; seed++) {
        int users = 60 << (seed % 3);
        struct world *world = make_world((struct plan){1, 1, 0, users, seed});
        size_t reasons;
        double without = measure(world, false, &reasons), with = measure(world, true, &reasons);
        print_message("a campaign of %d users: NDCG@10 %.4f without, %.4f with (%.2f %%), %zu "
                      "reasons\n", users, without, with, 100 * (with / without - 1), reasons);
        assert_true(with >= 0.93 * without); /* devices have no groups of days: a known loss */
        world = free_world(world);
    }
}

static void without_an_effect_nothing_is_lost(void **state _unused_)
{
    for (uint64_t seed = 2; seed < 5; seed++) {
        struct world *world = make_world((struct plan){1, 1, 0, 0, seed});
        size_t reasons;
        double without = measure(world, false, &reasons), with = measure(world, true, &reasons);
        print_message("no effect: NDCG@10 %.4f without, %.4f with, %zu reasons\n", without, with,
                      reasons);
        assert_true(with >= 0.995 * without);
        world = free_world(world);
    }
}

/* What was not counted changes nothing, to the bit. */
static void an_unknown_context_changes_nothing(void **state _unused_)
{
    struct world *world = make_world((struct plan){4, 1, 0, 0, 5});
    const struct request_context watch = {.device = slice_str("watch"), .country = slice_str("x"),
                                          .hour = -1};
    float scores[LENGTH];
    const struct list_scope plain = scope_of(NULL), strange = scope_of(&watch);
    struct recommendation_list list;
    assert_false(lists_know_context(world->lists, &watch));
    for (int u = 0; u < 20; u++) {
        make_list(world, u, &plain, &list);
        memcpy(scores, list.scores.at, sizeof(scores));
        make_list(world, u, &strange, &list);
        assert_memory_equal(scores, list.scores.at, sizeof(scores));
    }
    world = free_world(world);
}

/* A longer list begins with the shorter one, and a given candidate is changed alike. */
static void pages_and_candidates_agree(void **state _unused_)
{
    struct world *world = make_world((struct plan){4, 1, 0, 0, 6});
    const struct request_context mobile = {.device = slice_str("MOBILE"), .hour = -1};
    struct list_scope scope = scope_of(&mobile);
    static char kept[150][16];
    struct recommendation_list list;
    int32_t given[5];
    assert_true(lists_know_context(world->lists, &mobile));
    for (int u = 0; u < 20; u++) {
        scope = scope_of(&mobile);
        scope.length = 150;
        make_list(world, u, &scope, &list);
        assert_int_equal(list.items.count, 150);
        for (size_t k = 0; k < 150; k++) {
            (void)snprintf(kept[k], 16, "%.*s", SLICE_ARGS(list.items.at[k]));
            given[k % 5] = lists_numbers(world->lists)[k % 5];
        }
        scope.length = LENGTH;
        make_list(world, u, &scope, &list);
        for (size_t k = 0; k < LENGTH; k++) {
            assert_true(slice_equal(list.items.at[k], slice_str(kept[k])));
        }
        int32_t turned[] = {given[4], given[2], given[0], given[1], given[3]};
        scope.given = turned;
        scope.given_count = 5;
        make_list(world, u, &scope, &list);
        assert_int_equal(list.items.count, 5);
        for (size_t k = 0; k < 5; k++) {
            assert_true(slice_equal(list.items.at[k], slice_str(kept[k])));
        }
    }
    world = free_world(world);
}

/* Somebody without an action gets what is popular, in this context. */
static void what_fills_up_is_of_the_context(void **state _unused_)
{
    struct world *world = make_world((struct plan){4, 1, 0, 0, 11});
    const struct user_history nobody = {.user_id = slice_str("new")};
    int even[2] = {0, 0}, reasons = 0;
    for (int d = 0; d < 2; d++) {
        const struct request_context context = {.device = slice_str(devices[d]), .hour = -1};
        const struct list_scope scope = scope_of(&context);
        struct recommendation_list list;
        lists_make_scoped(world->lists, &nobody, &scope, &list);
        for (size_t k = 0; k < list.items.count; k++) {
            int item = (int)strtol(list.items.at[k].data + 1, NULL, 10);
            even[d] += item % 2 == 0;
            bool told = list.reasons.at[k] == REASON_CONTEXT;
            reasons += told;
            if (told) {
                assert_true(slice_equal(list.because.at[k],
                                        slice_str(d ? "device=desktop" : "device=mobile")));
                assert_true(list.evidence.at[k] > 0 && list.shares.at[k] > 0);
            }
        }
    }
    assert_true(even[0] >= 6 && even[1] <= 2 && reasons >= 8);
    world = free_world(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_planted_effect_is_found),
        cmocka_unit_test(an_effect_of_the_hour_is_found),
        cmocka_unit_test(a_burst_says_nothing_of_the_hour),
        cmocka_unit_test(a_campaign_on_one_device),
        cmocka_unit_test(without_an_effect_nothing_is_lost),
        cmocka_unit_test(an_unknown_context_changes_nothing),
        cmocka_unit_test(pages_and_candidates_agree),
        cmocka_unit_test(what_fills_up_is_of_the_context),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
