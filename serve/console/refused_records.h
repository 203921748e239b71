/* The newest dead letters, for the console: at most REFUSED_RECORDS_KEPT, each cut short. */
#ifndef FRESHET_SERVE_CONSOLE_REFUSED_RECORDS_H
#define FRESHET_SERVE_CONSOLE_REFUSED_RECORDS_H

#include "base/buf.h"
#include "stream/kafka/record.h"

enum { REFUSED_RECORDS_KEPT = 500, REFUSED_HEADERS = 24, REFUSED_TEXT_BYTES = 256 };

/* A text of outside, or the first bytes of one. */
struct refused_text {
    char data[REFUSED_TEXT_BYTES];
    size_t size, whole; /* whole: before it was cut */
    bool null;
};

struct refused_record {
    int64_t time_ms, offset;
    int32_t partition;
    struct refused_text reason, message, key, value;
    size_t headers_count;
    struct refused_text names[REFUSED_HEADERS], values[REFUSED_HEADERS];
};

struct refused_records;

/* Makes an empty one; free with refused_records_free(). */
struct refused_records *refused_records_new(void);
struct refused_records *refused_records_free(struct refused_records *letters);
/* Copies a record of `dead-letters`; the oldest one goes when there are too many. */
void refused_records_put(struct refused_records *letters, const struct record *rec);
/* Calls with each letter, newest first, while the letters are locked. */
void refused_records_each(struct refused_records *letters,
                          void (*take)(void *arg, const struct refused_record *letter), void *arg);

#endif
