/* Rows of CSV or TSV as JSON texts: an object for each row, with the columns' names.
 *
 * Values are texts; an empty field is left out. A row may have fewer fields than there are columns,
 * never more: a separator in a value without quotes would shift all that follows.
 */
#ifndef FRESHET_INGEST_PAYLOAD_TABLE_TEXTS_H
#define FRESHET_INGEST_PAYLOAD_TABLE_TEXTS_H

#include "base/delimited.h"
#include "ingest/payload/text_list.h"
#include "stream/avro/codec_error.h"

struct table_texts;

/* Makes a reader. columns: names with commas between them; `header`: each record's first row names
 * them; `snowplow`: those of Snowplow's enriched events. The separator is one character; with tabs,
 * quotes mean nothing. 0, or -EINVAL with the fault and a hint written to why. Free with
 * table_texts_free(). */
int table_texts_new(const char *columns, char separator, size_t bytes_max,
                    struct table_texts **ret_table, char *why, size_t why_size);
/* Frees the reader; takes NULL; returns NULL. */
struct table_texts *table_texts_free(struct table_texts *table);
/* Adds a text for each row. 0, or -EBADMSG with ret_error filled: "bad_csv", "too_many_lines",
 * "over_limit". */
int table_texts_read(struct table_texts *table, struct slice bytes, struct text_list *texts,
                     struct codec_error *ret_error);

#endif
