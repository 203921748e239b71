#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "evaluate/models/interaction_lists.h"

enum { FIRST_CAPACITY = 4 };

struct list {
    struct interaction *entries;
    size_t count;
    size_t capacity;
    double sum;
};

struct interaction_lists {
    struct list *lists;
    int32_t count;
};

struct interaction_lists *interaction_lists_new(int32_t count)
{
    struct interaction_lists *interactions = xcalloc(1, sizeof(*interactions));
    interactions->lists = xcalloc((size_t)count, sizeof(*interactions->lists));
    interactions->count = count;
    return interactions;
}

struct interaction_lists *interaction_lists_free(struct interaction_lists *interactions)
{
    if (!interactions) { return NULL; }
    for (int32_t at = 0; at < interactions->count; at++) { free(interactions->lists[at].entries); }
    free(interactions->lists);
    free(interactions);
    return NULL;
}

void interaction_lists_add(struct interaction_lists *interactions, int32_t at, int32_t other,
                           float rating)
{
    assert(at >= 0 && at < interactions->count);
    struct list *list = &interactions->lists[at];
    ARRAY_RESERVE(list->entries, list->capacity, list->count + 1, FIRST_CAPACITY);
    list->entries[list->count++] = (struct interaction){.other = other, .rating = rating};
    list->sum += (double)rating;
}

const struct interaction *interaction_lists_of(const struct interaction_lists *interactions,
                                               int32_t at, size_t *ret_count)
{
    assert(at >= 0 && at < interactions->count);
    *ret_count = interactions->lists[at].count;
    return interactions->lists[at].entries;
}

double interaction_lists_sum(const struct interaction_lists *interactions, int32_t at)
{
    assert(at >= 0 && at < interactions->count);
    return interactions->lists[at].sum;
}

bool interaction_lists_had(const int32_t *items, size_t count, int32_t item)
{
    for (size_t at = 0; at < count; at++) {
        if (items[at] == item) { return true; }
    }
    return false;
}
