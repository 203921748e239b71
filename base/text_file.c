#include "base/base.h"
#include "base/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK_BYTES = 4096 };

int text_file_read(const char *path, struct buf *out)
{
    FILE *file = fopen(path, "re");
    if (!file) { return -errno; }
    char block[BLOCK_BYTES];
    int result = 0;
    for (size_t got; result == 0 && (got = fread(block, 1, sizeof(block), file)) > 0;) {
        buf_append(out, block, got);
        if (buf_failed(out)) { result = -EFBIG; }
    }
    if (result == 0 && ferror(file)) { result = errno ? -errno : -EIO; }
    fclose(file);
    return result;
}

static int read_from(int fd, off_t from, off_t end, struct buf *out)
{
    char block[BLOCK_BYTES];
    bool whole = from == 0;
    while (from < end) {
        ssize_t got = pread(fd, block, sizeof(block), from);
        if (got < 0) { return -errno; }
        if (got == 0) { break; }
        const char *begin = whole ? block : memchr(block, '\n', (size_t)got);
        if (begin && !whole) { begin++; }
        if (begin) { buf_append(out, begin, (size_t)(block + got - begin)); }
        whole |= begin != NULL;
        from += got;
    }
    return buf_failed(out) ? -EFBIG : 0;
}

int text_file_read_end(const char *path, size_t most, struct buf *out)
{
    struct stat about;
    /* Without O_NONBLOCK a pipe would be waited for. */
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) { return -errno; }
    int result = fstat(fd, &about) < 0 ? -errno : 0;
    if (result == 0 && !S_ISREG(about.st_mode)) { result = -EINVAL; }
    if (result == 0) {
        off_t from = MAX_OF(about.st_size - (off_t)most, (off_t)0);
        result = read_from(fd, from, about.st_size, out);
    }
    close(fd);
    return result;
}
