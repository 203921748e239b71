#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "model/ids.h"
#include "model/likeness.h"

enum { ITEMS_MAX = 1 << 24 };

/* What a user's actions on an item are together. */
struct taste {
    double count;  /* 0: there are none */
    double weight; /* the newest one's */
};

struct likeness {
    struct ids *items; /* of the user, and of those who were compared since */
    struct taste *own, *others; /* by number */
    size_t own_capacity, others_capacity;
    int32_t *numbers; /* of the other's items, each once */
    size_t numbers_capacity;
    double own_square;
};

struct likeness *likeness_new(void)
{
    struct likeness *likeness = xcalloc(1, sizeof(*likeness));
    likeness->items = ids_new(ITEMS_MAX);
    return likeness;
}

struct likeness *likeness_free(struct likeness *likeness)
{
    if (!likeness) { return NULL; }
    ids_free(likeness->items);
    free(likeness->own);
    free(likeness->others);
    free(likeness->numbers);
    free(likeness);
    return NULL;
}

/* Adds up a user's actions in a column by number; returns how many items there are, whose numbers
 * are in `numbers`. */
static size_t add_up(struct likeness *likeness, const struct user_actions *user,
                     struct taste **column, size_t *capacity)
{
    size_t count = 0;
    ARRAY_RESERVE(likeness->numbers, likeness->numbers_capacity, user->count, 64);
    for (size_t k = 0; k < user->count; k++) {
        if (!(user->strengths[k] > 0.0F)) { continue; }
        int32_t number = ids_put(likeness->items, user->items[k]);
        if (number == ID_NONE) { continue; }
        ARRAY_RESERVE_ZEROS(*column, *capacity, (size_t)number + 1, 256);
        struct taste *taste = &(*column)[number];
        if (!(taste->count > 0.0)) { likeness->numbers[count++] = number; }
        taste->count += (double)user->strengths[k];
        taste->weight = (double)user->weights[k];
    }
    return count;
}

static double square_of(const struct likeness *likeness, const struct taste *column, size_t count)
{
    double square = 0.0;
    for (size_t k = 0; k < count; k++) {
        const struct taste *taste = &column[likeness->numbers[k]];
        square += taste->count * taste->count;
    }
    return square;
}

void likeness_set(struct likeness *likeness, const struct user_actions *user)
{
    ids_clear(likeness->items);
    if (likeness->own) { memset(likeness->own, 0, likeness->own_capacity * sizeof(struct taste)); }
    size_t count = add_up(likeness, user, &likeness->own, &likeness->own_capacity);
    likeness->own_square = square_of(likeness, likeness->own, count);
}

/* Sums over the common items. */
struct sums {
    double product, x, y, xx, yy, xy;
    size_t count;
};

static void add_common(struct sums *sums, const struct taste *own, const struct taste *other)
{
    double x = own->weight, y = other->weight;
    sums->product += own->count * other->count;
    sums->x += x;
    sums->y += y;
    sums->xx += x * x;
    sums->yy += y * y;
    sums->xy += x * y;
    sums->count++;
}

static double correlation(const struct sums *sums)
{
    double n = (double)sums->count;
    double xx = n * sums->xx - sums->x * sums->x, yy = n * sums->yy - sums->y * sums->y;
    bool differs = xx > 1e-12 * n * sums->xx && yy > 1e-12 * n * sums->yy;
    return sums->count > 1 && differs ? (n * sums->xy - sums->x * sums->y) / sqrt(xx * yy) : NAN;
}

void likeness_compare(struct likeness *likeness, const struct user_actions *other,
                      struct user_likeness *ret_likeness)
{
    struct sums sums = {0};
    size_t count = add_up(likeness, other, &likeness->others, &likeness->others_capacity);
    double square = square_of(likeness, likeness->others, count);
    for (size_t k = 0; k < count; k++) {
        size_t number = (size_t)likeness->numbers[k];
        struct taste *taste = &likeness->others[number];
        bool common = number < likeness->own_capacity && likeness->own[number].count > 0.0;
        if (common) { add_common(&sums, &likeness->own[number], taste); }
        *taste = (struct taste){0};
    }
    double lengths = sqrt(likeness->own_square * square);
    *ret_likeness = (struct user_likeness){
        .common = sums.count,
        .cosine = lengths > 0.0 ? sums.product / lengths : 0.0,
        .pearson = correlation(&sums),
    };
}

int similar_user_compare(const void *a, const void *b)
{
    const struct similar_user *x = a, *y = b;
    if (x->likeness.cosine != y->likeness.cosine) {
        return x->likeness.cosine > y->likeness.cosine ? -1 : 1;
    }
    if (x->likeness.common != y->likeness.common) {
        return x->likeness.common > y->likeness.common ? -1 : 1;
    }
    return slice_compare(x->user, y->user);
}
