#include "base/base.h"
#include "base/text_file.h"

int text_file_read(const char *path, struct buf *out)
{
    FILE *file = fopen(path, "re");
    if (!file) { return -errno; }
    char block[4096];
    int result = 0;
    for (size_t got; result == 0 && (got = fread(block, 1, sizeof(block), file)) > 0;) {
        buf_append(out, block, got);
        if (buf_failed(out)) { result = -EFBIG; }
    }
    if (result == 0 && ferror(file)) { result = errno ? -errno : -EIO; }
    fclose(file);
    return result;
}
