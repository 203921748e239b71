#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "trainer/sequence/user_parts.h"

#include <xxhash.h>

static bool row_before(const void *arg _unused_, int32_t a, int32_t b)
{
    return a < b;
}

void user_parts_init(struct user_parts *parts)
{
    *parts = (struct user_parts){.count = 0};
    topk_init(&parts->chosen, row_before, NULL);
}

void user_parts_release(struct user_parts *parts)
{
    topk_release(&parts->chosen);
    free(parts->parts);
    free(parts->clusters);
    free(parts->counts);
    free(parts->columns);
    free(parts->strengths);
}

void user_parts_begin(struct user_parts *parts, size_t users)
{
    user_parts_release(parts);
    user_parts_init(parts);
    topk_clear(&parts->chosen, users);
}

/* Counts the items of a row that have a column. */
static size_t count_items(const struct user_matrix *matrix, size_t row)
{
    size_t count = 0;
    for (size_t c = matrix->begins[row]; c < matrix->begins[row + 1]; c++) {
        count += (size_t)matrix->columns[c] < matrix->width;
    }
    return count;
}

void user_parts_offer(struct user_parts *parts, const struct user_matrix *matrix, size_t row,
                      uint64_t hash)
{
    double place = ldexp((double)(hash >> 11), -53);
    if (count_items(matrix, row) > 1) { topk_push(&parts->chosen, -place, (int32_t)row); }
}

const struct topk *user_parts_choose(struct user_parts *parts)
{
    topk_sort(&parts->chosen);
    return &parts->chosen;
}

/* Returns the part that has room for so many items of one user more. */
static struct user_part *part_for(struct user_parts *parts, size_t items)
{
    struct user_part *last = parts->count ? &parts->parts[parts->count - 1] : NULL;
    if (last && parts->users - last->users < GROUP_USERS_MAX &&
        parts->items - last->items + items <= GROUP_USER_ITEMS_MAX) {
        return last;
    }
    ARRAY_RESERVE(parts->parts, parts->capacity, parts->count + 1, 16);
    last = &parts->parts[parts->count++];
    *last = (struct user_part){.users = parts->users, .items = parts->items};
    return last;
}

/* A cell's value is the logarithm of its strength and 1 (model/fold_in.h). */
static float strength_of(const struct user_matrix *matrix, size_t cell)
{
    double strength = expm1((double)matrix->values[cell]);
    double whole = nearbyint(strength);
    bool rounded = fabs(strength - whole) < 1e-5 * MAX_OF(whole, 1.0);
    return (float)MIN_OF(rounded ? whole : strength, (double)GROUP_STRENGTH_MAX);
}

void user_parts_add(struct user_parts *parts, const struct user_matrix *matrix, size_t row,
                    int32_t cluster)
{
    size_t from = matrix->begins[row], count = 0, most = USER_PARTS_ITEMS;
    size_t left = count_items(matrix, row);
    struct user_part *part = part_for(parts, MIN_OF(left, most));
    ARRAY_RESERVE(parts->clusters, parts->clusters_capacity, parts->users + 1, 256);
    ARRAY_RESERVE(parts->counts, parts->counts_capacity, parts->users + 1, 256);
    ARRAY_RESERVE(parts->columns, parts->columns_capacity, parts->items + most, 4096);
    ARRAY_RESERVE(parts->strengths, parts->strengths_capacity, parts->items + most, 4096);
    for (size_t c = from; c < matrix->begins[row + 1]; c++) {
        if ((size_t)matrix->columns[c] >= matrix->width || left-- > most) { continue; }
        float strength = strength_of(matrix, c);
        parts->columns[parts->items + count] = matrix->columns[c];
        parts->strengths[parts->items + count++] = strength;
        part->counted = part->counted || fabsf(strength - 1.0F) > 0.0F;
    }
    parts->clusters[parts->users] = cluster;
    parts->counts[parts->users++] = (int32_t)count;
    parts->items += count;
}

size_t user_parts_bytes(size_t users, size_t items)
{
    return users * 2 * sizeof(int32_t) + items * (sizeof(int32_t) + sizeof(float));
}

uint64_t user_parts_hash(const struct user_parts *parts, uint64_t hash)
{
    if (!parts->users) { return hash; }
    hash = XXH3_64bits_withSeed(parts->clusters, parts->users * sizeof(int32_t), hash);
    hash = XXH3_64bits_withSeed(parts->counts, parts->users * sizeof(int32_t), hash);
    hash = XXH3_64bits_withSeed(parts->columns, parts->items * sizeof(int32_t), hash);
    return XXH3_64bits_withSeed(parts->strengths, parts->items * sizeof(float), hash);
}

void user_parts_write(const struct user_parts *parts, size_t part, struct group_profile *group)
{
    const struct user_part *at = &parts->parts[part];
    bool last = part + 1 == parts->count;
    size_t users = (last ? parts->users : at[1].users) - at->users;
    size_t items = (last ? parts->items : at[1].items) - at->items;
    group->user_clusters = (struct ints){parts->clusters + at->users, users};
    group->user_counts = (struct ints){parts->counts + at->users, users};
    group->user_items = (struct ints){parts->columns + at->items, items};
    if (at->counted) {
        group->user_strengths = (struct floats){parts->strengths + at->items, items};
    }
}
