/* Guessed factors: what users' actions would say of an item on which there are none yet, guessed
 * from what they say of the items that are like it by content.
 *
 *     g_i = sum over j of S[i][j] f_j / |f_j|           over the 100 items most like i
 *     p   = sum over r of 0.85^(r-1) f_{j_r} / |f_{j_r}|    over the user's newest items j_r
 *     G_i = cosine of p and g_i
 *
 * f are the items' factors of the version of clusters that serves (cluster_space.h), S the cosine
 * of features, or, where no item that is alike by these has a factor, that of the first kind of
 * vectors by which one is (content_scores.h). This is the mapping by nearest neighbours of Gantner
 * and others, "Learning Attribute-to-Feature Mappings for Cold-Start Recommendations", ICDM 2010,
 * with directions in place of factors, whose lengths say how many act on an item.
 *
 * A pure function of the version, of what items are like now, and of the history. Guesses are kept
 * for GUESSES_KEPT items, each for as long as its row of alike items is the same. One thread.
 */
#ifndef FRESHET_MODEL_GUESSED_FACTORS_H
#define FRESHET_MODEL_GUESSED_FACTORS_H

#include "base/base.h"
#include "model/cluster_space.h"
#include "model/content_scores.h"

enum { GUESSES_KEPT = 256, GUESSED_RECENT = 20 };

struct guessed_factors;

/* Makes it; borrows for its life all three; the ids are those of the items that content_scores
 * numbers. Free with guessed_factors_free(). */
struct guessed_factors *guessed_factors_new(struct content_scores *content,
                                            const struct cluster_space *space,
                                            const struct ids *ids);
/* Takes NULL; returns NULL. */
struct guessed_factors *guessed_factors_free(struct guessed_factors *guessed);
/* Takes the newest GUESSED_RECENT items of a history (item numbers, oldest first; ID_NONE is
 * skipped; weight 0: a dislike), each once. False: no version serves, or none of them has a factor;
 * nothing may be scored then. */
bool guessed_factors_begin(struct guessed_factors *guessed, const int32_t *items,
                           const float *weights, size_t count);
/* Scores an item: -1 to 1. False: nothing can be guessed. */
bool guessed_factors_score(struct guessed_factors *guessed, int32_t item, float *ret_score);

#endif
