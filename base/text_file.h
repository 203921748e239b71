/* A whole small file, read at once. */
#ifndef FRESHET_BASE_TEXT_FILE_H
#define FRESHET_BASE_TEXT_FILE_H

#include "base/base.h"
#include "base/buf.h"

/* Appends the file's bytes to out; 0 or -errno (-EFBIG: more than out can hold). */
int text_file_read(const char *path, struct buf *out);

#endif
