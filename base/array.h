/* An array that grows: a pointer, a capacity and a count of its owner's, of any integer type. */
#ifndef FRESHET_BASE_ARRAY_H
#define FRESHET_BASE_ARRAY_H

#include "base/base.h"
#include "base/xalloc.h"

/* Returns a capacity of at least `needed`: twice the old one, `first` at the beginning. */
static inline size_t array_capacity(size_t capacity, size_t needed, size_t first)
{
    assert(capacity <= SIZE_MAX / 2);
    size_t wanted = MAX_OF(capacity * 2, first);
    return MAX_OF(wanted, needed);
}

/* Makes room for `needed` elements; new ones are not initialised. Pointers into the array end with
 * it. */
#define ARRAY_RESERVE(array, capacity, needed, first)                                              \
    do {                                                                                           \
        const size_t array_needed = (size_t)(needed);                                              \
        if (array_needed > (size_t)(capacity)) {                                                   \
            const size_t array_wanted =                                                            \
                array_capacity((size_t)(capacity), array_needed, (size_t)(first));                 \
            (capacity) = (__typeof__(capacity))array_wanted;                                       \
            assert((size_t)(capacity) == array_wanted);                                            \
            (array) = xreallocarray((array), array_wanted, sizeof(*(array)));                      \
        }                                                                                          \
    } while (0)

/* The same, and new elements are zeros: for arrays by number, most of which are not there yet. */
#define ARRAY_RESERVE_ZEROS(array, capacity, needed, first)                                        \
    do {                                                                                           \
        const size_t array_before = (size_t)(capacity);                                            \
        ARRAY_RESERVE(array, capacity, needed, first);                                             \
        if ((size_t)(capacity) > array_before) {                                                   \
            memset((array) + array_before, 0,                                                      \
                   ((size_t)(capacity) - array_before) * sizeof(*(array)));                        \
        }                                                                                          \
    } while (0)

#endif
