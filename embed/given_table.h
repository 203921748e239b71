/* Given vectors: what this copy has read of the topic `given-vectors`, as bytes
 * (base/byte_vector.h), in a table store: a row for each item and partition of the topic.
 * Every copy has those of all items, because their keys name the vector before the item, so they
 * stand in any partition. Worker's thread.
 */
#ifndef FRESHET_EMBED_GIVEN_TABLE_H
#define FRESHET_EMBED_GIVEN_TABLE_H

#include "embed/vector_row.h"
#include "schemas/given_vector.h"
#include "stream/worker.h"

struct given_table;

/* Makes the table in the state directory of the run; 0, or -errno to refuse (run_refuse()). */
int given_table_new(struct run *run, struct given_table **ret_given);
/* Writes out what was put and closes the table. Takes NULL; returns NULL. */
struct given_table *given_table_free(struct given_table *given);
/* Takes a record of the topic, which may be a tombstone, and returns in *ret_item whose vector it
 * is, borrowed from the record. The verdict of the record. */
enum verdict given_table_take(struct given_table *given, const struct record *rec,
                                struct slice *ret_item);
/* Appends the vectors of an item whose names a row does not have yet, in the order of their names,
 * as long as there is room. Names and bytes are copied. Returns how many. */
size_t given_table_join(struct given_table *given, struct slice item, struct vector_row *row);
/* Says whether any vector has been read, also by an earlier start. */
bool given_table_any(const struct given_table *given);
/* Returns why the table could not be read or written, after which rows may lack vectors: the run
 * must end; NULL: it could. */
const char *given_table_why(const struct given_table *given);
/* For the callbacks of the same names. */
int64_t given_table_resume(struct given_table *given, int input, int32_t partition,
                             int64_t low, int64_t end);
void given_table_passed(struct given_table *given, const struct record *rec);
/* Writes out what was put. */
void given_table_flush(struct given_table *given);

#endif
