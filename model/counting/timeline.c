/* An action is added in three steps: it is put into the columns in canonical order; what it adds to
 * pairs and items is computed in a window's scratch space; and if it came late, the contributions
 * of later actions are corrected by the difference.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "model/counting/timeline.h"
#include "model/counting/timeline_internal.h"

enum { TIMELINE_FIRST = 16, TIMELINE_SLACK = 16, SEEN_FIRST = 32, DEPARTED_FIRST = 16 };

/* ---- The columns ---- */

void timeline_init(struct timeline *timeline)
{
    *timeline = (struct timeline){.first = 0};
}

void timeline_release(struct timeline *timeline)
{
    free(timeline->times_ms); /* the first of the block that holds all columns */
    free(timeline->seen);
    free(timeline->departed);
    timeline_init(timeline);
}

static size_t action_bytes(void)
{
    return 5 * sizeof(int64_t) + 3 * sizeof(int32_t);
}

size_t timeline_bytes(const struct timeline *timeline)
{
    return (size_t)timeline->capacity * action_bytes() +
           (size_t)timeline->seen_capacity * sizeof(*timeline->seen) +
           (size_t)timeline->departed_capacity * sizeof(*timeline->departed);
}

struct action timeline_at(const struct timeline *timeline, int32_t index)
{
    assert(index >= 0 && index < timeline->count);
    int32_t at = timeline->first + index;
    return (struct action){
        .time_ms = timeline->times_ms[at],
        .sequence = timeline->sequences[at],
        .id_hash = timeline->id_hashes[at],
        .offset = timeline->offsets[at],
        .weight = timeline->weights[at],
        .item = timeline->items[at],
        .kind = timeline->kinds[at],
        .context = timeline->contexts[at],
    };
}

static void put_at(struct timeline *timeline, int32_t at, const struct action *action)
{
    timeline->times_ms[at] = action->time_ms;
    timeline->sequences[at] = action->sequence;
    timeline->id_hashes[at] = action->id_hash;
    timeline->offsets[at] = action->offset;
    timeline->weights[at] = action->weight;
    timeline->items[at] = action->item;
    timeline->kinds[at] = action->kind;
    timeline->contexts[at] = action->context;
}

#define MOVE_COLUMN(to, from, column, to_at, from_at, n)                                           \
    memmove((to)->column + (to_at), (from)->column + (from_at), (size_t)(n) * sizeof(*(to)->column))

static void move_columns(struct timeline *to, int32_t to_at, const struct timeline *from,
                         int32_t from_at, int32_t count)
{
    if (count == 0) { return; }
    MOVE_COLUMN(to, from, times_ms, to_at, from_at, count);
    MOVE_COLUMN(to, from, sequences, to_at, from_at, count);
    MOVE_COLUMN(to, from, id_hashes, to_at, from_at, count);
    MOVE_COLUMN(to, from, offsets, to_at, from_at, count);
    MOVE_COLUMN(to, from, weights, to_at, from_at, count);
    MOVE_COLUMN(to, from, items, to_at, from_at, count);
    MOVE_COLUMN(to, from, kinds, to_at, from_at, count);
    MOVE_COLUMN(to, from, contexts, to_at, from_at, count);
}

/* Moves the columns into a new block, the oldest action at its beginning. */
static void resize(struct timeline *timeline, int32_t capacity)
{
    assert(capacity >= timeline->count);
    size_t n = (size_t)capacity;
    struct timeline old = *timeline;
    timeline->times_ms = xreallocarray(NULL, n, action_bytes());
    timeline->sequences = timeline->times_ms + n;
    timeline->offsets = timeline->sequences + n;
    timeline->id_hashes = (uint64_t *)(timeline->offsets + n);
    timeline->weights = (double *)(timeline->id_hashes + n);
    timeline->items = (int32_t *)(timeline->weights + n);
    timeline->kinds = timeline->items + n;
    timeline->contexts = timeline->kinds + n;
    timeline->capacity = capacity;
    timeline->first = 0;
    move_columns(timeline, 0, &old, old.first, old.count);
    free(old.times_ms);
}

/* Makes room for one more action behind the newest. A full timeline drops one action for each that
 * it gains, so it moves through some slack; at the end of the block it is copied to the start. */
