/* Cross pairs: how many users who did one kind of action on an item did another kind on a second
 * one later (views -> purchases), beside how many did either.
 *
 * An action of kind P on item i, with its `pairs_window` predecessors x, adds for each pair K > P
 * of the rules and each other item q
 *
 *     both(K:q, P:i) += 1 if it is the first to come behind a K on q: some x is a K on q, and
 *                       no x is a P on i with a K on q among the x before it
 *     users(k:i)     += 1 for its own kind k, if no x is the same kind on the same item
 *
 * so that a user counts once for a pair, within the window. This is a function of the action and
 * its predecessors only, like all that a timeline adds (timeline.h): late actions, taking back,
 * forgetting and decay are exact. Actions of weight 0 count nothing. The log-likelihood ratio of
 * these counts (similarity.h) is the cross-occurrence of the Universal Recommender (P. Ferrel and
 * T. Dunning, "Correlated Cross-Occurrence"). There a user counts whatever came first; here the K
 * comes before the P.
 *
 * An item as the object of a kind has an id of its own, which begins with CROSS_MARK and a digit
 * for the kind. No item of a platform has such an id (`features` refuses them). So the counts
 * travel as those of other pairs: both() is the transition from K:q to P:i, users() the mass of
 * k:i.
 */
#ifndef FRESHET_MODEL_COUNTING_CROSS_RULES_H
#define FRESHET_MODEL_COUNTING_CROSS_RULES_H

#include "base/slice.h"

enum {
    CROSS_PAIRS_MAX = 4,
    CROSS_KINDS = 8,          /* kinds are below */
    CROSS_MARK = 0x1f,        /* ASCII's unit separator: ids from outside have no such byte */
    CROSS_ID_BYTES_MAX = 256, /* of the id with its mark; longer ones are not counted */
};

/* Users who did `from` on one item may do `to` on another. */
struct cross_rules {
    struct {
        int32_t from, to;
    } pairs[CROSS_PAIRS_MAX];
    int32_t count;
};

/* Reads "VIEW>PURCHASE,CART>PURCHASE"; "": none. `kind` finds a name's kind, below 0: there is
 * none. NULL, or what is wrong. */
const char *cross_rules_read(struct slice text, int32_t (*kind)(struct slice name),
                             struct cross_rules *ret_rules);
/* Writes an item's id as the object of a kind; an empty slice: it is too long. */
struct slice cross_id_write(int32_t kind, struct slice item,
                            char into[static CROSS_ID_BYTES_MAX]);
/* Says whether an id is of this form. */
bool cross_id_is(struct slice id);
/* Reads such an id; false: it is none. The item's id is borrowed from it. */
bool cross_id_read(struct slice id, int32_t *ret_kind, struct slice *ret_item);

#endif
