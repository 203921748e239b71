/* Broadcast inputs: tables that every copy reads whole, from the start, before it serves, and goes
 * on reading. Worker's thread.
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
    BROADCAST_UNSENT, /* a dead letter was not sent, or is lost: the batch must be taken back */
};

/* Makes it, without inputs. Free with broadcast_free(). */
struct broadcast *broadcast_new(const struct broadcast_parts *parts);
struct broadcast *broadcast_free(struct broadcast *broadcast);
/* Opens the worker's broadcast inputs; 0 or a negative wire_error, after which it may be called
 * again. */
int broadcast_open(struct broadcast *broadcast);
/* Reads and takes for a few milliseconds. */
enum broadcast_verdict broadcast_step(struct broadcast *broadcast);
/* What was sent may be lost: the records at hand are taken once more if dead letters were among
 * it. Takes NULL. */
void broadcast_forget(struct broadcast *broadcast);
/* True once every input has been read to the end it had at start. */
bool broadcast_loaded(const struct broadcast *broadcast);
/* True when an input has been read to the end that it has now. Asks the broker. */
bool broadcast_current(const struct broadcast *broadcast, int input);
/* True when there is something to read, now and then. */
bool broadcast_reads(const struct broadcast *broadcast);

#endif
