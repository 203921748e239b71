/* Where a record first stood. Usually its own place; one that was sent round again after it had
 * been refused (`freshet redrive`) stands at a new place and names the first one in its headers, so
 * that an id made of the origin stays the same.
 *
 * A dead letter has the same headers, behind `reason`, `message`, `worker`. The sender's own
 * headers stand before all of these, as they came.
 */
#ifndef FRESHET_STREAM_KAFKA_ORIGIN_H
#define FRESHET_STREAM_KAFKA_ORIGIN_H

#include "stream/kafka/record.h"

#define ORIGIN_TOPIC "origin.topic"
#define ORIGIN_PARTITION "origin.partition"
#define ORIGIN_OFFSET "origin.offset"
#define ORIGIN_TIMESTAMP "origin.timestamp" /* Kafka's, ms; -1: none */
#define ORIGIN_REDRIVEN "redriven" /* how often it has been sent round again; absent: never */

enum { ORIGIN_TOPIC_BYTES_MAX = 249, ORIGIN_HEADERS = 5, ORIGIN_NUMBER_BYTES = 24 };

struct origin {
    char topic[ORIGIN_TOPIC_BYTES_MAX + 1];
    int32_t partition;
    int64_t offset;
    int64_t time_ms;
    int64_t redriven;
};

/* The texts of an origin's headers. */
struct origin_headers {
    char numbers[ORIGIN_HEADERS - 1][ORIGIN_NUMBER_BYTES];
};

/* Reads the origin in the headers of a dead letter or a redriven record; false when they name none,
 * or none that can be. */
bool origin_read(const struct record *rec, struct origin *ret_origin);
/* Tells where a record first stood: by its headers if it was sent round again, else its place. */
void origin_of(const struct record *rec, struct origin *ret_origin);
/* Says whether a record was sent round again. */
bool origin_redriven(const struct record *rec);
/* Counts the headers that are the sender's own, which stand first: all, but of a record that was
 * sent round again those before its origin. */
size_t origin_senders_headers(const struct record *rec);
/* Writes an origin's headers (at most ORIGIN_HEADERS); they borrow from the origin and from texts.
 * Returns how many. */
size_t origin_write(const struct origin *origin, struct origin_headers *texts,
                    struct header *ret_headers);

#endif
