/* Three passes over the view:
 *
 *   1. assign_items() computes each item's partition.
 *   2. sort_pairs() sorts the pairs by partition (a counting sort, from the end, so that the order
 *      of pairs within a partition stays). A pair of two partitions appears in both.
 *   3. cut_partition() fills messages: first the pairs, with the items they refer to, then items
 *      that have sums but no pair.
 *
 * A batch of few events has sums for few of the items that its pairs name, and each pair in one
 * direction only. So items that have sums come first where they are few, and columns end with the
 * last item that has any; pairs are turned where that empties the column of forwards.
 *
 * `stamp` numbers the messages of a view. An item is in the open message when its stamp is equal;
 * so nothing has to be cleared between messages.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "features/deltas.h"

_Static_assert((int)DELTAS_PAIRS_MAX <= (int)PAIR_DELTAS_PAIRS_MAX, "a message holds the pairs");
_Static_assert((int)DELTAS_ITEMS_MAX <= (int)PAIR_DELTAS_ITEMS_MAX, "a message holds the items");

enum {
    DELTAS_ITEM_BYTES = 32, /* of one item's columns without its id; about, at most */
    DELTAS_PAIR_BYTES = 36, /* of one pair's columns */
    SUMS_FIRST_SHARE = 4,   /* of a message: so many items with sums are few */
};

/* The destination of an item of the view. */
struct item_place {
    int32_t partition;
    int32_t index;  /* in the open message, if `stamp` is the message's */
    uint32_t stamp;
    bool summed; /* its own sums are in a message */
};

struct deltas {
    const struct ids *ids;
    int32_t partitions;
    const struct pairs_view *view;
    struct item_place *places;
    size_t places_capacity;
    uint32_t *order; /* indices of the view's pairs, sorted by partition */
    size_t order_capacity;
    size_t *starts; /* partitions + 1 */
    uint32_t stamp;
    int32_t partition; /* of the open message */
    size_t bytes;
    bool emitted; /* a message of the partition */
    bool one_way; /* no pair of the view has transitions in both directions */
    struct pair_deltas message; /* its columns are ours */
    void (*emit)(void *arg, int32_t partition, const struct pair_deltas *message);
    void *arg;
};

struct deltas *deltas_new(const struct ids *ids, int32_t partitions)
{
    assert(partitions > 0);
    struct deltas *deltas = xcalloc(1, sizeof(*deltas));
    struct pair_deltas *message = &deltas->message;
    deltas->ids = ids;
    deltas->partitions = partitions;
    deltas->starts = xcalloc((size_t)partitions + 1, sizeof(*deltas->starts));
    message->items.at = xcalloc(DELTAS_ITEMS_MAX, sizeof(*message->items.at));
    message->masses.at = xcalloc(DELTAS_ITEMS_MAX, sizeof(double));
    message->action_counts.at = xcalloc(DELTAS_ITEMS_MAX, sizeof(double));
    message->trends.at = xcalloc(DELTAS_ITEMS_MAX, sizeof(double));
    message->new_users.at = xcalloc(DELTAS_ITEMS_MAX, sizeof(int32_t));
    message->rows.at = xcalloc(DELTAS_PAIRS_MAX, sizeof(int32_t));
    message->row_pairs.at = xcalloc(DELTAS_PAIRS_MAX, sizeof(int32_t));
    message->columns.at = xcalloc(DELTAS_PAIRS_MAX, sizeof(int32_t));
    message->co_ratings.at = xcalloc(DELTAS_PAIRS_MAX, sizeof(double));
    message->forwards.at = xcalloc(DELTAS_PAIRS_MAX, sizeof(double));
    message->backwards.at = xcalloc(DELTAS_PAIRS_MAX, sizeof(double));
    return deltas;
}

struct deltas *deltas_free(struct deltas *deltas)
{
    if (!deltas) { return NULL; }
    struct pair_deltas *message = &deltas->message;
    free(message->items.at);
    free(message->masses.at);
    free(message->action_counts.at);
    free(message->trends.at);
    free(message->new_users.at);
    free(message->rows.at);
    free(message->row_pairs.at);
    free(message->columns.at);
    free(message->co_ratings.at);
    free(message->forwards.at);
    free(message->backwards.at);
    free(deltas->places);
    free(deltas->order);
    free(deltas->starts);
    free(deltas);
    return NULL;
}

/* ---- Partitions ---- */

