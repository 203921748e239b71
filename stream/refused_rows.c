/* The file is a list of digests, each appended by one write, so copies may append at the same
 * time; a torn last one is ignored. A copy that cannot write it refuses again at its next start. A
 * start that finds twice as many as it may keep writes the newest again. The digests of a start
 * are sorted; those noted later are not looked up, because a run reads each record once, or again
 * because its dead letter was lost.
 */
#include "base/base.h"
#include "base/atomic_file.h"
#include "base/digest.h"
#include "base/directory.h"
#include "base/text_file.h"
#include "base/xalloc.h"
#include "stream/refused_rows.h"

#include <fcntl.h>
#include <unistd.h>

enum { MARK_BYTES = 16, FILE_BYTES_MAX = 64 << 20, NOTED_MAX = 4 * REFUSED_ROWS_MAX };

struct mark {
    unsigned char bytes[MARK_BYTES];
};

struct refused_rows {
    char *path;
    struct digest *digest;
    struct mark *known; /* sorted */
    size_t known_count;
    struct buf sent; /* marks whose dead letters are on their way */
    size_t noted; /* in this run: no more than NOTED_MAX, as the file only grows */
    int64_t seen;
};

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, MARK_BYTES);
}

static void load(struct refused_rows *rows)
{
    struct buf text;
    buf_init(&text, FILE_BYTES_MAX);
    int result = text_file_read(rows->path, &text);
    size_t count = text.size / MARK_BYTES, kept = MIN_OF(count, (size_t)REFUSED_ROWS_MAX);
    if (result == 0 && kept) {
        const char *newest = text.data + (count - kept) * MARK_BYTES;
        rows->known = xcalloc(kept, sizeof(*rows->known));
        rows->known_count = kept;
        memcpy(rows->known, newest, kept * MARK_BYTES);
        qsort(rows->known, kept, sizeof(*rows->known), compare);
        if (text.size % MARK_BYTES || count > 2 * (size_t)REFUSED_ROWS_MAX) {
            (void)atomic_file_write(rows->path, slice_of(newest, kept * MARK_BYTES));
        }
    } else if (result == -EFBIG || text.size) {
        (void)unlink(rows->path);
    }
    buf_release(&text);
}

struct refused_rows *refused_rows_new(const struct env *env)
{
    struct refused_rows *rows = xcalloc(1, sizeof(*rows));
    (void)directory_make(env->state_path); /* if it cannot: see above */
    rows->path = xprintf("%s/refused", env->state_path);
    rows->digest = digest_new();
    buf_init(&rows->sent, FILE_BYTES_MAX);
    load(rows);
    return rows;
}

struct refused_rows *refused_rows_free(struct refused_rows *rows)
{
    if (!rows) { return NULL; }
    digest_free(rows->digest);
    buf_release(&rows->sent);
    free(rows->known);
    free(rows->path);
    free(rows);
    return NULL;
}

static struct mark mark_of(struct refused_rows *rows, const struct record *rec, const char *reason)
{
    const int64_t numbers[] = {rec->partition, rec->offset, rec->time_ms};
    unsigned char bytes[DIGEST_BYTES];
    struct mark mark;
    digest_start(rows->digest);
    digest_add(rows->digest, slice_str(rec->topic));
    digest_add(rows->digest, slice_of((const char *)numbers, sizeof(numbers)));
    digest_add(rows->digest, rec->key);
    digest_add(rows->digest, rec->value);
    digest_add(rows->digest, slice_str(reason ? reason : ""));
    digest_finish(rows->digest, bytes);
    memcpy(mark.bytes, bytes, MARK_BYTES);
    return mark;
}

bool refused_rows_know(struct refused_rows *rows, const struct record *rec, const char *reason)
{
    if (!rows->known_count) { return false; }
    struct mark mark = mark_of(rows, rec, reason);
    bool known =
        bsearch(&mark, rows->known, rows->known_count, sizeof(*rows->known), compare) != NULL;
    rows->seen += known;
    return known;
}

void refused_rows_sent(struct refused_rows *rows, const struct record *rec, const char *reason)
{
    struct mark mark = mark_of(rows, rec, reason);
    buf_append(&rows->sent, mark.bytes, MARK_BYTES);
}

void refused_rows_arrived(struct refused_rows *rows)
{
    size_t count = rows->sent.size / MARK_BYTES;
    if (!count) { return; }
    rows->noted += count;
    int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC;
    int fd = rows->noted > NOTED_MAX ? -1 : open(rows->path, flags, 0600);
    if (fd >= 0) {
        (void)!write(fd, rows->sent.data, rows->sent.size);
        (void)close(fd);
    }
    buf_clear(&rows->sent);
}

void refused_rows_lost(struct refused_rows *rows)
{
    buf_clear(&rows->sent);
}

int64_t refused_rows_known(const struct refused_rows *rows)
{
    return rows->seen;
}
