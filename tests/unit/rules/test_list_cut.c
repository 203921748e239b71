/* Cuts by single rules with known results, and many random ones against a slow cut that is written
 * as the header says it, without its shortcuts. */
#include "base/base.h"
#include "model/rng.h"
#include "tests/unit/rules/rules_rig.h"

enum { ITEMS = 40, LENGTH = 10 };
#define DAY_MS INT64_C(86400000)
#define AS_OF_MS INT64_C(1796225400000)

struct world {
    struct rules_rig rig;
    struct list_cut *cut;
    struct cut_candidate candidates[ITEMS];
    struct cut_request request;
    struct rule_set *rules;
    struct cut_result result;
};

/* Items i0 ... with falling scores; brands a, b, c in turn; every fourth is new. */
static void world_init(struct world *world)
{
    static const char *const brands[] = {"a", "b", "c"};
    static const char *const tags[] = {"red round", "red", "blue", "blue round big", ""};
    char id[8];
    rules_rig_init(&world->rig);
    for (int k = 0; k < ITEMS; k++) {
        (void)snprintf(id, sizeof(id), "i%d", k);
        const struct item values = {
            .price = (double)(k % 7), .stock = k % 5,
            .created_ms = AS_OF_MS - (k % 4 ? 100 : 1) * DAY_MS, .brand = slice_str(brands[k % 3]),
            .group_id = slice_str(k % 10 == 3 ? "g" : "")};
        world->candidates[k] = (struct cut_candidate){
            .item = rules_rig_item(&world->rig, id, values, tags[k % 5], k % 2 ? "s t" : "s u"),
            .score = (float)(ITEMS - k) / (float)ITEMS, .origin = CUT_RANKED};
    }
    world->cut = list_cut_new(&world->rig.columns, world->rig.ids);
    world->request = (struct cut_request){
        .candidates = world->candidates, .count = ITEMS, .as_of_ms = AS_OF_MS};
    world->rules = NULL;
}

static void world_clear(struct world *world)
{
    list_cut_free(world->cut);
    rule_set_free(world->rules);
    rules_rig_clear(&world->rig);
}

/* Cuts the only placement of the rules; returns its numbers of items as text. */
static const char *cut(struct world *world, const char *text)
{
    static char told[400];
    size_t size = 0;
    rule_set_free(world->rules);
    world->rules = rules_rig_parse(&world->rig, text);
    list_cut_begin(world->cut, &world->request);
    list_cut_make(world->cut, &world->rules->placements[0], &world->result);
    told[0] = '\0';
    for (size_t k = 0; k < world->result.count; k++) {
        size += (size_t)snprintf(told + size, sizeof(told) - size, "%s%d", k ? " " : "",
                                 world->result.places[k].item);
    }
    return told;
}

/* Returns "RULE:ITEM@RANK" of each removal. */
static const char *removals(const struct world *world)
{
    static char told[800];
    char name[2 * RULE_NAME_BYTES_MAX];
    size_t size = 0;
    told[0] = '\0';
    for (size_t k = 0; k < world->result.removals_count; k++) {
        const struct cut_removal *removal = &world->result.removals[k];
        size += (size_t)snprintf(told + size, sizeof(told) - size, "%s%s:%d@%d", k ? " " : "",
                                 list_cut_rule_name(&world->rules->placements[0], removal->rule,
                                                    name, sizeof(name)),
                                 removal->item, removal->rank);
    }
    return told;
}

