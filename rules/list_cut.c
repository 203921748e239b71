/* A cut goes through its phases in the order of the header; each works on all candidates at a time:
 *
 *   allow()    which candidates the placement may take at all, by their origin
 *   bring_again()   those of the user's own items that are due
 *   remove()   filters and exclusions
 *   boost()    relevance; then the order
 *   choose()   places: pins, shares, the rest, with caps and diversity
 *   account()  what would have been on the list without rules, and is not
 *
 * `removed_by` is the state of a candidate: FREE, TAKEN, or the rule that took it off. A candidate
 * over a cap stays over it, since counts only grow: so it is looked at once.
 */
#include "base/base.h"
#include "base/array.h"
#include "rules/list_caps.h"
#include "rules/list_cut.h"

enum { FREE = -1, TAKEN = -2, NOT_ALLOWED = -3, DRAWN_FROM = -4 };

/* Boosts multiply, and a list says the relevance as a float. */
#define RELEVANCE_MAX 1e30

/* An action of the user on a candidate. */
struct acted {
    size_t candidate;
    int32_t action;
    int64_t time_ms;
};

struct list_cut {
    const struct item_columns *columns;
    const struct ids *ids;
    struct cut_request request;
    bool open;       /* late candidates may be taken */
    size_t capacity; /* candidates */
    int32_t *items;
    double *base;      /* relevance before boosts */
    double *relevance; /* after */
    double *similar;   /* the greatest similarity to the places so far */
    int32_t *state, *boosted_by, *ranks;
    uint32_t *order;
    uint8_t *holds;   /* of each rule, for all candidates */
    uint8_t *scratch; /* of condition_evaluate() */
    uint32_t *marks;  /* by symbol: stamp of the item whose similarity is computed */
    size_t marks_capacity;
    uint32_t stamp;
    int32_t *index_of; /* by item number: the candidate, while acted is found; else -1 */
    size_t index_capacity;
    struct acted *acted;
    size_t acted_count, acted_capacity;
    int64_t *newest_ms; /* of an exclusion, by candidate */
    int32_t *counted;
    struct again *again, *had; /* by candidate: due by a rule; counted for the present one */
    int64_t due_ms;            /* when the next one is due */
    struct list_caps caps;
    size_t shared[PLACEMENT_RULES_MAX]; /* places that each share has */
    struct list_draw draw;
    struct cut_place *places;
    struct cut_removal *removals;
    size_t places_capacity, count, removals_count;
};

struct list_cut *list_cut_new(const struct item_columns *columns, const struct ids *ids)
{
    struct list_cut *cut = xcalloc(1, sizeof(*cut));
    cut->columns = cut->caps.columns = columns;
    cut->ids = ids;
    return cut;
}

struct list_cut *list_cut_free(struct list_cut *cut)
{
    if (!cut) { return NULL; }
    list_caps_release(&cut->caps);
    free(cut->items);
    free(cut->base);
    free(cut->relevance);
    free(cut->similar);
    free(cut->state);
    free(cut->boosted_by);
    free(cut->ranks);
    free(cut->order);
    free(cut->holds);
    free(cut->scratch);
    free(cut->marks);
    free(cut->index_of);
    free(cut->acted);
    free(cut->newest_ms);
    free(cut->counted);
    free(cut->again);
    free(cut->had);
    free(cut->places);
    free(cut->removals);
    free(cut);
    return NULL;
}

static void reserve(struct list_cut *cut, size_t count)
{
    if (count <= cut->capacity) { return; }
    size_t capacity = array_capacity(cut->capacity, count, 256);
    cut->items = xreallocarray(cut->items, capacity, sizeof(*cut->items));
    cut->base = xreallocarray(cut->base, capacity, sizeof(*cut->base));
    cut->relevance = xreallocarray(cut->relevance, capacity, sizeof(*cut->relevance));
    cut->similar = xreallocarray(cut->similar, capacity, sizeof(*cut->similar));
    cut->state = xreallocarray(cut->state, capacity, sizeof(*cut->state));
    cut->boosted_by = xreallocarray(cut->boosted_by, capacity, sizeof(*cut->boosted_by));
    cut->ranks = xreallocarray(cut->ranks, capacity, sizeof(*cut->ranks));
    cut->order = xreallocarray(cut->order, capacity, sizeof(*cut->order));
    cut->holds = xreallocarray(cut->holds, capacity, PLACEMENT_RULES_MAX);
    cut->scratch = xreallocarray(cut->scratch, capacity, CONDITION_DEPTH_MAX);
    cut->newest_ms = xreallocarray(cut->newest_ms, capacity, sizeof(*cut->newest_ms));
    cut->counted = xreallocarray(cut->counted, capacity, sizeof(*cut->counted));
    cut->again = xreallocarray(cut->again, capacity, sizeof(*cut->again));
    cut->had = xreallocarray(cut->had, capacity, sizeof(*cut->had));
    cut->capacity = capacity;
}

