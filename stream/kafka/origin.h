/* A record's origin: the topic, partition and offset at which it was first written.
 *
 * For most records this is where they are. A dead letter that was redriven (`freshet redrive`) has
 * a new offset and names its origin in headers, so that an id made of the origin stays the same.
 * Whoever may write to a topic can write such headers, too. So they count only for records of which
 * the topic `redrives` holds the digest (origin_digest()), which only `freshet redrive` writes.
 *
 * A dead letter has the same headers, after `reason`, `message` and `worker`. The sender's own
 * headers come first, unchanged.
 */
#ifndef FRESHET_STREAM_KAFKA_ORIGIN_H
#define FRESHET_STREAM_KAFKA_ORIGIN_H

#include "base/digest.h"
#include "stream/kafka/record.h"

#define ORIGIN_TOPIC "origin.topic"
#define ORIGIN_PARTITION "origin.partition"
#define ORIGIN_OFFSET "origin.offset"
#define ORIGIN_TIMESTAMP "origin.timestamp" /* Kafka's, ms; -1: none */
#define ORIGIN_REDRIVEN "redriven" /* how often it was redriven; absent: never */

enum { ORIGIN_TOPIC_BYTES_MAX = 249, ORIGIN_HEADERS = 5, ORIGIN_NUMBER_BYTES = 24,
       ORIGIN_DIGEST_BYTES = 16 };

struct origin {
    char topic[ORIGIN_TOPIC_BYTES_MAX + 1];
    int32_t partition;
    int64_t offset;
    int64_t time_ms;
    int64_t redriven;
};

/* The bytes of an origin's headers that are numbers. */
struct origin_headers {
    char numbers[ORIGIN_HEADERS - 1][ORIGIN_NUMBER_BYTES];
};

/* Reads the origin from the headers of a dead letter or a redriven record; false when they have
 * none or an invalid one. Of a source's record it is only a claim. */
bool origin_read(const struct record *rec, struct origin *ret_origin);
/* Returns where a record is. */
void origin_here(const struct record *rec, struct origin *ret_origin);
/* True when a record claims to have been redriven. */
bool origin_redriven(const struct record *rec);
/* Returns the number of the sender's own headers of a redriven record: those before its origin. */
size_t origin_senders_headers(const struct record *rec);
/* Writes an origin's headers (at most ORIGIN_HEADERS); they borrow from the origin and from texts.
 * Returns how many. */
size_t origin_write(const struct origin *origin, struct origin_headers *texts,
                    struct header *ret_headers);

/* Computes the digest by which `redrives` names a redriven record: of its topic, key, value and
 * headers. ORIGIN_DIGEST_BYTES of SHA-256; false: its headers cannot be read. */
bool origin_digest(struct digest *digest, const struct record *rec, unsigned char *ret_bytes);

#endif
