/* Changes are numbered, and the newest NEAREST_CHANGES_KEPT are kept in a ring. A row knows the
 * number up to which it is right. All changes at once are a jump of the number that no row can
 * follow.
 *
 * A row that is not full has all items with a cosine above 0. Such a row is corrected by taking an
 * item out and putting it in. A full row that loses an item lacks the next one, which is not known:
 * it is computed again, unless the item comes back before the last place.
 *
 * Rows stand in slots. When all are taken, a hand goes round and gives away the first slot that
 * nobody has asked for since it last came by.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "model/nearest_rows.h"

/* A change of one item costs about as much as ITEMS_A_CHANGE items of a row that is computed. */
enum { CHANGES_LEAST = 128, ITEMS_A_CHANGE = 16 };
enum { SLOT_NONE = 0, SLOTS_FIRST = 64, ITEMS_FIRST = 1024 };

struct nearest_row {
    int32_t item;
    bool asked; /* since the hand last came by */
    uint32_t count;
    uint64_t right_until; /* number of the first change that it does not know */
    struct alike alike[NEAREST_ITEMS];
};

struct nearest_rows {
    struct nearest_measure measure;
    const struct ids *ids;
    int32_t *slots_of; /* by item: slot + 1 */
    size_t slots_of_count;
    struct nearest_row **slots;
    size_t count, capacity, rows_max, hand;
    uint64_t changes; /* how many there were */
    int32_t changed[NEAREST_CHANGES_KEPT];
    struct topk top;
};

static bool comes_before(const void *arg, int32_t a, int32_t b)
{
    const struct nearest_rows *rows = arg;
    return rows->ids ? ids_before(rows->ids, a, b) : a < b;
}

struct nearest_rows *nearest_rows_new(const struct nearest_measure *measure, const struct ids *ids,
                                      size_t rows_max)
{
    assert(rows_max > 0);
    struct nearest_rows *rows = xcalloc(1, sizeof(*rows));
    rows->measure = *measure;
    rows->ids = ids;
    rows->rows_max = rows_max;
    topk_init(&rows->top, comes_before, rows);
    return rows;
}

struct nearest_rows *nearest_rows_free(struct nearest_rows *rows)
{
    if (!rows) { return NULL; }
    for (size_t at = 0; at < rows->count; at++) { free(rows->slots[at]); }
    free(rows->slots);
    free(rows->slots_of);
    topk_release(&rows->top);
    free(rows);
    return NULL;
}

void nearest_rows_change(struct nearest_rows *rows, int32_t item)
{
    rows->changed[rows->changes++ % NEAREST_CHANGES_KEPT] = item;
}

void nearest_rows_change_all(struct nearest_rows *rows)
{
    rows->changes += NEAREST_CHANGES_KEPT + 1;
}

/* ---- Rows ---- */

static void compute(struct nearest_rows *rows, struct nearest_row *row)
{
    struct topk *top = &rows->top;
    topk_clear(top, NEAREST_ITEMS);
    rows->measure.offer(rows->measure.owner, row->item, top);
    topk_sort(top);
    row->count = 0;
    for (size_t k = 0; k < top->count && top->entries[k].score > 0.0; k++) {
        row->alike[row->count++] = (struct alike){.item = top->entries[k].item,
                                                  .cosine = (float)top->entries[k].score};
    }
    row->right_until = rows->changes;
}

/* Takes an item out; returns whether it was there. */
static bool take_out(struct nearest_row *row, int32_t item)
{
    for (uint32_t k = 0; k < row->count; k++) {
        if (row->alike[k].item != item) { continue; }
        row->count--;
        memmove(row->alike + k, row->alike + k + 1, (row->count - k) * sizeof(*row->alike));
        return true;
    }
    return false;
}

/* Returns the place at which an item belongs into a row. */
static uint32_t place_of(const struct nearest_rows *rows, const struct nearest_row *row,
                         int32_t item, float cosine)
{
    uint32_t at = row->count;
    for (; at > 0; at--) {
        const struct alike *one = &row->alike[at - 1];
        if (one->cosine > cosine) { break; }
        if (!(one->cosine < cosine) && comes_before(rows, one->item, item)) { break; }
    }
    return at;
}

