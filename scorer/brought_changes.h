/* Brought changes: what the topic `candidates` says, and whose lists are to be made again for it.
 * One thread.
 */
#ifndef FRESHET_SCORER_BROUGHT_CHANGES_H
#define FRESHET_SCORER_BROUGHT_CHANGES_H

#include "scorer/changed_users.h"
#include "scorer/lists/brought_items.h"
#include "stream/worker.h"

struct brought_changes;

/* Makes it for a table; borrows both for its life. Free with brought_changes_free(). */
struct brought_changes *brought_changes_new(struct run *run, struct brought_items *items,
                                            struct changed_users *changed);
/* Takes NULL; returns NULL. */
struct brought_changes *brought_changes_free(struct brought_changes *changes);
/* Takes a record of the topic. */
enum verdict brought_changes_take(struct brought_changes *changes, struct run *run,
                                  struct tables *tables, const struct record *rec);

#endif
