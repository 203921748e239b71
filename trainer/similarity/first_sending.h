/* First sending: all rows of a partition's state are sent to `serving-rows` once, by the first
 * owner whose local state does not say that this has been done, and again when a former owner's
 * rows have arrived behind ours: compaction would keep those.
 *
 * That is after an upgrade from a release without serving rows, and on a machine that has restored
 * the state from Kafka: there it is not known, and the rows are about a tenth of what was restored.
 * When all are acknowledged and a commit has followed, the local state says so.
 */
#ifndef FRESHET_TRAINER_SIMILARITY_FIRST_SENDING_H
#define FRESHET_TRAINER_SIMILARITY_FIRST_SENDING_H

#include "schemas/user_event.h"
#include "stream/output_watch.h"

/* A key; size 0: before all others. */
struct first_key {
    size_t size;
    char bytes[ID_BYTES_MAX];
};

/* Under a produce quota or on a slow link all rows together may not be delivered in time, and then
 * all would be sent again, for ever. So after commits that were not, they are sent in pieces
 * (run_deliverable_bytes()): the next one when the one before is acknowledged, or committed.
 *
 * The progress in one task. Embedded in the task's state; init with first_sending_open(). */
struct first_sending {
    bool noted; /* the local state says that all was sent */
    bool sent;  /* since the task was opened or rolled back */
    bool closed; /* what was sent is before the commit in flight */
    bool waits;  /* a piece was sent that may not be acknowledged yet */
    int64_t rows; /* sent so far */
    /* Where the next piece begins; where it did in the batch that is closed, and in that which was
     * committed last: all before that has arrived. */
    struct first_key next, flying, arrived;
    struct output_watch watch;
};

/* Asks the local state, and whether the output (its index and name) holds anything. */
void first_sending_open(struct first_sending *first, struct task *task, int output,
                        const char *name);
/* Looks whether others have written to the output; if so, all is to be sent. From `tick`. */
void first_sending_check(struct first_sending *first, struct task *task);
/* Says whether all rows must be sent now, before anything else is. */
static inline bool first_sending_due(const struct first_sending *first)
{
    return !first->noted && !first->sent;
}
/* Says whether a piece may be sent now. */
bool first_sending_ready(const struct first_sending *first, struct task *task);
/* Call when a piece was sent, with the key at which the next one begins. */
void first_sending_piece(struct first_sending *first, struct slice next);
/* Call when all rows were sent; when a batch is closed; when it is committed; when it is rolled
 * back. */
void first_sending_sent(struct first_sending *first);
void first_sending_closed(struct first_sending *first);
void first_sending_committed(struct first_sending *first, struct task *task);
void first_sending_rolled_back(struct first_sending *first);

#endif
