/* The queue has three parts: [0, acknowledged) are safe, [acknowledged, sent) belong to the batch
 * under way, [sent, count) wait. A batch ends in one of two ways:
 *
 *   acknowledge   everything sent is safe; an empty queue starts again at 0.
 *   roll back     the batch's rows are forgotten: `sent` and `next_row` return to the last
 *                 acknowledgement, and the items wait again.
 *
 * An item whose attributes and content the model does not know leaves the queue without a row; it
 * gets its vector from a later model version. A new model version discards all row numbers, as its
 * own rows come first.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "model/gemm.h"
#include "trainer/sequence/cold_start_items.h"

void cold_start_items_init(struct cold_start_items *cold_start)
{
    *cold_start = (struct cold_start_items){0};
}

void cold_start_items_release(struct cold_start_items *cold_start)
{
    model_snapshot_free(cold_start->snapshot);
    free(cold_start->has_row);
    free(cold_start->queue);
    *cold_start = (struct cold_start_items){0};
}

static void set_has_row(struct cold_start_items *cold_start, int32_t item)
{
    size_t at = (size_t)item;
    ARRAY_RESERVE_ZEROS(cold_start->has_row, cold_start->has_row_count, at + 1, 1);
    cold_start->has_row[at] = 1;
}

void cold_start_items_set_model(struct cold_start_items *cold_start,
                                struct model_snapshot *snapshot)
{
    model_snapshot_free(cold_start->snapshot);
    cold_start->snapshot = snapshot;
    cold_start->next_row = snapshot->rows;
    if (cold_start->has_row_count) { memset(cold_start->has_row, 0, cold_start->has_row_count); }
    for (size_t row = 0; row < snapshot->rows; row++) {
        set_has_row(cold_start, snapshot->items[row]);
    }
    cold_start_items_acknowledge(cold_start);
}

void cold_start_items_add(struct cold_start_items *cold_start, int32_t item)
{
    if (!cold_start->snapshot || cold_start->count == COLD_START_ITEMS_MAX) { return; }
    if ((size_t)item < cold_start->has_row_count && cold_start->has_row[item]) { return; }
    if (cold_start->count == cold_start->capacity) {
        cold_start->capacity = MAX_OF(2 * cold_start->capacity, (size_t)64);
        cold_start->queue =
            xreallocarray(cold_start->queue, cold_start->capacity, sizeof(*cold_start->queue));
    }
    cold_start->queue[cold_start->count++] = item;
}

/* Computes a vector from the attributes' vectors; false: the model knows none of them. */
static bool sum_attributes(const struct model_snapshot *snapshot, const uint64_t *attributes,
                           size_t count, float *vector)
{
    const size_t d = snapshot->shape.d;
    size_t known = 0;
    memset(vector, 0, d * sizeof(*vector));
    for (size_t k = 0; k < count; k++) {
        int32_t number = model_snapshot_attribute(snapshot, attributes[k]);
        bool skipped = number == VOCABULARY_NONE;
        for (size_t before = 0; before < k && !skipped; before++) {
            skipped = attributes[before] == attributes[k];
        }
        if (skipped) { continue; }
        known++;
        for (size_t i = 0; i < d; i++) {
            vector[i] += snapshot->attribute_vectors[(size_t)number * d + i];
        }
    }
    for (size_t i = 0; i < d && known; i++) { vector[i] /= sqrtf((float)known); }
    return known;
}

/* Adds what the model makes of the item's content vector; false: it has none that the model
 * takes. */
static bool add_content(const struct model_snapshot *snapshot, struct content_table *content,
                        int32_t item, float *vector)
{
    const struct content_space *space = &snapshot->content;
    const size_t d = snapshot->shape.d;
    float numbers[ITEM_VECTOR_MAX];
    bool known = space->id && content && content_table_read(content, item, space->id, numbers);
    if (!known) { return false; }
    gemm_nn((struct gemm_shape){1, d, space->width}, 1.0F, matrix_of(numbers, space->width),
            matrix_of(snapshot->projection, d), 1.0F, vector, d);
    return true;
}

/* Computes the vector of an item that the model does not know; false: there is nothing to compute
 * it from. */
static bool compute(const struct model_snapshot *snapshot, struct training_set *training_set,
                    struct content_table *content, int32_t item, float *vector)
{
    uint64_t attributes[COLD_START_ATTRIBUTES_MAX];
    size_t count =
        training_set_attributes_of(training_set, item, attributes, COLD_START_ATTRIBUTES_MAX);
    bool described = sum_attributes(snapshot, attributes, count, vector);
    return add_content(snapshot, content, item, vector) || described;
}

bool cold_start_items_next(struct cold_start_items *cold_start, struct training_set *training_set,
                           struct content_table *content, struct cold_start_row *ret_row)
{
    float vector[COLD_START_WIDTH_MAX];
    while (cold_start->sent < cold_start->count) {
        int32_t *entry = &cold_start->queue[cold_start->sent++], item = *entry;
        if ((size_t)item < cold_start->has_row_count && cold_start->has_row[item]) {
            *entry = COLD_START_DROPPED;
            continue;
        }
        if (!compute(cold_start->snapshot, training_set, content, item, vector)) { continue; }
        set_has_row(cold_start, item);
        ret_row->item = item;
        ret_row->row = cold_start->next_row++;
        ret_row->width = cold_start->snapshot->shape.d;
        model_snapshot_quantise(vector, cold_start->snapshot->shape.d, ret_row->bytes,
                                &ret_row->scale);
        return true;
    }
    return false;
}

void cold_start_items_acknowledge(struct cold_start_items *cold_start)
{
    if (cold_start->sent == cold_start->count) { cold_start->sent = cold_start->count = 0; }
    cold_start->acknowledged = cold_start->sent;
    cold_start->acknowledged_row = cold_start->next_row;
}

void cold_start_items_roll_back(struct cold_start_items *cold_start)
{
    size_t kept = cold_start->acknowledged;
    for (size_t i = cold_start->acknowledged; i < cold_start->count; i++) {
        int32_t item = cold_start->queue[i];
        if (item == COLD_START_DROPPED) { continue; }
        if (i < cold_start->sent && (size_t)item < cold_start->has_row_count) {
            cold_start->has_row[item] = 0;
        }
        cold_start->queue[kept++] = item;
    }
    cold_start->count = kept;
    cold_start->sent = cold_start->acknowledged;
    cold_start->next_row = cold_start->acknowledged_row;
}
