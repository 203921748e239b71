/* An extent: where a replay of `events` begins and ends, partition by partition.
 *
 * As words: `earliest`, `end`, a number (that offset in every partition), or a time
 * (2026-05-01T12:00:00Z): the first record whose Kafka time stamp (when ingest accepted it) is not
 * before it. Offsets outside of what a partition holds are brought to its nearer end.
 */
#ifndef FRESHET_CLI_EXTENT_H
#define FRESHET_CLI_EXTENT_H

#include "stream/wire.h"

struct extent {
    int32_t partitions;
    int64_t *from; /* first offset */
    int64_t *to;   /* one past the last */
};

/* Says whether a word can stand for a place. */
bool extent_word_valid(const char *word);
/* Looks the places up; release with extent_release(). 0, or 1 with the fault printed. */
int extent_find(struct wire *wire, const char *topic, const char *from, const char *to,
                struct extent *ret_extent);
void extent_release(struct extent *extent);
/* Counts the records between. */
int64_t extent_records(const struct extent *extent);
/* Writes the ends as the option input.end wants them; the caller frees. */
char *extent_ends(const struct extent *extent);

#endif
