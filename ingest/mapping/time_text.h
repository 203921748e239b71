/* Reading a text with a date and a time of day piece by piece; inside face of time_text.c (times as
 * the world writes them) and time_pattern.c (patterns of one's own). */
#ifndef FRESHET_INGEST_MAPPING_TIME_TEXT_H
#define FRESHET_INGEST_MAPPING_TIME_TEXT_H

#include "base/slice.h"

/* A place in a text that is read from left to right; a failed read leaves `failed` set. */
struct time_reading {
    const char *at;
    const char *end;
    bool failed;
};

/* Reads exactly `count` digits. */
int time_digits(struct time_reading *reading, int count);
/* Reads 1 to `most` digits. */
int time_number(struct time_reading *reading, int most);
/* Returns how many digits follow. */
size_t time_digits_ahead(const struct time_reading *reading);
/* Takes one of these bytes; false: another one follows. */
bool time_take(struct time_reading *reading, const char *any_of);
/* Skips blanks. */
void time_skip_blanks(struct time_reading *reading);
/* Reads the digits of a fraction of a second as milliseconds, cut. */
int time_fraction(struct time_reading *reading);
/* Reads a month's name, its first three letters or all: 1 to 12; 0 when there is none. */
int time_month_name(struct time_reading *reading);
/* Reads a weekday's name; false when there is none. */
bool time_weekday_name(struct time_reading *reading);
/* Reads AM or PM: 0 or 12; -1 when there is none. */
int time_half_day(struct time_reading *reading);
/* Reads a zone (Z, UTC, GMT+1, +01:00, EST) as minutes east of UTC; nothing is UTC. A region in
 * brackets behind an offset and a comment in parentheses are skipped. */
int time_zone(struct time_reading *reading);

#endif
