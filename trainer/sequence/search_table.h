/* Search table: what users searched for, as numbers, and the vectors of these, for training.
 *
 * A text is known by a hash of 128 bits and forgotten once it is encoded, which an encoder's thread
 * does (embed/text/query_vectors.h); until then it has a number and no vector. There are at most
 * `most` texts: of further ones nothing is known. The worker's thread writes, the training thread
 * reads under the table's own lock. Memory: a byte a number, and the texts that wait.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_SEARCH_TABLE_H
#define FRESHET_TRAINER_SEQUENCE_SEARCH_TABLE_H

#include "base/slice.h"
#include "embed/text/query_vectors.h"

enum { SEARCH_NONE = -1 };

struct search_table;

/* Makes an empty table; takes the encoder (query_vectors_open()). Free with search_table_free(). */
struct search_table *search_table_new(struct query_vectors *encoder, size_t most);
/* Frees both; takes NULL; returns NULL. */
struct search_table *search_table_free(struct search_table *table);
/* Returns the version of the encoder, and how many numbers a vector has. */
const char *search_table_model(const struct search_table *table);
size_t search_table_width(const struct search_table *table);
/* Returns the number of a text, a new one if it is new; SEARCH_NONE: it is empty or too long, or
 * there are too many. */
int32_t search_table_number(struct search_table *table, struct slice text);
/* Gives the encoder texts that wait, and takes vectors that are there. */
void search_table_work(struct search_table *table);
/* Counts the texts that have no vector yet. */
size_t search_table_waiting(const struct search_table *table);
/* Says whether the texts that were there at the first such call have their vectors: what is learned
 * before knows nothing of the others. */
bool search_table_caught_up(struct search_table *table);
/* Counts the texts that have a vector. */
size_t search_table_count(struct search_table *table);
/* Reads a search's vector, of length 1; false: it has none, or none yet. */
bool search_table_read(struct search_table *table, int32_t number, float *ret_vector);

#endif
