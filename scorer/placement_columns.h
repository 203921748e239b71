/* Placement columns: what remaking needs of the lists that rules have made (recommendation_list.h).
 * One thread.
 */
#ifndef FRESHET_SCORER_PLACEMENT_COLUMNS_H
#define FRESHET_SCORER_PLACEMENT_COLUMNS_H

#include "scorer/lists/tables.h"

enum { PLACEMENT_NUMBERS_MAX = LIST_ITEMS_MAX + LIST_PLACES_MAX };

/* Finds the numbers of all items on a list and its placements, at most PLACEMENT_NUMBERS_MAX; an
 * item may come several times. */
size_t placement_columns_numbers(struct tables *tables, const struct recommendation_list *list,
                                 int32_t *ret_numbers);
/* Takes items that are barred off the placements, and moves the others up. A message whose columns
 * do not fit each other loses all of them. */
void placement_columns_strip(const struct tables *tables, struct recommendation_list *list);
/* Says whether a reader would see no difference between the placements of two lists. */
bool placement_columns_same(const struct recommendation_list *a,
                            const struct recommendation_list *b);

#endif
