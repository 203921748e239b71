/* The headers that a mapping names (`$header.ce_id`), of the current record, as texts.
 *
 * Headers are read only when the mapping names some. Of several headers with one name the last
 * counts, as in Kafka's lastHeader(); a null header counts as absent.
 */
#ifndef FRESHET_INGEST_MAPPING_NAMED_HEADERS_H
#define FRESHET_INGEST_MAPPING_NAMED_HEADERS_H

#include "ingest/mapping/rules.h"
#include "stream/kafka/record.h"

enum { NAMED_HEADERS_MAX = 64 };

struct named_headers;

/* Makes a set without names; free with named_headers_free(). */
struct named_headers *named_headers_new(void);
/* Frees the set; takes NULL; returns NULL. */
struct named_headers *named_headers_free(struct named_headers *named);
/* Adds a name unless it is there; it is borrowed. 0, or -EINVAL with ret_why when they are too
 * many. */
int named_headers_add(struct named_headers *named, struct slice name, const char **ret_why);
/* Reads a record's headers; without names, nothing. HEADERS_FINE, or the fault, and where it is
 * (empty: in all of them together). */
enum headers_fault named_headers_read(struct named_headers *named, const struct record *rec,
                                      char *where, size_t where_size);
/* Finds the text of a header that was named, borrowed until the next read or clear; NULL when the
 * record has none. */
json_t *named_headers_find(const struct named_headers *named, struct slice name);
/* Frees the texts of the last record. */
void named_headers_clear(struct named_headers *named);

#endif
