/* Dead letters for `freshet redrive` and `freshet status`: read from their headers, filtered,
 * counted by reason, and sent in transactions. */
#ifndef FRESHET_CLI_DEAD_LETTERS_DEAD_LETTERS_H
#define FRESHET_CLI_DEAD_LETTERS_DEAD_LETTERS_H

#include "stream/kafka/origin.h"
#include "stream/kafka/wire.h"

enum {
    DEAD_LETTER_REASONS_MAX = 32,
    DEAD_LETTER_REASON_BYTES_MAX = 64,
    DEAD_LETTER_OTHERS_MAX = 12,
};

/* Which dead letters are selected; empty: all. */
struct dead_letter_filter {
    const char *reasons[DEAD_LETTER_REASONS_MAX];
    size_t reasons_count;
    int64_t since_ms; /* 0: from the first; for the scan */
    int64_t until_ms;
    const char *topic; /* of the origin; NULL: any */
    /* What was read: */
    int64_t selected, passed_over;
    /* Reasons of the latter. */
    char others[DEAD_LETTER_OTHERS_MAX][DEAD_LETTER_REASON_BYTES_MAX + 1];
    size_t others_count;
};

/* One dead letter; key, value and the sender's headers are borrowed like a record's. */
struct dead_letter {
    int32_t partition; /* of dead-letters */
    int64_t offset;
    char reason[DEAD_LETTER_REASON_BYTES_MAX + 1];
    struct origin origin;
    bool movable;       /* may be appended to its topic, which is not a table */
    bool without_bytes; /* truncated or withheld */
    struct slice key;
    struct slice value;
    const struct record *rec; /* whose first headers_count headers are the sender's */
    size_t headers_count;
};

/* Reads a time: 2026-05-01T12:00:00Z, 2026-05-01, or a time before now (90s, 30m, 2h, 7d). */
bool dead_letter_time(const char *text, int64_t *ret_ms);
/* Reads a dead letter; false when the filter does not select it or the record is no dead letter.
 * What its headers say is not verified: whoever may write to `dead-letters` may have written it. */
bool dead_letter_read(const struct record *rec, struct dead_letter_filter *filter,
                      struct dead_letter *ret_letter);
/* Says whether the records of two dead letters came from the same partition. */
bool dead_letter_same_partition(const struct dead_letter *a, const struct dead_letter *b);

/* ---- Dead letters without their bytes, kept for later ---- */

struct dead_letter_list {
    struct dead_letter *at;
    size_t count;
    size_t capacity;
};

void dead_letter_list_add(struct dead_letter_list *list, const struct dead_letter *letter);
/* Sorts by the origin of the records. */
void dead_letter_list_sort(struct dead_letter_list *list);
void dead_letter_list_release(struct dead_letter_list *list);

/* ---- Counting by reason ---- */

struct dead_letter_count {
    char reason[DEAD_LETTER_REASON_BYTES_MAX + 1];
    int64_t kept;
    int64_t sent_before;
    int64_t chosen;
    int64_t left; /* of tables: not sent again, the next record of the key replaces them */
};

struct dead_letter_counts {
    struct dead_letter_count *at;
    size_t count;
};

/* Finds or adds the count of a reason; until the next call. */
struct dead_letter_count *dead_letter_counts_of(struct dead_letter_counts *counts,
                                                const char *reason);
/* Prints the table. */
void dead_letter_counts_print(const struct dead_letter_counts *counts, bool dry);
void dead_letter_counts_release(struct dead_letter_counts *counts);

/* ---- Sending ---- */

struct dead_letter_batch;

/* Makes an empty batch; free with dead_letter_batch_free(). `to`: a topic for all records; NULL:
 * each is sent to its origin. */
struct dead_letter_batch *dead_letter_batch_new(const char *to);
struct dead_letter_batch *dead_letter_batch_free(struct dead_letter_batch *batch);
/* Adds a dead letter with its record; the bytes are copied. partitions: of its origin's topic. */
void dead_letter_batch_add(struct dead_letter_batch *batch, const struct dead_letter *letter,
                           int32_t partitions);
/* Says whether the batch must be sent before more is added. */
bool dead_letter_batch_full(const struct dead_letter_batch *batch);
size_t dead_letter_batch_count(const struct dead_letter_batch *batch);
/* Sends a part of the batch and, in the same transaction, marks with the offsets of its dead
 * letters. 0, or a negative wire_error: nothing of the part was sent. */
int dead_letter_batch_send(struct dead_letter_batch *batch, size_t from, size_t count,
                           struct wire *wire, const char *marks_topic);
/* Returns one dead letter of the batch: its partition, offset, reason and origin only. */
const struct dead_letter *dead_letter_batch_at(const struct dead_letter_batch *batch, size_t index);
/* Empties the batch. */
void dead_letter_batch_clear(struct dead_letter_batch *batch);
/* Returns the number of dead letters sent so far. */
int64_t dead_letter_batch_sent(const struct dead_letter_batch *batch);

#endif
