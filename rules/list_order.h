/* Candidates of a cut (list_cut.h), their relevance before boosts, and their order by relevance:
 * the greatest first, equal ones as they come. */
#ifndef FRESHET_RULES_LIST_ORDER_H
#define FRESHET_RULES_LIST_ORDER_H

#include "base/base.h"

enum cut_origin {
    CUT_RANKED, /* score is what the leading model says */
    CUT_REPEAT, /* the user has had it; score is on the scale of the ranked ones */
    CUT_FILLED, /* a trending or popular item; in their order */
    CUT_NEW,    /* one of the newest items; in their order: the best for the user first */
    CUT_NAMED,  /* a pin names it */
    CUT_ORIGINS,
};

struct cut_candidate {
    int32_t item;
    float score;
    enum cut_origin origin;
};

/* Finds the relevance of ranked candidates from their scores, of all others from their order. */
void list_relevance(const struct cut_candidate *candidates, size_t count, double *ret_relevance);
/* Sorts the numbers 0 ... count - 1 by relevance. */
void list_order(const double *relevance, size_t count, uint32_t *ret_order);

#endif
