/* Search trials: the beginnings of lists with and without a user's newest search (searched_tops),
 * kept until the user acts, so that the mixture learns which are better.
 *
 * A cache of fixed size with one place per hash, made with the first one: a user may overwrite
 * another one, whose lists then teach nothing. One thread.
 */
#ifndef FRESHET_SCORER_SEARCH_TRIALS_H
#define FRESHET_SCORER_SEARCH_TRIALS_H

#include "scorer/lists/lists.h"

enum { SEARCH_TRIALS_MAX = 4096 };

struct search_trial {
    uint64_t user; /* fingerprint */
    int32_t partition; /* of the input that the list was built from, */
    int64_t offset;    /* and where */
    struct searched_tops tops;
};

struct search_trials {
    struct search_trial *at; /* SEARCH_TRIALS_MAX; NULL: there was none yet */
};

/* Frees the memory; init with zeros. */
void search_trials_release(struct search_trials *trials);
/* Keeps those of a list that was made from a history; NULL: there are none. */
void search_trials_keep(struct search_trials *trials, const struct user_history *history,
                        const struct searched_tops *tops);
/* Lets a mixture learn from the action that followed a list. False when there is no such action, it
 * is a dislike, or nothing is kept of the list. */
bool search_trials_learn(struct search_trials *trials, struct mixture *mixture,
                         const struct ids *ids, const struct recommendation_list *list,
                         const struct user_history *history);

#endif
