/* HTML from texts of outside: every text is escaped, only literals of this program are markup. In a
 * URL in a quoted attribute, a text is escaped by quote_url() (base/quote.h). */
#ifndef FRESHET_SERVE_CONSOLE_HTML_H
#define FRESHET_SERVE_CONSOLE_HTML_H

#include "base/buf.h"
#include "base/slice.h"

/* Appends markup, which must be a literal: the empty text before it lets nothing else compile. */
#define html_put(out, literal) buf_append((out), "" literal, sizeof("" literal) - 1)
/* Appends a text as content or as the value of a quoted attribute. Markup characters are escaped;
 * control characters, marks that turn the direction of writing and bytes that are not UTF-8 become
 * U+FFFD. */
void html_text(struct buf *out, struct slice text);
/* Appends a whole number. */
void html_number(struct buf *out, int64_t number);
/* Appends a place from 1 on; 0 or less: a dash, as there is none. */
void html_place(struct buf *out, int64_t place);
/* Appends a number for people, with at most so many digits behind the point. */
void html_real(struct buf *out, double number, int digits);
/* The same of what may be unknown: a dash for NAN. */
void html_measure(struct buf *out, double number, int digits);
/* Appends a bar of this part of its full length, 0 to 1. */
void html_bar(struct buf *out, double part);

#endif
