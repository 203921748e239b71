#include "base/base.h"
#include "base/xalloc.h"
#include "model/vector_set.h"

enum { SLOTS_FIRST = 64 };

struct vector_set *vector_set_new(size_t width)
{
    assert(width);
    struct vector_set *set = xcalloc(1, sizeof(*set));
    set->width = width;
    set->stride = (width + VECTOR_STEP - 1) / VECTOR_STEP * VECTOR_STEP;
    return set;
}

struct vector_set *vector_set_free(struct vector_set *set)
{
    if (!set) { return NULL; }
    free(set->slots);
    mapped_bytes_release(&set->numbers);
    free(set);
    return NULL;
}

void vector_set_map(struct vector_set *set, const char *directory)
{
    struct mapped_bytes mapped = {0};
    if (set->numbers.file || mapped_bytes_open(&mapped, directory) < 0) { return; }
    (void)mapped_bytes_reserve(&mapped, set->numbers.size); /* in memory, where it cannot grow */
    if (set->count) { memcpy(mapped.at, set->numbers.at, set->count * set->stride); }
    mapped_bytes_release(&set->numbers);
    set->numbers = mapped;
}

size_t vector_set_add(struct vector_set *set, int32_t item)
{
    if (set->count == set->capacity) {
        set->capacity = MAX_OF(2 * set->capacity, (size_t)SLOTS_FIRST);
        set->slots = xreallocarray(set->slots, set->capacity, sizeof(*set->slots));
        (void)mapped_bytes_reserve(&set->numbers, set->capacity * set->stride);
    }
    set->slots[set->count] = (struct vector_slot){.item = item};
    return set->count++;
}

void vector_set_put(struct vector_set *set, size_t slot, const int8_t *numbers)
{
    int8_t *to = (int8_t *)set->numbers.at + slot * set->stride;
    memset(to, 0, set->stride);
    memcpy(to, numbers, set->width);
    set->slots[slot].inverse = vector_set_inverse(to, set->stride);
}

size_t vector_set_remove(struct vector_set *set, size_t slot)
{
    const size_t last = --set->count;
    set->marked -= set->slots[slot].marked;
    if (slot == last) { return last; }
    set->slots[slot] = set->slots[last];
    memcpy((int8_t *)set->numbers.at + slot * set->stride, vector_set_numbers(set, last),
           set->stride);
    return last;
}

void vector_set_mark(struct vector_set *set, size_t slot, bool marked)
{
    if (set->slots[slot].marked == marked) { return; }
    set->slots[slot].marked = marked;
    if (marked) {
        set->marked++;
    } else {
        set->marked--;
    }
}
