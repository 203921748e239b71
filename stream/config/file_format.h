/* Tells a properties file from files of other formats, which would be read as odd properties. */
#ifndef FRESHET_STREAM_CONFIG_FILE_FORMAT_H
#define FRESHET_STREAM_CONFIG_FILE_FORMAT_H

#include "base/base.h"
#include "base/slice.h"

/* Returns what the text is instead of properties, with what to do, as static text, and the number
 * of the line that shows it; NULL: nothing contradicts properties. `key: value` alone does not,
 * because properties may be written so. */
const char *file_format_fault(struct slice text, int *ret_line);
/* Returns the text without the byte order mark of UTF-8. */
struct slice file_format_skip_mark(struct slice text);

#endif
