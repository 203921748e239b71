/* A list for a request that says in which circumstances somebody asks (device, place, hour):
 *
 *     score * exp(weight * L)    counting's, the segments' and the platform's scores, above 0: they
 *                                grow as about the root of counts (kernel_power), so weight is 0.5
 *     score + weight * L         those of a blend, which are log-odds (model/candidate_set.h)
 *     exp(2 weight * L) / r      of what fills the list up, at place r there: by Zipf's law the
 *                                r-th most popular item has 1 / r of the actions of the first, and
 *                                counts change by the square of what their roots do
 *
 * with L as in model/counting/context_table.h. The first CONTEXT_RANKED of the ranking are ordered
 * anew, so a list's first places may come from behind its end. Candidates of the context are added:
 * the items that most users acted on in it, scored by the leader, or behind what fills up. Where
 * the context adds more to an item than the recent item that speaks most for it, moves up an item
 * for which none speaks, or brings one that would not be on the list, it is the item's reason.
 * Without a context, or where none of its indicators was counted, nothing of this runs. A pure
 * function of the ranking and the table.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "scorer/lists/leader.h"
#include "scorer/lists/lists_internal.h"

enum {
    CONTEXT_RANKED = 100,
    CONTEXT_ADDED = 50, /* candidates; the first of each indicator are first */
    CONTEXT_ENTRIES = LIST_ITEMS_MAX + CONTEXT_ADDED,
    WHERE_FIRST = 1024,
};

/* An entry that is being ordered. */
struct context_entry {
    struct ranked ranked;
    struct context_lift lift;
    float key;
    int32_t from; /* its place in the ranking; below 0: it was not there */
    bool fills;
};

/* Where an item is, if the stamp is that of the list. */
struct where {
    uint32_t stamp;
    int32_t in_set; /* its index in the set of candidates; below 0: it is in the ranking */
};

struct context_mix {
    double weight;
    struct where *where; /* by item */
    size_t where_capacity;
    uint32_t stamp;
    struct topk top; /* of indices into `entries` */
    bool used; /* for the list that is being made */
    int32_t found[CONTEXT_ADDED];
    size_t found_count;
    struct context_entry entries[CONTEXT_ENTRIES];
    struct context_lift lifts[CONTEXT_ENTRIES]; /* of the ranking, or of what was found */
    int32_t items[CONTEXT_ENTRIES];             /* of these */
    size_t count;
    int32_t order[LIST_ITEMS_MAX]; /* indices into `entries` */
    int8_t behind_of[LIST_ITEMS_MAX];
    bool counted_of[LIST_ITEMS_MAX];
};

static bool entry_before(const void *arg, int32_t a, int32_t b)
{
    const struct lists *lists = arg;
    const struct context_entry *entries = lists->context->entries;
    return ids_before(lists->tables->ids, entries[a].ranked.item, entries[b].ranked.item);
}

void lists_set_context(struct lists *lists, double weight)
{
    assert(!lists->context && lists->tables->contexts);
    lists->context = xcalloc(1, sizeof(*lists->context));
    lists->context->weight = weight;
    topk_init(&lists->context->top, entry_before, lists);
    lists->columns.contexts = lists->placed.contexts = lists->tables->contexts;
}

void lists_free_context(struct lists *lists)
{
    if (!lists->context) { return; }
    topk_release(&lists->context->top);
    free(lists->context->where);
    free(lists->context);
}

static struct slice text_of(const struct request_context *context,
                            char into[static CONTEXT_TEXT_BYTES_MAX])
{
    const struct circumstances known = {.device = context->device,
                                        .channel = context->channel,
                                        .country = context->country,
                                        .region = context->region,
                                        .geohash = context->geohash,
                                        .hour = context->hour,
                                        .weekday = context->weekday};
    return context_text_write(&known, into);
}

bool lists_know_context(const struct lists *lists, const struct request_context *context)
{
    char into[CONTEXT_TEXT_BYTES_MAX];
    return lists->context && lists->context->weight > 0.0 &&
           context_table_knows(lists->tables->contexts, text_of(context, into));
}

/* ---- Before the ranking ---- */

size_t lists_begin_context(struct lists *lists, size_t length)
{
    struct context_mix *mix = lists->context;
    const struct request_context *context = lists->scope.context;
    char into[CONTEXT_TEXT_BYTES_MAX];
    if (!mix) { return length; }
    mix->used = false;
    mix->found_count = 0;
    if (!context || lists->scope.found || !(mix->weight > 0.0)) { return length; }
    mix->used = context_table_use(lists->tables->contexts, text_of(context, into)) > 0;
    return mix->used ? MAX_OF(length, (size_t)CONTEXT_RANKED) : length;
}

