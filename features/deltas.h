/* Deltas: splits the sums of an accumulator into PairDeltas messages, by trainer partition.
 *
 * A pair goes to the partitions of both its items (ids_partition), once if they are the same. An
 * item's own sums go to its own partition only, in exactly one message. A message is closed before
 * it exceeds any of the three limits.
 */
#ifndef FRESHET_FEATURES_DELTAS_H
#define FRESHET_FEATURES_DELTAS_H

#include "model/ids.h"
#include "model/counting/pairs.h"
#include "schemas/pair_deltas.h"

enum {
    DELTAS_PAIRS_MAX = 20000,
    DELTAS_ITEMS_MAX = 60000,
    DELTAS_BYTES_MAX = 700000, /* approximate; below Kafka's 1 MB for a message */
};

struct deltas;

/* Makes a builder for this many partitions; borrows ids for its life. Free with deltas_free(). */
struct deltas *deltas_new(const struct ids *ids, int32_t partitions);
/* Frees the builder; takes NULL; returns NULL. */
struct deltas *deltas_free(struct deltas *deltas);
/* Splits the view into messages and calls `emit` with each, which borrows it for the call. `head`
 * provides input_partition, input_offset, event_time_ms and forgotten; when a user was forgotten,
 * every partition gets a message, because its trainer then commits soon. */
void deltas_cut(struct deltas *deltas, const struct pairs_view *view,
                const struct pair_deltas *head,
                void (*emit)(void *arg, int32_t partition, const struct pair_deltas *message),
                void *arg);

#endif
