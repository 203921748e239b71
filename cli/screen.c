#include "base/base.h"
#include "base/message.h"
#include "cli/screen.h"

void screen_line_args(FILE *to, const char *format, va_list args)
{
    char line[MESSAGE_BYTES_MOST];
    message_write(line, sizeof(line), format, args);
    fprintf(to, "%s\n", line);
}

void screen_line(FILE *to, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    screen_line_args(to, format, args);
    va_end(args);
}
