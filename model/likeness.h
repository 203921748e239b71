/* Likeness: how alike two users are, exactly, by the items that both acted on.
 *
 * With a_i what the actions of a user on item i count together, and I the items of both:
 *
 *     cosine  = sum over I of a_i b_i / (|a| |b|)                    over all items of each
 *     Pearson = cov(x, y) / (s_x s_y) over I                         of the newest weights x, y
 *
 * (Resnick and others, "GroupLens", CSCW 1994; Breese, Heckerman, Kadie, UAI 1998). Pearson's
 * correlation is that of ratings: it is not there for fewer than two common items, and where a
 * user's weights of these do not differ, as those of views. Memory is reused. One thread.
 */
#ifndef FRESHET_MODEL_LIKENESS_H
#define FRESHET_MODEL_LIKENESS_H

#include "base/base.h"
#include "base/slice.h"

/* Actions of a user, oldest first; columns are parallel and borrowed. An action counts if its
 * strength is above 0. */
struct user_actions {
    const struct slice *items;
    const float *strengths; /* what each counts */
    const float *weights;   /* a rating's value */
    size_t count;
};

struct user_likeness {
    size_t common; /* items */
    double cosine;
    double pearson; /* NAN: it is not there */
};

struct similar_user {
    struct slice user;
    struct user_likeness likeness;
};

/* Orders users for qsort(): the greatest cosine first, then most common items, then by id. */
int similar_user_compare(const void *a, const void *b);

struct likeness;

/* Makes it; free with likeness_free(). */
struct likeness *likeness_new(void);
/* Takes NULL; returns NULL. */
struct likeness *likeness_free(struct likeness *likeness);
/* Sets the user with whom others are compared. */
void likeness_set(struct likeness *likeness, const struct user_actions *user);
/* Compares another user. */
void likeness_compare(struct likeness *likeness, const struct user_actions *other,
                      struct user_likeness *ret_likeness);

#endif