static void one_rule_at_a_time(void **state _unused_)
{
    static const struct {
        const char *rules, *list, *removed;
    } cases[] = {
        {"p.length=4\np.cap.group=9 per group", "0 1 2 3", ""},
        {"p.length=4\np.filter.f=price != 1", "0 2 3 4", "filter.f:1@2"},
        {"p.length=3\np.boost.b=3 if brand='b'", "1 4 7", ""},
        {"p.length=3\np.boost.b=+0.5 if id='i12'", "12 0 1", ""},
        {"p.length=3\np.boost.b=0 if id='i0'", "1 2 3", ""},
        {"p.length=4\np.pin.x=2 if id='i9'", "0 9 1 2", ""},
        {"p.length=4\np.pin.x=2 if brand='b'", "0 1 2 3", ""},
        {"p.length=4\np.cap.x=1 per brand", "0 1 2", "cap.x:3@4"},
        {"p.length=6\np.cap.x=1 per brand\np.pin.y=6 if id='i4'\np.pin.z=5 if id='i5'", "0 1 2 5 4",
         "cap.x:3@4"},
        {"p.length=4\np.cap.x=1 per brand\np.fallback=uncapped", "0 1 2 3", ""},
        {"p.length=4\np.cap.x=1 per tag", "0 2 4 9", "cap.x:1@2 cap.x:3@4"},
        {"p.length=4\np.cap.x=1 per category", "0 1", "cap.x:2@3 cap.x:3@4"},
        {"p.length=4\np.cap.x=1 if price < 2", "0 2 3 4", "cap.x:1@2"},
        {"p.length=14", "0 1 2 3 4 5 6 7 8 9 10 11 12 14", "cap.group:13@14"},
        {"p.length=5\np.share.new=80% if age<2d", "0 1 4 8 12", ""},
        {"p.length=5\np.share.new=100% if age<2d\np.filter.f=id in ('i1','i2','i8')", "8 1 2",
         "filter.f:0@1 filter.f:3@4 filter.f:4@5"},
        {"p.length=3\np.filter.f=price<0 until 2026-12-01", "0 1 2", ""},
        {"p.length=3\np.filter.f=price>0 from 2026-12-02 until 2026-12-03", "1 2 3",
         "filter.f:0@1"},
        {"p.length=3\np.filter.f=price>0 from 2026-12-03", "0 1 2", ""},
    };
    struct world world;
    world_init(&world);
    for (size_t k = 0; k < ARRAY_COUNT(cases); k++) {
        const char *list = cut(&world, cases[k].rules);
        if (strcmp(list, cases[k].list)) {
            fail_msg("%s: %s, expected %s", cases[k].rules, list, cases[k].list);
        }
        if (strcmp(removals(&world), cases[k].removed)) {
            fail_msg("%s: removed %s, expected %s", cases[k].rules, removals(&world),
                     cases[k].removed);
        }
    }
    world_clear(&world);
}

/* A reader refuses a list with a number that is not finite. */
static void many_boosts_stay_finite(void **state _unused_)
{
    struct world world;
    struct buf text;
    world_init(&world);
    buf_init(&text, 1 << 16);
    buf_printf(&text, "p.length=3\n");
    for (int k = 0; k < PLACEMENT_RULES_MAX - 1; k++) {
        buf_printf(&text, "p.boost.b%d=1000 if id in ('i9', 'i12')\n", k);
    }
    buf_printf(&text, "p.boost.none=0 if id='i12'\n");
    buf_append(&text, "", 1);
    assert_string_equal(cut(&world, text.data), "9 0 1");
    assert_true(isfinite(world.result.places[0].relevance));
    assert_true(world.result.places[0].relevance > 1.0F);
    buf_release(&text);
    world_clear(&world);
}

static void exclusions_count_actions_and_time(void **state _unused_)
{
    static const int32_t items[] = {0, 1, 2, 2, 2, 3, ID_NONE, 99};
    static const int32_t actions[] = {ACTION_PURCHASE, ACTION_PURCHASE, ACTION_VIEW, ACTION_VIEW,
                                      ACTION_VIEW, ACTION_VIEW, ACTION_VIEW, ACTION_VIEW};
    static const int64_t days[] = {100, 10, 20, 15, 9, 1, 1, 1};
    static const struct {
        const char *rules, *list;
    } cases[] = {
        {"p.length=4", "4 5 6 7"}, /* what the user has had is not listed again */
        {"p.length=4\np.repeats=yes", "0 1 2 3"},
        {"p.length=4\np.repeats=yes\np.exclude.x=purchase", "2 3 4 5"},
        {"p.length=4\np.repeats=yes\np.exclude.x=purchase for 30d", "0 2 3 4"},
        {"p.length=4\np.repeats=yes\np.exclude.x=view 3 times for 7d", "0 1 2 3"},
        {"p.length=4\np.repeats=yes\np.exclude.x=view 3 times for 10d", "0 1 3 4"},
        {"p.length=4\np.repeats=yes\np.exclude.x=view 3 times in 12d for 10d", "0 1 2 3"},
        {"p.length=4\np.repeats=yes\np.exclude.x=view, purchase", "4 5 6 7"},
        {"p.length=4\np.repeats=yes\np.exclude.x=view, purchase if price > 1", "0 1 4 5"},
    };
    struct world world;
    int64_t times_ms[ARRAY_COUNT(days)];
    world_init(&world);
    for (size_t k = 0; k < ARRAY_COUNT(days); k++) { times_ms[k] = AS_OF_MS - days[k] * DAY_MS; }
    for (int k = 0; k < 4; k++) { world.candidates[k].origin = CUT_REPEAT; }
    world.request.user = (struct cut_user){.items = items, .actions = actions,
                                           .times_ms = times_ms, .count = ARRAY_COUNT(items)};
    for (size_t k = 0; k < ARRAY_COUNT(cases); k++) {
        const char *list = cut(&world, cases[k].rules);
        if (strcmp(list, cases[k].list)) {
            fail_msg("%s: %s, expected %s", cases[k].rules, list, cases[k].list);
        }
    }
    world_clear(&world);
}

