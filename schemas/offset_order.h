/* Which of two offsets is older, where a message says the offset that it was made at.
 *
 * A writer that has lost its partition may send what is a little older after its successor's
 * message, and that must not count. But any program with the right to write may write any number:
 * if the largest one were newer than all that follow, nothing would ever follow it. So an offset
 * that is very much smaller is not older: the other one was no offset of this topic (or the topic
 * was made anew), and the message that came later counts.
 */
#ifndef FRESHET_SCHEMAS_OFFSET_ORDER_H
#define FRESHET_SCHEMAS_OFFSET_ORDER_H

#include "base/base.h"

/* What a writer that was fenced still sends is within so many records of its input. */
enum { OFFSETS_APART_MAX = 1 << 24 };

/* Says whether an offset is older than that of an earlier message; both may be any numbers. */
static inline bool offset_older(int64_t offset, int64_t than)
{
    return offset < than && (uint64_t)than - (uint64_t)offset <= OFFSETS_APART_MAX;
}

#endif
