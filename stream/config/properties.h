/* Reads properties files in the format of Kafka's own, one `key=value` after another.
 *
 *   # comment            ! comment           (blank lines and lines with only blanks are skipped)
 *   key=value            key: value          key value
 *   a.list=one,\         a backslash at the end of a line joins the next one, without its leading
 *          two           blanks; \\ \t \n \r \f \: \= \# \! \uXXXX are escapes
 *
 * Blanks around keys and values are dropped. There are no sections, no quotes and no comments after
 * a value, so passwords and URLs need no escaping beyond the above. After a faulty line reading
 * goes on with the next one, so that all faults of a file are found at once.
 */
#ifndef FRESHET_STREAM_CONFIG_PROPERTIES_H
#define FRESHET_STREAM_CONFIG_PROPERTIES_H

#include "base/base.h"
#include "base/buf.h"

enum { PROPERTY_KEY_MAX = 256, PROPERTY_VALUE_MAX = 64 << 10, PROPERTIES_FILE_MAX = 1 << 20 };

struct properties_reader {
    struct slice text; /* borrowed */
    size_t at;
    int line; /* of the byte at `at`, from 1 */
    struct buf key;
    struct buf value;
};

struct property_line {
    const char *key; /* NUL-terminated; borrowed until the next call */
    const char *value;
    int line; /* number of its first line */
    bool colon; /* the key ends at a colon, as in YAML */
    const char *fault; /* what is wrong with the line; static text */
};

/* Prepares to read a text, which must outlive the reader. Free with properties_reader_release(). */
void properties_reader_init(struct properties_reader *reader, struct slice text);
/* Frees the reader's memory. */
void properties_reader_release(struct properties_reader *reader);
/* Reads the next property. Returns 1, 0 at the end, or -EINVAL for a faulty line (line and fault
 * are set). */
int properties_next(struct properties_reader *reader, struct property_line *ret_line);
/* Finds the first value of a key in a text, faulty lines left out; `value` is emptied first. False:
 * the key is not there. */
bool properties_find(struct slice text, const char *key, struct buf *value);

#endif
