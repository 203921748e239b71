/* The bytes are untrusted. Each function checks the bytes left before it reads or moves, lengths
 * are compared as unsigned numbers (so a negative length is too large), and cursor_step() limits
 * nesting and the number of values, which blocks of empty elements could otherwise make endless.
 */
#include "base/base.h"
#include "base/message.h"
#include "stream/avro/cursor.h"

enum { VARINT_BYTES_MAX = 10 };

void cursor_init(struct cursor *cursor, struct slice bytes)
{
    cursor->at = bytes.data;
    cursor->end = bytes.data + bytes.size;
    cursor->steps = CURSOR_STEPS_BASE + bytes.size * CURSOR_STEPS_PER_BYTE;
    cursor->times_as_text = false;
    cursor->fixed_as_hex = false;
    cursor->bare_not_finite = false;
    cursor->reason = NULL;
    cursor->message[0] = '\0';
}

bool cursor_refuse(struct cursor *cursor, const char *reason, const char *format, ...)
{
    assert(!cursor->reason);
    cursor->reason = reason;
    va_list args;
    va_start(args, format);
    message_write(cursor->message, sizeof(cursor->message), format, args);
    va_end(args);
    return false;
}

bool cursor_long_slow(struct cursor *cursor, int64_t *ret)
{
    const uint8_t *at = (const uint8_t *)cursor->at;
    size_t most = MIN_OF(cursor_left(cursor), (size_t)VARINT_BYTES_MAX);
    uint64_t raw = 0;
    for (size_t i = 0; i < most; i++) {
        raw |= (uint64_t)(at[i] & 0x7f) << (7 * i);
        if (at[i] & 0x80) { continue; }
        if (i == VARINT_BYTES_MAX - 1 && at[i] > 1) { break; }
        cursor->at += i + 1;
        *ret = (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
        return true;
    }
    if (most < VARINT_BYTES_MAX) {
        return cursor_refuse(cursor, "truncated", "a number is cut off at the end");
    }
    return cursor_refuse(cursor, "bad_length", "a number is longer than 64 bits");
}

void cursor_int_refused(struct cursor *cursor, int64_t value)
{
    (void)cursor_refuse(cursor, "bad_length", "%" PRId64 " is not an int", value);
}

void cursor_size_refused(struct cursor *cursor, int64_t size)
{
    if (size < 0) {
        (void)cursor_refuse(cursor, "bad_length", "negative length %" PRId64, size);
    } else {
        (void)cursor_refuse(cursor, "truncated", "%" PRId64 " bytes wanted, %zu left", size,
                            cursor_left(cursor));
    }
}

bool cursor_block(struct cursor *cursor, struct cursor_block *ret)
{
    int64_t count;
    if (!cursor_long(cursor, &count)) { return false; }
    ret->end = NULL;
    if (count < 0) {
        int64_t size;
        if (count == INT64_MIN) {
            return cursor_refuse(cursor, "bad_length", "block count %" PRId64, count);
        }
        if (!cursor_long(cursor, &size)) { return false; }
        if ((uint64_t)size > cursor_left(cursor)) {
            cursor_size_refused(cursor, size);
            return false;
        }
        ret->end = cursor->at + size;
        count = -count;
    }
    ret->count = (size_t)count;
    return true;
}

bool cursor_block_done(struct cursor *cursor, const struct cursor_block *block)
{
    if (!block->end || cursor->at == block->end) { return true; }
    return cursor_refuse(cursor, "bad_length", "a block ends %td bytes after its announced end",
                         cursor->at - block->end);
}

bool cursor_branch(struct cursor *cursor, size_t branches, size_t *ret)
{
    int64_t branch;
    if (!cursor_long(cursor, &branch)) { return false; }
    if ((uint64_t)branch >= branches) {
        return cursor_refuse(cursor, "bad_union", "branch %" PRId64 " of %zu", branch, branches);
    }
    *ret = (size_t)branch;
    return true;
}

bool cursor_bool(struct cursor *cursor, bool *ret)
{
    const char *byte;
    if (!cursor_take(cursor, 1, &byte)) { return false; }
    if (*byte != 0 && *byte != 1) {
        return cursor_refuse(cursor, "bad_enum", "a boolean of %d", (uint8_t)*byte);
    }
    *ret = *byte == 1;
    return true;
}

bool cursor_step(struct cursor *cursor, int depth)
{
    if (depth > SCHEMA_DEPTH_MAX) {
        return cursor_refuse(cursor, "over_limit", "nested deeper than %d", SCHEMA_DEPTH_MAX);
    }
    if (cursor->steps == 0) {
        return cursor_refuse(cursor, "over_limit", "too many values for so few bytes");
    }
    cursor->steps--;
    return true;
}

static bool skip_bytes(struct cursor *cursor, size_t size)
{
    const char *bytes;
    return cursor_take(cursor, size, &bytes);
}

/* Skips the blocks of an array or a map. A block whose head gives its size is skipped at once. */
static bool skip_blocks(struct cursor *cursor, const struct schema_node *node, int depth)
{
    struct cursor_block block;
    for (;;) {
        if (!cursor_step(cursor, depth) || !cursor_block(cursor, &block)) { return false; }
        if (block.count == 0) { return true; }
        if (block.end) {
            cursor->at = block.end;
            continue;
        }
        for (size_t i = 0; i < block.count; i++) {
            struct slice key;
            if (node->type == SCHEMA_MAP && !cursor_slice(cursor, &key)) { return false; }
            if (!cursor_skip(cursor, node->items, depth + 1)) { return false; }
        }
    }
}

static bool skip_record(struct cursor *cursor, const struct schema_node *node, int depth)
{
    for (size_t i = 0; i < node->count; i++) {
        if (!cursor_skip(cursor, node->fields[i].type, depth + 1)) { return false; }
    }
    return true;
}

static bool skip_union(struct cursor *cursor, const struct schema_node *node, int depth)
{
    size_t branch;
    if (!cursor_branch(cursor, node->count, &branch)) { return false; }
    return cursor_skip(cursor, node->branches[branch], depth + 1);
}

bool cursor_skip(struct cursor *cursor, const struct schema_node *node, int depth)
{
    int64_t number;
    struct slice bytes;
    if (!cursor_step(cursor, depth)) { return false; }
    switch (node->type) {
    case SCHEMA_NULL:
        return true;
    case SCHEMA_BOOLEAN:
        return skip_bytes(cursor, 1);
    case SCHEMA_INT:
    case SCHEMA_LONG:
    case SCHEMA_ENUM:
        return cursor_long(cursor, &number);
    case SCHEMA_FLOAT:
        return skip_bytes(cursor, 4);
    case SCHEMA_DOUBLE:
        return skip_bytes(cursor, 8);
    case SCHEMA_BYTES:
    case SCHEMA_STRING:
        return cursor_slice(cursor, &bytes);
    case SCHEMA_FIXED:
        return skip_bytes(cursor, node->size);
    case SCHEMA_RECORD:
        return skip_record(cursor, node, depth);
    case SCHEMA_ARRAY:
    case SCHEMA_MAP:
        return skip_blocks(cursor, node, depth);
    case SCHEMA_UNION:
        return skip_union(cursor, node, depth);
    }
    abort();
}
