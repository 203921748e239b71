/* The real wire: librdkafka. The door to rdkafka.h.
 *
 * Works with Debian's 2.0.2: eager assignment with static membership, one transactional producer a
 * process (KIP-447), every error sorted by librdkafka's own questions (abortable, retriable,
 * fatal). See stream/kafka/wire.h for what each call means.
 */
#ifndef FRESHET_STREAM_KAFKA_KAFKA_H
#define FRESHET_STREAM_KAFKA_KAFKA_H

#include "stream/config/options.h"
#include "stream/kafka/wire.h"

struct kafka_identity {
    const char *bootstrap;  /* host:port,... */
    const char *group;      /* consumer group; NULL: no group member (command line tools) */
    const char *instance;   /* static member name; NULL: a dynamic member */
    const char *transactional; /* NULL: no transactional producer */
    const struct properties *properties; /* `kafka.*`, prefix taken off; may be NULL */
    int64_t fetch_bytes_max; /* most bytes prefetched by the group consumer, and by a reader */
};

/* Connects: sets up the handles, waits up to timeout_ms until a broker answers, and fences the
 * former owner of the transactional id. 0, or a negative wire_error with ret_why told (freed by the
 * caller). Close with wire_close(). */
int kafka_open(const struct kafka_identity *identity, int timeout_ms, struct wire **ret_wire,
               char **ret_why);

#endif
