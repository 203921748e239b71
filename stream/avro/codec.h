/* Reads Avro messages into plain structs and writes them, by a contract (contract.h). One
 * interpreter serves all contracts.
 *
 * Writing: the frame that the schema cache gives for the contract's schema (framing.h), then the
 * body. Reading: the frame, of either framing, names the writer's schema in the cache. The body is
 * decoded with the *writer's* schema, every step is checked against the end of the bytes, and the
 * fields are projected by name onto the struct:
 *
 *   field missing in the writer's schema     its default; aliases are tried first
 *   field missing in the reader's schema     skipped
 *   int -> long -> float -> double           promoted; string <-> bytes as well
 *   ["null", X]                              X. A null becomes a slice whose data is NULL where our
 *                                            field is a nullable text, else the field's default; it
 *                                            is refused where there is no default. An element of a
 *                                            column may not be null.
 *
 * The plan for each writer's schema is made once and kept. An element of a string column has at
 * most 64 KiB.
 *
 * The slices of a decoded struct borrow from the message's bytes, those of defaults from the codec;
 * columns are allocated in the given arena. A codec belongs to one thread.
 */
#ifndef FRESHET_STREAM_AVRO_CODEC_H
#define FRESHET_STREAM_AVRO_CODEC_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/slice.h"
#include "stream/avro/codec_error.h"
#include "stream/avro/contract.h"
#include "stream/avro/schema_cache.h"

/* Adds a contract's schema and its earlier versions to the cache; 0, or -EINVAL with ret_error
 * filled. */
int codec_know(const struct contract *contract, struct schema_cache *schemas,
               struct codec_error *ret_error);

/* ---- One contract's reader and writer. ---- */

struct codec;

/* Makes the codec of a contract and adds its schemas to the cache, as codec_know() does. The table
 * must name every field of the schema and no other, with fitting kinds; a table that does not is a
 * programmer's error (assert). The contract and the cache must outlive the codec. Free with
 * codec_free(). */
struct codec *codec_new(const struct contract *contract, struct schema_cache *schemas);
/* Frees the codec; takes NULL; returns NULL. */
struct codec *codec_free(struct codec *codec);

/* Appends the framed message to out. 0, or -EMSGSIZE when a limit of the table or out's maximum is
 * exceeded, or -EINVAL for what codec_decode() would refuse: a number that is not finite, a string
 * that is not UTF-8, a number that is no symbol of its enum. On failure out is unchanged. */
int codec_encode(struct codec *codec, const void *object, struct buf *out);

/* Decodes one framed message. 0, or -EBADMSG with ret_error filled (it may be NULL) and ret_object
 * untouched. The reasons:
 *
 *   "empty", "bad_magic", "truncated"     the bytes are no message, or end too early
 *   "unknown_fingerprint"                 no schema of the cache has this fingerprint
 *   "unknown_schema_id"                   the same, by id; readable once the cache learns the id
 *   "ambiguous_fingerprint"               several have it, and mean different things
 *   "schema_mismatch"                     the writer's record cannot become the contract's
 *   "bad_length"                          a negative length, or a number too large for its type
 *   "over_limit"                          a limit of the table is exceeded
 *   "bad_enum"                            no such symbol; also a boolean other than 0 and 1
 *   "bad_utf8", "bad_union", "not_finite", "trailing_bytes" */
int codec_decode(struct codec *codec, struct slice message, struct arena *arena, void *ret_object,
                 struct codec_error *ret_error);

/* True when the writer's schema names its record as the contract does, namespaces aside. For topics
 * that hold records of several contracts. */
bool codec_names(struct codec *codec, struct slice message);

/* Fills a struct with the defaults of the contract's schema; a field without a default becomes an
 * empty string or zero. */
void codec_defaults(struct codec *codec, void *ret_object);

/* ---- Reading without a contract, for people and for foreign messages. ---- */

/* Appends one framed message, whose schema is in the cache, to out as one line of JSON (render.h);
 * bytes are written as Avro's JSON encoding does. *ret_name becomes the record's name, borrowed
 * from the cache; ret_name may be NULL. Nesting and every length are limited. 0 or -EBADMSG with
 * ret_error filled. */
int codec_json(struct schema_cache *schemas, struct slice message, struct buf *out,
               const char **ret_name, struct codec_error *ret_error);
/* The same; dates and timestamps (logical types of the writer's schema) become ISO 8601 texts. */
int codec_json_times(struct schema_cache *schemas, struct slice message, struct buf *out,
                     struct codec_error *ret_error);
/* The same for a message without a frame, for machines: a fixed without a logical type is hex. The
 * name of a union is that of the branch written. */
int codec_json_body(const struct schema *writer, struct slice body, bool times_as_text,
                    struct buf *out, const char **ret_name, struct codec_error *ret_error);

#endif
