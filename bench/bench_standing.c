/* The records of a million standing lists of 20 places: their memory, and a pass over all of them
 * that looks for barred items and finds none. Prints `name value` lines; time is of the
 * processor. */
#include "base/base.h"
#include "base/xalloc.h"
#include "bench/stopwatch.h"
#include "model/rng.h"
#include "scorer/standing_lists.h"

#include <malloc.h>

enum { LISTS = 1000000, PLACES = 20, ITEMS = 100000, PASSES = 10 };

static double used_mb(void)
{
    struct mallinfo2 info = mallinfo2();
    return (double)(info.uordblks + info.hblkhd) / 1e6;
}

static void fill(struct standing_lists *standing)
{
    uint64_t rng = 1;
    int32_t items[PLACES];
    char id[24];
    for (size_t user = 0; user < LISTS; user++) {
        size_t size = (size_t)snprintf(id, sizeof(id), "user-%zu", user);
        for (size_t k = 0; k < PLACES; k++) { items[k] = (int32_t)rng_below(&rng, ITEMS); }
        (void)standing_lists_put(standing, slice_of(id, size), items, PLACES, 1, 0);
    }
}

/* Goes over all records; returns how many have a barred item. */
static size_t pass(struct standing_lists *standing, const struct item_flags *flags,
                   uint64_t barred)
{
    size_t found = 0;
    do {
        found += standing_lists_next_barred(standing, flags, barred) != HASH_INDEX_NONE;
    } while (!standing->barred_passed);
    return found;
}

int main(void)
{
    struct standing_lists standing;
    uint8_t *barred = xcalloc(ITEMS, 1);
    const struct item_flags flags = {.at = barred, .count = ITEMS};
    double before = used_mb();
    standing_lists_init(&standing, PLACES);
    fill(&standing);
    printf("standing_lists_1m_mb %.0f\n", used_mb() - before);
    double begin = cpu_seconds();
    for (uint64_t number = 0; number < PASSES; number++) {
        size_t found = pass(&standing, &flags, number);
        assert(found == 0);
    }
    printf("standing_lists_1m_pass_ms %.1f\n", (cpu_seconds() - begin) / PASSES * 1e3);
    barred[7] = ITEM_BARRED;
    printf("standing_lists_1m_barred %zu\n", pass(&standing, &flags, PASSES));
    standing_lists_release(&standing);
    free(barred);
    return 0;
}
