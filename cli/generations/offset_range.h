/* A range of offsets: where a replay of `events` begins and ends in each partition.
 *
 * Both ends are given as `earliest`, `end`, an offset (in every partition), or a time
 * (2026-05-01T12:00:00Z), which means the first record whose Kafka timestamp (when ingest accepted
 * it) is not before it. An offset outside a partition becomes the nearer end of the partition.
 */
#ifndef FRESHET_CLI_GENERATIONS_OFFSET_RANGE_H
#define FRESHET_CLI_GENERATIONS_OFFSET_RANGE_H

#include "stream/kafka/wire.h"

struct offset_range {
    int32_t partitions;
    int64_t *from; /* first offset */
    int64_t *to;   /* one past the last */
};

/* Says whether a word is one of these. */
bool offset_range_word_valid(const char *word);
/* Finds the offsets of both words; release with offset_range_release(). 0, or EXIT_FAILURE with the
 * fault printed. */
int offset_range_find(struct wire *wire, const char *topic, const char *from, const char *to,
                      struct offset_range *ret_range);
void offset_range_release(struct offset_range *range);
/* Returns the number of offsets in the range. */
int64_t offset_range_records(const struct offset_range *range);
/* Returns the ends in the format of the option input.end; the caller frees. */
char *offset_range_ends(const struct offset_range *range);

#endif
