/* User items: a growing list of the items that one user acted on, oldest first.
 *
 * Plain data; zeroed memory is an empty list. The owner frees `items`.
 */
#ifndef FRESHET_EVALUATE_MODELS_USER_ITEMS_H
#define FRESHET_EVALUATE_MODELS_USER_ITEMS_H

#include "base/base.h"
#include "base/xalloc.h"

struct user_items {
    int32_t *items;
    size_t count;
    size_t capacity;
};

/* Appends the next item. */
static inline void user_items_add(struct user_items *items_of_user, int32_t item)
{
    if (items_of_user->count == items_of_user->capacity) {
        items_of_user->capacity = MAX_OF(items_of_user->capacity * 2, (size_t)8);
        items_of_user->items = xreallocarray(items_of_user->items, items_of_user->capacity,
                                             sizeof(*items_of_user->items));
    }
    items_of_user->items[items_of_user->count++] = item;
}

#endif
