/* The newest records of a topic, as lines: `freshet peek --last N`.
 *
 * Offsets alone do not say where the newest N records begin: markers of transactions and deleted
 * records take offsets, too. So each partition is read from N offsets before its end, and from four
 * times as many until N records are found or its first one is reached.
 */
#ifndef FRESHET_CLI_NEWEST_H
#define FRESHET_CLI_NEWEST_H

#include "base/buf.h"
#include "stream/kafka/wire.h"

enum { NEWEST_MAX = 100000 };

struct newest_line {
    int64_t time_ms;
    int32_t partition;
    int64_t offset;
    char *text;
    size_t size;
};

/* What makes a record's line. */
struct newest_lines {
    /* Appends the line; false: the record is not selected. */
    bool (*put)(void *arg, const struct record *rec, struct buf *out);
    void *arg;
};

struct newest {
    struct newest_line *lines; /* the oldest first */
    size_t count;
};

/* Where a partition's window begins that had `found` of the `wanted` records: OFFSET_NONE when it
 * need not grow. */
int64_t newest_widen(int64_t low, int64_t from, int64_t end, size_t found, size_t wanted);
/* Reads the newest `wanted` records (at most NEWEST_MAX) before these ends, which bound one
 * partition each. 0, or a negative wire_error. Release with newest_release(). */
int newest_read(struct newest *newest, struct wire *wire, const struct topic_partition *ends,
                size_t count, size_t wanted, const struct newest_lines *source);
void newest_release(struct newest *newest);

#endif
