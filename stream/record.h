/* One Kafka record, as read and as written. */
#ifndef FRESHET_STREAM_RECORD_H
#define FRESHET_STREAM_RECORD_H

#include "base/slice.h"

/* A record that was read. All bytes are borrowed until its batch is released. */
struct record {
    const char *topic; /* lives as long as the wire */
    int32_t partition;
    int64_t offset;
    int64_t time_ms; /* Kafka's timestamp; -1: none */
    struct slice key;
    struct slice value; /* data NULL: tombstone */
    bool unreadable;    /* nothing is known of it but its place: its batch cannot be unpacked */
    /* The wire's own, for record_header(). */
    int (*find_header)(const struct record *rec, const char *name, struct slice *ret_value);
    const void *message;
};

/* Reads a header, the last of that name, borrowed like the record's bytes. Only records that have
 * any cost something. 0 or -ENOENT. */
static inline int record_header(const struct record *rec, const char *name, struct slice *ret_value)
{
    return rec->find_header ? rec->find_header(rec, name, ret_value) : -ENOENT;
}

struct header {
    const char *name;
    struct slice value;
};

enum { PARTITION_BY_KEY = -1 };

/* The header of a dead letter that came without its value, or even its key, because its topic does
 * not take as much. */
#define HEADER_TRUNCATED "truncated"

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
