/* The order of candidates: greater relevance first, equal ones as they come. */
#ifndef FRESHET_RULES_LIST_ORDER_H
#define FRESHET_RULES_LIST_ORDER_H

#include "base/base.h"

/* Sorts the numbers 0 ... count - 1 by relevance. */
void list_order(const double *relevance, size_t count, uint32_t *ret_order);

#endif
