/* Counts of contexts against their definition, computed from the sorted set of accepted events;
 * taken out, taken back and late; of events of all groups of days, and of those that have none, as
 * a build without groups has left them. */
#include "base/base.h"
#include "model/counting/context_text.h"
#include "tests/unit/timeline_oracle.h"

enum { PLACES = 6, DEVICES = 3, PARTS = 4, MOST = 120, NUMBERS = 128 };

/* By device, and by part of day on days of a group; 0: not known. */
struct context_sums {
    double devices[DEVICES], parts[CONTEXT_GROUPS][PARTS + 1], all_devices, all_parts;
    double on_device[DEVICES][PLACES], at_part[CONTEXT_GROUPS][PARTS + 1][PLACES];
    double items[PLACES];
};

static const char *const devices[DEVICES] = {"", "mobile", "tv"};
static const char *const parts[PARTS + 1] = {"", "night", "morning", "afternoon", "evening"};

/* The contexts of events, by group, device and part. */
static int32_t contexts[CONTEXT_GROUPS][DEVICES][PARTS + 1];

static int device_of(const struct action *at)
{
    return (int)((at->id_hash >> 5) % DEVICES);
}

static int part_of(const struct action *at)
{
    return (int)((at->id_hash >> 9) % (PARTS + 1));
}

static int group_of(const struct action *at)
{
    return (int)((at->id_hash >> 14) % CONTEXT_GROUPS);
}

/* ---- The definition ---- */

static bool had(const struct action *at, int from, int to, int (*value)(const struct action *))
{
    bool found = false;
    for (int i = from; i < to && !found; i++) {
        found = at[i].item == at[to].item && at[i].weight > 0 && value(&at[i]) == value(&at[to]);
    }
    return found;
}

static void define_one(struct context_sums *sums, const struct timeline_rules *rules,
                       const struct action *at, int y, int64_t epoch)
{
    int from = MAX_OF(y - rules->pairs_window, 0), device = device_of(&at[y]);
    int part = part_of(&at[y]);
    int32_t item = at[y].item;
    double value = stored(rules->decay.half_life_ms, at[y].time_ms, 1.0, epoch);
    if (!(at[y].weight > 0)) { return; }
    if (device && !had(at, from, y, device_of)) {
        sums->devices[device] += value;
        sums->all_devices += value;
        sums->on_device[device][item] += value;
        sums->items[item] += value;
    }
    if (part && !had(at, from, y, part_of)) {
        sums->parts[group_of(&at[y])][part] += value;
        sums->all_parts += value;
        sums->at_part[group_of(&at[y])][part][item] += value;
        sums->items[item] += value;
    }
}

static void define(struct context_sums *sums, const struct timeline_rules *rules,
                   const struct action *events, int count, int64_t epoch)
{
    struct action *sorted = xmemdup(events, (size_t)count * sizeof(*sorted));
    qsort(sorted, (size_t)count, sizeof(*sorted), by_order);
    memset(sums, 0, sizeof(*sums));
    for (int i = 0; i < count; i++) { define_one(sums, rules, sorted, i, epoch); }
    free(sorted);
}

/* ---- What the timeline counts ---- */

static int find(const char *const *names, int count, struct slice value)
{
    int k = 0;
    while (k < count && !slice_equal(value, slice_str(names[k]))) { k++; }
    assert_true(k < count);
    return k;
}

static void take_sum(struct context_sums *sums, struct slice id, double value)
{
    struct context_id told;
    struct slice text;
    if (context_item_read(id, &text)) {
        sums->items[text.data[1] - '0'] += value;
        return;
    }
    assert_true(context_id_read(id, &told));
    bool of_device = told.dimension == CONTEXT_DEVICE;
    if (!told.value.size) {
        assert_int_equal(told.group, 0);
        *(of_device ? &sums->all_devices : &sums->all_parts) += value;
    } else if (of_device) {
        sums->devices[find(devices, DEVICES, told.value)] += value;
    } else {
        sums->parts[told.group][find(parts, PARTS + 1, told.value)] += value;
    }
}

