/* murmur2 as Kafka's Java clients hash keys, so that a key goes to the same partition from every
 * client. (Austin Appleby's MurmurHash2, 32 bits, with Kafka's seed 0x9747b28c.)
 */
#ifndef FRESHET_STREAM_KAFKA_MURMUR_H
#define FRESHET_STREAM_KAFKA_MURMUR_H

#include "base/base.h"
#include "base/slice.h"

/* Hashes the bytes; the result is signed, as in Java. */
int32_t murmur2(struct slice bytes);
/* Returns the partition of a key, which is not null: the hash without its sign bit, modulo
 * count. */
int32_t murmur_partition(struct slice key, int32_t count);

#endif
