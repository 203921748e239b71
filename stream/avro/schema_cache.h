/* The schema schemas: every writer's schema that this process knows, by its fingerprint and by the
 * ids under which a schema registry knows it.
 *
 * An id means one schema for ever; a schema may have many ids (one text with a comment, one
 * without). The schemas says how codecs frame what they write: as single objects, or with ids.
 *
 * A schemas belongs to one thread.
 */
#ifndef FRESHET_STREAM_AVRO_SCHEMA_CACHE_H
#define FRESHET_STREAM_AVRO_SCHEMA_CACHE_H

#include "base/base.h"

/* Why bytes, or a schema, were refused: `reason` is a fixed word for counting and dead letters,
 * `detail` says where ("field items, element 3: negative length -7"). */
struct codec_error {
    const char *reason;
    char detail[200];
    bool unknown_id; /* the cache lacks the id of the writer's schema; it may still learn it */
};

enum framing { FRAMING_SINGLE, FRAMING_CONFLUENT };

/* The name of a schema before a message's body (framing.h). */
struct frame {
    enum framing framing;
    uint64_t number; /* fingerprint or id */
};

enum {
    SCHEMA_ID_MAX = INT32_MAX, /* registries count in signed 32 bits, from 1 */
    SCHEMA_CACHE_SCHEMAS_MAX = 4096,
    SCHEMA_CACHE_IDS_MAX = 16384,
};

struct schema;
struct schema_cache;

/* Makes an empty schemas; free with schema_cache_free(). */
struct schema_cache *schema_cache_new(void);
/* Frees the schemas (after all codecs made with it); takes NULL; returns NULL. */
struct schema_cache *schema_cache_free(struct schema_cache *schemas);
/* Adds a schema by its JSON text; 0 (also when known already), or -EINVAL with ret_error told. */
int schema_cache_add(struct schema_cache *schemas, const char *json, struct codec_error *ret_error);
/* Adds a schema and the id under which a registry knows it; 0, or -EINVAL with ret_error told (also
 * when the id means another schema). Of several ids codecs write the one that came last. */
int schema_cache_bind(struct schema_cache *schemas, uint32_t id, const char *json,
                      struct codec_error *ret_error);
/* Adds every *.avsc file of a directory (older or foreign writers' schemas); one that is named by a
 * number (17.avsc) is known by that id too. 0 or -errno. */
int schema_cache_add_dir(struct schema_cache *schemas, const char *path,
                         struct codec_error *ret_error);

/* Says how codecs that are made from now on frame what they write. With ids: those whose schema
 * has one; the others write single objects. */
void schema_cache_write(struct schema_cache *schemas, enum framing framing);
/* Says which frame a codec writes for a schema of the schemas. */
struct frame schema_cache_frame(const struct schema_cache *schemas, uint64_t fingerprint);
/* Finds the schema that a frame names; NULL when the cache lacks it. */
const struct schema *schema_cache_find(struct schema_cache *schemas, struct frame frame);
/* Lets the schemas ask for ids that it lacks, each time that one is looked for: `ask` may wait, and
 * binds the id or does not. For programs that have nothing else to do; `arg` must outlive the
 * schemas. */
void schema_cache_ask(struct schema_cache *schemas,
                      void (*ask)(void *arg, struct schema_cache *schemas, uint32_t id), void *arg);

#endif
