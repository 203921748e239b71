#include "base/base.h"
#include "base/gunzip.h"

#include <zlib.h>

enum { STEP_BYTES = 16384, WINDOW_BITS = 15, GZIP_BITS = WINDOW_BITS + 16 };

bool gunzip_recognises(struct slice bytes)
{
    return bytes.size > 2 && memcmp(bytes.data, "\x1f\x8b\x08", 3) == 0;
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