static void take_pair(struct context_sums *sums, struct slice from, struct slice to, double value)
{
    struct context_id told;
    struct slice item;
    if (value == 0) { return; }
    assert_true(context_item_read(to, &item) && context_id_read(from, &told));
    int at = item.data[1] - '0';
    if (told.dimension == CONTEXT_DEVICE) {
        sums->on_device[find(devices, DEVICES, told.value)][at] += value;
    } else {
        sums->at_part[told.group][find(parts, PARTS + 1, told.value)][at] += value;
    }
}

static bool is_ours(struct slice id)
{
    return id.data[0] == CONTEXT_MARK;
}

static void take(struct context_sums *sums, struct pairs *pairs, const struct ids *ids,
                 int64_t epoch)
{
    struct pairs_view view;
    pairs_drain(pairs, &view);
    int shift = (int)(view.epoch - epoch);
    for (size_t i = 0; i < view.items_count; i++) {
        struct slice id = ids_text(ids, view.items[i].item);
        if (!is_ours(id)) { continue; }
        assert_true(view.items[i].actions == 0 && view.items[i].trend == 0);
        take_sum(sums, id, ldexp(view.items[i].mass, shift));
    }
    for (size_t i = 0; i < view.pairs_count; i++) {
        const struct pair *pair = &view.pairs[i];
        struct slice first = ids_text(ids, view.items[pair->first].item);
        struct slice second = ids_text(ids, view.items[pair->second].item);
        assert_int_equal(is_ours(first), is_ours(second));
        if (!is_ours(first)) { continue; }
        assert_true(pair->co == 0);
        take_pair(sums, first, second, ldexp(pair->forward, shift));
        take_pair(sums, second, first, ldexp(pair->backward, shift));
    }
    pairs_reset(pairs);
}

static struct ids *make_room(void)
{
    struct ids *ids = ids_new(NUMBERS);
    char text[CONTEXT_TEXT_BYTES_MAX];
    for (int32_t i = 0; i < PLACES; i++) {
        (void)snprintf(text, sizeof(text), "i%d", i);
        (void)ids_put(ids, slice_str(text));
    }
    for (int k = 0; k < CONTEXT_GROUPS * DEVICES * (PARTS + 1); k++) {
        int p = k % (PARTS + 1), d = k / (PARTS + 1) % DEVICES, g = k / (PARTS + 1) / DEVICES;
        const struct circumstances known = {
            .device = slice_str(devices[d]), .hour = p ? 6 * (p - 1) + 3 : -1, .group = g};
        struct slice context = context_text_write(&known, text);
        contexts[g][d][p] = context.size ? ids_put(ids, context) + 1 : 0;
    }
    return ids;
}

static int64_t stream(struct action *events, int count, int64_t half_life)
{
    int64_t epoch = INT64_MIN;
    make_stream(events, count, 5 * 3600000);
    for (int i = 0; i < count; i++) {
        events[i].item %= PLACES;
        events[i].id_hash ^= (uint64_t)rng(1u << 20) << 4;
        const struct action *at = &events[i];
        events[i].context = contexts[group_of(at)][device_of(at)][part_of(at)];
        epoch = MAX_OF(epoch, epoch_of(half_life, events[i].time_ms));
    }
    return epoch;
}

static struct timeline_rules rules_with(int32_t window, int64_t half_life)
{
    return (struct timeline_rules){.actions_max = 4 * MOST, .pairs_window = window,
                                   .transitions_window = 1, .transitions_exponent = 0.75,
                                   .decay = {half_life}, .trend_decay = {half_life},
                                   .contexts = true};
}

static const int32_t windows[] = {60, 7, 2, 1, 20};

