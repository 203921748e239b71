#include "base/base.h"
#include "base/message.h"
#include "stream/avro/codec_error.h"

int codec_error_set(struct codec_error *ret_error, int result, const char *reason,
                    const char *format, ...)
{
    if (!ret_error) { return result; }
    va_list args;
    va_start(args, format);
    ret_error->reason = reason;
    ret_error->unknown_id = false;
    message_write(ret_error->detail, sizeof(ret_error->detail), format, args);
    va_end(args);
    return result;
}
