/* Screen: the one way by which commands print what came from outside to a terminal: ids, titles,
 * names, reasons, arguments. Control characters, which would steer the terminal or begin a line of
 * their own, are escaped. JSON is printed by quote_json() (base/quote.h).
 */
#ifndef FRESHET_CLI_SCREEN_H
#define FRESHET_CLI_SCREEN_H

#include "base/base.h"

/* Prints one line, and a newline behind it. */
void screen_line(FILE *to, const char *format, ...) _printf_(2, 3);
void screen_line_args(FILE *to, const char *format, va_list args) _printf_(2, 0);

#endif
