/* Reason: why something failed, in words, for whoever can tell the user.
 *
 * Rooms without a log return -1 and leave the sentence here; the caller prints it. Plain data.
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
