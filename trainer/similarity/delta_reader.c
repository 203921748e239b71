/* A message lists its items once; pairs refer to them by index, grouped by row. The reader:
 *
 *   1. checks column lengths, values and indices, so that nothing later can fail half-way;
 *   2. numbers the items and marks those whose row belongs to this partition (`ours`);
 *   3. sorts the terms by row, as a counting sort: count_terms() counts, sort_terms() places each
 *      pair up to twice, once for either item;
 *   4. lists the rows of ours to which anything is added.
 *
 * All arrays have the size of the contract's limits and are allocated once.
 */
#include "base/base.h"
#include "base/message.h"
#include "base/xalloc.h"
#include "trainer/similarity/delta_reader.h"

struct delta_reader {
    struct ids *ids;
    int32_t partitions;
    int32_t *numbers; /* of the message's items */
    uint32_t *starts; /* items + 1: where each item's terms begin; no terms: the row is not ours */
    bool *ours;       /* the item's row lives in this partition */
    struct neighbour *terms; /* by row */
    struct delta_row *rows;
};

struct delta_reader *delta_reader_new(struct ids *ids, int32_t partitions)
{
    assert(partitions > 0);
    struct delta_reader *delta_reader = xcalloc(1, sizeof(*delta_reader));
    delta_reader->ids = ids;
    delta_reader->partitions = partitions;
    delta_reader->numbers = xcalloc(PAIR_DELTAS_ITEMS_MAX, sizeof(*delta_reader->numbers));
    delta_reader->starts = xcalloc(PAIR_DELTAS_ITEMS_MAX + 1, sizeof(*delta_reader->starts));
    delta_reader->ours = xcalloc(PAIR_DELTAS_ITEMS_MAX, sizeof(*delta_reader->ours));
    delta_reader->terms = xcalloc(2 * (size_t)PAIR_DELTAS_PAIRS_MAX, sizeof(*delta_reader->terms));
    delta_reader->rows = xcalloc(PAIR_DELTAS_ITEMS_MAX, sizeof(*delta_reader->rows));
    return delta_reader;
}

struct delta_reader *delta_reader_free(struct delta_reader *delta_reader)
{
    if (!delta_reader) { return NULL; }
    free(delta_reader->numbers);
    free(delta_reader->starts);
    free(delta_reader->ours);
    free(delta_reader->terms);
    free(delta_reader->rows);
    free(delta_reader);
    return NULL;
}

/* ---- Checking ---- */

static _printf_(3, 4) int refuse(struct delta_error *error, const char *reason, const char *format,
                                 ...)
{
    va_list args;
    va_start(args, format);
    message_write(error->detail, sizeof(error->detail), format, args);
    va_end(args);
    error->reason = reason;
    return -EINVAL;
}

static bool is_epoch(int64_t epoch)
{
    return epoch >= -DELTA_READER_EPOCH_MAX && epoch <= DELTA_READER_EPOCH_MAX;
}

static bool whole_or_empty(const struct doubles *column, size_t count)
{
    return column->count == count || column->count == 0;
}

static int check_counts(const struct pair_deltas *message, struct delta_error *error)
{
    size_t items = message->items.count, pairs = message->columns.count;
    size_t summed = message->masses.count;
    if (summed > items || message->action_counts.count != summed ||
        message->trends.count != summed || message->new_users.count != summed) {
        return refuse(error, "bad_columns", "the items' columns differ in length");
    }
    if (message->co_ratings.count != pairs || !whole_or_empty(&message->forwards, pairs) ||
        !whole_or_empty(&message->backwards, pairs)) {
        return refuse(error, "bad_columns", "the pairs' columns differ in length");
    }
    if (message->rows.count != message->row_pairs.count) {
        return refuse(error, "bad_columns", "rows and row_pairs differ in length");
    }
    if (items > PAIR_DELTAS_ITEMS_MAX || pairs > PAIR_DELTAS_PAIRS_MAX) {
        return refuse(error, "bad_columns", "%zu items, %zu pairs: too many", items, pairs);
    }
    if (!is_epoch(message->epoch) || !is_epoch(message->trend_epoch)) {
        return refuse(error, "bad_value", "an epoch is out of range");
    }
    return 0;
}

static int check_values(const struct doubles *column, const char *name, struct delta_error *error)
{
    for (size_t i = 0; i < column->count; i++) {
        if (fabs(column->at[i]) <= DELTA_READER_VALUE_MAX) { continue; }
        return refuse(error, "bad_value", "field %s, element %zu: %g", name, i, column->at[i]);
    }
    return 0;
}

