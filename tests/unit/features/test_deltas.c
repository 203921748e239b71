/* From the accumulator through messages into rows: the trainer reads all that features writes. */
#include "base/base.h"
#include "base/xalloc.h"
#include "features/deltas.h"
#include "trainer/similarity/delta_reader.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ITEMS_MOST = 2000, PARTITIONS_MOST = 7 };

static uint64_t seed;

static uint32_t rng(uint32_t sides)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % sides;
}

struct cell {
    double co, forward, backward;
};

/* Dense rows as the reader returns them, and counts. */
struct gathered {
    int32_t items, partitions;
    struct ids *ids;
    struct delta_reader *reader;
    struct cell *cells; /* row, column */
    double *masses, *actions, *trends;
    int64_t *new_users;
    int32_t *sums_received; /* how often an item's own sums arrived */
    int messages;
};

static void gathered_init(struct gathered *gathered, int32_t items, int32_t partitions,
                          size_t id_bytes)
{
    size_t n = (size_t)items;
    *gathered = (struct gathered){.items = items, .partitions = partitions, .ids = ids_new(items)};
    char *text = xcalloc(1, id_bytes + 1);
    for (int32_t i = 0; i < items; i++) {
        memset(text, 'x', id_bytes);
        int size = snprintf(text, 12, "%d", i);
        text[size] = 'x';
        assert_int_equal(ids_put(gathered->ids, slice_of(text, id_bytes)), i);
    }
    free(text);
    gathered->reader = delta_reader_new(gathered->ids, partitions);
    gathered->cells = xcalloc(n * n, sizeof(*gathered->cells));
    gathered->masses = xcalloc(n, sizeof(double));
    gathered->actions = xcalloc(n, sizeof(double));
    gathered->trends = xcalloc(n, sizeof(double));
    gathered->new_users = xcalloc(n, sizeof(int64_t));
    gathered->sums_received = xcalloc(n, sizeof(int32_t));
}

static void gathered_release(struct gathered *gathered)
{
    delta_reader_free(gathered->reader);
    ids_free(gathered->ids);
    free(gathered->cells);
    free(gathered->masses);
    free(gathered->actions);
    free(gathered->trends);
    free(gathered->new_users);
    free(gathered->sums_received);
}

static void gather(void *arg, int32_t partition, const struct pair_deltas *message)
{
    struct gathered *gathered = arg;
    const struct delta_row *rows;
    size_t count;
    struct delta_error error;
    assert_int_equal(message->input_partition, 5);
    assert_int_equal(message->input_offset, 99);
    assert_int_equal(message->event_time_ms, 12345);
    assert_true(message->columns.count <= DELTAS_PAIRS_MAX);
    assert_true(message->items.count > 0 && message->items.count <= DELTAS_ITEMS_MAX);
    size_t bytes = message->columns.count * 24;
    for (size_t i = 0; i < message->items.count; i++) {
        bytes += message->items.at[i].size + 24;
    }
    assert_true(bytes <= DELTAS_BYTES_MAX);
    gathered->messages++;
    int result = delta_reader_read(gathered->reader, message, partition, &rows, &count, &error);
    assert_int_equal(result, 0);
    for (size_t i = 0; i < count; i++) {
        const struct delta_row *row = &rows[i];
        uint64_t hash = ids_hash(gathered->ids, row->item);
        assert_int_equal(ids_partition(hash, gathered->partitions), partition);
        gathered->masses[row->item] += row->mass;
        gathered->actions[row->item] += row->actions;
        gathered->trends[row->item] += row->trend;
        gathered->new_users[row->item] += row->new_users;
        gathered->sums_received[row->item] += row->actions != 0.0;
        for (size_t k = 0; k < row->terms_count; k++) {
            const struct neighbour *term = &row->terms[k];
            struct cell *cell = &gathered->cells[(size_t)row->item * (size_t)gathered->items +
                                                 (size_t)term->item];
            cell->co += term->co;
            cell->forward += term->forward;
            cell->backward += term->backward;
        }
    }
}

/* Every cell equals the view's, from both sides; every item's own sums arrived once. */
static void assert_gathered(const struct gathered *gathered, const struct pairs_view *view)
{
    size_t n = (size_t)gathered->items;
    struct cell *expect = xcalloc(n * n, sizeof(*expect));
    for (size_t i = 0; i < view->pairs_count; i++) {
        const struct pair *pair = &view->pairs[i];
        size_t a = (size_t)view->items[pair->first].item;
        size_t b = (size_t)view->items[pair->second].item;
        expect[a * n + b] = (struct cell){pair->co, pair->forward, pair->backward};
        expect[b * n + a] = (struct cell){pair->co, pair->backward, pair->forward};
    }
    assert_memory_equal(expect, gathered->cells, n * n * sizeof(*expect));
    for (size_t i = 0; i < view->items_count; i++) {
        const struct pairs_item *item = &view->items[i];
        assert_true(gathered->masses[item->item] == item->mass);
        assert_true(gathered->actions[item->item] == item->actions);
        assert_true(gathered->trends[item->item] == item->trend);
        assert_int_equal(gathered->new_users[item->item], item->new_users);
        assert_int_equal(gathered->sums_received[item->item], item->actions != 0.0);
    }
    free(expect);
}