static void assign_items(struct deltas *deltas)
{
    const struct pairs_view *view = deltas->view;
    if (view->items_count > deltas->places_capacity) {
        deltas->places_capacity = view->items_count + view->items_count / 2;
        free(deltas->places);
        deltas->places = xreallocarray(NULL, deltas->places_capacity, sizeof(*deltas->places));
    }
    for (size_t i = 0; i < view->items_count; i++) {
        uint64_t hash = ids_hash(deltas->ids, view->items[i].item);
        deltas->places[i] =
            (struct item_place){.partition = ids_partition(hash, deltas->partitions)};
    }
    deltas->stamp = 0;
}

/* Sorts the pairs by partition into `order`; those of p are starts[p] up to starts[p + 1]. */
static void sort_pairs(struct deltas *deltas)
{
    const struct pairs_view *view = deltas->view;
    size_t *starts = deltas->starts, parts = (size_t)deltas->partitions;
    memset(starts, 0, (parts + 1) * sizeof(*starts));
    for (size_t i = 0; i < view->pairs_count; i++) {
        int32_t a = deltas->places[view->pairs[i].first].partition;
        int32_t b = deltas->places[view->pairs[i].second].partition;
        starts[a]++;
        if (b != a) { starts[b]++; }
    }
    for (size_t p = 1; p <= parts; p++) { starts[p] += starts[p - 1]; }
    size_t total = starts[parts];
    if (total > deltas->order_capacity) {
        deltas->order_capacity = total + total / 4;
        free(deltas->order);
        deltas->order = xreallocarray(NULL, deltas->order_capacity, sizeof(*deltas->order));
    }
    for (size_t i = view->pairs_count; i-- > 0;) {
        int32_t a = deltas->places[view->pairs[i].first].partition;
        int32_t b = deltas->places[view->pairs[i].second].partition;
        deltas->order[--starts[a]] = (uint32_t)i;
        if (b != a) { deltas->order[--starts[b]] = (uint32_t)i; }
    }
}

/* ---- Messages ---- */

static void open_message(struct deltas *deltas)
{
    struct pair_deltas *message = &deltas->message;
    deltas->stamp++;
    deltas->bytes = 0;
    message->items.count = 0;
    message->rows.count = 0;
    message->columns.count = 0;
}

/* Items from here on have no sums. */
static size_t last_with_sums(const struct pair_deltas *message)
{
    size_t count = message->items.count;
    while (count > 0 && message->masses.at[count - 1] == 0.0 &&
           message->action_counts.at[count - 1] == 0.0 && message->trends.at[count - 1] == 0.0 &&
           message->new_users.at[count - 1] == 0) {
        count--;
    }
    return count;
}

static void close_message(struct deltas *deltas)
{
    struct pair_deltas *message = &deltas->message;
    bool needed = message->forgotten > 0 && !deltas->emitted;
    if (message->items.count == 0 && !needed) { return; }
    deltas->emitted = true;
    size_t summed = last_with_sums(message);
    message->masses.count = summed;
    message->action_counts.count = summed;
    message->trends.count = summed;
    message->new_users.count = summed;
    message->row_pairs.count = message->rows.count;
    message->co_ratings.count = message->columns.count;
    message->forwards.count = deltas->one_way ? 0 : message->columns.count;
    message->backwards.count = message->columns.count;
    deltas->emit(deltas->arg, deltas->partition, message);
    open_message(deltas);
}

/* Closes the open message if this much more would not fit. */
static void make_room(struct deltas *deltas, size_t items, size_t pairs, size_t bytes)
{
    const struct pair_deltas *message = &deltas->message;
    if (message->items.count + items > DELTAS_ITEMS_MAX ||
        message->columns.count + pairs > DELTAS_PAIRS_MAX ||
        deltas->bytes + bytes > DELTAS_BYTES_MAX) {
        close_message(deltas);
    }
}

static size_t item_bytes(const struct deltas *deltas, int32_t at)
{
    return ids_text(deltas->ids, deltas->view->items[at].item).size + DELTAS_ITEM_BYTES;
}

/* Adds an item of the view to the open message, unless it is in it; with its own sums if this is
 * its own partition and they have not been sent. Returns its index in the message. */
static int32_t put_item(struct deltas *deltas, int32_t at)
{
    struct item_place *place = &deltas->places[at];
    if (place->stamp == deltas->stamp) { return place->index; }
    struct pair_deltas *message = &deltas->message;
    const struct pairs_item *item = &deltas->view->items[at];
    size_t index = message->items.count++;
    bool own = place->partition == deltas->partition && !place->summed;
    place->summed = place->summed || own;
    place->stamp = deltas->stamp;
    place->index = (int32_t)index;
    message->items.at[index] = ids_text(deltas->ids, item->item);
    message->masses.at[index] = own ? item->mass : 0.0;
    message->action_counts.at[index] = own ? item->actions : 0.0;
    message->trends.at[index] = own ? item->trend : 0.0;
    message->new_users.at[index] = own ? item->new_users : 0;
    deltas->bytes += item_bytes(deltas, at);
    return (int32_t)index;
}