/* Items 0 to 3 are the user's own: 0 was had 40 days ago, 1 ten days ago; 2 on days 60, 40 and 20,
 * so every 23 days where a rule expects 30; 3 was only viewed. 4 is the best of the others. */
static void what_is_due_comes_again(void **state _unused_)
{
    static const int32_t items[] = {2, 0, 2, 2, 1, 3};
    static const int32_t actions[] = {ACTION_PURCHASE, ACTION_PURCHASE, ACTION_PURCHASE,
                                      ACTION_PURCHASE, ACTION_PURCHASE, ACTION_VIEW};
    static const int64_t days[] = {60, 40, 40, 20, 10, 1};
    static const struct {
        const char *rules, *list;
        int due_in; /* days; 0: nothing */
    } cases[] = {
        {"p.length=4\np.again.x=every 30d", "4 5 6 7", 4}, /* 0 has the relevance 3/8 */
        {"p.length=14\np.cap.group=9 per group\np.again.x=every 30d",
         "4 5 6 7 8 9 10 11 12 13 14 15 16 17", 4},
        {"p.only=again\np.again.x=every 30d", "0", 4},
        {"p.only=again\np.again.x=every 20d", "2 0", 10}, /* 3/4 and 1/4 */
        {"p.only=again\np.again.x=every 20d\np.boost.b=9 if id='i0'", "0 2", 10},
        {"p.only=again\np.again.x=every 20d if price = 0", "0", 0},
        {"p.only=again\np.again.x=every 20d\np.filter.f=price > 0", "2", 10},
        {"p.only=again\np.again.x=every 20d\np.exclude.e=purchase for 30d", "0", 10},
        {"p.only=again\np.again.x=view every 12h", "3", 0},
        {"p.only=again\np.again.x=view, purchase every 12h\np.again.y=every 10d", "2 1 3 0", 0},
        {"p.only=again\np.again.x=every 1d until 2026-12-01", "", 0},
        {"p.length=2\np.again.x=every 20d\np.filter.f=price in (0, 2) and id != 'i7'", "9 2", 10},
        {"p.length=3\np.repeats=yes\np.again.x=every 20d", "0 1 2", 10},
        {"p.length=3\np.again.x=every 20d\np.pin.one=1 if id='i0'", "0 4 5", 10},
        {"p.length=3\np.again.x=every 20d\np.pin.one=1 if id='i1'", "4 5 6", 10},
    };
    struct world world;
    char name[2 * RULE_NAME_BYTES_MAX];
    int64_t times_ms[ARRAY_COUNT(days)];
    world_init(&world);
    for (size_t k = 0; k < ARRAY_COUNT(days); k++) { times_ms[k] = AS_OF_MS - days[k] * DAY_MS; }
    for (int k = 0; k < 4; k++) { world.candidates[k].origin = CUT_REPEAT; }
    world.request.user = (struct cut_user){.items = items, .actions = actions,
                                           .times_ms = times_ms, .count = ARRAY_COUNT(items)};
    for (size_t k = 0; k < ARRAY_COUNT(cases); k++) {
        const char *list = cut(&world, cases[k].rules);
        int64_t due_in = world.result.due_ms == INT64_MAX ? 0 : world.result.due_ms - AS_OF_MS;
        if (strcmp(list, cases[k].list)) {
            fail_msg("%s: %s, expected %s", cases[k].rules, list, cases[k].list);
        }
        if ((due_in + DAY_MS - 1) / DAY_MS != cases[k].due_in) {
            fail_msg("%s: due in %" PRId64 " ms", cases[k].rules, due_in);
        }
    }
    (void)cut(&world, "p.only=again\np.boost.b=2 if id='i0'\np.again.x=every 20d");
    const struct cut_place *place = &world.result.places[1]; /* 2 * 1/4 is less than 3/4 */
    assert_int_equal(place->item, 0);
    assert_int_equal(place->again.count, 1);
    assert_int_equal(place->again.last_ms, AS_OF_MS - 40 * DAY_MS);
    assert_int_equal(place->rank, 0);
    place = &world.result.places[0];
    assert_string_equal(list_cut_rule_name(&world.rules->placements[0], place->rule, name,
                                           sizeof(name)), "again.x");
    assert_int_equal(place->again.count, 3);
    (void)cut(&world, "p.length=3");
    assert_int_equal(world.result.places[0].again.count, 0);
    assert_int_equal(world.result.due_ms, INT64_MAX);
    world_clear(&world);
}

