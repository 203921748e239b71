#include "base/base.h"
#include "base/xalloc.h"
#include "trainer/similarity/delta_reader.h"
#include "trainer/similarity/stored_row.h"

/* Rows with larger sums are refused. */
#define ROW_SUM_MAX 1e30

struct stored_row {
    struct ids *ids;
    struct slice *items;
    double *co_ratings;
    double *forwards;
    double *backwards;
};

struct stored_row *stored_row_new(struct ids *ids)
{
    struct stored_row *stored = xcalloc(1, sizeof(*stored));
    stored->ids = ids;
    stored->items = xcalloc(NEIGHBOURS_MAX, sizeof(*stored->items));
    stored->co_ratings = xcalloc(NEIGHBOURS_MAX, sizeof(*stored->co_ratings));
    stored->forwards = xcalloc(NEIGHBOURS_MAX, sizeof(*stored->forwards));
    stored->backwards = xcalloc(NEIGHBOURS_MAX, sizeof(*stored->backwards));
    return stored;
}

struct stored_row *stored_row_free(struct stored_row *stored)
{
    if (!stored) { return NULL; }
    free(stored->items);
    free(stored->co_ratings);
    free(stored->forwards);
    free(stored->backwards);
    free(stored);
    return NULL;
}

void stored_row_fill(struct stored_row *stored, const struct held_row *held,
                     struct item_neighbours *ret_message)
{
    const struct row *row = &held->row;
    size_t n = (size_t)row->count;
    assert(n <= NEIGHBOURS_MAX);
    assert(row->epoch != ROW_EPOCH_NONE && row->trend_epoch != ROW_EPOCH_NONE);
    for (size_t i = 0; i < n; i++) {
        const struct neighbour *neighbour = &row->neighbours[i];
        stored->items[i] = ids_text(stored->ids, neighbour->item);
        stored->co_ratings[i] = neighbour->co;
        stored->forwards[i] = neighbour->forward;
        stored->backwards[i] = neighbour->backward;
    }
    *ret_message = (struct item_neighbours){
        .item_id = ids_text(stored->ids, held->item),
        .epoch = row->epoch,
        .trend_epoch = row->trend_epoch,
        .mass = row->mass,
        .actions = row->actions,
        .trend = row->trend,
        .first_users = held->first_users,
        .event_time_ms = held->event_time_ms,
        .pruned = held->pruned,
        .items = {stored->items, n},
        .co_ratings = {stored->co_ratings, n},
        .forwards = {stored->forwards, n},
        .backwards = {stored->backwards, n},
    };
}

/* Bounds what later code adds up and rescales. Our own sums stay far below: a message of deltas
 * adds at most DELTA_READER_VALUE_MAX to each. */
static bool numbers_valid(const struct item_neighbours *message)
{
    const int64_t count_max = INT64_C(1) << 53;
    bool valid = message->epoch >= -DELTA_READER_EPOCH_MAX &&
                 message->epoch <= DELTA_READER_EPOCH_MAX &&
                 message->trend_epoch >= -DELTA_READER_EPOCH_MAX &&
                 message->trend_epoch <= DELTA_READER_EPOCH_MAX &&
                 message->first_users >= -count_max && message->first_users <= count_max &&
                 message->pruned >= 0 && message->pruned <= count_max &&
                 fabs(message->mass) <= ROW_SUM_MAX && fabs(message->actions) <= ROW_SUM_MAX &&
                 fabs(message->trend) <= ROW_SUM_MAX;
    for (size_t i = 0; valid && i < message->items.count; i++) {
        size_t id_bytes = message->items.at[i].size;
        valid = id_bytes > 0 && id_bytes <= ID_BYTES_MAX &&
                fabs(message->co_ratings.at[i]) <= ROW_SUM_MAX &&
                fabs(message->forwards.at[i]) <= ROW_SUM_MAX &&
                fabs(message->backwards.at[i]) <= ROW_SUM_MAX;
    }
    return valid;
}

static bool is_row(const struct stored_row *stored, const struct item_neighbours *message,
                   const struct held_row *held)
{
    size_t n = message->items.count;
    return message->co_ratings.count == n && message->forwards.count == n &&
           message->backwards.count == n && numbers_valid(message) &&
           slice_equal(message->item_id, ids_text(stored->ids, held->item));
}

int stored_row_load(struct stored_row *stored, const struct item_neighbours *message,
                    struct held_row *held)
{
    struct row *row = &held->row;
    assert(row->count == 0);
    if (!is_row(stored, message, held)) { return -EINVAL; }
    for (size_t i = 0; i < message->items.count; i++) {
        int32_t item = ids_put(stored->ids, message->items.at[i]);
        if (item == ID_NONE) { return -ENOSPC; }
        if (item == held->item || row_find(row, item)) { return -EINVAL; }
        row_add(row, item, message->co_ratings.at[i], message->forwards.at[i],
                message->backwards.at[i]);
    }
    (void)row_scale(row, message->epoch);
    (void)row_trend_scale(row, message->trend_epoch);
    row->mass = message->mass;
    row->actions = message->actions;
    row->trend = message->trend;
    held->event_time_ms = message->event_time_ms;
    held->pruned = message->pruned;
    held->first_users = message->first_users;
    return 0;
}