/* Returns the number of messages. */
static int through(int32_t items, int32_t partitions, int events, size_t id_bytes)
{
    struct gathered gathered;
    gathered_init(&gathered, items, partitions, id_bytes);
    struct deltas *deltas = deltas_new(gathered.ids, partitions);
    struct pairs *pairs = pairs_new();
    (void)pairs_scale(pairs, 3);
    for (int i = 0; i < events; i++) {
        int32_t item = (int32_t)rng((uint32_t)items);
        pairs_add_item(pairs, item, 2, 1, 0.5);
        if (rng(10) == 0) { pairs_add_user(pairs, (int32_t)rng((uint32_t)items)); }
        for (int k = 0; k < 40 && items > 1; k++) {
            int32_t other = (item + 1 + (int32_t)rng((uint32_t)items - 1)) % items;
            struct pair_term term = {other, 1, rng(3)};
            pairs_add(pairs, item, &term, 1);
        }
    }
    const struct pair_deltas head = {.input_partition = 5, .input_offset = 99,
                                     .event_time_ms = 12345};
    struct pairs_view view;
    pairs_drain(pairs, &view);
    deltas_cut(deltas, &view, &head, gather, &gathered);
    assert_gathered(&gathered, &view);
    int messages = gathered.messages;
    pairs_free(pairs);
    deltas_free(deltas);
    gathered_release(&gathered);
    return messages;
}

static void every_pair_reaches_both_rows_once(void **state)
{
    seed = 1;
    for (int32_t partitions = 1; partitions <= PARTITIONS_MOST; partitions++) {
        for (int32_t items = 1; items <= 64; items *= 4) {
            int messages = through(items, partitions, 50, 14);
            assert_true(messages >= 1 && messages <= partitions);
        }
    }
}

static void messages_keep_their_limits(void **state)
{
    seed = 2;
    assert_true(through(ITEMS_MOST, 1, 3000, 14) > 4);  /* limited by pairs */
    assert_true(through(ITEMS_MOST, 3, 400, 256) > 3);  /* limited by bytes */
    assert_int_equal(through(ITEMS_MOST, 1, 0, 14), 0); /* nothing to send */
}

/* ---- Few events ---- */

enum { PREDECESSORS = 50 };

/* Of one event: its own sums, and transitions to it alone. */
static void assert_lean(void *arg, int32_t partition, const struct pair_deltas *message)
{
    int *summed = arg;
    assert_true(message->masses.count <= 1);
    assert_int_equal(message->action_counts.count, message->masses.count);
    assert_int_equal(message->trends.count, message->masses.count);
    assert_int_equal(message->new_users.count, message->masses.count);
    assert_int_equal(message->rows.count, 1);
    assert_int_equal(message->forwards.count, 0);
    assert_int_equal(message->backwards.count, message->columns.count);
    assert_int_equal(message->items.count, message->columns.count + 1);
    *summed += (int)message->masses.count;
    (void)partition;
}

static void one_event_sends_no_zeros(void **state)
{
    for (int32_t own = 0; own <= PREDECESSORS; own += 10) {
        struct gathered gathered;
        struct pair_term terms[PREDECESSORS];
        struct pairs_view view;
        struct pairs *pairs = pairs_new();
        int summed = 0;
        gathered_init(&gathered, PREDECESSORS + 1, 4, 14);
        struct deltas *deltas = deltas_new(gathered.ids, 4);
        for (int32_t i = 0; i < PREDECESSORS; i++) {
            terms[i] = (struct pair_term){i + (i >= own), 1.0, 1.0 / (1 + i)};
        }
        (void)pairs_scale(pairs, 0);
        pairs_add(pairs, own, terms, PREDECESSORS);
        pairs_add_item(pairs, own, 1.0, 1.0, 1.0);
        pairs_drain(pairs, &view);
        const struct pair_deltas head = {.input_partition = 5, .input_offset = 99,
                                         .event_time_ms = 12345};
        deltas_cut(deltas, &view, &head, assert_lean, &summed);
        assert_int_equal(summed, 1);
        deltas_cut(deltas, &view, &head, gather, &gathered);
        assert_gathered(&gathered, &view);
        deltas_free(deltas);
        pairs_free(pairs);
        gathered_release(&gathered);
    }
}

/* ---- What the reader refuses ---- */

struct broken {
    struct slice items[3];
    double ones[3];
    int32_t users[3], rows[2], row_pairs[2], columns[3];
    struct pair_deltas message;
};