static void reserve_one(struct timeline *timeline, int32_t actions_max)
{
    if (timeline->first + timeline->count < timeline->capacity) { return; }
    int32_t capacity_max = actions_max + actions_max / 8 + TIMELINE_SLACK;
    if (timeline->capacity < capacity_max || timeline->first == 0) {
        int32_t capacity = MAX_OF(timeline->capacity * 2, (int32_t)TIMELINE_FIRST);
        resize(timeline, MAX_OF(MIN_OF(capacity, capacity_max), timeline->count + 1));
        return;
    }
    move_columns(timeline, 0, timeline, timeline->first, timeline->count);
    timeline->first = 0;
}

static bool has_hash(const uint64_t *hashes, int32_t count, uint64_t hash)
{
    int32_t i = 0;
    for (; i + 8 <= count; i += 8) {
        const uint64_t *h = hashes + i;
        if ((h[0] == hash) | (h[1] == hash) | (h[2] == hash) | (h[3] == hash) | (h[4] == hash) |
            (h[5] == hash) | (h[6] == hash) | (h[7] == hash)) {
            return true;
        }
    }
    for (; i < count; i++) {
        if (hashes[i] == hash) { return true; }
    }
    return false;
}

/* ---- What was dropped ---- */

static void remember(struct timeline *timeline, int32_t seen_max, uint64_t hash)
{
    if (seen_max == 0) { return; }
    const uint64_t *seen = timeline->seen ? timeline->seen + timeline->seen_first : NULL;
    if (has_hash(seen, timeline->seen_count, hash)) { return; }
    if (timeline->seen_first + timeline->seen_count == timeline->seen_capacity) {
        int32_t most = seen_max + seen_max / 4 + 1;
        int32_t more = MAX_OF(timeline->seen_capacity * 2, (int32_t)SEEN_FIRST);
        if (timeline->seen_first > 0) {
            memmove(timeline->seen, seen, (size_t)timeline->seen_count * sizeof(*seen));
            timeline->seen_first = 0;
        } else {
            timeline->seen_capacity = MAX_OF(MIN_OF(more, most), timeline->seen_count + 1);
            timeline->seen = xreallocarray(timeline->seen, (size_t)timeline->seen_capacity,
                                           sizeof(*timeline->seen));
        }
    }
    timeline->seen[timeline->seen_first + timeline->seen_count++] = hash;
    while (timeline->seen_count > seen_max) {
        timeline->seen_first++;
        timeline->seen_count--;
    }
}

static void reserve_departed(struct timeline *timeline, int32_t count)
{
    ARRAY_RESERVE(timeline->departed, timeline->departed_capacity, count, DEPARTED_FIRST);
}

struct departed timeline_departed(const struct timeline *timeline, int32_t index)
{
    int32_t at = timeline->first + index;
    return (struct departed){
        .time_ms = timeline->times_ms[at],
        .weight = timeline->weights[at],
        .item = timeline->items[at],
        .kind = timeline->kinds[at],
        .sequence = timeline->sequences[at],
        .id_hash = timeline->id_hashes[at],
        .offset = timeline->offsets[at],
        .context = timeline->contexts[at],
    };
}

static void drop_oldest(struct timeline *timeline, const struct timeline_rules *rules,
                        uint64_t item_hash)
{
    if (rules->departed_kept) {
        reserve_departed(timeline, timeline->departed_count + 1);
        timeline->departed[timeline->departed_count++] = timeline_departed(timeline, 0);
    }
    timeline->first++;
    timeline->count--;
    remember(timeline, rules->seen_max, item_hash);
}

void timeline_recall(struct timeline *timeline, const struct departed *departed, size_t count)
{
    assert(count <= INT32_MAX / 4);
    if (count == 0) { return; }
    reserve_departed(timeline, timeline->departed_count + (int32_t)count);
    memmove(timeline->departed + count, timeline->departed,
            (size_t)timeline->departed_count * sizeof(*departed));
    memcpy(timeline->departed, departed, count * sizeof(*departed));
    timeline->departed_count += (int32_t)count;
}

void timeline_archived(struct timeline *timeline, int32_t count)
{
    assert(count >= 0 && count <= timeline->departed_count);
    if (count == 0) { return; }
    timeline->departed_count -= count;
    memmove(timeline->departed, timeline->departed + count,
            (size_t)timeline->departed_count * sizeof(*timeline->departed));
}

/* ---- The scratch ---- */

