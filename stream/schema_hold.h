/* Schema hold: a record whose schema is not known yet waits, and with it its partition, or all
 * broadcast inputs. Worker's thread.
 */
#ifndef FRESHET_STREAM_SCHEMA_HOLD_H
#define FRESHET_STREAM_SCHEMA_HOLD_H

#include "stream/task_list.h"

struct schema_hold;

/* Borrows the parts. Free with schema_hold_free(). */
struct schema_hold *schema_hold_new(struct env *env, struct task_list *tasks,
                                    struct schema_source *source);
struct schema_hold *schema_hold_free(struct schema_hold *hold);
/* Holds a partition at a record that was refused with VERDICT_NO_SCHEMA; false: its schema is not
 * available, so the record is a dead letter. */
bool schema_hold_task(struct schema_hold *hold, struct task *task, const struct record *rec);
/* Says whether the broadcast inputs must wait at such a record. */
bool schema_hold_broadcast(struct schema_hold *hold, const struct record *rec);
/* Call when the broadcast inputs have gone on. */
void schema_hold_broadcast_over(struct schema_hold *hold);
/* Resumes partitions that need not be held any longer. */
void schema_hold_step(struct schema_hold *hold);
/* True when a schema was requested a moment ago: polls should be short, to see the answer soon. */
bool schema_hold_hurries(const struct schema_hold *hold);

#endif