/* Corrects a row by one item; false: it must be computed. */
static bool correct(struct nearest_rows *rows, struct nearest_row *row, int32_t item)
{
    if (item == row->item) { return false; }
    bool full = row->count == NEAREST_ITEMS, lost = take_out(row, item);
    float cosine = rows->measure.compare(rows->measure.owner, row->item, item);
    uint32_t at = cosine > 0.0F ? place_of(rows, row, item, cosine) : NEAREST_ITEMS;
    if (full && lost && at >= row->count) { return false; }
    if (at == NEAREST_ITEMS) { return true; }
    row->count = MIN_OF(row->count + 1, (uint32_t)NEAREST_ITEMS);
    memmove(row->alike + at + 1, row->alike + at, (row->count - at - 1) * sizeof(*row->alike));
    row->alike[at] = (struct alike){.item = item, .cosine = cosine};
    return true;
}

static bool follow(struct nearest_rows *rows, struct nearest_row *row)
{
    const size_t items = rows->measure.count(rows->measure.owner);
    const size_t most = MAX_OF((size_t)CHANGES_LEAST, items / ITEMS_A_CHANGE);
    if (rows->changes - row->right_until > MIN_OF(most, (size_t)NEAREST_CHANGES_KEPT)) {
        return false;
    }
    while (row->right_until < rows->changes) {
        int32_t item = rows->changed[row->right_until++ % NEAREST_CHANGES_KEPT];
        if (!correct(rows, row, item)) { return false; }
    }
    return true;
}

/* ---- Slots ---- */

/* Finds the slot to give away. */
static size_t free_slot(struct nearest_rows *rows)
{
    for (;; rows->hand++) {
        if (rows->hand == rows->count) { rows->hand = 0; }
        struct nearest_row *row = rows->slots[rows->hand];
        if (!row->asked) { break; }
        row->asked = false;
    }
    rows->slots_of[rows->slots[rows->hand]->item] = SLOT_NONE;
    return rows->hand++;
}

static struct nearest_row *add_row(struct nearest_rows *rows, int32_t item)
{
    size_t slot = rows->count;
    if (rows->count == rows->rows_max) {
        slot = free_slot(rows);
    } else {
        ARRAY_RESERVE(rows->slots, rows->capacity, rows->count + 1, SLOTS_FIRST);
        rows->slots[rows->count++] = xmalloc(sizeof(struct nearest_row));
    }
    rows->slots[slot]->item = item;
    rows->slots_of[item] = (int32_t)slot + 1;
    return rows->slots[slot];
}

void nearest_rows_fetch(const struct nearest_rows *rows, int32_t item, enum nearest_step step)
{
    enum { LINE = 64 };
    if (item < 0 || (size_t)item >= rows->slots_of_count) { return; }
    if (step == NEAREST_PLACE) {
        __builtin_prefetch(&rows->slots_of[item]);
        return;
    }
    const int32_t slot = rows->slots_of[item];
    if (slot == SLOT_NONE) { return; }
    if (step == NEAREST_SLOT) {
        __builtin_prefetch(&rows->slots[slot - 1]);
        return;
    }
    const char *row = (const char *)rows->slots[slot - 1];
    for (size_t at = 0; at < sizeof(struct nearest_row); at += LINE) {
        __builtin_prefetch(row + at);
    }
}

const struct alike *nearest_rows_of(struct nearest_rows *rows, int32_t item, size_t *ret_count)
{
    assert(item >= 0);
    ARRAY_RESERVE_ZEROS(rows->slots_of, rows->slots_of_count, (size_t)item + 1, ITEMS_FIRST);
    struct nearest_row *row;
    if (rows->slots_of[item] == SLOT_NONE) {
        row = add_row(rows, item);
        compute(rows, row);
    } else {
        row = rows->slots[rows->slots_of[item] - 1];
        if (!follow(rows, row)) { compute(rows, row); }
    }
    row->asked = true;
    *ret_count = row->count;
    return row->alike;
}