size_t lists_reasoned(const struct lists *lists)
{
    if (lists->context && lists->context->used) { return 0; }
    return lists->scope.reasoned ? lists->scope.reasoned : SIZE_MAX;
}

size_t lists_find_context(struct lists *lists, const struct item_flags *flags,
                          const int32_t **ret_items)
{
    struct context_mix *mix = lists->context;
    const int32_t *items;
    *ret_items = NULL;
    if (!mix || !mix->used) { return 0; }
    size_t count = context_table_items(lists->tables->contexts, &items);
    for (size_t k = 0; k < count && mix->found_count < CONTEXT_ADDED; k++) {
        int32_t item = items[k];
        if (!item_table_has(lists->tables->items, item)) { continue; }
        if (!ranking_allows(lists->ranking, flags, item)) { continue; }
        mix->found[mix->found_count++] = item;
    }
    *ret_items = mix->found;
    return mix->found_count;
}

/* ---- The order ---- */

static struct context_lift lift_of(const struct lists *lists, int32_t item)
{
    struct context_lift lift = context_table_lift(lists->tables->contexts, item);
    lift.log *= (float)lists->context->weight;
    return lift;
}

/* Finds the lifts of many. */
static void find_lifts(struct lists *lists, const int32_t *items, size_t count)
{
    struct context_mix *mix = lists->context;
    context_table_lifts(lists->tables->contexts, items, count, mix->lifts);
    for (size_t k = 0; k < count; k++) { mix->lifts[k].log *= (float)mix->weight; }
}

static float changed(const struct lists *lists, float score, float log)
{
    bool added = lists->leader != MEMBER_COUNTING;
    return added ? score + log : score * expf(log);
}

/* Says whether the context adds more than the recent item behind an item does, which has this share
 * of its score; 0: there is none, and the context is the reason where it has moved the item up. */
static bool is_reason(const struct context_lift *lift, float share, bool rises)
{
    if (lift->indicator < 0 || !(lift->log > 0.0F)) { return false; }
    return share > 0.0F ? expf(lift->log) - 1.0F > share : rises;
}

static void give_reason(struct ranked *ranked, const struct context_lift *lift)
{
    ranked->because = lift->indicator;
    ranked->reason = RANKED_CONTEXT;
    ranked->evidence = lift->users;
    ranked->share = 1.0F - expf(-lift->log);
}

static void add_entry(struct lists *lists, const struct ranked *ranked,
                      const struct context_lift *lift, int32_t from, bool fills, size_t place)
{
    struct context_mix *mix = lists->context;
    struct context_entry *entry = &mix->entries[mix->count++];
    *entry = (struct context_entry){.ranked = *ranked, .lift = *lift, .from = from, .fills = fills};
    entry->key = fills ? expf(2.0F * lift->log) / (float)(place + 1)
                       : changed(lists, ranked->score, lift->log);
}

static struct where *where_of(struct context_mix *mix, int32_t item)
{
    ARRAY_RESERVE_ZEROS(mix->where, mix->where_capacity, (size_t)item + 1, WHERE_FIRST);
    return &mix->where[item];
}

/* Notes where the leader has a score for an item, then which ones are in the ranking. */
static void note_items(struct lists *lists, size_t count)
{
    struct context_mix *mix = lists->context;
    const struct candidate_set *set = lists->leader == MEMBER_COUNTING ? NULL : lists->set;
    if (++mix->stamp == 0) {
        memset(mix->where, 0, mix->where_capacity * sizeof(*mix->where));
        mix->stamp = 1;
    }
    for (size_t k = 0; set && k < set->zscores.count; k++) {
        *where_of(mix, set->items[k]) = (struct where){mix->stamp, (int32_t)k};
    }
    for (size_t k = 0; k < count; k++) {
        *where_of(mix, lists->merged[k].item) = (struct where){mix->stamp, -1};
    }
}

/* Finds the leader's score of an item that is not in the ranking; false: it has none. */
static bool find_score(const struct lists *lists, const struct where *where, int32_t item,
                       float *ret_score)
{
    if (lists->leader == MEMBER_COUNTING) {
        *ret_score = lists->made_by ? 0.0F : ranking_score(lists->ranking, item);
        return *ret_score > 0.0F;
    }
    if (where->stamp != lists->context->stamp) { return false; }
    *ret_score = lists->set->scores[where->in_set];
    return true;
}

