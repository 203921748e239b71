/* Query vectors: the texts of queries as vectors, by a sentence encoder on a thread of its own, so
 * that nobody else waits for it. The newest ones are kept.
 *
 * Texts are kept by a hash of 128 bits; they themselves are forgotten once they are encoded. Any
 * thread.
 */
#ifndef FRESHET_EMBED_TEXT_QUERY_VECTORS_H
#define FRESHET_EMBED_TEXT_QUERY_VECTORS_H

#include "base/slice.h"
#include "model/vector_neighbours.h"

enum { QUERIES_WAITING_MAX = 256, QUERY_PIECES_MAX = 512, QUERY_TEXT_BYTES_MAX = 512 };

struct query_vectors;

enum query_vector {
    QUERY_ENCODED,
    QUERY_LATER,  /* the waiter is woken when it is */
    QUERY_REFUSED, /* the text has no vector, or too many are waiting: its words must do */
};

/* Opens a model (embed/text/sentence_model.h) that takes so many pieces of a text, 3 to
 * QUERY_PIECES_MAX, and keeps up to `kept` vectors, at least QUERIES_WAITING_MAX. 0, or -1 with the
 * reason in why. Free with query_vectors_free(). */
int query_vectors_open(const char *path, size_t pieces_max, size_t kept,
                       struct query_vectors **ret_vectors, char *why, size_t why_size);
/* Ends the thread: nobody is woken any more, and texts that are not known are refused. Takes
 * NULL. */
void query_vectors_end(struct query_vectors *vectors);
/* The same, and frees it; takes NULL; returns NULL. */
struct query_vectors *query_vectors_free(struct query_vectors *vectors);
/* Sets who is woken, on the encoder's thread; before the first text. */
void query_vectors_wake_by(struct query_vectors *vectors,
                           void (*wake)(void *arg, uint64_t waiter), void *arg);
/* Returns the model's version. */
const char *query_vectors_version(const struct query_vectors *vectors);
/* Returns how many numbers a vector has. */
size_t query_vectors_width(const struct query_vectors *vectors);
/* Finds the vector of a text of 1 to QUERY_TEXT_BYTES_MAX bytes. `waiter`: who is woken when it
 * comes later; 0: the call waits for it. */
enum query_vector query_vectors_find(struct query_vectors *vectors, struct slice text,
                                     uint64_t waiter, struct vector_query *ret_vector);
/* Returns how many texts wait or are being encoded. */
size_t query_vectors_waiting(struct query_vectors *vectors);
/* Returns how many texts have been encoded. */
uint64_t query_vectors_encoded(struct query_vectors *vectors);

#endif
