/* Served places: sends the drawn places of lists that are made to `served`.
 *
 * A list that is made again after a crash has another list_id if anything in it may differ, so a
 * record can be repeated, but says the same: they are sent at once, like the lists. Lists of every
 * generation have theirs, as a trial may show them. One thread.
 */
#ifndef FRESHET_SCORER_SERVED_PLACES_H
#define FRESHET_SCORER_SERVED_PLACES_H

#include "scorer/lists/lists.h"
#include "stream/worker.h"

struct served_places;

/* Makes it for an output; free with served_places_free(). */
struct served_places *served_places_new(struct run *run, int output);
/* Takes NULL; returns NULL. */
struct served_places *served_places_free(struct served_places *places);
/* Sends the drawn places of the list that was made last, which has its ids. Takes NULL. */
void served_places_send(struct served_places *places, struct task *task, struct lists *lists,
                        const struct recommendation_list *list);

#endif
