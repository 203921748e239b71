/* A scan: reads every record of a topic from the start to its present end, or without end. */
#ifndef FRESHET_CLI_SCAN_H
#define FRESHET_CLI_SCAN_H

#include "stream/kafka/wire.h"

/* Calls `each` for every record of all partitions (or one: partition >= 0); it returns true to go
 * on. Ends at the log ends found at the beginning, or never with follow. 0, or a negative
 * wire_error. */
int scan_topic(struct wire *wire, const char *topic, int32_t partition, bool follow,
               bool (*each)(void *arg, const struct record *rec), void *arg);

/* The same for one partition from an offset to an end; may read records beyond the end. */
int scan_range(struct wire *wire, const char *topic, int32_t partition, int64_t from, int64_t end,
               bool (*each)(void *arg, const struct record *rec), void *arg);
/* Says whether there is a record between two offsets, or may still be one, because a transaction is
 * open or its marker has not arrived. The offsets alone do not show that: transaction markers take
 * offsets, too, and readers do not get them. */
int scan_finds(struct wire *wire, const char *topic, int32_t partition, int64_t from, int64_t to,
               bool *ret_found);
/* Like scan_topic() for all partitions, but only from the first record at or after a time (Kafka's
 * timestamps). */
int scan_since(struct wire *wire, const char *topic, int64_t since_ms,
               bool (*each)(void *arg, const struct record *rec), void *arg);
/* Calls `each` for every record from these offsets on, without end, until it returns false. 0, or a
 * negative wire_error. */
int scan_follow(struct wire *wire, const struct topic_partition *at, size_t count,
                bool (*each)(void *arg, const struct record *rec), void *arg);

#endif
