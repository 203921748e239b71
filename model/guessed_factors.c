#include "base/base.h"
#include "base/xalloc.h"
#include "model/guessed_factors.h"

#include <xxhash.h>

#define DECAY 0.85F

/* What is guessed of an item. */
struct guess {
    int32_t item; /* + 1; 0: the place is free */
    bool known;
    uint64_t serial; /* of the version of clusters, */
    uint64_t row;    /* and a hash of the rows of alike items that it was guessed from */
    float numbers[CLUSTER_NUMBERS_MAX]; /* of length 1 */
};

struct guessed_factors {
    struct content_scores *content;
    const struct cluster_space *space;
    const struct ids *ids;
    size_t d;                           /* of the last user's version */
    float user[CLUSTER_NUMBERS_MAX];    /* of length 1 */
    struct guess guesses[GUESSES_KEPT]; /* by item */
};

struct guessed_factors *guessed_factors_new(struct content_scores *content,
                                            const struct cluster_space *space,
                                            const struct ids *ids)
{
    struct guessed_factors *guessed = xcalloc(1, sizeof(*guessed));
    guessed->content = content;
    guessed->space = space;
    guessed->ids = ids;
    return guessed;
}

struct guessed_factors *guessed_factors_free(struct guessed_factors *guessed)
{
    free(guessed);
    return NULL;
}

/* Makes a vector's length 1; false: it has no direction. */
static bool normalise(float *vector, size_t d)
{
    float square = 0.0F;
    for (size_t i = 0; i < d; i++) { square += vector[i] * vector[i]; }
    if (!(square > 0.0F)) { return false; }
    const float inverse = 1.0F / sqrtf(square);
    for (size_t i = 0; i < d; i++) { vector[i] *= inverse; }
    return true;
}

/* Adds the direction of an item's factor, times a weight, if it has one. */
static void add_direction(const struct guessed_factors *guessed, int32_t item, float weight,
                          float *vector)
{
    int32_t number = cluster_space_find(guessed->space, ids_text(guessed->ids, item));
    if (number == ID_NONE) { return; }
    const float *factor = cluster_space_factor(guessed->space, number);
    float square = 0.0F;
    for (size_t i = 0; i < guessed->d; i++) { square += factor[i] * factor[i]; }
    if (!(square > 0.0F)) { return; }
    const float scale = weight / sqrtf(square);
    for (size_t i = 0; i < guessed->d; i++) { vector[i] += scale * factor[i]; }
}

/* Says whether an item is among these. */
static bool is_among(const int32_t *items, size_t count, int32_t item)
{
    for (size_t k = 0; k < count; k++) {
        if (items[k] == item) { return true; }
    }
    return false;
}

bool guessed_factors_begin(struct guessed_factors *guessed, const int32_t *items,
                           const float *weights, size_t count)
{
    int32_t taken[GUESSED_RECENT];
    size_t used = 0;
    float weight = 1.0F;
    guessed->d = cluster_space_dimensions(guessed->space);
    if (!cluster_space_version(guessed->space)) { return false; }
    memset(guessed->user, 0, sizeof(guessed->user));
    for (size_t k = count; k-- > 0 && used < GUESSED_RECENT;) {
        if (items[k] == ID_NONE || is_among(taken, used, items[k])) { continue; }
        taken[used++] = items[k];
        if (!(weights[k] > 0.0F)) { continue; }
        add_direction(guessed, items[k], weight, guessed->user);
        weight *= DECAY;
    }
    return normalise(guessed->user, guessed->d);
}

/* Guesses by the items of a row; false: none of them has a factor. */
static bool guess_by(const struct guessed_factors *guessed, const struct alike *row, size_t count,
                     float *ret_numbers)
{
    memset(ret_numbers, 0, guessed->d * sizeof(*ret_numbers));
    for (size_t k = 0; k < count; k++) {
        add_direction(guessed, row[k].item, row[k].cosine, ret_numbers);
    }
    return normalise(ret_numbers, guessed->d);
}

/* Returns what is guessed of an item by one kind of rows, which may be kept; NULL: nothing. */
static const struct guess *guess_of(struct guessed_factors *guessed, int32_t item, int by)
{
    size_t count;
    struct guess *guess = &guessed->guesses[item % GUESSES_KEPT];
    const struct alike *row = content_scores_row(guessed->content, by, item, &count);
    const uint64_t serial = cluster_space_serial(guessed->space);
    const uint64_t hash = XXH3_64bits_withSeed(row, count * sizeof(*row), (uint64_t)by);
    if (guess->item != item + 1 || guess->serial != serial || guess->row != hash) {
        guess->known = guess_by(guessed, row, count, guess->numbers);
        guess->item = item + 1;
        guess->serial = serial;
        guess->row = hash;
    }
    return guess->known ? guess : NULL;
}

bool guessed_factors_score(struct guessed_factors *guessed, int32_t item, float *ret_score)
{
    const struct guess *guess = NULL;
    for (int by = 0; by < content_scores_rows(guessed->content) && !guess; by++) {
        guess = guess_of(guessed, item, by);
    }
    if (!guess) { return false; }
    *ret_score = 0.0F;
    for (size_t i = 0; i < guessed->d; i++) { *ret_score += guessed->user[i] * guess->numbers[i]; }
    return true;
}
