/* Ledger: who had what and how it was rated, as one list a number, in the order of arrival.
 *
 * The same shape serves both sides: a user's items, or an item's users. Lists grow with what is
 * added and are never shortened. One thread.
 */
#ifndef FRESHET_MODEL_LEDGER_H
#define FRESHET_MODEL_LEDGER_H

#include "base/base.h"

struct ledger_entry {
    int32_t other;
    float rating;
};

struct ledger;

/* Makes `count` empty lists; free with ledger_free(). */
struct ledger *ledger_new(int32_t count);
/* Frees it; takes NULL; returns NULL. */
struct ledger *ledger_free(struct ledger *ledger);
/* Adds to list `at`. */
void ledger_add(struct ledger *ledger, int32_t at, int32_t other, float rating);
/* Borrows list `at` until the next add to it. */
const struct ledger_entry *ledger_of(const struct ledger *ledger, int32_t at, size_t *ret_count);
/* Sums the ratings of list `at`. */
double ledger_sum(const struct ledger *ledger, int32_t at);
/* Says whether `item` is one of `count` items: what is had twice is learned once. */
bool ledger_had(const int32_t *items, size_t count, int32_t item);

#endif
