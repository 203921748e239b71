/* How the value of a path is to be read, where its text says so behind a colon.
 *
 *   `ms` `s` `us` `ns` `days` `iso8601` `auto`   a time in that format (timestamp.h)
 *   `%d.%m.%Y %H:%M`                             a time in that pattern (time_pattern.h)
 *   `decimal` `decimal(2)`                       the bytes of a number in Base64, with so many
 *                                                digits behind its point, as Kafka Connect writes
 *                                                decimals
 */
#ifndef FRESHET_INGEST_MAPPING_PATH_FORMAT_H
#define FRESHET_INGEST_MAPPING_PATH_FORMAT_H

#include "syntax/timestamp.h"

enum path_format_kind { PATH_FORMAT_NONE, PATH_FORMAT_TIME, PATH_FORMAT_DECIMAL };

struct path_format {
    enum path_format_kind kind;
    struct time_layout time;
    int scale; /* of a decimal */
};

/* Reads what stands behind the colon. 0, or -EINVAL when it is no format. A pattern is borrowed. */
int path_format_parse(struct slice text, struct path_format *ret_format);

#endif
