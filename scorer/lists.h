/* Lists: from a user's history to the list that is published.
 *
 * A pure function of the history and the tables. All memory is kept from list to list. One thread.
 */
#ifndef FRESHET_SCORER_LISTS_H
#define FRESHET_SCORER_LISTS_H

#include "schemas/recommendation_list.h"
#include "schemas/user_history.h"
#include "scorer/tables.h"

struct lists;

/* Makes a maker of lists over tables, which must outlive it; free with lists_free(). The settings
 * and the generation's name are borrowed for as long. */
struct lists *lists_new(const struct scorer_settings *settings, struct tables *tables,
                        const char *generation);
/* Frees it; takes NULL; returns NULL. */
struct lists *lists_free(struct lists *lists);
/* Makes a user's list. What it holds is borrowed from the history, the settings, the tables and the
 * maker, until the next call. */
void lists_make(struct lists *lists, const struct user_history *history,
                struct recommendation_list *ret_list);
/* Says what is wrong with a history's columns: NULL, or a reason word for dead letters. */
const char *history_fault(const struct user_history *history);

#endif
