/* Unpacks gzip in memory, or a file as it is read. The bytes are untrusted: what they unpack to in
 * memory is limited by the output buffer's maximum. */
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
/* Says whether bytes begin as zlib's format does (RFC 1950), with the usual window. Texts may,
 * too. */
bool gunzip_recognises_zlib(struct slice bytes);
/* Appends what the bytes unpack to. 0; -EBADMSG: they are damaged or end too early; -EFBIG: more
 * than the buffer can hold. */
int gunzip(struct slice bytes, enum unpacking unpacking, struct buf *out);

/* ---- A file, packed or plain: its first bytes tell. ---- */

struct gunzip_file;

/* Opens a file; free with gunzip_close(). 0 or -errno. */
int gunzip_open(const char *path, struct gunzip_file **ret_file);
/* The same for an open file, which is closed with it. */
int gunzip_open_fd(int fd, struct gunzip_file **ret_file);
/* Reads up to size bytes; returns their number, 0 at the end, -EBADMSG when packed bytes are
 * damaged or end too early, or -errno. */
int64_t gunzip_read(struct gunzip_file *file, char *bytes, size_t size);
/* Says whether the file is packed; after the first read. */
bool gunzip_is_packed(const struct gunzip_file *file);
/* Returns how many bytes of the file itself have been read. */
int64_t gunzip_position(const struct gunzip_file *file);
/* Closes the file; takes NULL; returns NULL. */
struct gunzip_file *gunzip_close(struct gunzip_file *file);

#endif
