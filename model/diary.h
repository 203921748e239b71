/* Diary: the items that one user acted on, oldest first, as long as they come.
 *
 * Plain data; one of zeros is empty. Whoever holds it frees `items`.
 */
#ifndef FRESHET_MODEL_DIARY_H
#define FRESHET_MODEL_DIARY_H

#include "base/base.h"
#include "base/xalloc.h"

struct diary {
    int32_t *items;
    size_t count;
    size_t capacity;
};

/* Writes the next item down. */
static inline void diary_add(struct diary *diary, int32_t item)
{
    if (diary->count == diary->capacity) {
        diary->capacity = MAX_OF(diary->capacity * 2, (size_t)8);
        diary->items = xreallocarray(diary->items, diary->capacity, sizeof(*diary->items));
    }
    diary->items[diary->count++] = item;
}

#endif
