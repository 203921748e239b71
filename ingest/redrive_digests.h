/* The records that `freshet redrive` has sent, by their digests, from the topic `redrives`.
 *
 * Only `freshet redrive` may write to that topic, so a record that is found here may name its
 * origin; whoever may write to a source topic alone cannot make one.
 *
 * 40 bytes a record on average, for all that the topic holds. One thread.
 */
#ifndef FRESHET_INGEST_REDRIVE_DIGESTS_H
#define FRESHET_INGEST_REDRIVE_DIGESTS_H

#include "stream/avro/codec.h"
#include "stream/kafka/record.h"

struct redrive_digests;

/* Makes an empty set; the cache must outlive it. Free with redrive_digests_free(). */
struct redrive_digests *redrive_digests_new(struct schema_cache *schemas);
struct redrive_digests *redrive_digests_free(struct redrive_digests *known);
/* Adds the digests of a record of `redrives`. 0, or -EBADMSG when it is not a mark. */
int redrive_digests_take(struct redrive_digests *known, const struct record *rec,
                         struct codec_error *ret_error);
/* Says whether a record was sent by `freshet redrive`. */
bool redrive_digests_have(struct redrive_digests *known, const struct record *rec);
/* Returns their number. */
size_t redrive_digests_count(const struct redrive_digests *known);

#endif
