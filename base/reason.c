#include "base/base.h"
#include "base/message.h"
#include "base/reason.h"

int reason_give(struct reason *reason, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    message_write(reason->text, sizeof(reason->text), format, args);
    va_end(args);
    return -1;
}
