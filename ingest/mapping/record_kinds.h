/* Decides what to do with each kind of record in a mixed topic: `kind.VALUE=VERDICT`.
 *
 * A topic may hold `track` and `identify` calls, inserts and deletes, clicks and heartbeats. The
 * value at `map.kind` is the kind; `kind.default` decides about kinds that are not listed.
 * A kind may have paths of its own, kind.VALUE.map.FIELD=PATH; it is taken if nothing else is said.
 */
#ifndef FRESHET_INGEST_MAPPING_RECORD_KINDS_H
#define FRESHET_INGEST_MAPPING_RECORD_KINDS_H

#include "base/slice.h"
#include "ingest/mapping/mapping_settings.h"

enum kind_verdict {
    KIND_TAKE,
    KIND_DELETE, /* deletes what the record names: a tombstone */
    KIND_IGNORE, /* dropped, and counted */
    KIND_REFUSE, /* a dead letter */
    KIND_FORGET, /* the user that it names is to be forgotten */
};

enum { RECORD_KINDS_MAX = 1000, RECORD_KIND_BYTES_MAX = 256 };

struct record_kinds;

/* Makes the table; free with record_kinds_free(). 0, or -EINVAL with the reason written to why.
 * Kinds are copied, paths are borrowed. */
int record_kinds_new(const struct properties *properties, const char *fallback, enum target target,
                     struct record_kinds **ret_kinds, char *why, size_t why_size);
/* Frees the table; takes NULL; returns NULL. */
struct record_kinds *record_kinds_free(struct record_kinds *kinds);
/* Returns what to do with a record of that kind. ret_own: the number of its own paths, from 1; 0:
 * it has none. */
enum kind_verdict record_kinds_find(const struct record_kinds *kinds, struct slice kind,
                                    size_t *ret_own);
/* Returns what to do with kinds that are not listed. */
enum kind_verdict record_kinds_fallback(const struct record_kinds *kinds);
/* Returns how many kinds have their own paths. */
size_t record_kinds_own(const struct record_kinds *kinds);
/* Puts the own paths of that number, from 1, over those of the source. */
void record_kinds_paths(const struct record_kinds *kinds, size_t number,
                        const char *paths[MAPPED_COUNT]);

#endif
