/* A growable array of bytes with a maximum, into which messages are written.
 *
 * The buffer owns its memory and keeps it across buf_clear(), so that a buffer used for every
 * record allocates only while it grows. An append past `max` is refused and remembered: encoders
 * append without checks and call buf_failed() once at the end.
 */
#ifndef FRESHET_BASE_BUF_H
#define FRESHET_BASE_BUF_H

#include "base/base.h"
#include "base/slice.h"

struct buf {
    char *data;
    size_t size;
    size_t capacity;
    size_t max;
    bool failed;
};

/* Prepares an empty buffer that may grow to max bytes. */
void buf_init(struct buf *buf, size_t max);
/* Frees the memory; the buffer may be initialised again. */
void buf_release(struct buf *buf);
/* Empties the buffer and forgets a failure; the memory stays. */
static inline void buf_clear(struct buf *buf)
{
    buf->size = 0;
    buf->failed = false;
}
/* Makes room for `more` bytes; returns where to write, or NULL past the maximum (remembered). */
char *buf_reserve_slow(struct buf *buf, size_t more);
static inline char *buf_reserve(struct buf *buf, size_t more)
{
    if (more <= buf->capacity - buf->size) { return buf->data + buf->size; }
    return buf_reserve_slow(buf, more);
}
/* Appends bytes. */
static inline void buf_append(struct buf *buf, const void *data, size_t size)
{
    if (!size) { return; }
    char *at = buf_reserve(buf, size);
    if (!at) { return; }
    memcpy(at, data, size);
    buf->size += size;
}
/* Appends a formatted text. */
void buf_printf(struct buf *buf, const char *format, ...) _printf_(2, 3);
/* Says whether an append since the last clear went past the maximum. */
static inline bool buf_failed(const struct buf *buf)
{
    return buf->failed;
}
/* Borrows the content until the next append, clear or release. */
static inline struct slice buf_slice(const struct buf *buf)
{
    return slice_of(buf->data ? buf->data : "", buf->size);
}

#endif