static void reserve_symbols(struct list_cut *cut)
{
    size_t count = (size_t)ids_count(cut->columns->symbols);
    ARRAY_RESERVE_ZEROS(cut->marks, cut->marks_capacity, count, 1024);
}

/* ---- The candidates ---- */

/* Finds the user's actions on candidates. */
static void add_acted(struct list_cut *cut, int32_t item, int32_t action, int64_t time_ms)
{
    if (item < 0 || item >= cut->columns->count || cut->index_of[item] < 0) { return; }
    cut->acted[cut->acted_count++] =
        (struct acted){(size_t)cut->index_of[item], action, time_ms};
}

static void find_acted(struct list_cut *cut)
{
    const struct cut_user *user = &cut->request.user;
    size_t items = (size_t)cut->columns->count, old = cut->index_capacity;
    cut->acted_count = 0;
    size_t most = user->count + user->shown_count;
    if (!most) { return; }
    if (items > old) {
        ARRAY_RESERVE(cut->index_of, cut->index_capacity, items, 1024);
        memset(cut->index_of + old, -1, (cut->index_capacity - old) * sizeof(*cut->index_of));
    }
    for (size_t k = 0; k < cut->request.count; k++) { cut->index_of[cut->items[k]] = (int32_t)k; }
    ARRAY_RESERVE(cut->acted, cut->acted_capacity, most, 64);
    for (size_t a = 0; a < user->count; a++) {
        add_acted(cut, user->items[a], user->actions[a], user->times_ms[a]);
    }
    for (size_t a = 0; a < user->shown_count; a++) {
        add_acted(cut, user->shown_items[a], ACTION_EXPOSURE, user->shown_times_ms[a]);
    }
    for (size_t k = 0; k < cut->request.count; k++) { cut->index_of[cut->items[k]] = -1; }
}

void list_cut_begin(struct list_cut *cut, const struct cut_request *request)
{
    cut->request = *request;
    reserve(cut, request->count);
    reserve_symbols(cut);
    for (size_t k = 0; k < request->count; k++) {
        cut->items[k] = request->candidates[k].item;
        assert(cut->items[k] >= 0 && cut->items[k] < cut->columns->count);
    }
    list_relevance(request->candidates, request->count, cut->base);
    list_relevance(request->candidates, request->count - request->late, cut->base);
    find_acted(cut);
}

/* ---- Phases ---- */

static bool is_allowed(const struct placement *placement, enum cut_origin origin)
{
    switch (origin) {
    case CUT_REPEAT: return placement->repeats;
    case CUT_FILLED: return placement->fallbacks & FALLBACK_POPULAR;
    case CUT_RANKED: case CUT_NEW: case CUT_NAMED: case CUT_ORIGINS: break;
    }
    return true;
}

/* Says whether a candidate may have a place without a pin or a share. */
static bool is_general(const struct placement *placement, enum cut_origin origin)
{
    if (origin == CUT_NEW) { return placement->fallbacks & FALLBACK_NEW; }
    return origin != CUT_NAMED;
}

static void allow(struct list_cut *cut, const struct placement *placement)
{
    int32_t rank = 0;
    for (size_t k = 0; k < cut->request.count; k++) {
        enum cut_origin origin = cut->request.candidates[k].origin;
        bool allowed = is_allowed(placement, origin) && !placement->only_again;
        bool ranked = allowed && is_general(placement, origin);
        cut->state[k] = allowed ? FREE : NOT_ALLOWED;
        cut->ranks[k] = ranked && origin != CUT_NEW ? ++rank : 0;
        cut->relevance[k] = cut->base[k];
        cut->boosted_by[k] = CUT_NO_RULE;
        cut->similar[k] = 0.0;
        cut->again[k] = (struct again){0};
    }
}

