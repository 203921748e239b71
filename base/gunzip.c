#include "base/base.h"
#include "base/gunzip.h"
#include "base/xalloc.h"

#include <fcntl.h>
#include <zlib.h>

enum { STEP_BYTES = 16384, WINDOW_BITS = 15, GZIP_BITS = WINDOW_BITS + 16 };

bool gunzip_recognises(struct slice bytes)
{
    return bytes.size > 2 && memcmp(bytes.data, "\x1f\x8b\x08", 3) == 0;
}

bool gunzip_recognises_zlib(struct slice bytes)
{
    enum { FIRST = 0x78, CHECK = 31 };
    return bytes.size > 2 && bytes.data[0] == FIRST &&
           (FIRST << 8 | (uint8_t)bytes.data[1]) % CHECK == 0;
}

/* Unpacks one member; 0, -EBADMSG or -EFBIG. */
static int unpack_member(z_stream *stream, struct buf *out)
{
    for (;;) {
        size_t room = MIN_OF(out->max - out->size, (size_t)STEP_BYTES);
        char spare;
        char *at = room ? buf_reserve(out, room) : &spare;
        stream->next_out = (unsigned char *)at;
        stream->avail_out = room ? (unsigned)room : 1;
        unsigned before = stream->avail_out;
        int rc = inflate(stream, Z_NO_FLUSH);
        unsigned written = before - stream->avail_out;
        if (!room && written) { return -EFBIG; }
        out->size += room ? written : 0;
        if (rc == Z_STREAM_END) { return 0; }
        if (rc != Z_OK || (!written && !stream->avail_in)) { return -EBADMSG; }
    }
}

int gunzip(struct slice bytes, enum unpacking unpacking, struct buf *out)
{
    static const int bits[] = {[UNPACKING_GZIP] = GZIP_BITS,
                               [UNPACKING_ZLIB] = WINDOW_BITS,
                               [UNPACKING_RAW] = -WINDOW_BITS};
    z_stream stream = {0};
    if (bytes.size > UINT32_MAX) { return -EFBIG; }
    stream.next_in = (unsigned char *)bytes.data;
    stream.avail_in = (unsigned)bytes.size;
    int rc = inflateInit2(&stream, bits[unpacking]) == Z_OK ? 0 : -EBADMSG;
    if (rc) { return rc; }
    do {
        rc = unpack_member(&stream, out);
    } while (!rc && unpacking == UNPACKING_GZIP && stream.avail_in > 0 &&
             inflateReset(&stream) == Z_OK);
    (void)inflateEnd(&stream);
    return rc;
}

/* ---- A file ---- */

struct gunzip_file {
    gzFile gz;
};

int gunzip_open_fd(int fd, struct gunzip_file **ret_file)
{
    gzFile gz = gzdopen(fd, "rb");
    if (!gz) { return -ENOMEM; }
    (void)gzbuffer(gz, STEP_BYTES * 4);
    *ret_file = xcalloc(1, sizeof(**ret_file));
    (*ret_file)->gz = gz;
    return 0;
}

int gunzip_open(const char *path, struct gunzip_file **ret_file)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : gunzip_open_fd(fd, ret_file);
}

int64_t gunzip_read(struct gunzip_file *file, char *bytes, size_t size)
{
    int error = Z_OK;
    int count = gzread(file->gz, bytes, (unsigned)MIN_OF(size, (size_t)INT_MAX));
    (void)gzerror(file->gz, &error);
    if (count > 0 || (count == 0 && error != Z_BUF_ERROR && error != Z_ERRNO)) { return count; }
    return error == Z_ERRNO && errno ? -errno : -EBADMSG;
}

bool gunzip_is_packed(const struct gunzip_file *file)
{
    return !gzdirect(file->gz);
}

int64_t gunzip_position(const struct gunzip_file *file)
{
    return gzoffset(file->gz);
}

struct gunzip_file *gunzip_close(struct gunzip_file *file)
{
    if (!file) { return NULL; }
    (void)gzclose(file->gz);
    free(file);
    return NULL;
}
