/* The distance between two short texts, for "did you mean ...?". */
#ifndef FRESHET_BASE_EDIT_DISTANCE_H
#define FRESHET_BASE_EDIT_DISTANCE_H

#include "base/base.h"

enum { EDIT_TEXT_MAX = 128 };

/* Counts the inserted, deleted, replaced and swapped neighbouring bytes between two texts (optimal
 * string alignment); SIZE_MAX when one is longer than EDIT_TEXT_MAX. */
size_t edit_distance(const char *a, const char *b);
/* Says whether a distance is small enough for a hint about a text of this length. */
static inline bool edit_is_near(size_t distance, size_t length)
{
    return distance <= MAX_OF((size_t)2, length / 4);
}

#endif
