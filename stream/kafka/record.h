/* One Kafka record, as read and as written. */
#ifndef FRESHET_STREAM_KAFKA_RECORD_H
#define FRESHET_STREAM_KAFKA_RECORD_H

#include "base/slice.h"

enum {
    /* Most headers of a sender that are read, and most bytes of their names and values. */
    HEADERS_MAX = 128,
    HEADERS_BYTES_MAX = 64 << 10,
};

struct header {
    const char *name;
    struct slice value; /* data NULL: null */
};

struct record;

/* Reads a record's headers, in the order in which they were written. They are parsed only on
 * demand. */
struct header_source {
    size_t (*count)(const struct record *rec); /* SIZE_MAX: they cannot be read */
    int (*at)(const struct record *rec, size_t index, struct header *ret_header);
};

/* A record that was read. Its bytes are borrowed until its batch is released; those of its headers
 * only until the headers of another record are read. */
struct record {
    const char *topic; /* lives as long as the wire */
    int32_t partition;
    int32_t headers_hidden; /* number of last headers to hide: they are not the sender's */
    int64_t offset;
    int64_t time_ms; /* Kafka's timestamp; -1: none */
    struct slice key;
    struct slice value; /* data NULL: tombstone */
    bool unreadable; /* its batch cannot be unpacked: only topic, partition, offsets are set */
    int64_t unreadable_from; /* then: it stands for all records from this offset on */
    const struct header_source *headers; /* NULL: none */
    const void *message;                 /* private to the source */
};

/* Headers in memory: the `message` of a record whose source is listed_headers. */
struct header_list {
    const struct header *at;
    size_t count;
};
extern const struct header_source listed_headers;

/* Returns the number of headers, without the hidden ones. */
size_t record_headers_count(const struct record *rec);
/* Returns one of them; 0 or -ENOENT. */
int record_header_at(const struct record *rec, size_t index, struct header *ret_header);
/* Reads the last header of a name. Costs nothing for a record without headers. 0 or -ENOENT. */
int record_header(const struct record *rec, const char *name, struct slice *ret_value);
/* Returns the number of headers before the last one of a name; of all when there is none. */
size_t record_headers_before(const struct record *rec, const char *name);
/* Reads the first `count` headers; ret_at has room for HEADERS_MAX. 0, or -E2BIG past a limit. */
int record_headers_read(const struct record *rec, size_t count, struct header *ret_at);

enum { PARTITION_BY_KEY = -1 };

/* Headers of dead letters. The sender's own come first, unchanged; those of the dead letter begin
 * with the last header named `reason`. */
#define HEADER_REASON "reason"
/* The dead letter does not hold the whole record. `truncated`: the record was too large for the
 * topic, its headers were past the limits, or its batch could not be unpacked. `withheld`: the
 * worker's configuration keeps the bytes back. */
#define HEADER_TRUNCATED "truncated"
#define HEADER_WITHHELD "withheld"

/* A record to write. The call that takes it copies the bytes. */
struct message {
    const char *topic;
    int32_t partition; /* PARTITION_BY_KEY: by murmur2 of the key, as Java clients do */
    int64_t time_ms;   /* 0: now */
    struct slice key;
    struct slice value;
    const struct header *headers;
    size_t headers_count;
};

#endif
