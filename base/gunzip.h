/* Unpacks gzip in memory. The bytes are untrusted: what they unpack to is limited by the output
 * buffer's maximum. */
#ifndef FRESHET_BASE_GUNZIP_H
#define FRESHET_BASE_GUNZIP_H

#include "base/buf.h"

enum unpacking {
    UNPACKING_GZIP, /* RFC 1952, also several members one after the other */
    UNPACKING_ZLIB, /* RFC 1950 */
    UNPACKING_RAW,  /* RFC 1951, without a header */
};

/* Says whether bytes begin as gzip does. */
bool gunzip_recognises(struct slice bytes);
/* Appends what the bytes unpack to. 0; -EBADMSG: they are damaged or end too early; -EFBIG: more
 * than the buffer can hold. */
int gunzip(struct slice bytes, enum unpacking unpacking, struct buf *out);

#endif
