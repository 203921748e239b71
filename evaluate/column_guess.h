/* Decides which column of a file is what, by its first rows or as the user says; or refuses to.
 *
 * A part of action_rows.h, which explains the rules.
 */
#ifndef FRESHET_EVALUATE_COLUMN_GUESS_H
#define FRESHET_EVALUATE_COLUMN_GUESS_H

#include "base/delimited.h"
#include "base/reason.h"
#include "evaluate/action_format.h"

enum {
    COLUMN_GUESS_ROWS = 100,
    COLUMN_COLONS = ':', /* as a separator: `::` */
    UNIT_BYTES_MAX = 64,
};

/* How the rows of a file are read. Columns count from 0; -1: there is none. */
struct column_layout {
    char separator; /* ' ': one user a line, or one action */
    bool names;     /* the first line has names */
    int user, item, rating, time;
    char unit[UNIT_BYTES_MAX]; /* of time */
};

/* Splits a line by the layout's separator; as delimited_row_read(). */
int column_layout_split(const struct column_layout *layout, struct delimited_row *row,
                        struct slice line);
/* Reads a time of the layout's unit; 0 or -EINVAL. */
int column_layout_time(const struct column_layout *layout, const struct action_format *format,
                       struct slice text, int64_t *ret_ms);
/* Reads a field that is a finite number and nothing else. */
bool column_number(struct slice field, double *ret_number);
/* Says whether a field stands for no value: NA, NaN, NULL and the like. */
bool column_is_none(struct slice field);

struct column_guess;

/* Begins; the arguments must outlive the guess. Free with column_guess_free(). */
struct column_guess *column_guess_new(const char *path, const struct action_format *format,
                                      struct column_layout *layout);
/* Frees the guess; takes NULL; returns NULL. */
struct column_guess *column_guess_free(struct column_guess *guess);
/* Takes the first line: finds the separator, which the layout has from now on. 0, or -1 with the
 * reason. */
int column_guess_first(struct column_guess *guess, struct slice line, struct reason *reason);
/* Takes a row after the first. */
void column_guess_row(struct column_guess *guess, const struct delimited_row *row);
/* Fills in the layout; 0, or -1 with the reason, which says what to write. */
int column_guess_decide(struct column_guess *guess, struct reason *reason);

#endif