static bool in_force(const struct list_cut *cut, const struct steering_rule *rule)
{
    return cut->request.as_of_ms >= rule->from_ms && cut->request.as_of_ms < rule->until_ms;
}

/* Evaluates a rule's condition; NULL: it has none. */
static const uint8_t *holds_of(struct list_cut *cut, const struct placement *placement, size_t rule)
{
    const struct condition *condition = placement->rules[rule].condition;
    const struct cut_user *user = &cut->request.user;
    const struct condition_view view = {
        .columns = cut->columns,
        .ids = cut->ids,
        .items = cut->items,
        .count = cut->request.count,
        .as_of_ms = cut->request.as_of_ms,
        .user_actions = user->actions_total,
        .user_newest_ms = user->newest_ms,
        .user_hash = user->hash,
        .user = user->attributes,
        .context = cut->request.context,
    };
    if (!condition) { return NULL; }
    uint8_t *holds = cut->holds + rule * cut->capacity;
    condition_evaluate(condition, &view, cut->scratch, holds);
    return holds;
}

static void filter(struct list_cut *cut, int32_t rule, const uint8_t *holds)
{
    for (size_t k = 0; k < cut->request.count; k++) {
        if (!holds[k] && cut->state[k] == FREE) { cut->state[k] = rule; }
    }
}

/* Saturates: a period may be longer than the time since 1970. */
static int64_t before(int64_t time_ms, int64_t period_ms)
{
    return period_ms >= time_ms ? INT64_MIN : time_ms - period_ms;
}

static void exclude(struct list_cut *cut, const struct steering_rule *rule, int32_t number,
                    const uint8_t *holds)
{
    int64_t from_ms = before(cut->request.as_of_ms, rule->in_ms);
    int64_t rests_from_ms = before(cut->request.as_of_ms, rule->for_ms);
    for (size_t a = 0; a < cut->acted_count; a++) {
        size_t k = cut->acted[a].candidate;
        cut->counted[k] = 0;
        cut->newest_ms[k] = INT64_MIN;
    }
    for (size_t a = 0; a < cut->acted_count; a++) {
        const struct acted *acted = &cut->acted[a];
        if (!(rule->actions >> acted->action & 1) || acted->time_ms < from_ms) { continue; }
        cut->counted[acted->candidate]++;
        cut->newest_ms[acted->candidate] =
            MAX_OF(cut->newest_ms[acted->candidate], acted->time_ms);
    }
    for (size_t a = 0; a < cut->acted_count; a++) {
        size_t k = cut->acted[a].candidate;
        bool rests = cut->counted[k] >= rule->times && cut->newest_ms[k] > rests_from_ms;
        if (rests && (!holds || holds[k]) && cut->state[k] == FREE) { cut->state[k] = number; }
    }
}

/* Lets a candidate be listed that is due. What the placement lists anyway keeps what it has. */
static void bring(struct list_cut *cut, size_t candidate, int32_t number, double relevance)
{
    bool listed = cut->state[candidate] == FREE;
    cut->relevance[candidate] =
        listed ? MAX_OF(cut->relevance[candidate], relevance) : relevance;
    cut->state[candidate] = FREE;
    cut->boosted_by[candidate] = number;
    cut->again[candidate] = cut->had[candidate];
}

static void find_due(struct list_cut *cut, const struct steering_rule *rule, int32_t number,
                     const uint8_t *holds)
{
    int64_t as_of_ms = cut->request.as_of_ms;
    memset(cut->had, 0, cut->request.count * sizeof(*cut->had));
    for (size_t a = 0; a < cut->acted_count; a++) {
        const struct acted *acted = &cut->acted[a];
        if (!(rule->actions >> acted->action & 1)) { continue; }
        again_add(&cut->had[acted->candidate], acted->time_ms, rule->every_ms);
    }
    for (size_t k = 0; k < cut->request.count; k++) {
        bool own = cut->request.candidates[k].origin == CUT_REPEAT && (!holds || holds[k]);
        if (!own || !cut->had[k].count) { continue; }
        int64_t due_ms = again_due_ms(&cut->had[k], rule->every_ms);
        if (due_ms > as_of_ms) {
            cut->due_ms = MIN_OF(cut->due_ms, due_ms);
        } else {
            bring(cut, k, number, again_relevance(&cut->had[k], rule->every_ms, as_of_ms));
        }
    }
}