static void origins_have_their_places(void **state _unused_)
{
    struct world world;
    world_init(&world);
    world.request.count = 8;
    for (size_t k = 0; k < 8; k++) {
        static const enum cut_origin origins[] = {CUT_RANKED, CUT_RANKED, CUT_FILLED, CUT_FILLED,
                                                  CUT_NEW, CUT_NEW, CUT_NAMED, CUT_NAMED};
        world.candidates[k].origin = origins[k];
        world.candidates[k].score = k == 0 ? 0.5F : -1.0F;
    }
    assert_string_equal(cut(&world, "p.cap.group=9 per group"), "0 1 2 3");
    assert_true(world.result.places[0].relevance == 1.0F);
    assert_string_equal(cut(&world, "p.fallback=none"), "0 1");
    assert_string_equal(cut(&world, "p.fallback=new"), "0 1 4 5");
    assert_string_equal(cut(&world, "p.fallback=new, popular"), "0 1 2 3 4 5");
    assert_string_equal(cut(&world, "p.pin.x=1 if id='i7'"), "7 0 1 2 3");
    assert_int_equal(world.result.places[0].rank, 0);
    assert_int_equal(world.result.places[1].rank, 1);
    assert_string_equal(cut(&world, "p.pin.x=9 if id='i7'\np.pin.y=6 if id='i6'"), "0 1 2 3 6 7");
    assert_string_equal(cut(&world, "p.share.x=50% if id='i5'"), "0 5 1 2 3");
    world.request.count = 0;
    assert_string_equal(cut(&world, "p.share.x=50% if id='i5'"), "");
    world_clear(&world);
}

/* A pin or a due share takes the place; who was not drawn gets the next one; a short list has
 * none. */
static void one_place_is_drawn(void **state _unused_)
{
    struct world world;
    char name[2 * RULE_NAME_BYTES_MAX];
    size_t others = 0;
    world_init(&world);
    for (uint64_t seed = 0; seed < 200; seed++) {
        world.request.user.draw_seed = seed;
        (void)cut(&world, "p.length=5\np.explore=3 of 4 at 0.1");
        const struct list_draw *draw = world.result.draw;
        const struct cut_place *place = &world.result.places[2];
        assert_int_equal(draw->place, 3);
        assert_int_equal(draw->count, 4);
        for (size_t k = 0; k < 4; k++) { assert_int_equal(draw->candidates[k].item, 2 + (int)k); }
        assert_int_equal(place->item, draw->candidates[draw->chosen].item);
        assert_true(place->probability == (float)draw->candidates[draw->chosen].probability);
        assert_int_equal(place->rank, place->item + 1);
        assert_true(world.result.places[1].item == 1 && world.result.places[1].probability == 0.0F);
        assert_int_equal(world.result.places[3].item, place->item == 2 ? 3 : 2);
        assert_string_equal(list_cut_rule_name(&world.rules->placements[0], place->rule, name,
                                               sizeof(name)),
                            "explore");
        others += place->item != 2;
    }
    assert_true(others > 100 && others < 180);
    assert_string_equal(cut(&world, "p.length=3\np.explore=2\np.pin.x=2 if id='i9'"), "0 9 1");
    assert_int_equal(world.result.draw->place, 0);
    assert_string_equal(cut(&world, "p.length=2\np.explore=2\np.share.new=100% if age<2d"), "0 4");
    assert_int_equal(world.result.draw->place, 0);
    world.request.count = 2;
    assert_string_equal(cut(&world, "p.length=5\np.explore=4"), "0 1");
    assert_int_equal(world.result.draw->place, 0);
    world_clear(&world);
}

