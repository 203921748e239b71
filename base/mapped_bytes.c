#include "base/base.h"
#include "base/mapped_bytes.h"
#include "base/xalloc.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

/* Opens a file without a name; where the file system has none, it takes the name away at once. */
static int open_nameless(const char *directory)
{
    int file = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) { return file < 0 ? -errno : file; }
    _cleanup_(xfreep) char *path = xprintf("%s/mapped-XXXXXX", directory);
    file = mkostemp(path, O_CLOEXEC);
    if (file < 0) { return -errno; }
    (void)unlink(path);
    return file;
}

int mapped_bytes_open(struct mapped_bytes *bytes, const char *directory)
{
    assert(!bytes->at && !bytes->file);
    int file = open_nameless(directory);
    if (file < 0) { return file; }
    bytes->file = file + 1;
    return 0;
}

static void unmap(struct mapped_bytes *bytes)
{
    if (bytes->at) { (void)munmap(bytes->at, bytes->size); }
    (void)close(bytes->file - 1);
    bytes->file = 0;
}

static void move_to_memory(struct mapped_bytes *bytes, size_t size)
{
    void *to = xmalloc(size);
    if (bytes->size) { memcpy(to, bytes->at, bytes->size); }
    unmap(bytes);
    bytes->at = to;
    bytes->size = size;
}

static int grow_file(struct mapped_bytes *bytes, size_t size)
{
    int result = posix_fallocate(bytes->file - 1, 0, (off_t)size);
    if (result) { return -result; }
    void *at = bytes->at ? mremap(bytes->at, bytes->size, size, MREMAP_MAYMOVE)
                         : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bytes->file - 1, 0);
    if (at == MAP_FAILED) { return -errno; }
    bytes->at = at;
    bytes->size = size;
    return 0;
}

int mapped_bytes_reserve(struct mapped_bytes *bytes, size_t size)
{
    int result = 0;
    if (size <= bytes->size) { return 0; }
    if (!bytes->file) {
        bytes->at = xreallocarray(bytes->at, size, 1);
        bytes->size = size;
        return 0;
    }
    result = grow_file(bytes, size);
    if (result) { move_to_memory(bytes, size); }
    return result;
}

void mapped_bytes_release(struct mapped_bytes *bytes)
{
    if (bytes->file) {
        unmap(bytes);
    } else {
        free(bytes->at);
    }
    *bytes = (struct mapped_bytes){0};
}
