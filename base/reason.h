/* Reason: why something failed, as a sentence for the user.
 *
 * A function without access to the log returns -1 and writes the sentence here; its caller prints
 * it. Plain data.
 */
#ifndef FRESHET_BASE_REASON_H
#define FRESHET_BASE_REASON_H

#include "base/base.h"

enum { REASON_BYTES_MAX = 512 };

struct reason {
    char text[REASON_BYTES_MAX]; /* "": nothing failed */
};

/* Writes the sentence, cut at REASON_BYTES_MAX; returns -1. */
int reason_give(struct reason *reason, const char *format, ...) _printf_(2, 3);

#endif
