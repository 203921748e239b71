/* List id: names a list that was made for a user, so that events can say which list an item was
 * shown or taken from: `placement:generation:hash`.
 *
 * The hash (16 hex digits) is of the user, the placement, the generation, the input, the offsets of
 * the tables and rules, and as_of_ms; for a list without offsets, which was made for a request, of
 * its items, too. Placement and generation stand before it, so that whoever counts outcomes needs
 * the events alone. The base has an empty generation.
 */
#ifndef FRESHET_SCHEMAS_LIST_ID_H
#define FRESHET_SCHEMAS_LIST_ID_H

#include "schemas/recommendation_list.h"

/* The placement of a user's list without rules. */
#define LIST_ID_MAIN "main"

struct list_id {
    char text[LIST_ID_BYTES_MAX + 1];
    size_t size;
};

/* The ids of a list and its placements; a message borrows them. */
struct list_ids {
    struct list_id own, placements[LIST_PLACEMENTS_MAX];
    struct slice texts[LIST_PLACEMENTS_MAX];
};

/* Makes the id of one placement's list; the list is complete but for its ids. */
struct list_id list_id_make(const struct recommendation_list *list, struct slice placement);
/* Sets the ids of a list that is complete but for them; borrowed from `ids`. */
void list_ids_set(struct list_ids *ids, struct recommendation_list *list);
/* Finds placement and generation in an id, borrowed from it. False: it is none of ours. */
bool list_id_read(struct slice text, struct slice *ret_placement, struct slice *ret_generation);

#endif
