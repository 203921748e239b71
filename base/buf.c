#include "base/base.h"
#include "base/buf.h"
#include "base/xalloc.h"

#undef vsnprintf /* its arguments lie elsewhere */

enum { BUF_SMALLEST = 256 };

void buf_init(struct buf *buf, size_t max)
{
    assert(max > 0);
    *buf = (struct buf){.max = max};
}

void buf_release(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){.max = buf->max};
}

char *buf_reserve_slow(struct buf *buf, size_t more)
{
    assert(buf->max > 0);
    if (buf->failed || more > buf->max || buf->size > buf->max - more) {
        buf->failed = true;
        return NULL;
    }
    size_t capacity = MAX_OF(buf->capacity * 2, (size_t)BUF_SMALLEST);
    capacity = MIN_OF(MAX_OF(capacity, buf->size + more), buf->max);
    buf->data = xreallocarray(buf->data, capacity, 1);
    buf->capacity = capacity;
    return buf->data + buf->size;
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(length >= 0);
    char *at = buf_reserve(buf, (size_t)length + 1);
    if (!at) { return; }
    va_start(args, format);
    (void)vsnprintf(at, (size_t)length + 1, format, args);
    va_end(args);
    buf->size += (size_t)length;
}
