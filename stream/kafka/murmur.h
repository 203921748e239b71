/* murmur2 as Kafka's Java clients hash keys, so that equal keys meet in equal partitions whoever
 * wrote them. (Austin Appleby's MurmurHash2, 32 bits, with Kafka's seed 0x9747b28c.)
 */
#ifndef FRESHET_STREAM_KAFKA_MURMUR_H
#define FRESHET_STREAM_KAFKA_MURMUR_H

#include "base/base.h"
#include "base/slice.h"

/* Hashes the bytes; the sign is Java's. */
int32_t murmur2(struct slice bytes);
/* Picks the partition of a key, which is not null: the hash without its sign, modulo count. */
int32_t murmur_partition(struct slice key, int32_t count);

#endif
