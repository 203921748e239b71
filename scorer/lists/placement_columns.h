/* Placement columns: the columns of a message that has lists of placements (recommendation_list.h).
 * One thread.
 */
#ifndef FRESHET_SCORER_LISTS_PLACEMENT_COLUMNS_H
#define FRESHET_SCORER_LISTS_PLACEMENT_COLUMNS_H

#include "scorer/lists/tables.h"

enum { PLACEMENT_NUMBERS_MAX = LIST_ITEMS_MAX + LIST_PLACES_MAX };

/* Finds the numbers of all items on a list and its placements, at most PLACEMENT_NUMBERS_MAX; an
 * item may come several times. */
size_t placement_columns_numbers(struct tables *tables, const struct recommendation_list *list,
                                 int32_t *ret_numbers);
/* Takes items that are barred off the placements, and moves the others up. A message whose columns
 * do not fit each other loses all of them. */
void placement_columns_strip(const struct tables *tables, struct recommendation_list *list);
/* Takes the items off the list itself, in place, that may not be recommended. */
void lists_take_off_barred(const struct tables *tables, struct recommendation_list *list);
/* Where the list of a placement stands among the columns. */
struct placement_range {
    size_t placement;                     /* its place among the names */
    size_t from, count;                   /* of placement_items */
    size_t removals_from, removals_count; /* of removal_items */
};
/* Finds a placement's list. False: the message has none of this name, or its columns do not fit. */
bool placement_columns_find(const struct recommendation_list *list, struct slice name,
                            struct placement_range *ret_range);
/* Says whether a reader would see no difference between the placements of two lists. */
bool placement_columns_same(const struct recommendation_list *a,
                            const struct recommendation_list *b);

#endif