/* Adds the candidates of the context that the ranking does not have. */
static void add_found(struct lists *lists, size_t count)
{
    struct context_mix *mix = lists->context;
    size_t place = count - lists->scored;
    find_lifts(lists, mix->found, mix->found_count);
    for (size_t k = 0; k < mix->found_count; k++) {
        struct ranked ranked = {.item = mix->found[k], .because = ID_NONE,
                                .reason = RANKED_POPULAR};
        const struct where *where = where_of(mix, ranked.item);
        if (where->stamp == mix->stamp && where->in_set < 0) { continue; }
        bool scored = find_score(lists, where, ranked.item, &ranked.score);
        add_entry(lists, &ranked, &mix->lifts[k], /* from= */ -1, !scored, place);
        place += !scored;
    }
}

/* Orders those that fill up, or the others, behind the first `from` places. Returns how many there
 * are then. */
static size_t order(struct lists *lists, bool fills, size_t from, size_t length)
{
    struct context_mix *mix = lists->context;
    topk_clear(&mix->top, length - from);
    for (size_t k = 0; k < mix->count; k++) {
        const struct context_entry *entry = &mix->entries[k];
        if (entry->fills == fills) { topk_push(&mix->top, (double)entry->key, (int32_t)k); }
    }
    topk_sort(&mix->top);
    for (size_t k = 0; k < mix->top.count; k++) {
        mix->order[from + k] = mix->top.entries[k].item;
    }
    return from + mix->top.count;
}

/* Writes the ordered entries back, with what else is known of them. */
static void take_back(struct lists *lists, size_t count)
{
    struct context_mix *mix = lists->context;
    memcpy(mix->behind_of, lists->behind_of, sizeof(mix->behind_of));
    memcpy(mix->counted_of, lists->counted_of, sizeof(mix->counted_of));
    for (size_t k = 0; k < count; k++) {
        const struct context_entry *entry = &mix->entries[mix->order[k]];
        float before = k ? lists->merged[k - 1].score : 0.0F;
        lists->merged[k] = entry->ranked;
        lists->merged[k].score = entry->fills ? MIN_OF(before, 0.0F) - 1.0F : entry->key;
        if (entry->from < 0) {
            double actions = item_table_actions(lists->tables->items, entry->ranked.item);
            lists->merged[k].evidence = (float)actions;
        }
        lists->behind_of[k] = entry->from < 0 ? -1 : mix->behind_of[entry->from];
        lists->counted_of[k] = entry->from >= 0 && mix->counted_of[entry->from];
    }
}

/* Gives reasons to the entries that a reader sees; those behind them have theirs when a placement
 * takes them. */
static void reason(struct lists *lists, size_t count)
{
    const struct context_mix *mix = lists->context;
    size_t reasoned = lists->scope.reasoned ? MIN_OF(lists->scope.reasoned, count) : count;
    for (size_t k = 0; k < count; k++) {
        const struct context_entry *entry = &mix->entries[mix->order[k]];
        bool shown = k < reasoned, rises = entry->from < 0 || (int32_t)k < entry->from;
        bool comes = shown && (entry->from < 0 || entry->from >= (int32_t)reasoned);
        if (shown) { (void)lists_ranked_entry(lists, k); }
        float share = shown && !comes ? lists->merged[k].share : 0.0F;
        if (!is_reason(&entry->lift, share, rises)) { continue; }
        give_reason(&lists->merged[k], &entry->lift);
        lists->behind_of[k] = -1;
    }
}

size_t lists_mix_context(struct lists *lists, size_t count, size_t length)
{
    struct context_mix *mix = lists->context;
    if (!mix || !mix->used) { return MIN_OF(count, length); }
    lists->ranked_count = count;
    lists_own_ranking(lists);
    mix->count = 0;
    note_items(lists, count);
    size_t scored = MIN_OF(lists->scored, count);
    for (size_t k = 0; k < count; k++) { mix->items[k] = lists->merged[k].item; }
    find_lifts(lists, mix->items, count);
    for (size_t k = 0; k < count; k++) {
        bool fills = k >= scored;
        add_entry(lists, &lists->merged[k], &mix->lifts[k], (int32_t)k, fills,
                  fills ? k - scored : 0);
    }
    lists->scored = scored;
    add_found(lists, count);
    size_t kept = lists->scored = order(lists, /* fills= */ false, 0, length);
    if (kept < length) { kept = order(lists, /* fills= */ true, kept, length); }
    take_back(lists, kept);
    reason(lists, kept);
    return kept;
}

void lists_give_context(struct lists *lists, struct ranked *ranked, bool had)
{
    const struct context_mix *mix = lists->context;
    if (!mix || !mix->used) { return; }
    if (had) { return; } /* they are behind the others, by their actions */
    struct context_lift lift = lift_of(lists, ranked->item);
    ranked->score = changed(lists, ranked->score, lift.log);
    if (is_reason(&lift, ranked->share, /* rises= */ true)) { give_reason(ranked, &lift); }
}
