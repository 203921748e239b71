/* An update in three steps, for each head:
 *
 *   take_changed()   marks and scores the changed items, and keeps those that come before `last`:
 *                    an item after it belongs outside;
 *   drop_changed()   takes every marked item out of the head;
 *   merge()          puts them in, and cuts the head to its length, which moves `last` up.
 *
 * So a head only shrinks when items leave it. It is exact as far as it goes, and is made again from
 * all items when it has shrunk to half. The scratch has room for two
 * whole change logs.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/counting/heads.h"

enum { CHANGES_MAX = 2 * CHANGE_LOG_ITEMS, MARKED_FIRST = 1024 };

/* The score of an item that does not belong to a head. */
#define OUTSIDE (-INFINITY)

/* What the heads are made of. */
struct view {
    const struct item_table *table;
    const struct item_flags *flags;
};

typedef double (*score_fn)(const struct view *view, int32_t item);

static double popular_score(const struct view *view, int32_t item)
{
    uint8_t flags = item_flags_of(view->flags, item);
    bool known = (flags & ITEM_LISTED) || item_table_has(view->table, item);
    return known && !(flags & ITEM_BARRED) ? item_table_actions(view->table, item) : OUTSIDE;
}

static double trending_score(const struct view *view, int32_t item)
{
    double trend = item_table_trend(view->table, item);
    return trend > 0.0 && !item_flags_barred(view->flags, item) ? trend : OUTSIDE;
}

static int32_t end_of(const struct view *view)
{
    return MAX_OF(item_table_end(view->table), view->flags->count);
}

static void head_init(struct head *head, size_t length)
{
    *head = (struct head){.length = length};
    head->entries = xcalloc(length, sizeof(*head->entries));
}

void heads_init(struct heads *heads, const struct ids *ids)
{
    *heads = (struct heads){.ids = ids};
    head_init(&heads->popular, HEAD_POPULAR_ITEMS);
    head_init(&heads->trending, HEAD_TRENDING_ITEMS);
    heads->changed = xcalloc(CHANGES_MAX, sizeof(*heads->changed));
    heads->merged = xcalloc(HEAD_POPULAR_ITEMS, sizeof(*heads->merged));
}

void heads_release(struct heads *heads)
{
    free(heads->popular.entries);
    free(heads->trending.entries);
    free(heads->changed);
    free(heads->merged);
    free(heads->marked);
    *heads = (struct heads){0};
}

/* ---- Order ---- */

static bool before(const struct heads *heads, struct head_entry a, struct head_entry b)
{
    if (a.score != b.score) { return a.score > b.score; }
    return ids_before(heads->ids, a.item, b.item);
}

static int in_order(const void *a, const void *b, void *heads)
{
    const struct head_entry *x = a, *y = b;
    return x->item == y->item ? 0 : before(heads, *x, *y) ? -1 : 1;
}

static bool belongs(const struct heads *heads, const struct head *head, struct head_entry entry)
{
    if (entry.score == OUTSIDE) { return false; }
    return head->whole || before(heads, entry, head->last);
}