static void bring_again(struct list_cut *cut, const struct placement *placement)
{
    cut->due_ms = INT64_MAX;
    for (size_t r = 0; r < placement->rules_count; r++) {
        const struct steering_rule *rule = &placement->rules[r];
        if (rule->kind != RULE_AGAIN || !in_force(cut, rule)) { continue; }
        find_due(cut, rule, (int32_t)r, holds_of(cut, placement, r));
    }
}

static void boost(struct list_cut *cut, const struct steering_rule *rule, int32_t number,
                  const uint8_t *holds)
{
    for (size_t k = 0; k < cut->request.count; k++) {
        if (holds && !holds[k]) { continue; }
        double relevance = cut->relevance[k] * rule->factor + rule->addend;
        cut->relevance[k] = MIN_OF(MAX_OF(relevance, 0.0), RELEVANCE_MAX);
        cut->boosted_by[k] = number;
    }
}

/* Filters, exclusions and boosts; the other rules are evaluated for choose(). */
static void apply(struct list_cut *cut, const struct placement *placement)
{
    bool grouped = false;
    list_caps_begin(&cut->caps);
    for (size_t r = 0; r < placement->rules_count; r++) {
        const struct steering_rule *rule = &placement->rules[r];
        if (rule->kind == RULE_CAP && rule->by == CAP_GROUP) { grouped = true; }
        if (!in_force(cut, rule)) { continue; }
        const uint8_t *holds = holds_of(cut, placement, r);
        int32_t number = (int32_t)r;
        switch (rule->kind) {
        case RULE_FILTER: filter(cut, number, holds); break;
        case RULE_EXCLUDE: exclude(cut, rule, number, holds); break;
        case RULE_BOOST: boost(cut, rule, number, holds); break;
        case RULE_CAP:
            list_caps_add(&cut->caps, rule->by, rule->number, number, holds);
            break;
        case RULE_PIN: case RULE_SHARE: case RULE_AGAIN: case RULE_KINDS: break;
        }
    }
    if (grouped) { return; }
    list_caps_add(&cut->caps, CAP_GROUP, 1, (int32_t)placement->rules_count + CUT_CAP_GROUP, NULL);
}

/* ---- Places ---- */

/* Finds the Jaccard index of two items, of which one is marked. */
static double similarity(const struct list_cut *cut, int32_t marked, int32_t item)
{
    const struct item_columns *columns = cut->columns;
    const struct item_texts *a = &columns->texts_of[marked], *b = &columns->texts_of[item];
    size_t size_a = (size_t)a->tags + a->levels, size_b = (size_t)b->tags + b->levels, both = 0;
    const int32_t *texts = columns->texts + b->at;
    for (size_t t = 0; t < size_b; t++) { both += cut->marks[texts[t]] == cut->stamp; }
    both = MIN_OF(both, size_a);
    int32_t brand = columns->brands[marked];
    both += brand != ID_NONE && brand == columns->brands[item];
    size_a += brand != ID_NONE;
    size_b += columns->brands[item] != ID_NONE;
    size_t any = size_a + size_b - both;
    return any ? (double)both / (double)any : 0.0;
}

/* Raises the similarities of all free candidates to the places by that to one more. */
static void note_similar(struct list_cut *cut, int32_t item)
{
    const struct item_columns *columns = cut->columns;
    const struct item_texts *of = &columns->texts_of[item];
    if (++cut->stamp == 0) {
        memset(cut->marks, 0, cut->marks_capacity * sizeof(*cut->marks));
        cut->stamp = 1;
    }
    for (size_t t = 0; t < (size_t)of->tags + of->levels; t++) {
        cut->marks[columns->texts[of->at + t]] = cut->stamp;
    }
    for (size_t k = 0; k < cut->request.count; k++) {
        if (cut->state[k] != FREE) { continue; }
        cut->similar[k] = MAX_OF(cut->similar[k], similarity(cut, item, cut->items[k]));
    }
}

static void take(struct list_cut *cut, const struct placement *placement, uint32_t candidate,
                 int32_t rule)
{
    int32_t item = cut->items[candidate];
    cut->places[cut->count++] = (struct cut_place){
        .item = item,
        .rank = cut->ranks[candidate],
        .rule = rule == CUT_NO_RULE ? cut->boosted_by[candidate] : rule,
        .relevance = (float)cut->relevance[candidate],
        .candidate = candidate,
        .again = cut->again[candidate],
    };
    cut->state[candidate] = TAKEN;
    list_caps_count(&cut->caps, candidate, item);
    for (size_t r = 0; r < placement->rules_count; r++) {
        if (placement->rules[r].kind != RULE_SHARE || !in_force(cut, &placement->rules[r])) {
            continue;
        }
        cut->shared[r] += cut->holds[r * cut->capacity + candidate];
    }
    if (placement->diversity > 0.0) { note_similar(cut, item); }
}

