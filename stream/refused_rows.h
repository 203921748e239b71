/* Refused rows: records of tables whose dead letters have arrived, in this run or an earlier one.
 *
 * A table is read from its start whenever a copy starts, and its offsets are not committed. So a
 * refused row that is still there would be refused at each start again. Therefore each is noted,
 * as a digest of its place, content and reason, in the file `refused` beside the worker's state.
 * Copies on one machine share the file. What is lost of it is refused once more, nothing else.
 *
 * Worker's thread.
 */
#ifndef FRESHET_STREAM_REFUSED_ROWS_H
#define FRESHET_STREAM_REFUSED_ROWS_H

#include "stream/env.h"

enum { REFUSED_ROWS_MAX = 65536 }; /* that a start knows: the newest */

struct refused_rows;

/* Reads what earlier runs noted; borrows env. Free with refused_rows_free(). */
struct refused_rows *refused_rows_new(const struct env *env);
struct refused_rows *refused_rows_free(struct refused_rows *rows);
/* Says whether an earlier run refused this record for this reason. */
bool refused_rows_know(struct refused_rows *rows, const struct record *rec, const char *reason);
/* A dead letter about the record is on its way. */
void refused_rows_sent(struct refused_rows *rows, const struct record *rec, const char *reason);
/* All dead letters that were sent have arrived: notes their records. */
void refused_rows_arrived(struct refused_rows *rows);
/* Some may be lost: all will be sent again. */
void refused_rows_lost(struct refused_rows *rows);
/* Returns how many records of this run were known. */
int64_t refused_rows_known(const struct refused_rows *rows);

#endif