/* ---- The slow cut ---- */

struct slow {
    const struct world *world;
    const struct placement *placement;
    double relevance[ITEMS];
    bool gone[ITEMS];
    int32_t list[LENGTH * 4];
    size_t count;
    struct list_draw draw;
};

static bool holds(const struct slow *slow, size_t rule, size_t candidate)
{
    const struct cut_user *user = &slow->world->request.user;
    uint8_t scratch[CONDITION_DEPTH_MAX], result;
    const struct condition *condition = slow->placement->rules[rule].condition;
    const struct condition_view view = {
        .columns = &slow->world->rig.columns, .ids = slow->world->rig.ids,
        .items = &slow->world->candidates[candidate].item, .count = 1, .as_of_ms = AS_OF_MS,
        .user_actions = user->actions_total, .user_newest_ms = user->newest_ms,
        .user_hash = user->hash};
    if (!condition) { return true; }
    condition_evaluate(condition, &view, scratch, &result);
    return result;
}

static bool shares_value(const struct item_columns *columns, enum cap_by by, int32_t a, int32_t b,
                         int32_t *ret_values, size_t *ret_count)
{
    size_t count_a, count_b;
    *ret_count = 0;
    const int32_t *of_a = by == CAP_TAG ? item_columns_tags(columns, a, &count_a)
                                        : item_columns_levels(columns, a, &count_a);
    const int32_t *of_b = by == CAP_TAG ? item_columns_tags(columns, b, &count_b)
                                        : item_columns_levels(columns, b, &count_b);
    switch (by) {
    case CAP_ALL: return true;
    case CAP_BRAND: return columns->brands[a] >= 0 && columns->brands[a] == columns->brands[b];
    case CAP_GROUP: return columns->groups[a] >= 0 && columns->groups[a] == columns->groups[b];
    case CAP_KIND: return columns->kinds[a] >= 0 && columns->kinds[a] == columns->kinds[b];
    case CAP_CATEGORY: return count_a && count_b && of_a[count_a - 1] == of_b[count_b - 1];
    case CAP_TAG: break;
    }
    for (size_t i = 0; i < count_a; i++) {
        for (size_t k = 0; k < count_b; k++) {
            if (of_a[i] == of_b[k]) { ret_values[(*ret_count)++] = of_a[i]; }
        }
    }
    return *ret_count > 0;
}

/* Says whether one more of its kind would be more than a cap allows. */
static bool over(const struct slow *slow, enum cap_by by, size_t number, int rule, size_t candidate)
{
    const struct item_columns *columns = &slow->world->rig.columns;
    int32_t item = slow->world->candidates[candidate].item, values[64];
    size_t same = 0, count, tags[64] = {0}, own;
    const int32_t *own_tags = item_columns_tags(columns, item, &own);
    if (rule >= 0 && !holds(slow, (size_t)rule, candidate)) { return false; }
    for (size_t p = 0; p < slow->count; p++) {
        size_t placed = (size_t)slow->list[p];
        if (rule >= 0 && !holds(slow, (size_t)rule, placed)) { continue; }
        same += shares_value(columns, by, item, slow->world->candidates[placed].item, values,
                             &count);
        for (size_t v = 0; v < count; v++) {
            for (size_t t = 0; t < own; t++) { tags[t] += own_tags[t] == values[v]; }
        }
    }
    if (by != CAP_TAG) { return same >= number; }
    for (size_t t = 0; t < own; t++) {
        if (tags[t] >= number) { return true; }
    }
    return false;
}

static bool capped(const struct slow *slow, size_t candidate)
{
    bool grouped = false;
    for (size_t r = 0; r < slow->placement->rules_count; r++) {
        const struct steering_rule *rule = &slow->placement->rules[r];
        if (rule->kind != RULE_CAP) { continue; }
        grouped |= rule->by == CAP_GROUP;
        if (over(slow, rule->by, rule->number, (int)r, candidate)) { return true; }
    }
    return !grouped && over(slow, CAP_GROUP, 1, -1, candidate);
}