static struct pair turned(const struct pair *pair)
{
    return (struct pair){pair->second, pair->first, pair->co, pair->backward, pair->forward};
}

static void put_pair(struct deltas *deltas, const struct pair *from)
{
    bool turn = deltas->one_way && from->forward != 0.0;
    const struct pair pair = turn ? turned(from) : *from;
    size_t bytes = item_bytes(deltas, pair.first) + item_bytes(deltas, pair.second);
    make_room(deltas, 2, 1, bytes + DELTAS_PAIR_BYTES);
    struct pair_deltas *message = &deltas->message;
    int32_t first = put_item(deltas, pair.first);
    int32_t second = put_item(deltas, pair.second);
    size_t rows = message->rows.count;
    if (rows == 0 || message->rows.at[rows - 1] != first) {
        message->rows.at[rows] = first;
        message->row_pairs.at[rows] = 0;
        rows = ++message->rows.count;
    }
    message->row_pairs.at[rows - 1]++;
    size_t column = message->columns.count++;
    message->columns.at[column] = second;
    message->co_ratings.at[column] = pair.co;
    message->forwards.at[column] = pair.forward;
    message->backwards.at[column] = pair.backward;
    deltas->bytes += DELTAS_PAIR_BYTES;
}

static bool has_sums(const struct pairs_item *item)
{
    return item->mass != 0.0 || item->actions != 0.0 || item->trend != 0.0 || item->new_users != 0;
}

static bool sums_due(const struct deltas *deltas, size_t at)
{
    const struct item_place *place = &deltas->places[at];
    return place->partition == deltas->partition && !place->summed &&
           has_sums(&deltas->view->items[at]);
}

/* Puts the items with sums into the open message, when they are few. */
static void put_few_sums(struct deltas *deltas)
{
    size_t count = 0, bytes = 0;
    for (size_t i = 0; i < deltas->view->items_count; i++) {
        if (!sums_due(deltas, i)) { continue; }
        count++;
        bytes += item_bytes(deltas, (int32_t)i);
        if (count > DELTAS_ITEMS_MAX / SUMS_FIRST_SHARE) { return; }
        if (bytes > DELTAS_BYTES_MAX / SUMS_FIRST_SHARE) { return; }
    }
    for (size_t i = 0; count > 0 && i < deltas->view->items_count; i++) {
        if (sums_due(deltas, i)) { (void)put_item(deltas, (int32_t)i); }
    }
}

static void cut_partition(struct deltas *deltas)
{
    const struct pairs_view *view = deltas->view;
    size_t from = deltas->starts[deltas->partition], to = deltas->starts[deltas->partition + 1];
    deltas->emitted = false;
    open_message(deltas);
    put_few_sums(deltas);
    for (size_t i = from; i < to; i++) { put_pair(deltas, &view->pairs[deltas->order[i]]); }
    for (size_t i = 0; i < view->items_count; i++) {
        if (!sums_due(deltas, i)) { continue; }
        make_room(deltas, 1, 0, item_bytes(deltas, (int32_t)i));
        (void)put_item(deltas, (int32_t)i);
    }
    close_message(deltas);
}

static bool is_one_way(const struct pairs_view *view)
{
    for (size_t i = 0; i < view->pairs_count; i++) {
        if (view->pairs[i].forward != 0.0 && view->pairs[i].backward != 0.0) { return false; }
    }
    return true;
}

void deltas_cut(struct deltas *deltas, const struct pairs_view *view,
                const struct pair_deltas *head,
                void (*emit)(void *arg, int32_t partition, const struct pair_deltas *message),
                void *arg)
{
    assert(view->pairs_count <= UINT32_MAX);
    struct pair_deltas *message = &deltas->message;
    message->input_partition = head->input_partition;
    message->input_offset = head->input_offset;
    message->event_time_ms = head->event_time_ms;
    message->forgotten = head->forgotten;
    message->epoch = view->epoch;
    message->trend_epoch = view->trend_epoch;
    deltas->view = view;
    deltas->emit = emit;
    deltas->arg = arg;
    deltas->one_way = is_one_way(view);
    assign_items(deltas);
    sort_pairs(deltas);
    for (deltas->partition = 0; deltas->partition < deltas->partitions; deltas->partition++) {
        cut_partition(deltas);
    }
    deltas->view = NULL;
}