struct window *window_new(const struct timeline_rules *rules, struct ids *ids)
{
    assert(rules->pairs_window > 0 && rules->pairs_window <= rules->actions_max / 2);
    assert(rules->transitions_window >= 0 && rules->transitions_window <= rules->pairs_window);
    assert(rules->seen_max >= 0);
    assert(rules->weights_power >= 0.0 && rules->weights_power <= 2.0);
    struct window *window = xcalloc(1, sizeof(*window));
    window->rules = *rules;
    window->ids = ids;
    window->steps = xcalloc((size_t)rules->transitions_window + 1, sizeof(*window->steps));
    for (int32_t d = 1; d <= rules->transitions_window; d++) {
        window->steps[d] = pow((double)d, -rules->transitions_exponent);
    }
    size_t most = (size_t)rules->pairs_window + 2; /* one leaves, one comes, and the action's own */
    window->near = xcalloc(most, sizeof(*window->near));
    window->terms = xcalloc(most, sizeof(*window->terms));
    size_t slots_count = 2;
    while (slots_count < most * 2) { slots_count *= 2; }
    window->slots = xcalloc(slots_count, sizeof(*window->slots));
    window->slots_mask = (uint32_t)slots_count - 1;
    return window;
}

const struct timeline_rules *window_rules(const struct window *window)
{
    return &window->rules;
}

struct window *window_free(struct window *window)
{
    if (!window) { return NULL; }
    free(window->steps);
    free(window->near);
    free(window->terms);
    free(window->slots);
    free(window);
    return NULL;
}

/* ---- Contributions ---- */

/* Returns by how much the co-rating with an item of rating `near` rises when the own rating rises
 * from old to new. */
static inline double co_rise(double r_old, double r_new, double near)
{
    return MIN_OF(r_new, near) - MIN_OF(r_old, near);
}

/* Returns g(w): what an action of this kind and weight counts. */
static inline double strength_of(const struct window *window, int32_t kind, double weight)
{
    const struct timeline_rules *rules = &window->rules;
    double power = rules->weights_power;
    if (power == 0.0 || weight == 1.0) { return 1.0; }
    if (rules->flat_kind && kind == rules->flat_kind) { return 1.0; }
    return power == 1.0 ? weight : pow(weight, power);
}

static struct sequence timeline_sequence(const struct timeline *timeline)
{
    int32_t first = timeline->first;
    return (struct sequence){timeline->items + first, timeline->weights + first,
                             timeline->times_ms + first, timeline->kinds + first,
                             timeline->contexts + first};
}

void timeline_contribute(struct window *window, const struct sequence *sequence, int64_t index,
                       double sign, struct pairs *pairs)
{
    const struct timeline_rules *rules = &window->rules;
    const int32_t *items = sequence->items + index;
    const double *weights = sequence->weights + index;
    int64_t time_ms = sequence->times_ms[index];
    if (weights[0] == 0.0) { return; }
    struct near *own = near_begin(window, items[0]);
    int32_t reach = (int32_t)MIN_OF(index, (int64_t)rules->pairs_window);
    int32_t reach_steps = MIN_OF(reach, rules->transitions_window);
    for (int32_t d = 1; d <= reach; d++) {
        if (weights[-d] == 0.0) { continue; }
        struct near *near = near_find(window, items[-d]);
        near->rating = MAX_OF(near->rating, weights[-d]);
        if (d <= reach_steps) { near->forward += window->steps[d]; }
    }
    double r_old = own->rating;
    double r_new = MAX_OF(r_old, weights[0]);
    struct decay_point point = decay_at(&rules->decay, time_ms);
    struct decay_point trend = decay_at(&rules->trend_decay, time_ms);
    double scale = pairs_scale(pairs, point.epoch) * sign;
    double trend_scale = pairs_trend_scale(pairs, trend.epoch) * sign;
    double strength = strength_of(window, sequence->kinds[index], weights[0]);
    size_t count = 0;
    for (int32_t i = 1; i < window->near_count; i++) {
        const struct near *near = &window->near[i];
        double rise = co_rise(r_old, r_new, near->rating);
        double co = decay_value(point, rise) * scale;
        double forward = decay_value(point, near->forward * strength) * scale;
        window->terms[count] = (struct pair_term){near->item, co, forward};
        count += co != 0.0 || forward != 0.0;
    }
    pairs_add_item(pairs, own->item, decay_value(point, r_new - r_old) * scale,
                   decay_value(point, strength) * scale,
                   decay_value(trend, strength) * trend_scale);
    pairs_add(pairs, own->item, window->terms, count);
    if (rules->cross.count) { cross_contribute(window, sequence, index, CROSS_WHOLE, sign, pairs); }
    if (rules->contexts) { context_contribute(window, sequence, index, CROSS_WHOLE, sign, pairs); }
}

/* Gathers the predecessors of the action at `index`, as they are now and as they were before the
 * action at `late` was inserted. */
