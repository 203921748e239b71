/* Broadcast inputs: tables that every copy of a worker reads from the start before it serves, and
 * keeps reading. Worker's thread.
 */
#ifndef FRESHET_STREAM_BROADCAST_H
#define FRESHET_STREAM_BROADCAST_H

#include "stream/commit.h"
#include "stream/dead_letter.h"
#include "stream/schema_hold.h"

struct broadcast;

/* What a broadcast needs of the run; all borrowed. */
struct broadcast_parts {
    struct env *env;
    struct at_once *at_once;
    struct commit *commit;
    struct dead_letters *letters;
    struct schema_hold *hold;
};

enum broadcast_verdict {
    BROADCAST_GOES_ON,
    BROADCAST_UNSENT, /* a dead letter was not sent, or is lost: the run must roll back */
};

/* Makes it without opening inputs. Free with broadcast_free(). */
struct broadcast *broadcast_new(const struct broadcast_parts *parts);
struct broadcast *broadcast_free(struct broadcast *broadcast);
/* Opens the worker's broadcast inputs; 0 or a negative wire_error, after which it may be called
 * again. */
int broadcast_open(struct broadcast *broadcast);
/* Reads and processes records for a few milliseconds. */
enum broadcast_verdict broadcast_step(struct broadcast *broadcast);
/* Updates the lag of the tables; logs when one stands still. Call every 100 ms or so. */
void broadcast_watch(struct broadcast *broadcast);
/* True when broadcast_watch() found everything read. */
bool broadcast_at_rest(const struct broadcast *broadcast);
/* Messages may be lost (a rollback): the pending records are processed again if dead letters about
 * them were sent. Takes NULL. */
void broadcast_forget(struct broadcast *broadcast);
/* True once every input has been read to the end it had at start. */
bool broadcast_loaded(const struct broadcast *broadcast);
/* True when an input has been read to its present end. Asks the broker. */
bool broadcast_current(const struct broadcast *broadcast, int input);
/* True when there are records to read. Checks only from time to time. */
bool broadcast_reads(const struct broadcast *broadcast);

#endif
