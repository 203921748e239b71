/* A cursor reads untrusted Avro bytes: every step is checked against the end of the bytes.
 *
 * A function that refuses the bytes returns false; the cursor then holds the reason, and may not be
 * used further. The work is bounded too: an array whose elements take no bytes (null, empty
 * records) may claim any count. Each value skipped or rendered therefore costs a step, and a
 * message has CURSOR_STEPS_BASE + CURSOR_STEPS_PER_BYTE * size steps.
 *
 * Avro 1.11 specification, "Binary Encoding".
 */
#ifndef FRESHET_STREAM_AVRO_CURSOR_H
#define FRESHET_STREAM_AVRO_CURSOR_H

#include "base/base.h"
#include "base/slice.h"
#include "stream/avro/schema.h"

enum {
    CURSOR_STEPS_BASE = 65536,   /* steps given to any message */
    CURSOR_STEPS_PER_BYTE = 16,  /* and more for each byte of it */
    CURSOR_MESSAGE_BYTES = 120,
};

struct cursor {
    const char *at;
    const char *end;
    size_t steps;
    bool times_as_text; /* this and the next are set by the caller of render_value() */
    bool fixed_as_hex;
    bool bare_not_finite; /* NaN without quotes, which is not JSON */
    const char *reason; /* as in codec.h; NULL: the bytes are good so far */
    char message[CURSOR_MESSAGE_BYTES];
};

/* One block of an array or a map. */
struct cursor_block {
    size_t count;    /* 0: no more blocks */
    const char *end; /* the end that the block's head gives; NULL: it gives none */
};

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "Avro's numbers are copied as they are");

/* Starts at the first byte. */
void cursor_init(struct cursor *cursor, struct slice bytes);
/* Refuses the bytes with a reason and a message; returns false. */
bool cursor_refuse(struct cursor *cursor, const char *reason, const char *format, ...)
    _printf_(3, 4) __attribute__((cold));
/* Reads a varint of more than one byte; call cursor_long() instead. */
bool cursor_long_slow(struct cursor *cursor, int64_t *ret);
/* Refuses a number that does not fit into 32 bits. */
void cursor_int_refused(struct cursor *cursor, int64_t value);
/* Refuses a length that is negative or beyond the end. */
void cursor_size_refused(struct cursor *cursor, int64_t size);
/* Reads the head of an array's or a map's next block. */
bool cursor_block(struct cursor *cursor, struct cursor_block *ret);
/* Checks that a block ended where its head said. */
bool cursor_block_done(struct cursor *cursor, const struct cursor_block *block);
/* Reads the number of the union's branch that follows. */
bool cursor_branch(struct cursor *cursor, size_t branches, size_t *ret);
/* Reads one byte that is 0 or 1. */
bool cursor_bool(struct cursor *cursor, bool *ret);
/* Takes one step; depth is the value's nesting, at most SCHEMA_DEPTH_MAX. */
bool cursor_step(struct cursor *cursor, int depth);
/* Skips one value of the node's type. */
bool cursor_skip(struct cursor *cursor, const struct schema_node *node, int depth);

/* Returns the number of bytes left. */
static inline size_t cursor_left(const struct cursor *cursor)
{
    return (size_t)(cursor->end - cursor->at);
}

/* Reads an int or a long: zig-zag, seven bits a byte. */
static inline bool cursor_long(struct cursor *cursor, int64_t *ret)
{
    const uint8_t *at = (const uint8_t *)cursor->at;
    if (cursor->at < cursor->end && *at < 0x80) {
        uint64_t raw = *at;
        cursor->at++;
        *ret = (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
        return true;
    }
    return cursor_long_slow(cursor, ret);
}

/* Reads an int. */
static inline bool cursor_int(struct cursor *cursor, int32_t *ret)
{
    int64_t value;
    if (!cursor_long(cursor, &value)) { return false; }
    if (value < INT32_MIN || value > INT32_MAX) {
        cursor_int_refused(cursor, value);
        return false;
    }
    *ret = (int32_t)value;
    return true;
}

/* Takes the next size bytes. */
static inline bool cursor_take(struct cursor *cursor, size_t size, const char **ret)
{
    if (size > cursor_left(cursor)) {
        cursor_size_refused(cursor, (int64_t)size);
        return false;
    }
    *ret = cursor->at;
    cursor->at += size;
    return true;
}

/* Borrows bytes or a string: the length, then the bytes. */
static inline bool cursor_slice(struct cursor *cursor, struct slice *ret)
{
    int64_t size;
    if (!cursor_long(cursor, &size)) { return false; }
    if ((uint64_t)size > cursor_left(cursor)) {
        cursor_size_refused(cursor, size);
        return false;
    }
    *ret = slice_of(cursor->at, (size_t)size);
    cursor->at += size;
    return true;
}

#endif
