/* A progress bar on stderr: redrawn in place on a terminal, a line every few seconds elsewhere. */
#ifndef FRESHET_CLI_PROGRESS_H
#define FRESHET_CLI_PROGRESS_H

#include "base/base.h"

struct progress {
    const char *what;   /* "clicks" */
    int64_t total; /* of what `done` counts, such as bytes of a file; 0: unknown */
    int64_t done_first; /* what was passed over before the first record; set after begin */
    int64_t records_max; /* the end comes after so many records, too; 0: not; set after begin */
    int64_t began_ms;
    int64_t drawn_ms;
    bool terminal;
};

/* Begins a bar. */
void progress_begin(struct progress *progress, const char *what, int64_t total);
/* Returns the part that is done, 0 to 1: of the total or of records_max, whichever ends first. */
double progress_part(const struct progress *progress, int64_t done, int64_t records);
/* Writes the line into at most `width` columns, without the bar when it does not fit; returns its
 * length. */
size_t progress_write(const struct progress *progress, double part, int64_t records,
                      double spent_s, size_t width, char *into, size_t size);
/* Redraws if it is time to: part done, records, records a second, time left. */
void progress_update(struct progress *progress, int64_t done, int64_t records);
/* Draws the end: how many, how fast. */
void progress_end(struct progress *progress, int64_t done_records);

#endif
