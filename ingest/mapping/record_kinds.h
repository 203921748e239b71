/* What to do with each sort of record of a source that holds several: `kind.VALUE=VERDICT`.
 *
 * A topic of `track` and `identify` calls, of inserts and deletes, of clicks and heartbeats: the
 * value at `map.kind` says which one a record is. Unlisted ones are treated as `kind.default` says.
 */
#ifndef FRESHET_INGEST_MAPPING_RECORD_KINDS_H
#define FRESHET_INGEST_MAPPING_RECORD_KINDS_H

#include "base/slice.h"
#include "stream/config/options.h"

enum kind_verdict {
    KIND_TAKE,
    KIND_DELETE, /* what the record names goes away: a tombstone */
    KIND_IGNORE, /* dropped, and counted */
    KIND_REFUSE, /* a dead letter */
};

enum { RECORD_KINDS_MAX = 1000, RECORD_KIND_BYTES_MAX = 256 };

struct record_kinds;

/* Makes the table; free with record_kinds_free(). can_delete: the source's records have keys that a
 * tombstone can name. 0, or -EINVAL with the reason written to why. Values are copied. */
int record_kinds_new(const struct properties *properties, const char *fallback, bool can_delete,
                     struct record_kinds **ret_kinds, char *why, size_t why_size);
/* Frees the table; takes NULL; returns NULL. */
struct record_kinds *record_kinds_free(struct record_kinds *kinds);
/* Says what to do with a record of that kind. */
enum kind_verdict record_kinds_find(const struct record_kinds *kinds, struct slice kind);

#endif