static double alike(const struct slow *slow, size_t a, size_t b)
{
    const struct item_columns *columns = &slow->world->rig.columns;
    int32_t features[2][64];
    size_t counts[2];
    const size_t both[2] = {a, b};
    for (int s = 0; s < 2; s++) {
        int32_t item = slow->world->candidates[both[s]].item;
        size_t tags, levels;
        const int32_t *of = item_columns_tags(columns, item, &tags);
        memcpy(features[s], of, tags * sizeof(*of));
        of = item_columns_levels(columns, item, &levels);
        memcpy(features[s] + tags, of, levels * sizeof(*of));
        counts[s] = tags + levels;
        if (columns->brands[item] >= 0) { features[s][counts[s]++] = -2 - columns->brands[item]; }
    }
    double shared = 0.0;
    for (size_t i = 0; i < counts[0]; i++) {
        for (size_t k = 0; k < counts[1]; k++) { shared += features[0][i] == features[1][k]; }
    }
    double any = (double)(counts[0] + counts[1]) - shared;
    return any > 0.0 ? shared / any : 0.0;
}

/* Finds the best candidate that a rule (-1: none) holds for. */
static int best(const struct slow *slow, int rule, bool pinned)
{
    double diversity = pinned ? 0.0 : slow->placement->diversity, best_value = -INFINITY;
    int found = -1;
    double best_relevance = 0.0;
    for (size_t k = 0; k < slow->world->request.count; k++) {
        if (slow->gone[k] || (rule >= 0 && !holds(slow, (size_t)rule, k))) { continue; }
        if (!pinned && capped(slow, k)) { continue; }
        double most = 0.0;
        for (size_t p = 0; p < slow->count; p++) {
            most = MAX_OF(most, alike(slow, (size_t)slow->list[p], k));
        }
        double value = (1.0 - diversity) * slow->relevance[k] - diversity * most;
        bool better = value > best_value ||
                      (value == best_value && slow->relevance[k] > best_relevance);
        if (!better) { continue; }
        best_value = value;
        best_relevance = slow->relevance[k];
        found = (int)k;
    }
    return found;
}

/* Draws among the best ones, each of which would come next without those before it. */
static int drawn(struct slow *slow)
{
    struct list_draw *draw = &slow->draw;
    *draw = (struct list_draw){.temperature = slow->placement->explore.temperature};
    while (draw->count < slow->placement->explore.candidates) {
        int found = best(slow, -1, false);
        if (found < 0) { break; }
        double most = 0.0, diversity = slow->placement->diversity;
        for (size_t p = 0; p < slow->count; p++) {
            most = MAX_OF(most, alike(slow, (size_t)slow->list[p], (size_t)found));
        }
        draw->candidates[draw->count++] = (struct draw_candidate){
            .candidate = (uint32_t)found, .item = slow->world->candidates[found].item,
            .hash = ids_hash(slow->world->rig.ids, slow->world->candidates[found].item),
            .value = (1.0 - diversity) * slow->relevance[found] - diversity * most};
        slow->gone[found] = true;
    }
    for (size_t k = 0; k < draw->count; k++) { slow->gone[draw->candidates[k].candidate] = false; }
    if (!draw->count) { return -1; }
    draw->place = slow->count + 1;
    list_draw_make(draw, slow->world->request.user.draw_seed, slice_str("p"));
    return (int)draw->candidates[draw->chosen].candidate;
}

static int next_place(struct slow *slow, size_t place)
{
    const struct placement *placement = slow->placement;
    for (size_t r = 0; r < placement->rules_count; r++) {
        const struct steering_rule *rule = &placement->rules[r];
        if (rule->kind != RULE_PIN || rule->number != place) { continue; }
        int found = best(slow, (int)r, true);
        if (found >= 0) { return found; }
    }
    if (place != slow->count + 1) { return -1; }
    for (size_t r = 0; r < placement->rules_count; r++) {
        const struct steering_rule *rule = &placement->rules[r];
        if (rule->kind != RULE_SHARE) { continue; }
        size_t have = 0;
        for (size_t p = 0; p < slow->count; p++) { have += holds(slow, r, (size_t)slow->list[p]); }
        if (have >= (size_t)(rule->share * (double)(slow->count + 1) + 1e-9)) { continue; }
        int found = best(slow, (int)r, false);
        if (found >= 0) { return found; }
    }
    if (placement->explore.place == slow->count + 1) { return drawn(slow); }
    return best(slow, -1, false);
}

