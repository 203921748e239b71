/* What a wrong value of an option was probably meant to be. */
#ifndef FRESHET_STREAM_CONFIG_OPTION_HINT_H
#define FRESHET_STREAM_CONFIG_OPTION_HINT_H

#include "base/base.h"
#include "base/buf.h"
#include "stream/config/option.h"

/* Appends "; did you mean ...?" or what else a wrong text shows; nothing when it shows nothing. */
void option_hint(const struct option *option, const char *text, struct buf *out);

#define OPTION_COMMENT_HINT "a value has no comment behind it: write that in a line of its own"

/* Says whether a text seems to end with a comment: ` # words`. Not: `Order #`, `["a #b"]`. */
bool option_has_comment(const char *text);

#endif
