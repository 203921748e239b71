/* Brought changes: what the topic `candidates` says, and whose lists are to be made again for it.
 *
 * Broadcast records are read by no partition, so users wait in a ring until each partition has
 * looked for them. A partition that is slower than BROUGHT_WAITING_MAX changes makes all lists
 * again, as after a record for all users. One thread.
 */
#ifndef FRESHET_SCORER_BROUGHT_CHANGES_H
#define FRESHET_SCORER_BROUGHT_CHANGES_H

#include "scorer/lists/brought_items.h"
#include "scorer/lists/tables.h"
#include "scorer/standing_lists.h"
#include "stream/worker.h"

enum { BROUGHT_WAITING_MAX = 4096 };

struct brought_changes;

/* Makes it for a table, borrowed. Free with brought_changes_free(). */
struct brought_changes *brought_changes_new(struct run *run, struct brought_items *items);
/* Takes NULL; returns NULL. */
struct brought_changes *brought_changes_free(struct brought_changes *changes);
/* Takes a record of the topic. */
enum verdict brought_changes_take(struct brought_changes *changes, struct run *run,
                                  struct tables *tables, const struct record *rec);
/* Marks the lists of users whose items have changed since *seen, which it moves on; a partition
 * that is opened begins with brought_changes_now(). */
void brought_changes_mark(const struct brought_changes *changes, uint64_t *seen,
                          struct standing_lists *standing, struct tables *tables);
uint64_t brought_changes_now(const struct brought_changes *changes);

#endif
