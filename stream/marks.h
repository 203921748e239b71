/* Marks: how many at-once messages of which batch are not yet acknowledged.
 *
 * Batches are committed one after the other, so only a few marks have messages outstanding at a
 * time.
 */
#ifndef FRESHET_STREAM_MARKS_H
#define FRESHET_STREAM_MARKS_H

#include "base/base.h"

enum { MARKS_MAX = 8, MARK_NONE = 0 };

struct mark {
    uint64_t mark;
    size_t outstanding;
};

struct marks {
    struct mark at[MARKS_MAX]; /* oldest first */
    size_t count;
    uint64_t failed_first, failed_last; /* of failures not yet told; MARK_NONE: none */
};

/* Counts one more message under a mark, which never falls from call to call. Returns the mark that
 * the message is counted under, for marks_acknowledge(): when all places are taken that is an older
 * one, which only makes somebody wait longer. */
uint64_t marks_count(struct marks *marks, uint64_t mark);
/* Takes one message off a mark that marks_count() returned. */
void marks_acknowledge(struct marks *marks, uint64_t mark);
/* The same for a message that could not be delivered. */
void marks_fail(struct marks *marks, uint64_t mark);
/* Says whether a message under this mark or an older one failed, once. */
bool marks_take_failed(struct marks *marks, uint64_t mark);
/* Counts the messages outstanding under this and older marks. */
size_t marks_outstanding(const struct marks *marks, uint64_t mark);

#endif