static void cut_slowly(struct slow *slow)
{
    const struct placement *placement = slow->placement;
    slow->draw.place = 0;
    for (size_t k = 0; k < slow->world->request.count; k++) {
        slow->relevance[k] =
            0.01 + 0.99 * (double)slow->world->candidates[k].score /
                       (double)slow->world->candidates[0].score;
        slow->gone[k] = false;
        for (size_t r = 0; r < placement->rules_count; r++) {
            const struct steering_rule *rule = &placement->rules[r];
            bool fits = holds(slow, r, k);
            if (rule->kind == RULE_FILTER && !fits) { slow->gone[k] = true; }
            if (rule->kind == RULE_BOOST && fits) {
                slow->relevance[k] =
                    fmax(slow->relevance[k] * rule->factor + rule->addend, 0.0);
            }
        }
    }
    slow->count = 0;
    for (size_t place = 1; place <= placement->length; place++) {
        int found = next_place(slow, place);
        if (found < 0) { continue; }
        slow->gone[found] = true;
        slow->list[slow->count++] = found;
    }
}

static const char *some_condition(uint64_t *rng)
{
    static const char *const conditions[] = {
        "price < 4", "price >= 2", "stock > 0", "age < 2d", "brand = 'a'", "brand in ('b','c')",
        "tags has 'red'", "not tags has 'blue'", "category has 't'", "group is unknown",
        "brand = 'a' or tags has 'big'", "price < 5 and not stock = 1", "user.actions > 3"};
    return conditions[rng_below(rng, ARRAY_COUNT(conditions))];
}

static void write_rules(uint64_t *rng, struct buf *text)
{
    static const char *const by[] = {"brand", "group", "tag", "category"};
    buf_clear(text);
    buf_printf(text, "p.length=%d\n", 3 + (int)rng_below(rng, LENGTH * 2));
    if (rng_below(rng, 2)) { buf_printf(text, "p.diversity=0.%d\n", (int)rng_below(rng, 10)); }
    if (rng_below(rng, 2)) {
        buf_printf(text, "p.explore=%d of %d at 0.%d\n", 1 + (int)rng_below(rng, 3),
                   1 + (int)rng_below(rng, DRAW_CANDIDATES_MAX), 1 + (int)rng_below(rng, 9));
    }
    for (int k = 0; k < 6; k++) {
        const char *condition = some_condition(rng);
        int number = 1 + (int)rng_below(rng, 8);
        switch (rng_below(rng, 6)) {
        case 0: buf_printf(text, "p.filter.f%d=%s\n", k, condition); break;
        case 1: buf_printf(text, "p.boost.f%d=%d.5 if %s\n", k, number % 3, condition); break;
        case 2: buf_printf(text, "p.boost.f%d=-0.%d if %s\n", k, number, condition); break;
        case 3: buf_printf(text, "p.pin.f%d=%d if %s\n", k, number % 3 + 1, condition); break;
        case 4: buf_printf(text, "p.share.f%d=%d0%% if %s\n", k, number, condition); break;
        default:
            buf_printf(text, "p.cap.f%d=%d per %s if %s\n", k, number, by[number % 4], condition);
        }
    }
}

static void random_cuts_are_those_of_the_slow_cut(void **state _unused_)
{
    struct world world;
    struct buf text;
    uint64_t rng = 7;
    size_t drawn_places = 0;
    world_init(&world);
    buf_init(&text, 1 << 12);
    for (int turn = 0; turn < 3000; turn++) {
        write_rules(&rng, &text);
        world.request.count = 1 + rng_below(&rng, ITEMS);
        world.request.user.draw_seed = rng_next(&rng);
        buf_append(&text, "", 1);
        (void)cut(&world, text.data);
        struct slow slow = {.world = &world, .placement = &world.rules->placements[0]};
        cut_slowly(&slow);
        bool same = slow.count == world.result.count &&
                    slow.draw.place == world.result.draw->place &&
                    (!slow.draw.place || slow.draw.count == world.result.draw->count);
        drawn_places += world.result.draw->place > 0;
        for (size_t p = 0; p < slow.count && same; p++) {
            same = world.candidates[slow.list[p]].item == world.result.places[p].item;
        }
        if (!same) { fail_msg("turn %d: %s", turn, text.data); }
    }
    assert_true(drawn_places > 800);
    buf_release(&text);
    world_clear(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_rule_at_a_time),
        cmocka_unit_test(many_boosts_stay_finite),
        cmocka_unit_test(exclusions_count_actions_and_time),
        cmocka_unit_test(what_is_due_comes_again),
        cmocka_unit_test(origins_have_their_places),
        cmocka_unit_test(one_place_is_drawn),
        cmocka_unit_test(random_cuts_are_those_of_the_slow_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
