/* Texts in manual pages (roff, man(7)). */
#ifndef FRESHET_BASE_ROFF_H
#define FRESHET_BASE_ROFF_H

#include "base/buf.h"

/* Appends a text so that a reader sees it as it is: a line that begins with . or ' is no request,
 * a backslash is no escape, - is a minus that can be copied, and a line break stays one. */
void roff_text(const char *text, struct buf *out);
/* Appends the title line (.TH) and the NAME section of a page. */
void roff_title(const char *name, int section, const char *summary, struct buf *out);

#endif
