/* One Kafka record, as read and as written. */
#ifndef FRESHET_STREAM_KAFKA_RECORD_H
#define FRESHET_STREAM_KAFKA_RECORD_H

#include "base/slice.h"

enum {
    /* What is read of a sender's headers: so many, of so many bytes (names and values). */
    HEADERS_MAX = 128,
    HEADERS_BYTES_MAX = 64 << 10,
};

struct header {
    const char *name;
    struct slice value; /* data NULL: null */
};

struct record;

/* How headers are told, in the order in which they were written. They are looked at when somebody
 * asks, and not before. */
struct header_source {
    size_t (*count)(const struct record *rec); /* SIZE_MAX: more than can be read */
    int (*at)(const struct record *rec, size_t index, struct header *ret_header);
};

/* A record that was read. All bytes are borrowed until its batch is released, those of headers
 * until the headers of another record are asked for. */
struct record {
    const char *topic; /* lives as long as the wire */
    int32_t partition;
    int32_t headers_hidden; /* so many of the last headers are none of the sender's */
    int64_t offset;
    int64_t time_ms; /* Kafka's timestamp; -1: none */
    struct slice key;
    struct slice value; /* data NULL: tombstone */
    bool unreadable;    /* nothing is known of it but its place: its batch cannot be unpacked */
    const struct header_source *headers; /* NULL: none */
    const void *message;                 /* the source's own */
};

/* Headers that lie in memory: the `message` of a record whose source is listed_headers. */
struct header_list {
    const struct header *at;
    size_t count;
};
extern const struct header_source listed_headers;

/* Counts the headers, without the hidden ones. */
size_t record_headers_count(const struct record *rec);
/* Tells one of them; 0 or -ENOENT. */
int record_header_at(const struct record *rec, size_t index, struct header *ret_header);
/* Reads a header, the last of that name. Only records that have any cost something. 0 or -ENOENT.
 */
int record_header(const struct record *rec, const char *name, struct slice *ret_value);
/* Counts the headers before the last one of that name; all of them when there is none. */
size_t record_headers_before(const struct record *rec, const char *name);
/* Reads the first `count` headers; ret_at has room for HEADERS_MAX. 0, or -E2BIG beyond the limits.
 */
int record_headers_read(const struct record *rec, size_t count, struct header *ret_at);

enum { PARTITION_BY_KEY = -1 };

/* Headers of dead letters. The sender's own stand first, as they came; the letter's begin with the
 * reason, the last of that name. */
#define HEADER_REASON "reason"
/* Not all of the record is in the letter: its topic does not take as much, or its headers are
 * beyond the limits. */
#define HEADER_TRUNCATED "truncated"
#define HEADER_WITHHELD "withheld"

/* A record to write. The bytes are copied by the call that takes it. */
struct message {
    const char *topic;
    int32_t partition; /* PARTITION_BY_KEY: murmur2 of the key, as Java clients do */
    int64_t time_ms;   /* 0: now */
    struct slice key;
    struct slice value;
    const struct header *headers;
    size_t headers_count;
};

#endif