static int check_all_values(const struct pair_deltas *message, struct delta_error *error)
{
    const struct {
        const struct doubles *column;
        const char *name;
    } columns[] = {
        {&message->masses, "masses"},     {&message->action_counts, "action_counts"},
        {&message->trends, "trends"},     {&message->co_ratings, "co_ratings"},
        {&message->forwards, "forwards"}, {&message->backwards, "backwards"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(columns); i++) {
        int result = check_values(columns[i].column, columns[i].name, error);
        if (result < 0) { return result; }
    }
    return 0;
}

static bool is_index(int32_t index, size_t count)
{
    return index >= 0 && (size_t)index < count;
}

static int check_runs(const struct pair_deltas *message, struct delta_error *error)
{
    size_t items = message->items.count, left = message->columns.count;
    for (size_t i = 0; i < message->rows.count; i++) {
        if (!is_index(message->rows.at[i], items)) {
            return refuse(error, "bad_index", "field rows, element %zu: %d of %zu items", i,
                          message->rows.at[i], items);
        }
        int32_t pairs = message->row_pairs.at[i];
        if (pairs < 0 || (size_t)pairs > left) {
            return refuse(error, "bad_index", "field row_pairs, element %zu: %d of %zu pairs left",
                          i, pairs, left);
        }
        left -= (size_t)pairs;
    }
    if (left > 0) { return refuse(error, "bad_index", "%zu pairs are in no row", left); }
    for (size_t i = 0; i < message->columns.count; i++) {
        if (is_index(message->columns.at[i], items)) { continue; }
        return refuse(error, "bad_index", "field columns, element %zu: %d of %zu items", i,
                      message->columns.at[i], items);
    }
    return 0;
}

/* ---- Reading ---- */

/* Columns end with the last value that is not 0. */
static double value_at(const struct doubles *column, size_t at)
{
    return at < column->count ? column->at[at] : 0.0;
}

static int number_items(struct delta_reader *delta_reader, const struct pair_deltas *message,
                        int32_t partition, struct delta_error *error)
{
    for (size_t i = 0; i < message->items.count; i++) {
        struct slice id = message->items.at[i];
        if (id.size == 0 || id.size > ID_BYTES_MAX) {
            return refuse(error, "bad_item", "field items, element %zu: %zu bytes", i, id.size);
        }
        int32_t number = ids_put(delta_reader->ids, id);
        if (number == ID_NONE) { return -ENOSPC; }
        uint64_t hash = ids_hash(delta_reader->ids, number);
        delta_reader->numbers[i] = number;
        delta_reader->ours[i] = ids_partition(hash, delta_reader->partitions) == partition;
    }
    return 0;
}

/* Counts the terms of each of our rows into starts[row + 1]; refuses a pair of one item. */
static int count_terms(struct delta_reader *delta_reader, const struct pair_deltas *message,
                       struct delta_error *error)
{
    memset(delta_reader->starts, 0, (message->items.count + 1) * sizeof(*delta_reader->starts));
    size_t at = 0;
    for (size_t i = 0; i < message->rows.count; i++) {
        int32_t row = message->rows.at[i];
        for (int32_t n = message->row_pairs.at[i]; n > 0; n--, at++) {
            int32_t column = message->columns.at[at];
            if (delta_reader->numbers[row] == delta_reader->numbers[column]) {
                return refuse(error, "bad_item", "pair %zu has the same item twice", at);
            }
            delta_reader->starts[row + 1] += delta_reader->ours[row];
            delta_reader->starts[column + 1] += delta_reader->ours[column];
        }
    }
    for (size_t i = 1; i <= message->items.count; i++) {
        delta_reader->starts[i] += delta_reader->starts[i - 1];
    }
    return 0;
}

/* Sorts the terms by row. Afterwards starts[row] is where the row's terms end. */
static void sort_terms(struct delta_reader *delta_reader, const struct pair_deltas *message)
{
    size_t at = 0;
    for (size_t i = 0; i < message->rows.count; i++) {
        int32_t row = message->rows.at[i];
        for (int32_t n = message->row_pairs.at[i]; n > 0; n--, at++) {
            int32_t column = message->columns.at[at];
            double co = message->co_ratings.at[at];
            double forward = value_at(&message->forwards, at);
            double backward = value_at(&message->backwards, at);
            if (delta_reader->ours[row]) {
                delta_reader->terms[delta_reader->starts[row]++] =
                    (struct neighbour){delta_reader->numbers[column], co, forward, backward};
            }
            if (delta_reader->ours[column]) {
                delta_reader->terms[delta_reader->starts[column]++] =
                    (struct neighbour){delta_reader->numbers[row], co, backward, forward};
            }
        }
    }
}

static size_t list_rows(struct delta_reader *delta_reader, const struct pair_deltas *message)
{
    size_t count = 0;
    uint32_t from = 0;
    for (size_t i = 0; i < message->items.count; i++) {
        uint32_t to = delta_reader->starts[i];
        const struct delta_row row = {
            .item = delta_reader->numbers[i],
            .new_users = i < message->new_users.count ? message->new_users.at[i] : 0,
            .mass = value_at(&message->masses, i),
            .actions = value_at(&message->action_counts, i),
            .trend = value_at(&message->trends, i),
            .terms = delta_reader->terms + from,
            .terms_count = to - from,
        };
        from = to;
        bool any = row.terms_count > 0 || row.new_users != 0 || row.mass != 0.0 ||
                   row.actions != 0.0 || row.trend != 0.0;
        if (delta_reader->ours[i] && any) { delta_reader->rows[count++] = row; }
    }
    return count;
}

int delta_reader_read(struct delta_reader *delta_reader, const struct pair_deltas *message,
                      int32_t partition, const struct delta_row **ret_rows, size_t *ret_count,
                      struct delta_error *ret_error)
{
    int result = check_counts(message, ret_error);
    if (result == 0) { result = check_all_values(message, ret_error); }
    if (result == 0) { result = check_runs(message, ret_error); }
    if (result == 0) { result = number_items(delta_reader, message, partition, ret_error); }
    if (result == 0) { result = count_terms(delta_reader, message, ret_error); }
    if (result < 0) { return result; }
    sort_terms(delta_reader, message);
    *ret_count = list_rows(delta_reader, message);
    *ret_rows = delta_reader->rows;
    return 0;
}
