/* The schema cache holds every writer's schema that this process knows, by fingerprint and by the
 * ids that a schema registry gave it.
 *
 * An id means one schema for ever; a schema may have several ids (registries give another one to
 * the same schema with other comments). A fingerprint may be that of several schemas: see
 * schema_cache.c. The cache also decides how codecs frame what they write: as
 * single objects or with ids.
 *
 * A cache belongs to one thread.
 */
#ifndef FRESHET_STREAM_AVRO_SCHEMA_CACHE_H
#define FRESHET_STREAM_AVRO_SCHEMA_CACHE_H

#include "base/base.h"
#include "stream/avro/codec_error.h"
#include "stream/avro/framing.h"

enum { SCHEMA_CACHE_SCHEMAS_MAX = 4096, SCHEMA_CACHE_IDS_MAX = 16384 };

struct schema;
struct schema_cache;

/* Makes an empty cache; free with schema_cache_free(). */
struct schema_cache *schema_cache_new(void);
/* Frees the cache, after all codecs made with it; takes NULL; returns NULL. */
struct schema_cache *schema_cache_free(struct schema_cache *schemas);
/* Adds a schema by its JSON text; 0 (also when it is known already), or -EINVAL with ret_error
 * filled. For schemas of our own messages: their fingerprints are theirs alone. */
int schema_cache_add(struct schema_cache *schemas, const char *json, struct codec_error *ret_error);
/* Adds a schema and its id in the registry; also one of Protobuf, a text
 * {"protobuf": ...}. 0, or -EINVAL with ret_error filled (also when the id already means another
 * schema). Of several ids of one schema, codecs write the last one bound. */
int schema_cache_bind(struct schema_cache *schemas, uint32_t id, const char *json,
                      struct codec_error *ret_error);
/* Returns the id in a file's name (17.avsc, 17.proto, in any directory); -1 when the name is no
 * id. */
int64_t schema_cache_file_id(const char *path);
/* Adds every *.avsc file of a directory (older or foreign writers' schemas); a file whose name is a
 * number (17.avsc) is also bound to that id; and so is a schema of Protobuf (17.proto). 0 or
 * -errno. */
int schema_cache_add_dir(struct schema_cache *schemas, const char *path,
                         struct codec_error *ret_error);

/* Sets the framing of what codecs write that are made from now on. FRAMING_CONFLUENT applies to
 * schemas that have an id; the others are still written as single objects. */
void schema_cache_write(struct schema_cache *schemas, enum framing framing);
/* Returns the frame that a codec writes for the schema with this fingerprint. */
struct frame schema_cache_frame(const struct schema_cache *schemas, uint64_t fingerprint);
/* Counts the schemas that had another's fingerprint, and what else may change the answer of
 * schema_cache_find() for a fingerprint. */
uint64_t schema_cache_clashes(const struct schema_cache *schemas);
/* Finds the Avro schema that a frame names; NULL when the cache does not hold it, or when it is a
 * fingerprint of several. */
const struct schema *schema_cache_find(struct schema_cache *schemas, struct frame frame);
/* Finds the text of a schema of Protobuf by its id; NULL when the cache does not hold it. */
const char *schema_cache_foreign(struct schema_cache *schemas, uint64_t id);
/* Says whether the cache holds a schema, of whatever format, for an id. */
bool schema_cache_knows(const struct schema_cache *schemas, uint64_t id);
/* Fills ret_error for a frame that schema_cache_find() or schema_cache_foreign() did not find: as
 * frame_unknown(), "ambiguous_fingerprint", or "schema_mismatch" when the id's schema is of another
 * format. Returns -EBADMSG. */
int schema_cache_missing(const struct schema_cache *schemas, struct frame frame,
                         struct codec_error *ret_error);
/* Returns one of the cache's Avro schemas; NULL past the last. */
const struct schema *schema_cache_at(const struct schema_cache *schemas, size_t index);
/* Finds the schema of a file of schema_cache_add_dir() by the file's name without its ending, in
 * any case (view, 6f1b…); NULL when there is none. */
const struct schema *schema_cache_named(const struct schema_cache *schemas, const char *name);
/* Makes schema_cache_find() call `ask` for each id that the cache does not hold. `ask` may block;
 * it binds the id, or leaves it unknown. For programs that may wait at that point. `arg` must
 * outlive the cache. */
void schema_cache_ask(struct schema_cache *schemas,
                      void (*ask)(void *arg, struct schema_cache *schemas, uint32_t id), void *arg);

#endif
