/* Times and sizes of the Kafka client that cannot work with each other.
 *
 * Each is valid alone; together they would end in a copy that the group takes for dead, in messages
 * that expire before they are sent, or in librdkafka's own refusal, which names no remedy. What a
 * broker limits, it refuses itself (kafka.c has the hints).
 */
#ifndef FRESHET_STREAM_KAFKA_KAFKA_TIMEOUTS_H
#define FRESHET_STREAM_KAFKA_KAFKA_TIMEOUTS_H

#include "stream/config/options.h"

/* Returns what is wrong with the properties, and what to set (the caller frees), or NULL; the
 * properties may be NULL. Those that are not set have the values of kafka.c; the time of a
 * transaction is given, 0: there are none. */
char *kafka_timeouts_fault(const struct properties *properties, int64_t transaction_ms);
/* The same of commit.timeout.ms, which may not be shorter than a transaction. */
char *kafka_commit_timeout_fault(const struct properties *properties, int64_t transaction_ms,
                                 int64_t commit_timeout_ms);

#endif