static struct near *correct_gather(struct window *window, const struct timeline *timeline,
                                   int32_t index, int32_t late)
{
    const struct timeline_rules *rules = &window->rules;
    const int32_t *items = timeline->items + timeline->first;
    const double *weights = timeline->weights + timeline->first;
    struct near *own = near_begin(window, items[index]);
    int32_t oldest = MAX_OF(index - rules->pairs_window - 1, 0);
    for (int32_t i = index - 1; i >= oldest; i--) {
        if (weights[i] == 0.0) { continue; }
        int32_t now = index - i;
        int32_t before = i < late ? now - 1 : now;
        struct near *near = near_find(window, items[i]);
        if (now <= rules->pairs_window) { near->rating = MAX_OF(near->rating, weights[i]); }
        if (now <= rules->transitions_window) { near->forward += window->steps[now]; }
        if (i == late) { continue; }
        if (before <= rules->pairs_window) {
            near->rating_before = MAX_OF(near->rating_before, weights[i]);
        }
        if (before <= rules->transitions_window) {
            near->forward_before += window->steps[before];
        }
    }
    return own;
}

/* Adds the difference that the late arrival makes to a successor's contribution. Each side is
 * rounded as it was when it was added, so most terms cancel to exactly 0. */
static void correct(struct window *window, const struct timeline *timeline, int32_t index,
                    int32_t late, struct pairs *pairs)
{
    int32_t at = timeline->first + index;
    double weight = timeline->weights[at];
    if (weight == 0.0) { return; }
    const struct near *own = correct_gather(window, timeline, index, late);
    double r_old = own->rating, r_new = MAX_OF(r_old, weight);
    double before_old = own->rating_before, before_new = MAX_OF(before_old, weight);
    struct decay_point point = decay_at(&window->rules.decay, timeline->times_ms[at]);
    double scale = pairs_scale(pairs, point.epoch);
    double strength = strength_of(window, timeline->kinds[at], weight);
    size_t count = 0;
    for (int32_t i = 1; i < window->near_count; i++) {
        const struct near *near = &window->near[i];
        double co = decay_value(point, co_rise(r_old, r_new, near->rating)) -
                    decay_value(point, co_rise(before_old, before_new, near->rating_before));
        double forward = decay_value(point, near->forward * strength) -
                         decay_value(point, near->forward_before * strength);
        window->terms[count] = (struct pair_term){near->item, co * scale, forward * scale};
        count += co != 0.0 || forward != 0.0;
    }
    double mass =
        decay_value(point, r_new - r_old) - decay_value(point, before_new - before_old);
    if (mass != 0.0) { pairs_add_item(pairs, own->item, mass * scale, 0.0, 0.0); }
    pairs_add(pairs, own->item, window->terms, count);
    const struct sequence sequence = timeline_sequence(timeline);
    if (window->rules.cross.count) {
        cross_contribute(window, &sequence, index, late, /* sign= */ -1.0, pairs);
        cross_contribute(window, &sequence, index, CROSS_WHOLE, /* sign= */ 1.0, pairs);
    }
    if (window->rules.contexts) {
        context_contribute(window, &sequence, index, late, /* sign= */ -1.0, pairs);
        context_contribute(window, &sequence, index, CROSS_WHOLE, /* sign= */ 1.0, pairs);
    }
}

/* ---- Adding ---- */

static bool goes_before(const struct action *action, const struct timeline *timeline, int32_t index)
{
    int32_t at = timeline->first + index;
    if (action->time_ms != timeline->times_ms[at]) {
        return action->time_ms < timeline->times_ms[at];
    }
    if (action->sequence != timeline->sequences[at]) {
        return action->sequence < timeline->sequences[at];
    }
    return action->id_hash < timeline->id_hashes[at];
}