static bool is_free(const struct list_cut *cut, size_t k)
{
    return cut->state[k] == FREE && (cut->open || k < cut->request.count - cut->request.late);
}

/* Finds the best free candidate, by relevance and diversity; -1: there is none. `from` is a place
 * of the order before which none is free. */
static int64_t best_of(struct list_cut *cut, const struct placement *placement,
                       const uint8_t *holds, size_t from)
{
    double diversity = placement->diversity, best_value = -INFINITY;
    int64_t best = -1;
    for (size_t at = from; at < cut->request.count; at++) {
        size_t k = cut->order[at];
        bool general = is_general(placement, cut->request.candidates[k].origin);
        if (!is_free(cut, k) || (holds ? !holds[k] : !general)) { continue; }
        if (diversity <= 0.0) { return (int64_t)k; }
        double reach = (1.0 - diversity) * cut->relevance[k];
        if (reach <= best_value) { break; } /* and so are all behind it */
        double value = reach - diversity * cut->similar[k];
        if (value <= best_value) { continue; }
        best_value = value;
        best = (int64_t)k;
    }
    return best;
}

/* The same for the best that no cap forbids either. */
static int64_t best_allowed(struct list_cut *cut, const struct placement *placement,
                            const uint8_t *holds, size_t from)
{
    int64_t best;
    while ((best = best_of(cut, placement, holds, from)) >= 0) {
        int32_t over = list_caps_over(&cut->caps, (size_t)best, cut->items[best]);
        if (over == CAP_NONE) { break; }
        cut->state[best] = over;
    }
    return best;
}

/* Takes it; false: there is none. */
static bool take_best(struct list_cut *cut, const struct placement *placement,
                      const uint8_t *holds, int32_t rule, size_t *from)
{
    while (*from < cut->request.count && !is_free(cut, cut->order[*from])) { (*from)++; }
    int64_t best = best_allowed(cut, placement, holds, *from);
    if (best >= 0) { take(cut, placement, (uint32_t)best, rule); }
    return best >= 0;
}

/* Takes what is pinned to a place. A pin obeys no cap. */
static bool take_pinned(struct list_cut *cut, const struct placement *placement, size_t place)
{
    for (size_t r = 0; r < placement->rules_count; r++) {
        const struct steering_rule *rule = &placement->rules[r];
        if (rule->kind != RULE_PIN || rule->number != place || !in_force(cut, rule)) {
            continue;
        }
        const uint8_t *holds = cut->holds + r * cut->capacity;
        for (size_t at = 0; at < cut->request.count; at++) {
            uint32_t k = cut->order[at];
            bool able = is_free(cut, k) || list_caps_has(&cut->caps, cut->state[k]);
            if (!able || !holds[k]) { continue; }
            take(cut, placement, k, (int32_t)r);
            return true;
        }
    }
    return false;
}

/* A share of s has at least s * n of the first n places, rounded down, while items last. */
static bool take_shared(struct list_cut *cut, const struct placement *placement, size_t *from)
{
    for (size_t r = 0; r < placement->rules_count; r++) {
        const struct steering_rule *rule = &placement->rules[r];
        if (rule->kind != RULE_SHARE || !in_force(cut, rule)) { continue; }
        size_t due = (size_t)(rule->share * (double)(cut->count + 1) + 1e-9);
        if (cut->shared[r] >= due) { continue; }
        if (take_best(cut, placement, cut->holds + r * cut->capacity, (int32_t)r, from)) {
            return true;
        }
    }
    return false;
}