/* Returns how many of the head's entries, from `from` on, come before this one. */
static size_t entries_before(const struct heads *heads, const struct head *head, size_t from,
                             struct head_entry entry)
{
    size_t low = from, high = head->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (before(heads, head->entries[middle], entry)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low - from;
}

/* Appends old entries to `merged`, as many as there is room for. */
static size_t append(struct heads *heads, const struct head *head, size_t from, size_t count,
                     size_t merged)
{
    count = MIN_OF(count, head->length - merged);
    memcpy(heads->merged + merged, head->entries + from, count * sizeof(*heads->merged));
    return merged + count;
}

/* Merges the first `count` of `changed` into the head. */
static void merge(struct heads *heads, struct head *head, size_t count)
{
    size_t from = 0, merged = 0, total = head->count + count;
    if (!count) { return; }
    qsort_r(heads->changed, count, sizeof(*heads->changed), in_order, heads);
    for (size_t k = 0; k < count && merged < head->length; k++) {
        size_t run = entries_before(heads, head, from, heads->changed[k]);
        merged = append(heads, head, from, run, merged);
        from += run;
        if (merged < head->length) { heads->merged[merged++] = heads->changed[k]; }
    }
    merged = append(heads, head, from, head->count - from, merged);
    head->count = merged;
    memcpy(head->entries, heads->merged, merged * sizeof(*head->entries));
    if (merged == total) { return; }
    head->whole = false;
    head->last = head->entries[merged - 1];
}

/* ---- From all items ---- */

/* Takes the items in runs that fit the scratch; `last` soon keeps most of them out. */
static void make(struct heads *heads, struct head *head, score_fn score, const struct view *view)
{
    int32_t end = end_of(view);
    size_t count = 0;
    heads->scans++;
    heads->looked += (uint64_t)end;
    head->count = 0;
    head->whole = true;
    for (int32_t item = 0; item < end; item++) {
        const struct head_entry entry = {.score = score(view, item), .item = item};
        if (!belongs(heads, head, entry)) { continue; }
        heads->changed[count++] = entry;
        if (count < CHANGES_MAX) { continue; }
        merge(heads, head, count);
        count = 0;
    }
    merge(heads, head, count);
}

/* ---- From the changed items ---- */

static void reach(struct heads *heads, size_t end)
{
    if (end <= heads->marked_count) { return; }
    size_t count = MAX_OF(MAX_OF(heads->marked_count * 2, end), (size_t)MARKED_FIRST);
    heads->marked = xreallocarray(heads->marked, count, sizeof(*heads->marked));
    memset(heads->marked + heads->marked_count, 0, count - heads->marked_count);
    heads->marked_count = count;
}

/* Marks the items of a log's changes since `version`, and adds those that belong to the head to
 * `changed`, each once. Returns how many it has then. */
static size_t take_changed(struct heads *heads, const struct head *head, score_fn score,
                           const struct view *view, const struct change_log *log,
                           uint64_t version, size_t count)
{
    for (; log && version < log->version; version++) {
        int32_t item = change_log_at(log, version);
        heads->looked++;
        if (heads->marked[item]) { continue; }
        heads->marked[item] = true;
        const struct head_entry entry = {.score = score(view, item), .item = item};
        if (belongs(heads, head, entry)) { heads->changed[count++] = entry; }
    }
    return count;
}

static void unmark(struct heads *heads, const struct change_log *log, uint64_t version)
{
    for (; log && version < log->version; version++) {
        heads->marked[change_log_at(log, version)] = false;
    }
}

static void drop_changed(const struct heads *heads, struct head *head)
{
    size_t kept = 0;
    for (size_t k = 0; k < head->count; k++) {
        if (heads->marked[head->entries[k].item]) { continue; }
        head->entries[kept++] = head->entries[k];
    }
    head->count = kept;
}

static void update(struct heads *heads, struct head *head, score_fn score,
                   const struct view *view)
{
    const struct change_log *rows = item_table_changes(view->table), *flags = view->flags->changes;
    size_t count = 0;
    reach(heads, (size_t)end_of(view));
    count = take_changed(heads, head, score, view, rows, heads->table_version, count);
    count = take_changed(heads, head, score, view, flags, heads->flags_version, count);
    drop_changed(heads, head);
    unmark(heads, rows, heads->table_version);
    unmark(heads, flags, heads->flags_version);
    merge(heads, head, count);
    if (head->count < head->length / 2 && !head->whole) { make(heads, head, score, view); }
}

void heads_update(struct heads *heads, const struct item_table *table,
                  const struct item_flags *flags)
{
    const struct view view = {table, flags};
    const struct change_log *rows = item_table_changes(table), *marks = flags->changes;
    uint64_t marks_version = marks ? marks->version : 0;
    if (heads->made && rows->version == heads->table_version &&
        marks_version == heads->flags_version) {
        return;
    }
    bool reached = heads->made && change_log_reaches(rows, heads->table_version) &&
                   (!marks || change_log_reaches(marks, heads->flags_version));
    (reached ? update : make)(heads, &heads->popular, popular_score, &view);
    (reached ? update : make)(heads, &heads->trending, trending_score, &view);
    heads->made = true;
    heads->table_version = rows->version;
    heads->flags_version = marks_version;
}
