/* Dead letters as `freshet redrive` and `freshet status` see them: read from their headers, chosen,
 * counted by reason, and sent in transactions. */
#ifndef FRESHET_CLI_LETTERS_H
#define FRESHET_CLI_LETTERS_H

#include "stream/origin.h"
#include "stream/wire.h"

enum { LETTER_REASONS_MAX = 32, LETTER_REASON_BYTES_MAX = 64 };

/* Which letters are meant; empty: all. */
struct letter_filter {
    const char *reasons[LETTER_REASONS_MAX];
    size_t reasons_count;
    int64_t since_ms; /* 0: from the first; for the scan */
    int64_t until_ms;
    const char *topic; /* of the origin; NULL: any */
};

/* One letter; key, value and the sender's headers are borrowed like a record's. */
struct letter {
    int32_t partition; /* of dead-letters */
    int64_t offset;
    char reason[LETTER_REASON_BYTES_MAX + 1];
    struct origin origin;
    bool movable;       /* of a topic that may be appended to: not of a table */
    bool without_bytes; /* truncated or withheld */
    struct slice key;
    struct slice value;
    const struct record *rec; /* whose first headers_count headers are the sender's */
    size_t headers_count;
};

/* Reads a time: 2026-05-01T12:00:00Z, 2026-05-01, or so long ago (90s, 30m, 2h, 7d). */
bool letter_time(const char *text, int64_t *ret_ms);
/* Reads a letter; false when it is not meant by the filter, or is no letter. */
bool letter_read(const struct record *rec, const struct letter_filter *filter,
                 struct letter *ret_letter);
/* Says whether two letters' records first stood in the same partition. */
bool letter_same_place(const struct letter *a, const struct letter *b);

/* ---- Letters kept for later, without their bytes ---- */

struct letter_list {
    struct letter *at;
    size_t count;
    size_t capacity;
};

void letter_list_add(struct letter_list *list, const struct letter *letter);
/* Sorts by where the records first stood. */
void letter_list_sort(struct letter_list *list);
void letter_list_release(struct letter_list *list);

/* ---- Counting by reason ---- */

struct letter_count {
    char reason[LETTER_REASON_BYTES_MAX + 1];
    int64_t kept;
    int64_t sent_before;
    int64_t chosen;
    int64_t left; /* of tables, which the next record of the key mends */
};

struct letter_counts {
    struct letter_count *at;
    size_t count;
};

/* Finds or adds the count of a reason; until the next call. */
struct letter_count *letter_counts_of(struct letter_counts *counts, const char *reason);
/* Prints the table. */
void letter_counts_print(const struct letter_counts *counts, bool dry);
void letter_counts_release(struct letter_counts *counts);

/* ---- Sending ---- */

struct letter_batch;

/* Makes an empty batch; free with letter_batch_free(). to: a topic for all of them; NULL: each goes
 * to the place that it came from. The wire has transactions, unless nothing is sent. */
struct letter_batch *letter_batch_new(struct wire *wire, const char *to);
struct letter_batch *letter_batch_free(struct letter_batch *batch);
/* Adds a letter with its record; the bytes are copied. */
void letter_batch_add(struct letter_batch *batch, const struct letter *letter);
/* Says whether the batch should be sent before more is added. */
bool letter_batch_full(const struct letter_batch *batch);
/* Sends what there is and, in the same transaction, which letters they were. 0: the batch is empty
 * again; a negative wire_error: nothing was sent, it is as it was. */
int letter_batch_send(struct letter_batch *batch, struct wire *wire, const char *marks_topic);
/* Counts the letters sent so far. */
int64_t letter_batch_sent(const struct letter_batch *batch);

#endif
