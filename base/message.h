/* Message: a sentence for people, in a buffer of fixed size.
 *
 * Messages go to logs, to terminals and into headers of dead letters, and name what came from
 * outside: ids, titles, paths. So control characters are escaped (quote.h). An argument may lie in
 * the buffer itself, as a reason that is completed by where it happened; a plain vsnprintf() would
 * write over it before it is read, which is why base.h bans that.
 */
#ifndef FRESHET_BASE_MESSAGE_H
#define FRESHET_BASE_MESSAGE_H

#include "base/base.h"

/* A longer message is cut. */
enum { MESSAGE_BYTES_MOST = 4096 };

/* Writes the sentence into `into`, cut at size - 1 bytes, with a NUL. */
void message_write(char *into, size_t size, const char *format, va_list args) _printf_(3, 0);
/* Says whether a sentence ends with what to do, behind "; hint: ". */
bool message_has_hint(const char *text);

#endif
