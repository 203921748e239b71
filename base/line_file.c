#include "base/base.h"
#include "base/buf.h"
#include "base/gunzip.h"
#include "base/line_file.h"
#include "base/xalloc.h"

#include <fcntl.h>
#include <unistd.h>

enum { CHUNK_BYTES = 1 << 16 };

struct line_file {
    char *path;
    struct gunzip_file *file;
    char chunk[CHUNK_BYTES];
    size_t at, size; /* of the chunk */
    bool ended;
    char end; /* of a line: LF or CR */
    struct buf line;
    int64_t number;
};

static int fill(struct line_file *file, struct reason *reason)
{
    int64_t count = file->ended ? 0 : gunzip_read(file->file, file->chunk, CHUNK_BYTES);
    if (count < 0) {
        return reason_give(reason, "%s: %s", file->path,
                           count == -EBADMSG ? "it is packed, and damaged or cut off"
                                             : strerror((int)-count));
    }
    file->ended = count == 0;
    file->at = 0;
    file->size = (size_t)count;
    return 0;
}

/* Looks at the first bytes: a byte order mark, and what ends a line. */
static int look(struct line_file *file, struct reason *reason)
{
    if (fill(file, reason)) { return -1; }
    const char *chunk = file->chunk, *ending = strrchr(file->path, '.');
    if (ending && !strcmp(ending, ".gz") && file->size && !gunzip_is_packed(file->file)) {
        return reason_give(reason, "%s: it is not gzip, as its name says", file->path);
    }
    if (file->size >= 2 && (!memcmp(chunk, "\xff\xfe", 2) || !memcmp(chunk, "\xfe\xff", 2))) {
        return reason_give(reason, "%s: it is UTF-16; hint: iconv -f UTF-16 -t UTF-8", file->path);
    }
    if (file->size >= 3 && !memcmp(chunk, "\xef\xbb\xbf", 3)) { file->at = 3; }
    bool lone = memchr(chunk, '\r', file->size) && !memchr(chunk, '\n', file->size);
    file->end = lone ? '\r' : '\n';
    return 0;
}

int line_file_open(const char *path, struct line_file **ret_file, struct reason *reason)
{
    struct line_file *file = xcalloc(1, sizeof(*file));
    bool standard = strcmp(path, "-") == 0;
    file->path = xstrdup(path);
    buf_init(&file->line, LINE_FILE_LINE_MAX);
    int rc = standard ? gunzip_open_fd(dup(STDIN_FILENO), &file->file)
                      : gunzip_open(path, &file->file);
    if (rc) { rc = reason_give(reason, "%s: %s", path, strerror(-rc)); }
    if (!rc) { rc = look(file, reason); }
    if (rc) {
        line_file_close(file);
        return -1;
    }
    *ret_file = file;
    return 0;
}

int line_file_next(struct line_file *file, struct slice *ret_line, struct reason *reason)
{
    bool any = false, whole = false;
    buf_clear(&file->line);
    while (!whole && !buf_failed(&file->line)) { /* a line may have no end: /dev/zero */
        if (file->at == file->size) {
            if (fill(file, reason)) { return -1; }
            if (file->ended) { break; }
        }
        any = true;
        const char *from = file->chunk + file->at;
        const char *end = memchr(from, file->end, file->size - file->at);
        size_t size = end ? (size_t)(end - from) : file->size - file->at;
        buf_append(&file->line, from, size);
        file->at += size + (end != NULL);
        whole = end;
    }
    if (!any) { return 0; }
    file->number++;
    size_t size = file->line.size;
    buf_append(&file->line, "", 1);
    if (buf_failed(&file->line)) {
        return reason_give(reason, "%s: line %" PRId64 " has more than %d bytes", file->path,
                           file->number, LINE_FILE_LINE_MAX);
    }
    char *line = file->line.data;
    if (size && line[size - 1] == '\r') { line[--size] = '\0'; }
    *ret_line = slice_of(line, size);
    return 1;
}

int64_t line_file_number(const struct line_file *file)
{
    return file->number;
}

int64_t line_file_position(const struct line_file *file)
{
    return gunzip_position(file->file);
}

struct line_file *line_file_close(struct line_file *file)
{
    if (!file) { return NULL; }
    gunzip_close(file->file);
    buf_release(&file->line);
    free(file->path);
    free(file);
    return NULL;
}
