/* An Avro object container file in memory: `Obj` 01, its own schema, blocks of records.
 *
 * Producers that know only files send one as the value of a record. The codecs `null` and `deflate`
 * are read. Every length is checked, and what blocks unpack to is limited by bytes_max.
 *
 * Avro 1.11 specification, "Object Container Files".
 */
#ifndef FRESHET_INGEST_PAYLOAD_AVRO_FILE_H
#define FRESHET_INGEST_PAYLOAD_AVRO_FILE_H

#include "ingest/payload/text_list.h"
#include "stream/avro/schema.h"

struct avro_file;

/* Makes a reader of files; free with avro_file_free(). */
struct avro_file *avro_file_new(size_t bytes_max);
/* Frees the reader; takes NULL; returns NULL. */
struct avro_file *avro_file_free(struct avro_file *file);
/* Says whether bytes begin as such a file does. */
bool avro_file_recognises(struct slice bytes);
/* Adds the JSON of each record to texts. ret_name becomes the name of the records' type, borrowed
 * until the next call. 0, or -EBADMSG with ret_error filled: "bad_avro_file" or the codec's
 * reasons. */
int avro_file_read(struct avro_file *file, struct slice bytes, bool times_as_text,
                   struct text_list *texts, const char **ret_name, struct codec_error *ret_error);

#endif
