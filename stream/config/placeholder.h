/* Placeholders in option values: `${file:/path}` is replaced by the file's text without its final
 * newline, `${env:NAME}` by the environment variable, `${credential:NAME}` by the file NAME in the
 * directory that systemd makes for a service's credentials. They may be anywhere in a value. The
 * inserted text is not expanded again. Any other `${...}` is plain text. */
#ifndef FRESHET_STREAM_CONFIG_PLACEHOLDER_H
#define FRESHET_STREAM_CONFIG_PLACEHOLDER_H

#include "base/base.h"
#include "base/buf.h"

enum { PLACEHOLDER_FILE_MAX = 64 << 10 };

/* Appends text to out with its placeholders replaced; 0, or -EINVAL with the reason appended to
 * hint. */
int placeholder_expand(const char *text, struct buf *out, struct buf *hint);

#endif
