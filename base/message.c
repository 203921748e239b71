#include "base/base.h"
#include "base/message.h"
#include "base/quote.h"

#undef vsnprintf

void message_write(char *into, size_t size, const char *format, va_list args)
{
    char raw[MESSAGE_BYTES_MOST];
    (void)vsnprintf(raw, sizeof(raw), format, args);
    quote_screen(slice_str(raw), into, size);
}

bool message_has_hint(const char *text)
{
    return strstr(text, "; hint: ") != NULL;
}
