/* Out of memory ends the process with one line in the log's form: sizes come from limits, the
 * topics hold the work, and a restart is the recovery. Each allocation is a crash point for the
 * sweep.
 */
#include "base/base.h"
#include "base/crash.h"
#include "base/xalloc.h"

#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

static _noreturn_ void die(size_t size)
{
    fprintf(stderr, "level=error msg=\"out of memory\" bytes=%zu\n", size);
    abort();
}

void *xmalloc(size_t size)
{
    CRASH_POINT("allocation");
    void *mem = malloc(size ? size : 1);
    if (!mem) { die(size); }
    return mem;
}

void *xcalloc(size_t count, size_t size)
{
    CRASH_POINT("allocation");
    void *mem = calloc(count ? count : 1, size ? size : 1);
    if (!mem) { die(count * size); }
    return mem;
}

void *xreallocarray(void *old, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) { die(SIZE_MAX); }
    CRASH_POINT("allocation");
    void *mem = realloc(old, bytes ? bytes : 1);
    if (!mem) { die(bytes); }
    return mem;
}

void *xlarge(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) { die(SIZE_MAX); }
    if (bytes < HUGE_PAGE) { return xmalloc(bytes); }
    CRASH_POINT("allocation");
    void *mem = NULL;
    if (posix_memalign(&mem, HUGE_PAGE, bytes) != 0) { die(bytes); }
    (void)madvise(mem, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE); /* refused: small pages */
    return mem;
}

void *xmemdup(const void *from, size_t size)
{
    void *mem = xmalloc(size);
    if (size) { memcpy(mem, from, size); }
    return mem;
}

char *xstrdup(const char *from)
{
    return xmemdup(from, strlen(from) + 1);
}

char *xprintf(const char *format, ...)
{
    va_list args;
    char *text = NULL;
    CRASH_POINT("allocation");
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0) { die(0); }
    return text;
}
