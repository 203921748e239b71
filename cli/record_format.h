/* A record as a line by a format of the user's own: `freshet peek --format '%k %h %v'`.
 *
 *   %t topic   %p partition   %o offset   %T Kafka's timestamp in ms   %k key   %h headers
 *   %v value   %K %V sizes of key and value in bytes (-1: null)   %% a percent sign   \n \t \\
 *
 * Headers are name=value, name=value; a missing key, header value or value is `null`. Control
 * characters of a record are escaped, because a record must not steer the user's terminal.
 */
#ifndef FRESHET_CLI_RECORD_FORMAT_H
#define FRESHET_CLI_RECORD_FORMAT_H

#include "base/buf.h"
#include "stream/kafka/record.h"

struct schema_cache;

/* Says whether a format is valid; false with the reason in `why`. */
bool record_format_valid(const char *format, struct buf *why);
/* Appends the record and a newline. The format is valid. */
void record_format_put(const char *format, struct schema_cache *schemas, const struct record *rec,
                       struct buf *out);
/* Appends the record as its bytes are, as a line for `freshet map --envelope`. */
void record_hex_put(const struct record *rec, struct buf *out);

#endif
