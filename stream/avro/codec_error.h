/* Why bytes or a schema were refused. */
#ifndef FRESHET_STREAM_AVRO_CODEC_ERROR_H
#define FRESHET_STREAM_AVRO_CODEC_ERROR_H

#include "base/base.h"

/* `reason` is a fixed word that metrics and dead letters carry; `detail` is text for people and
 * names the position ("field items, element 3: negative length -7"). */
struct codec_error {
    const char *reason;
    char detail[200];
    bool unknown_id; /* the cache does not hold the id of the writer's schema, but may learn it */
    uint32_t schema_id; /* that id */
};

/* Fills the error, unless it is NULL, and returns `result`: -EBADMSG for bytes, -EINVAL for a
 * schema. */
int codec_error_set(struct codec_error *ret_error, int result, const char *reason,
                    const char *format, ...) _printf_(4, 5);

#endif