/* Draws the place that is explored. */
static bool take_drawn(struct list_cut *cut, const struct placement *placement, size_t from)
{
    struct list_draw *draw = &cut->draw;
    int64_t best;
    if (placement->explore.place != cut->count + 1) { return false; }
    draw->temperature = placement->explore.temperature;
    while (draw->count < placement->explore.candidates &&
           (best = best_allowed(cut, placement, NULL, from)) >= 0) {
        draw->candidates[draw->count++] = (struct draw_candidate){
            .candidate = (uint32_t)best, .item = cut->items[best],
            .value = (1.0 - placement->diversity) * cut->relevance[best] -
                     placement->diversity * cut->similar[best],
            .hash = ids_hash(cut->ids, cut->items[best])};
        cut->state[best] = DRAWN_FROM;
    }
    for (size_t k = 0; k < draw->count; k++) { cut->state[draw->candidates[k].candidate] = FREE; }
    if (!draw->count) { return false; }
    list_draw_make(draw, cut->request.user.draw_seed, slice_str(placement->name));
    draw->place = cut->count + 1;
    const struct draw_candidate *drawn = &draw->candidates[draw->chosen];
    take(cut, placement, drawn->candidate, (int32_t)placement->rules_count + CUT_EXPLORE);
    cut->places[cut->count - 1].probability = (float)drawn->probability;
    return true;
}

/* Takes what only caps left out, best first. */
static void take_capped(struct list_cut *cut, const struct placement *placement)
{
    for (size_t at = 0; at < cut->request.count && cut->count < placement->length; at++) {
        uint32_t k = cut->order[at];
        bool general = is_general(placement, cut->request.candidates[k].origin);
        if (!general || !list_caps_has(&cut->caps, cut->state[k])) { continue; }
        take(cut, placement, k, CUT_NO_RULE);
    }
}

static void choose(struct list_cut *cut, const struct placement *placement)
{
    size_t from = 0;
    bool some = true;
    cut->count = cut->draw.count = cut->draw.place = 0;
    cut->open = !cut->request.late;
    memset(cut->shared, 0, placement->rules_count * sizeof(*cut->shared));
    while (cut->count < placement->length && (some || !cut->open)) {
        if (!some) { from = 0, cut->open = true; }
        some = take_pinned(cut, placement, cut->count + 1) || take_shared(cut, placement, &from) ||
               take_drawn(cut, placement, from) ||
               take_best(cut, placement, NULL, CUT_NO_RULE, &from);
    }
    if (placement->fallbacks & FALLBACK_UNCAPPED) { take_capped(cut, placement); }
    for (size_t behind = cut->count + 2; behind <= placement->length; behind++) {
        (void)take_pinned(cut, placement, behind);
    }
    for (size_t p = 0; p < cut->count; p++) { list_caps_forget(&cut->caps, cut->places[p].item); }
}

/* Candidates stand by rank, so that those of the list without rules come first. */
static void account(struct list_cut *cut, const struct placement *placement)
{
    cut->removals_count = 0;
    for (size_t k = 0; k < cut->request.count; k++) {
        bool listed = cut->ranks[k] > 0 && (size_t)cut->ranks[k] <= placement->length;
        if (!listed || cut->state[k] < 0) { continue; }
        cut->removals[cut->removals_count++] = (struct cut_removal){
            .item = cut->items[k], .rank = cut->ranks[k], .rule = cut->state[k]};
    }
}

void list_cut_make(struct list_cut *cut, const struct placement *placement,
                   struct cut_result *ret_result)
{
    assert(placement->rules_count <= PLACEMENT_RULES_MAX);
    if (placement->length > cut->places_capacity) {
        cut->places_capacity = placement->length;
        cut->places = xreallocarray(cut->places, placement->length, sizeof(*cut->places));
        cut->removals = xreallocarray(cut->removals, placement->length, sizeof(*cut->removals));
    }
    allow(cut, placement);
    bring_again(cut, placement);
    apply(cut, placement);
    list_order(cut->relevance, cut->request.count, cut->order);
    choose(cut, placement);
    account(cut, placement);
    *ret_result = (struct cut_result){.places = cut->places,
                                      .count = cut->count,
                                      .removals = cut->removals,
                                      .removals_count = cut->removals_count,
                                      .due_ms = cut->due_ms,
                                      .draw = &cut->draw};
}

const char *list_cut_rule_name(const struct placement *placement, int32_t rule, char *into,
                               size_t size)
{
    if (rule >= 0 && (size_t)rule < placement->rules_count) {
        (void)snprintf(into, size, "%s.%s", rule_kind_name(placement->rules[rule].kind),
                       placement->rules[rule].name);
    } else {
        bool drawn = rule == (int32_t)placement->rules_count + CUT_EXPLORE;
        (void)snprintf(into, size, "%s", rule < 0 ? "" : drawn ? "explore" : "cap.group");
    }
    return into;
}
