/* Lists: from a user's history to the list that is published.
 *
 * Counting alone (model/counting/ranking.h), or the model that leads in a mixture with the sequence
 * trainer's generation (candidates.h). A pure function of the history, the tables, the generation
 * and the mixture. All memory is kept from list to list. One thread.
 */
#ifndef FRESHET_SCORER_LISTS_H
#define FRESHET_SCORER_LISTS_H

#include "schemas/recommendation_list.h"
#include "schemas/user_history.h"
#include "scorer/content_scores.h"
#include "scorer/prediction_log.h"
#include "scorer/tables.h"
#include "scorer/vectors.h"

struct lists;

/* Makes a maker of lists over tables, vectors and content_scores (NULL: without; both: counting
 * alone), which must outlive it; free with lists_free(). The settings and the generation's name are
 * borrowed for as long. */
struct lists *lists_new(const struct scorer_settings *settings, struct tables *tables,
                        const struct vectors *vectors, struct content_scores *content_scores,
                        const char *generation);
/* Frees it; takes NULL; returns NULL. */
struct lists *lists_free(struct lists *lists);
/* Names the mixture that says who leads, for the lists to come; borrowed; NULL: counting does. */
void lists_blend(struct lists *lists, const struct mixture *mixture);
/* Looks at histories of which lists are about to be made, in this order (some may be left out), so
 * that the generation encodes them together: at most CANDIDATES_AHEAD, borrowed until then. */
void lists_ahead(struct lists *lists, const struct user_history *const *histories, size_t count);
/* Makes a user's list. What it holds is borrowed from the history, the settings, the tables and the
 * maker, until the next call. */
void lists_make(struct lists *lists, const struct user_history *history,
                struct recommendation_list *ret_list);
/* Borrows the numbers of the last list's items. */
const int32_t *lists_numbers(const struct lists *lists);
/* Borrows what the members said for the last list; NULL when there was but one. */
const struct prediction *lists_prediction(const struct lists *lists);
/* Names a contender of the mixture, as lists do in made_by. */
const char *lists_contender(int contender);
/* Says what is wrong with a history's columns: NULL, or a reason word for dead letters. */
const char *history_fault(const struct user_history *history);

#endif