static void any_order_gives_the_definition(void **state _unused_)
{
    static struct action events[MOST];
    static struct context_sums want, got;
    struct ids *ids = make_room();
    double some = 0;
    int groups[CONTEXT_GROUPS] = {0};
    for (int round = 0; round < 60; round++) {
        seed = (uint64_t)round;
        int64_t half_life = round % 2 ? 3600000 : 0;
        const struct timeline_rules rules = rules_with(windows[round % 5], half_life);
        int count = 1 + (int)rng(MOST);
        int64_t epoch = stream(events, count, half_life);
        define(&want, &rules, events, count, epoch);
        shuffle(events, count);
        struct window *window = window_new(&rules, ids);
        struct pairs *pairs = pairs_new();
        struct timeline timeline;
        timeline_init(&timeline);
        memset(&got, 0, sizeof(got));
        for (int i = 0; i < count; i++) {
            (void)timeline_add(&timeline, window, &events[i], pairs);
            if (rng(3) == 0) { (void)timeline_add(&timeline, window, &events[i / 2], pairs); }
            if (rng(8) == 0) { take(&got, pairs, ids, epoch); }
        }
        take(&got, pairs, ids, epoch);
        assert_memory_equal(&got, &want, sizeof(want));
        some += want.all_devices + want.all_parts;
        for (int g = 0; g < CONTEXT_GROUPS; g++) { groups[g] += want.parts[g][PARTS] > 0; }
        (void)timeline_take_back(&timeline, window, NULL, 0, 0, pairs);
        take(&got, pairs, ids, epoch);
        memset(&want, 0, sizeof(want));
        assert_memory_equal(&got, &want, sizeof(want));
        pairs_free(pairs);
        window_free(window);
    }
    assert_true(some > 100);
    for (int g = 0; g < CONTEXT_GROUPS; g++) { assert_true(groups[g] > 10); }
    ids_free(ids);
}

static void one_is_taken_out(void **state _unused_)
{
    static struct action events[MOST];
    static struct departed all[MOST];
    static struct context_sums want, got;
    struct ids *ids = make_room();
    for (int round = 0; round < 40; round++) {
        seed = (uint64_t)round;
        const struct timeline_rules rules = rules_with(windows[round % 5], 0);
        int count = 2 + (int)rng(MOST - 2), out = (int)rng((uint32_t)count);
        (void)stream(events, count, 0);
        qsort(events, (size_t)count, sizeof(*events), by_order);
        struct window *window = window_new(&rules, ids);
        struct pairs *pairs = pairs_new();
        struct timeline timeline;
        timeline_init(&timeline);
        for (int i = 0; i < count; i++) {
            (void)timeline_add(&timeline, window, &events[i], pairs);
        }
        for (int i = 0; i < count; i++) { all[i] = timeline_departed(&timeline, i); }
        timeline_take_out(window, all, (size_t)count, (size_t)out, pairs);
        memset(&got, 0, sizeof(got));
        take(&got, pairs, ids, 0);
        memmove(events + out, events + out + 1, (size_t)(count - out - 1) * sizeof(*events));
        define(&want, &rules, events, count - 1, 0);
        assert_memory_equal(&got, &want, sizeof(want));
        timeline_release(&timeline);
        pairs_free(pairs);
        window_free(window);
    }
    ids_free(ids);
}

/* Without the switch, or without a context, nothing is numbered; nor is an item with a long id. */
static void nothing_is_counted_without_need(void **state _unused_)
{
    static char text[CONTEXT_ITEM_BYTES_MAX];
    for (int round = 0; round < 3; round++) {
        struct timeline_rules rules = rules_with(5, 0);
        struct ids *ids = ids_new(16);
        memset(text, 'x', sizeof(text));
        (void)ids_put(ids, round == 2 ? slice_of(text, sizeof(text) - 1) : slice_str("short"));
        int32_t context = ids_put(ids, slice_str("\x1f" "dtv")) + 1;
        struct action event = {.id_hash = 1, .weight = 1, .item = 0, .context = context};
        rules.contexts = round != 0;
        if (round == 1) { event.context = 0; }
        struct window *window = window_new(&rules, ids);
        struct pairs *pairs = pairs_new();
        struct timeline timeline;
        timeline_init(&timeline);
        (void)timeline_add(&timeline, window, &event, pairs);
        assert_int_equal(ids_count(ids), 2);
        assert_int_equal(pairs_count(pairs), 0);
        timeline_release(&timeline);
        pairs_free(pairs);
        window_free(window);
        ids_free(ids);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_gives_the_definition),
        cmocka_unit_test(one_is_taken_out),
        cmocka_unit_test(nothing_is_counted_without_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
