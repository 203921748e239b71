/* The wire to a real broker, on librdkafka. wire.h says what each call does.
 *
 * It works with Debian's librdkafka 2.0.2: eager assignment with static membership, one
 * transactional producer a process (KIP-447). Errors are classified by librdkafka's own flags
 * (fatal, abortable, retriable).
 */
#ifndef FRESHET_STREAM_KAFKA_KAFKA_H
#define FRESHET_STREAM_KAFKA_KAFKA_H

#include "stream/config/options.h"
#include "stream/kafka/wire.h"

struct kafka_identity {
    const char *bootstrap;  /* host:port,... */
    const char *group;      /* consumer group; NULL: none (command line tools) */
    const char *instance;   /* the copy's name, for member_name.h; NULL: a dynamic member */
    const char *transactional; /* transactional.id; NULL: no transactional producer */
    int64_t transaction_ms;    /* after which a broker ends a transaction; 0: 10 s */
    const struct properties *properties; /* options `kafka.*`, without the prefix; may be NULL */
    int request_ms; /* of requests for metadata, log ends and offsets of groups; 0: 15 s */
    int64_t fetch_bytes_max; /* most bytes prefetched by the group member, and by each reader */
    /* Is told why no broker answers yet: at once when a connection is refused, after 3 s when
     * nothing is heard, and then every 10 s. NULL: nobody is. */
    void (*waiting)(void *arg, const char *why);
    void *waiting_arg;
};

/* Makes the handles, waits up to timeout_ms for a broker's answer, and fences the former owner of
 * the transactional id. Properties are checked first (kafka_properties.h). 0, or a negative
 * wire_error with the reason in ret_why, which the caller frees: WIRE_RETRY when no broker
 * answered, WIRE_ABORTED when transactions could not begin (their coordinator was reached and
 * did not answer, or another process has begun since), so another start may work. Close with
 * wire_close(). */
int kafka_open(const struct kafka_identity *identity, int timeout_ms, struct wire **ret_wire,
               char **ret_why);

#endif
