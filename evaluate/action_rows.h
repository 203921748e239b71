/* The rows of a file of actions: who, what, and where the file has them, rating and time.
 *
 * The first rows decide how the file is read; an unsafe guess is refused with what to say instead:
 *
 *   user item item ...            blanks: one user a line; or `user item`, one action a line
 *   user::item::rating::seconds   or with tabs, commas, semicolons; rating and time may be missing
 *   a first line of names         user, item, rating, time and the like, in any order
 *
 * Without names the columns count only where nothing speaks against them: an item is not a time, a
 * rating is a number, a time is of seconds, there are at most four columns. Times of milliseconds
 * need their unit; ISO 8601 is recognised.
 *
 * `columns` says it instead: ROLE=COLUMN with commas between them; ROLE is user, item, rating or
 * time, COLUMN a name of the first line or a number from 1; of a time a unit may follow,
 * `time=timestamp:ms`.
 */
#ifndef FRESHET_EVALUATE_ACTION_ROWS_H
#define FRESHET_EVALUATE_ACTION_ROWS_H

#include "base/reason.h"
#include "base/slice.h"
#include "evaluate/action_format.h"

struct action_row {
    struct slice user, item; /* borrowed until the next row; an empty one is missing */
    float rating;
    bool rated;
    int64_t ts_ms;
    bool timed;
};

struct action_rows;

/* Opens a file. 0, or -1 with the reason. The format must outlive the rows. Free with
 * action_rows_close(). */
int action_rows_open(const char *path, const struct action_format *format,
                     struct action_rows **ret_rows, struct reason *reason);
/* Reads the next row. 1; 0 at the end; -1 with the reason, which names the line. */
int action_rows_next(struct action_rows *rows, struct action_row *ret_row, struct reason *reason);
/* Returns the number of the row's line. */
int64_t action_rows_line(const struct action_rows *rows);
/* Says whether the columns were given by `columns`. */
bool action_rows_named(const struct action_rows *rows);
/* Closes the file; takes NULL; returns NULL. */
struct action_rows *action_rows_close(struct action_rows *rows);

#endif
