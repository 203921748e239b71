#include "base/base.h"
#include "base/xalloc.h"
#include "sequence/latecomers.h"

void latecomers_init(struct latecomers *latecomers)
{
    *latecomers = (struct latecomers){0};
}

void latecomers_release(struct latecomers *latecomers)
{
    graduate_free(latecomers->graduate);
    free(latecomers->there);
    free(latecomers->waiting);
    *latecomers = (struct latecomers){0};
}

static void mark(struct latecomers *latecomers, int32_t item)
{
    size_t at = (size_t)item;
    if (at >= latecomers->there_count) {
        size_t count = MAX_OF(2 * latecomers->there_count, at + 1);
        latecomers->there = xreallocarray(latecomers->there, count, 1);
        memset(latecomers->there + latecomers->there_count, 0, count - latecomers->there_count);
        latecomers->there_count = count;
    }
    latecomers->there[at] = 1;
}

void latecomers_follow(struct latecomers *latecomers, struct graduate *graduate)
{
    graduate_free(latecomers->graduate);
    latecomers->graduate = graduate;
    latecomers->next_row = graduate->rows;
    if (latecomers->there_count) { memset(latecomers->there, 0, latecomers->there_count); }
    for (size_t row = 0; row < graduate->rows; row++) { mark(latecomers, graduate->items[row]); }
    latecomers_settle(latecomers);
}

void latecomers_add(struct latecomers *latecomers, int32_t item)
{
    if (!latecomers->graduate || latecomers->count == LATECOMERS_MAX) { return; }
    if ((size_t)item < latecomers->there_count && latecomers->there[item]) { return; }
    if (latecomers->count == latecomers->capacity) {
        latecomers->capacity = MAX_OF(2 * latecomers->capacity, (size_t)64);
        latecomers->waiting = xreallocarray(latecomers->waiting, latecomers->capacity,
                                            sizeof(*latecomers->waiting));
    }
    latecomers->waiting[latecomers->count++] = item;
}

/* Sums the attributes' vectors up; false: the model knows none of them. */
static bool compose(const struct graduate *graduate, const uint64_t *traits, size_t count,
                    float *vector)
{
    const size_t d = graduate->shape.d;
    size_t known = 0;
    memset(vector, 0, d * sizeof(*vector));
    for (size_t k = 0; k < count; k++) {
        int32_t number = graduate_trait(graduate, traits[k]);
        bool again = number == ROLL_NONE;
        for (size_t before = 0; before < k && !again; before++) {
            again = traits[before] == traits[k];
        }
        if (again) { continue; }
        known++;
        for (size_t i = 0; i < d; i++) {
            vector[i] += graduate->trait_vectors[(size_t)number * d + i];
        }
    }
    for (size_t i = 0; i < d && known; i++) { vector[i] /= sqrtf((float)known); }
    return known;
}

bool latecomers_next(struct latecomers *latecomers, struct pool *pool, struct late_row *ret_row)
{
    uint64_t traits[LATE_TRAITS_MAX];
    float vector[LATE_WIDTH_MAX];
    while (latecomers->next < latecomers->count) {
        int32_t *place = &latecomers->waiting[latecomers->next++], item = *place;
        if ((size_t)item < latecomers->there_count && latecomers->there[item]) {
            *place = LATE_NONE;
            continue;
        }
        size_t count = pool_traits_of(pool, item, traits, LATE_TRAITS_MAX);
        if (!compose(latecomers->graduate, traits, count, vector)) { continue; }
        mark(latecomers, item);
        ret_row->item = item;
        ret_row->row = latecomers->next_row++;
        ret_row->width = latecomers->graduate->shape.d;
        graduate_quantise(vector, latecomers->graduate->shape.d, ret_row->bytes, &ret_row->scale);
        return true;
    }
    return false;
}

void latecomers_settle(struct latecomers *latecomers)
{
    if (latecomers->next == latecomers->count) { latecomers->next = latecomers->count = 0; }
    latecomers->settled = latecomers->next;
    latecomers->settled_row = latecomers->next_row;
}

void latecomers_take_back(struct latecomers *latecomers)
{
    size_t kept = latecomers->settled;
    for (size_t i = latecomers->settled; i < latecomers->count; i++) {
        int32_t item = latecomers->waiting[i];
        if (item == LATE_NONE) { continue; }
        if (i < latecomers->next && (size_t)item < latecomers->there_count) {
            latecomers->there[item] = 0;
        }
        latecomers->waiting[kept++] = item;
    }
    latecomers->count = kept;
    latecomers->next = latecomers->settled;
    latecomers->next_row = latecomers->settled_row;
}
