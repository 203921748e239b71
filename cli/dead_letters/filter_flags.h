/* The flags that choose dead letters, of all commands about them. The command's settings begin with
 * a struct dead_letter_filter. */
#ifndef FRESHET_CLI_DEAD_LETTERS_FILTER_FLAGS_H
#define FRESHET_CLI_DEAD_LETTERS_FILTER_FLAGS_H

#include "cli/command.h"
#include "cli/dead_letters/dead_letters.h"

bool filter_take_reason(void *settings, const char *text, struct buf *why);
bool filter_take_since(void *settings, const char *text, struct buf *why);
bool filter_take_until(void *settings, const char *text, struct buf *why);
/* Tells, after all were read, when there are dead letters but the filter selects none. */
void filter_tell_none(const struct dead_letter_filter *filter);

#define DEAD_LETTER_FILTER_FLAGS                                                                   \
    FLAG_TAKEN('r', "REASON", "reason", filter_take_reason,                                        \
               "Only dead letters with this reason; may be repeated"),                             \
    FLAG_TAKEN(0, "TIME", "since", filter_take_since,                                              \
               "Only dead letters from this time on: 2026-05-01T12:00:00Z, or 2h, 30m, 7d ago"),   \
    FLAG_TAKEN(0, "TIME", "until", filter_take_until, "Only dead letters before this time")

#endif
