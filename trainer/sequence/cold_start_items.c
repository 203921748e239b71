#include "base/base.h"
#include "base/xalloc.h"
#include "trainer/sequence/cold_start_items.h"

void cold_start_items_init(struct cold_start_items *cold_start)
{
    *cold_start = (struct cold_start_items){0};
}

void cold_start_items_release(struct cold_start_items *cold_start)
{
    model_snapshot_free(cold_start->snapshot);
    free(cold_start->there);
    free(cold_start->waiting);
    *cold_start = (struct cold_start_items){0};
}

static void mark(struct cold_start_items *cold_start, int32_t item)
{
    size_t at = (size_t)item;
    if (at >= cold_start->there_count) {
        size_t count = MAX_OF(2 * cold_start->there_count, at + 1);
        cold_start->there = xreallocarray(cold_start->there, count, 1);
        memset(cold_start->there + cold_start->there_count, 0, count - cold_start->there_count);
        cold_start->there_count = count;
    }
    cold_start->there[at] = 1;
}

void cold_start_items_follow(struct cold_start_items *cold_start, struct model_snapshot *snapshot)
{
    model_snapshot_free(cold_start->snapshot);
    cold_start->snapshot = snapshot;
    cold_start->next_row = snapshot->rows;
    if (cold_start->there_count) { memset(cold_start->there, 0, cold_start->there_count); }
    for (size_t row = 0; row < snapshot->rows; row++) { mark(cold_start, snapshot->items[row]); }
    cold_start_items_acknowledge(cold_start);
}

void cold_start_items_add(struct cold_start_items *cold_start, int32_t item)
{
    if (!cold_start->snapshot || cold_start->count == COLD_START_ITEMS_MAX) { return; }
    if ((size_t)item < cold_start->there_count && cold_start->there[item]) { return; }
    if (cold_start->count == cold_start->capacity) {
        cold_start->capacity = MAX_OF(2 * cold_start->capacity, (size_t)64);
        cold_start->waiting =
            xreallocarray(cold_start->waiting, cold_start->capacity, sizeof(*cold_start->waiting));
    }
    cold_start->waiting[cold_start->count++] = item;
}

/* Sums the attributes' vectors up; false: the model knows none of them. */
static bool compose(const struct model_snapshot *snapshot, const uint64_t *attributes, size_t count,
                    float *vector)
{
    const size_t d = snapshot->shape.d;
    size_t known = 0;
    memset(vector, 0, d * sizeof(*vector));
    for (size_t k = 0; k < count; k++) {
        int32_t number = model_snapshot_attribute(snapshot, attributes[k]);
        bool again = number == VOCABULARY_NONE;
        for (size_t before = 0; before < k && !again; before++) {
            again = attributes[before] == attributes[k];
        }
        if (again) { continue; }
        known++;
        for (size_t i = 0; i < d; i++) {
            vector[i] += snapshot->attribute_vectors[(size_t)number * d + i];
        }
    }
    for (size_t i = 0; i < d && known; i++) { vector[i] /= sqrtf((float)known); }
    return known;
}

bool cold_start_items_next(struct cold_start_items *cold_start, struct training_set *training_set,
                           struct cold_start_row *ret_row)
{
    uint64_t attributes[COLD_START_ATTRIBUTES_MAX];
    float vector[COLD_START_WIDTH_MAX];
    while (cold_start->next < cold_start->count) {
        int32_t *place = &cold_start->waiting[cold_start->next++], item = *place;
        if ((size_t)item < cold_start->there_count && cold_start->there[item]) {
            *place = COLD_START_NONE;
            continue;
        }
        size_t count =
            training_set_attributes_of(training_set, item, attributes, COLD_START_ATTRIBUTES_MAX);
        if (!compose(cold_start->snapshot, attributes, count, vector)) { continue; }
        mark(cold_start, item);
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
    if (cold_start->next == cold_start->count) { cold_start->next = cold_start->count = 0; }
    cold_start->acknowledged = cold_start->next;
    cold_start->acknowledged_row = cold_start->next_row;
}

void cold_start_items_take_back(struct cold_start_items *cold_start)
{
    size_t kept = cold_start->acknowledged;
    for (size_t i = cold_start->acknowledged; i < cold_start->count; i++) {
        int32_t item = cold_start->waiting[i];
        if (item == COLD_START_NONE) { continue; }
        if (i < cold_start->next && (size_t)item < cold_start->there_count) {
            cold_start->there[item] = 0;
        }
        cold_start->waiting[kept++] = item;
    }
    cold_start->count = kept;
    cold_start->next = cold_start->acknowledged;
    cold_start->next_row = cold_start->acknowledged_row;
}