/* Returns the index at which an action belongs. */
static int32_t place_of(const struct timeline *timeline, const struct action *action)
{
    int32_t low = 0, high = timeline->count;
    if (high == 0 || !goes_before(action, timeline, high - 1)) { return high; }
    while (low < high) {
        int32_t middle = low + (high - low) / 2;
        if (goes_before(action, timeline, middle)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static void open_place(struct timeline *timeline, int32_t place, int32_t actions_max,
                       const struct action *action)
{
    reserve_one(timeline, actions_max);
    int32_t at = timeline->first + place;
    move_columns(timeline, at + 1, timeline, at, timeline->count - place);
    put_at(timeline, at, action);
    timeline->count++;
    timeline->total++;
}

enum timeline_result timeline_add(struct timeline *timeline, struct window *window,
                                  const struct action *action, struct pairs *pairs)
{
    const struct timeline_rules *rules = &window->rules;
    assert(action->item >= 0);
    assert(timeline_allows(action->time_ms, action->weight));
    if (timeline->count > 0 && has_hash(timeline->id_hashes + timeline->first, timeline->count,
                                        action->id_hash)) {
        return TIMELINE_REPEATED;
    }
    int32_t place = place_of(timeline, action);
    bool late = place < timeline->count;
    bool trimmed = timeline->total > timeline->count;
    if (late && trimmed && place < rules->pairs_window) { return TIMELINE_TOO_LATE; }
    open_place(timeline, place, rules->actions_max, action);
    const struct sequence sequence = timeline_sequence(timeline);
    timeline_contribute(window, &sequence, place, /* sign= */ 1.0, pairs);
    int32_t last = MIN_OF(place + rules->pairs_window, timeline->count - 1);
    for (int32_t i = place + 1; i <= last; i++) { correct(window, timeline, i, place, pairs); }
    if (timeline->count > rules->actions_max) {
        int32_t oldest = timeline->items[timeline->first];
        drop_oldest(timeline, rules, ids_hash(window->ids, oldest));
    }
    return late ? TIMELINE_INSERTED : TIMELINE_APPENDED;
}

/* ---- Kept actions ---- */

void timeline_remove(struct timeline *timeline, int32_t index)
{
    assert(index >= 0 && index < timeline->count);
    int32_t at = timeline->first + index;
    move_columns(timeline, at, timeline, at + 1, timeline->count - index - 1);
    timeline->count--;
    timeline->total--;
}

bool timeline_put_back(struct timeline *timeline, const struct window *window)
{
    if (timeline->departed_count == 0 || timeline->count >= window->rules.actions_max) {
        return false;
    }
    const struct departed *from = &timeline->departed[timeline->departed_count - 1];
    if (from->kind < 0) { return false; }
    const struct action action = {.time_ms = from->time_ms,
                                  .sequence = from->sequence,
                                  .id_hash = from->id_hash,
                                  .offset = from->offset,
                                  .weight = from->weight,
                                  .item = from->item,
                                  .kind = from->kind,
                                  .context = from->context};
    open_place(timeline, 0, window->rules.actions_max, &action);
    timeline->total--; /* it was counted when it came */
    timeline->departed_count--;
    return true;
}

void timeline_forget_seen(struct timeline *timeline, uint64_t hash)
{
    int32_t kept = 0;
    uint64_t *seen = timeline->seen ? timeline->seen + timeline->seen_first : NULL;
    for (int32_t i = 0; i < timeline->seen_count; i++) {
        if (seen[i] != hash) { seen[kept++] = seen[i]; }
    }
    timeline->seen_count = kept;
}

bool timeline_allows(int64_t time_ms, double weight)
{
    return weight >= 0.0 && weight <= TIMELINE_WEIGHT_MAX && time_ms >= -TIMELINE_TIME_MAX_MS &&
           time_ms <= TIMELINE_TIME_MAX_MS;
}

static bool is_action(const struct action *action)
{
    return action->item >= 0 && timeline_allows(action->time_ms, action->weight);
}

int timeline_load(struct timeline *timeline, const struct window *window,
                  const struct action *actions, size_t count, const uint64_t *seen,
                  size_t seen_count, int64_t total)
{
    assert(timeline->count == 0 && timeline->capacity == 0);
    const struct timeline_rules *rules = &window->rules;
    if (count > INT32_MAX / 2 || total < (int64_t)count || total > TIMELINE_ACTIONS_MAX) {
        return -EINVAL;
    }
    struct timeline loaded;
    timeline_init(&loaded);
    if (count > 0) { resize(&loaded, (int32_t)count + (int32_t)(count / 8) + 1); }
    for (size_t i = 0; i < count; i++) {
        bool fits = loaded.count == 0 || !goes_before(&actions[i], &loaded, loaded.count - 1);
        if (!is_action(&actions[i]) || !fits) {
            timeline_release(&loaded);
            return -EINVAL;
        }
        put_at(&loaded, loaded.count++, &actions[i]);
    }
    for (size_t i = 0; i < seen_count; i++) { remember(&loaded, rules->seen_max, seen[i]); }
    while (loaded.count > rules->actions_max) {
        int32_t oldest = loaded.items[loaded.first];
        drop_oldest(&loaded, rules, ids_hash(window->ids, oldest));
    }
    loaded.total = total;
    *timeline = loaded;
    return 0;
}