/* Items a, b, c; pairs a-b, a-c, b-c. */
static void broken_init(struct broken *broken)
{
    *broken = (struct broken){
        .items = {slice_str("a"), slice_str("b"), slice_str("c")},
        .ones = {1, 1, 1},
        .rows = {0, 1},
        .row_pairs = {2, 1},
        .columns = {1, 2, 2},
    };
    broken->message = (struct pair_deltas){
        .items = {broken->items, 3},         .masses = {broken->ones, 3},
        .action_counts = {broken->ones, 3},  .trends = {broken->ones, 3},
        .new_users = {broken->users, 3},     .rows = {broken->rows, 2},
        .row_pairs = {broken->row_pairs, 2}, .columns = {broken->columns, 3},
        .co_ratings = {broken->ones, 3},     .forwards = {broken->ones, 3},
        .backwards = {broken->ones, 3},
    };
}

static void assert_refused(const struct broken *broken, const char *reason)
{
    struct ids *ids = ids_new(10);
    struct delta_reader *reader = delta_reader_new(ids, 1);
    const struct delta_row *rows = NULL;
    size_t count = 77;
    struct delta_error error = {.reason = "taken"};
    int result = delta_reader_read(reader, &broken->message, 0, &rows, &count, &error);
    assert_string_equal(error.reason, reason);
    assert_int_equal(result, strcmp(reason, "taken") == 0 ? 0 : -EINVAL);
    if (result < 0) { assert_true(rows == NULL && count == 77); }
    delta_reader_free(reader);
    ids_free(ids);
}

static void shorten_sums(struct pair_deltas *message, size_t count)
{
    message->masses.count = count;
    message->action_counts.count = count;
    message->trends.count = count;
    message->new_users.count = count;
}

#define REFUSED(change, reason)                                                                    \
    do {                                                                                           \
        struct broken broken;                                                                      \
        broken_init(&broken);                                                                      \
        change;                                                                                    \
        assert_refused(&broken, reason);                                                           \
    } while (0)

static void a_broken_message_is_refused(void **state)
{
    static double bad[3] = {1, NAN, 1};
    REFUSED((void)0, "taken");
    REFUSED(broken.message.masses.count = 2, "bad_columns");
    REFUSED(broken.message.new_users.count = 2, "bad_columns");
    REFUSED(broken.message.backwards.count = 2, "bad_columns");
    REFUSED(broken.message.masses.count = 4, "bad_columns");
    REFUSED(broken.message.co_ratings.count = 0, "bad_columns");
    REFUSED(broken.message.forwards.count = 0, "taken"); /* all are 0 */
    REFUSED(broken.message.backwards.count = 0, "taken");
    REFUSED(shorten_sums(&broken.message, 2), "taken"); /* the last item has none */
    REFUSED(shorten_sums(&broken.message, 0), "taken");
    REFUSED(shorten_sums(&broken.message, 4), "bad_columns");
    REFUSED(broken.message.rows.count = 1, "bad_columns");
    REFUSED(broken.rows[1] = 3, "bad_index");
    REFUSED(broken.rows[0] = -1, "bad_index");
    REFUSED(broken.columns[0] = 3, "bad_index");
    REFUSED(broken.columns[2] = -1, "bad_index");
    REFUSED(broken.row_pairs[1] = 2, "bad_index");
    REFUSED(broken.row_pairs[1] = 0, "bad_index");
    REFUSED(broken.row_pairs[0] = -1, "bad_index");
    REFUSED(broken.columns[0] = 0, "bad_item");
    REFUSED(broken.items[1] = slice_str("a"), "bad_item");
    REFUSED(broken.items[2] = slice_str(""), "bad_item");
    REFUSED(broken.message.trends.at = bad, "bad_value");
    REFUSED(broken.message.co_ratings.at = bad, "bad_value");
    REFUSED(broken.users[2] = -1, "taken"); /* a user was erased */
    REFUSED(broken.message.epoch = INT64_MIN, "bad_value");
    REFUSED(broken.message.trend_epoch = INT64_MAX, "bad_value");
    bad[1] = 2e15;
    REFUSED(broken.message.forwards.at = bad, "bad_value");
}

static void full_ids_are_reported(void **state)
{
    struct broken broken;
    broken_init(&broken);
    struct ids *ids = ids_new(2);
    struct delta_reader *reader = delta_reader_new(ids, 1);
    const struct delta_row *rows;
    size_t count;
    struct delta_error error;
    assert_int_equal(delta_reader_read(reader, &broken.message, 0, &rows, &count, &error), -ENOSPC);
    delta_reader_free(reader);
    ids_free(ids);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_reaches_both_rows_once),
        cmocka_unit_test(messages_keep_their_limits),
        cmocka_unit_test(one_event_sends_no_zeros),
        cmocka_unit_test(a_broken_message_is_refused),
        cmocka_unit_test(full_ids_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
