#include "base/base.h"
#include "model/number_set.h"

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

size_t number_set_make(uint32_t *numbers, size_t count)
{
    size_t kept = 0;
    if (count) { qsort(numbers, count, sizeof(*numbers), by_number); }
    for (size_t at = 0; at < count; at++) {
        if (!kept || numbers[kept - 1] != numbers[at]) { numbers[kept++] = numbers[at]; }
    }
    return kept;
}

size_t number_set_find(const uint32_t *set, size_t count, uint32_t number)
{
    const uint32_t *found = count ? bsearch(&number, set, count, sizeof(*set), by_number) : NULL;
    return found ? (size_t)(found - set) : count;
}

bool number_set_has(const uint32_t *set, size_t count, uint32_t number)
{
    return number_set_find(set, count, number) < count;
}
