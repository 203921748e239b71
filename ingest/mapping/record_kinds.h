/* Decides what to do with each kind of record in a mixed topic: `kind.VALUE=VERDICT`.
 *
 * A topic may hold `track` and `identify` calls, inserts and deletes, clicks and heartbeats. The
 * value at `map.kind` is the kind; `kind.default` decides about kinds that are not listed.
 */
#ifndef FRESHET_INGEST_MAPPING_RECORD_KINDS_H
#define FRESHET_INGEST_MAPPING_RECORD_KINDS_H

#include "base/slice.h"
#include "stream/config/options.h"

enum kind_verdict {
    KIND_TAKE,
    KIND_DELETE, /* deletes what the record names: a tombstone */
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
/* Returns what to do with a record of that kind. */
enum kind_verdict record_kinds_find(const struct record_kinds *kinds, struct slice kind);

#endif
