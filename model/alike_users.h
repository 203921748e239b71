/* Alike users: scores of items by what users chose who act alike (user-user collaborative
 * filtering: Resnick and others, "GroupLens", CSCW 1994; neighbours as Breese, Heckerman, Kadie,
 * UAI 1998).
 *
 *     score_i = sum over neighbours v that acted on i of cosine(u, v)
 *
 * Neighbours are looked for among the users of a sample (user_sample.h): in the clusters nearest to
 * the user, at most ALIKE_LOOKED users; the ALIKE_NEAREST of them with the nearest vectors
 * (fold_in.h) are compared exactly: the cosine of what both acted on, over items that have a
 * factor. So the cost of a list does not grow with the number of users. Equal vectors stand in the
 * order of the sample. A pure function of the history and of the version of the clusters that
 * serves. Memory is reused from call to call. One thread.
 */
#ifndef FRESHET_MODEL_ALIKE_USERS_H
#define FRESHET_MODEL_ALIKE_USERS_H

#include "base/base.h"
#include "model/cluster_space.h"
#include "model/ids.h"

enum { ALIKE_LOOKED = 2048, ALIKE_NEAREST = 100 };

struct alike_users;

/* Makes it; borrows for its life the clusters, and the ids whose numbers it gives for items. Free
 * with alike_users_free(). */
struct alike_users *alike_users_new(struct cluster_space *space, const struct ids *ids);
/* Takes NULL; returns NULL. */
struct alike_users *alike_users_free(struct alike_users *alike);
/* Computes the scores for a history: the items of the actions, which may repeat, by their numbers
 * (ID_NONE is skipped), and what each counts (above 0, or it does not). Returns the items with a
 * score above 0, in no order, those of the history too; borrowed until the next call. */
size_t alike_users_find(struct alike_users *alike, const int32_t *items,
                        const float *strengths, size_t count, const int32_t **ret_items);
/* Returns the scores of these items, in the same order; borrowed as well. */
const float *alike_users_found(const struct alike_users *alike);
/* Returns an item's score of the last alike_users_find(); 0 when it has none. */
float alike_users_of(const struct alike_users *alike, int32_t item);
/* Returns how many of the neighbours acted on it. */
int32_t alike_users_voices(const struct alike_users *alike, int32_t item);

#endif
