/* The values of a flag that may be repeated, borrowed from the command line. */
#ifndef FRESHET_CLI_PROVISION_FLAG_TEXTS_H
#define FRESHET_CLI_PROVISION_FLAG_TEXTS_H

#include "base/buf.h"

enum { FLAG_TEXTS_MAX = 64 };

struct flag_texts {
    const char *at[FLAG_TEXTS_MAX];
    size_t count;
};

/* Adds one; false with the reason: there are too many. */
static inline bool flag_texts_add(struct flag_texts *texts, const char *text, struct buf *why)
{
    if (texts->count == FLAG_TEXTS_MAX) {
        buf_printf(why, "given more than %d times", FLAG_TEXTS_MAX);
        return false;
    }
    texts->at[texts->count++] = text;
    return true;
}

#endif
