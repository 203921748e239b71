#include "base/base.h"
#include "rules/list_draw.h"

#include <endian.h>
#include <xxhash.h>

static uint64_t add_number(uint64_t hash, uint64_t number)
{
    uint64_t bytes = htole64(number);
    return XXH3_64bits_withSeed(&bytes, sizeof(bytes), hash);
}

uint64_t list_draw_seed(struct slice user_id, int32_t partition, int64_t offset, uint64_t sent)
{
    uint64_t hash = XXH3_64bits(user_id.data, user_id.size);
    hash = add_number(hash, (uint64_t)(int64_t)partition);
    hash = add_number(hash, (uint64_t)offset);
    return add_number(hash, sent);
}

static void find_probabilities(struct list_draw *draw)
{
    double sum = 0.0, most = draw->candidates[0].value;
    for (size_t k = 0; k < draw->count; k++) { most = MAX_OF(most, draw->candidates[k].value); }
    for (size_t k = 0; k < draw->count; k++) {
        struct draw_candidate *one = &draw->candidates[k];
        one->probability = exp((one->value - most) / draw->temperature);
        sum += one->probability;
    }
    for (size_t k = 0; k < draw->count; k++) { draw->candidates[k].probability /= sum; }
}

/* In the middle of one of 2^53 steps, so never 0 or 1. */
static double unit(uint64_t hash)
{
    return ((double)(hash >> 11) + 0.5) * 0x1p-53;
}

void list_draw_make(struct list_draw *draw, uint64_t seed, struct slice placement)
{
    double best = -INFINITY;
    assert(draw->count > 0 && draw->count <= DRAW_CANDIDATES_MAX && draw->temperature > 0.0);
    find_probabilities(draw);
    seed = XXH3_64bits_withSeed(placement.data, placement.size, seed);
    draw->chosen = 0;
    for (size_t k = 0; k < draw->count; k++) {
        const struct draw_candidate *one = &draw->candidates[k];
        double noise = -log(-log(unit(add_number(seed, one->hash))));
        double value = (one->value - draw->candidates[0].value) / draw->temperature + noise;
        if (value <= best) { continue; }
        best = value;
        draw->chosen = k;
    }
}
