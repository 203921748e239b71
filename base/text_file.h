/* A whole small file, read at once. */
#ifndef FRESHET_BASE_TEXT_FILE_H
#define FRESHET_BASE_TEXT_FILE_H

#include "base/base.h"
#include "base/buf.h"

/* Appends the file's bytes to out; 0 or -errno (-EFBIG: more than out can hold). */
int text_file_read(const char *path, struct buf *out);
/* Appends the last `most` bytes of a file in a directory that others may write to: a link, which
 * would lead a reader with more rights to any file, gives -ELOOP, and what is no file -EINVAL. The
 * first line is left out when it is not whole. 0 or -errno. */
int text_file_read_end(const char *path, size_t most, struct buf *out);

#endif
