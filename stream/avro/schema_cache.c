/* Two sorted arrays: schemas by fingerprint, and ids bound to schemas. Both are searched by
 * bisection; they grow rarely and are searched for each new writer.
 *
 * A fingerprint does not name a schema for certain. The canonical form leaves logical types out, so
 * timestamp-millis and timestamp-micros have one; and CRC-64 is easy to forge. So a schema is what
 * schema_same_meaning() tells apart, and an id means one schema. A message that has only a
 * fingerprint gets the schema that we trust most: our contracts before the operator's files, these
 * before what a registry names, which the sender of a message chooses. Where two have the same
 * rank, the message is refused, never read by whichever came first.
 *
 * libavro is used for one thing only: it must accept every schema that we accept, except those with
 * names that the specification does not allow. Untrusted messages never reach it (its memory reader
 * goes out of bounds on negative lengths), and schemas are never printed by it (it drops defaults
 * and aliases).
 */
#include "base/base.h"
#include "base/number.h"
#include "base/text_file.h"
#include "base/xalloc.h"
#include "stream/avro/schema.h"
#include "stream/avro/schema_cache.h"

#include <avro.h>
#include <dirent.h>


enum { AVRO_WHY_BYTES = 120 };

static const char foreign_start[] = "{\"protobuf\":";

/* An id and the schema that it means. */
struct binding {
    uint32_t id;
    const struct schema *schema; /* NULL: not Avro */
    char *foreign; /* the text of a schema that is not Avro; NULL: Avro */
    uint64_t turn; /* rises with each binding: of several ids the last one bound is written */
};

/* A file's name without its ending, and its schema. */
struct named_schema {
    char *name;
    const struct schema *schema;
};

/* Where a schema comes from. */
enum rank { RANK_BOUND, RANK_FILE, RANK_OWN };

struct known_schema {
    struct schema *schema;
    enum rank rank;
};

struct schema_cache {
    struct known_schema *schemas; /* by fingerprint, ascending; perhaps several with the same */
    size_t count;
    uint64_t clashes; /* schemas whose fingerprint another one had */
    struct named_schema *named;
    size_t named_count;
    struct binding *bindings; /* by id, ascending */
    size_t bindings_count;
    uint64_t turns;
    enum framing framing;
    void (*ask)(void *arg, struct schema_cache *schemas, uint32_t id);
    void *ask_arg;
};

struct schema_cache *schema_cache_new(void)
{
    return xcalloc(1, sizeof(struct schema_cache));
}

struct schema_cache *schema_cache_free(struct schema_cache *schemas)
{
    if (!schemas) { return NULL; }
    for (size_t i = 0; i < schemas->count; i++) { schema_free(schemas->schemas[i].schema); }
    for (size_t i = 0; i < schemas->bindings_count; i++) { free(schemas->bindings[i].foreign); }
    for (size_t i = 0; i < schemas->named_count; i++) { free(schemas->named[i].name); }
    free(schemas->named);
    free(schemas->schemas);
    free(schemas->bindings);
    free(schemas);
    return NULL;
}

/* Returns the first index of the fingerprint, or the one at which to insert it. */
static size_t schema_index(const struct schema_cache *schemas, uint64_t fingerprint)
{
    size_t low = 0;
    size_t high = schemas->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (schema_crc(schemas->schemas[middle].schema) < fingerprint) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool has_fingerprint(const struct schema_cache *schemas, size_t at, uint64_t fingerprint)
{
    return at < schemas->count && schema_crc(schemas->schemas[at].schema) == fingerprint;
}

/* Finds the schema of a fingerprint that has the highest rank; NULL when there is none, or, with
 * ret_ambiguous set, several. */
static const struct schema *by_fingerprint(const struct schema_cache *schemas, uint64_t fingerprint,
                                           bool *ret_ambiguous)
{
    const struct known_schema *best = NULL;
    bool ambiguous = false;
    size_t at = schema_index(schemas, fingerprint);
    for (; has_fingerprint(schemas, at, fingerprint); at++) {
        const struct known_schema *known = &schemas->schemas[at];
        if (best && known->rank < best->rank) { continue; }
        ambiguous = best && known->rank == best->rank;
        best = known;
    }
    *ret_ambiguous = ambiguous;
    return best && !ambiguous ? best->schema : NULL;
}

static bool avro_agrees(const char *json, struct codec_error *ret_error)
{
    avro_schema_t schema = NULL;
    if (avro_schema_from_json_length(json, strlen(json), &schema) == 0) {
        avro_schema_decref(schema);
        return true;
    }
    (void)codec_error_set(ret_error, -EINVAL, "bad_schema", "%.*s", AVRO_WHY_BYTES,
                          avro_strerror());
    return false;
}

/* Finds a schema that means the same, from an index of its fingerprint on; moves the index behind
 * the last of that fingerprint when there is none. */
static struct known_schema *find_same(const struct schema_cache *schemas,
                                      const struct schema *schema, size_t *at)
{
    for (; has_fingerprint(schemas, *at, schema_crc(schema)); ++*at) {
        struct known_schema *known = &schemas->schemas[*at];
        if (schema_same_meaning(known->schema, schema)) { return known; }
    }
    return NULL;
}

/* Takes the schema. */
static void insert(struct schema_cache *schemas, size_t at, struct schema *schema, enum rank rank)
{
    schemas->schemas =
        xreallocarray(schemas->schemas, schemas->count + 1, sizeof(*schemas->schemas));
    memmove(schemas->schemas + at + 1, schemas->schemas + at,
            (schemas->count - at) * sizeof(*schemas->schemas));
    schemas->schemas[at] = (struct known_schema){schema, rank};
    schemas->count++;
    schemas->clashes += at > 0 && has_fingerprint(schemas, at - 1, schema_crc(schema));
}

static int add(struct schema_cache *schemas, const char *json, enum rank rank,
               const struct schema **ret_schema, struct codec_error *ret_error)
{
    struct schema *schema = schema_parse(json, ret_error);
    if (!schema) { return -EINVAL; }
    size_t at = schema_index(schemas, schema_crc(schema));
    struct known_schema *known = find_same(schemas, schema, &at);
    if (known) {
        schema_free(schema);
        *ret_schema = known->schema;
        if (rank > known->rank) {
            known->rank = rank;
            schemas->clashes++; /* another one may have been found before */
        }
        return 0;
    }
    if (schemas->count == SCHEMA_CACHE_SCHEMAS_MAX) {
        (void)codec_error_set(ret_error, -EINVAL, "bad_schema", "more than %d schemas",
                              SCHEMA_CACHE_SCHEMAS_MAX);
    } else if (schema_has_odd_names(schema) || avro_agrees(json, ret_error)) {
        insert(schemas, at, schema, rank);
        *ret_schema = schema;
        return 0;
    }
    schema_free(schema);
    return -EINVAL;
}

const struct schema *schema_cache_at(const struct schema_cache *schemas, size_t index)
{
    return index < schemas->count ? schemas->schemas[index].schema : NULL;
}

uint64_t schema_cache_clashes(const struct schema_cache *schemas)
{
    return schemas->clashes;
}

const struct schema *schema_cache_named(const struct schema_cache *schemas, const char *name)
{
    for (size_t i = 0; i < schemas->named_count; i++) {
        if (strcasecmp(schemas->named[i].name, name) == 0) { return schemas->named[i].schema; }
    }
    return NULL;
}

/* Adds the schema of a file under the file's name. */
static int add_named(struct schema_cache *schemas, const char *path, const char *json,
                     struct codec_error *ret_error)
{
    const struct schema *schema;
    int rc = add(schemas, json, RANK_FILE, &schema, ret_error);
    if (rc) { return rc; }
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    schemas->named =
        xreallocarray(schemas->named, schemas->named_count + 1, sizeof(*schemas->named));
    schemas->named[schemas->named_count++] = (struct named_schema){
        .name = xprintf("%.*s", (int)strcspn(name, "."), name), .schema = schema};
    return 0;
}

int schema_cache_add(struct schema_cache *schemas, const char *json, struct codec_error *ret_error)
{
    const struct schema *schema;
    return add(schemas, json, RANK_OWN, &schema, ret_error);
}

/* ---- Ids. ---- */

/* Returns the index of the id, or the one at which to insert it. */
static size_t binding_index(const struct schema_cache *schemas, uint64_t id)
{
    size_t low = 0;
    size_t high = schemas->bindings_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (schemas->bindings[middle].id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct binding *find_binding(const struct schema_cache *schemas, uint64_t id)
{
    size_t at = binding_index(schemas, id);
    return at < schemas->bindings_count && schemas->bindings[at].id == id ? &schemas->bindings[at]
                                                                          : NULL;
}

/* A schema that is not Avro, as registry_references.h writes it. */
static bool is_foreign(const char *text)
{
    return strncmp(text, foreign_start, strlen(foreign_start)) == 0;
}

static bool means_the_same(const struct binding *known, const char *foreign,
                           const struct schema *schema)
{
    if (known->foreign && foreign) { return strcmp(known->foreign, foreign) == 0; }
    return !known->foreign && !foreign && known->schema == schema;
}

int schema_cache_bind(struct schema_cache *schemas, uint32_t id, const char *json,
                      struct codec_error *ret_error)
{
    const struct schema *schema = NULL;
    const char *foreign = is_foreign(json) ? json : NULL;
    if (id > SCHEMA_ID_MAX) {
        return codec_error_set(ret_error, -EINVAL, "bad_schema",
                               "%" PRIu32 " is too large for a schema id", id);
    }
    int rc = foreign ? 0 : add(schemas, json, RANK_BOUND, &schema, ret_error);
    if (rc) { return rc; }
    struct binding *known = find_binding(schemas, id);
    if (known && !means_the_same(known, foreign, schema)) {
        return codec_error_set(ret_error, -EINVAL, "bad_schema", "id %" PRIu32 " means two schemas",
                               id);
    }
    if (!known && schemas->bindings_count == SCHEMA_CACHE_IDS_MAX) {
        return codec_error_set(ret_error, -EINVAL, "bad_schema", "more than %d ids",
                               SCHEMA_CACHE_IDS_MAX);
    }
    if (!known) {
        size_t at = binding_index(schemas, id);
        schemas->bindings = xreallocarray(schemas->bindings, schemas->bindings_count + 1,
                                          sizeof(*schemas->bindings));
        known = &schemas->bindings[at];
        memmove(known + 1, known, (schemas->bindings_count++ - at) * sizeof(*known));
        *known = (struct binding){.id = id,
                                  .schema = schema,
                                  .foreign = foreign ? xstrdup(foreign) : NULL};
    }
    known->turn = ++schemas->turns;
    return 0;
}

void schema_cache_write(struct schema_cache *schemas, enum framing framing)
{
    schemas->framing = framing;
}

struct frame schema_cache_frame(const struct schema_cache *schemas, uint64_t fingerprint)
{
    struct frame frame = {.framing = FRAMING_SINGLE, .number = fingerprint};
    uint64_t last = 0;
    bool ambiguous;
    const struct schema *schema = by_fingerprint(schemas, fingerprint, &ambiguous);
    if (schemas->framing == FRAMING_SINGLE || (!schema && !ambiguous)) { return frame; }
    for (size_t i = 0; i < schemas->bindings_count; i++) {
        const struct binding *binding = &schemas->bindings[i];
        bool fits = ambiguous ? binding->schema && schema_crc(binding->schema) == fingerprint
                              : binding->schema == schema;
        if (!fits || binding->turn < last) { continue; }
        last = binding->turn;
        frame = (struct frame){.framing = FRAMING_CONFLUENT, .number = binding->id};
    }
    return frame;
}

void schema_cache_ask(struct schema_cache *schemas,
                      void (*ask)(void *arg, struct schema_cache *schemas, uint32_t id), void *arg)
{
    schemas->ask = ask;
    schemas->ask_arg = arg;
}

static const struct binding *ask_binding(struct schema_cache *schemas, uint64_t id)
{
    const struct binding *binding = find_binding(schemas, id);
    if (binding || !schemas->ask || id > SCHEMA_ID_MAX) { return binding; }
    schemas->ask(schemas->ask_arg, schemas, (uint32_t)id);
    return find_binding(schemas, id);
}

const struct schema *schema_cache_find(struct schema_cache *schemas, struct frame frame)
{
    bool ambiguous;
    if (frame.framing == FRAMING_SINGLE) {
        return by_fingerprint(schemas, frame.number, &ambiguous);
    }
    const struct binding *binding = ask_binding(schemas, frame.number);
    return binding ? binding->schema : NULL;
}

const char *schema_cache_foreign(struct schema_cache *schemas, uint64_t id)
{
    const struct binding *binding = ask_binding(schemas, id);
    return binding ? binding->foreign : NULL;
}

bool schema_cache_knows(const struct schema_cache *schemas, uint64_t id)
{
    return find_binding(schemas, id);
}

int schema_cache_missing(const struct schema_cache *schemas, struct frame frame,
                         struct codec_error *ret_error)
{
    bool ambiguous = false;
    if (frame.framing == FRAMING_SINGLE) {
        (void)by_fingerprint(schemas, frame.number, &ambiguous);
    }
    if (ambiguous) {
        return codec_error_set(ret_error, -EBADMSG, "ambiguous_fingerprint",
                               "%016" PRIx64 ": two schemas have it and mean different things; "
                               "name them by a registry's ids, or keep one in schemas.path",
                               frame.number);
    }
    if (frame.framing == FRAMING_SINGLE || !schema_cache_knows(schemas, frame.number)) {
        return frame_unknown(frame, ret_error);
    }
    return codec_error_set(ret_error, -EBADMSG, "schema_mismatch",
                           "schema id %" PRIu64 " is of another format than this topic's",
                           frame.number);
}

/* ---- Files. ---- */

static const char proto_ending[] = ".proto";

static bool ends_in(const char *path, const char *ending)
{
    size_t size = strlen(path), tail = strlen(ending);
    return size > tail && strcmp(path + size - tail, ending) == 0;
}

int64_t schema_cache_file_id(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    int64_t id;
    if (!number_read(&name, &id) || id < 0 || id > SCHEMA_ID_MAX) { return -1; }
    return strcmp(name, ".avsc") == 0 || strcmp(name, proto_ending) == 0 ? id : -1;
}

/* Binds a .proto text to the id in its file's name. */
static int bind_proto(struct schema_cache *schemas, int64_t id, const char *text,
                      struct codec_error *ret_error)
{
    json_t *bundle = json_pack("{s:s}", "protobuf", text);
    char *json = bundle ? json_dumps(bundle, JSON_COMPACT) : NULL;
    int rc = json ? schema_cache_bind(schemas, (uint32_t)id, json, ret_error)
                  : codec_error_set(ret_error, -EINVAL, "bad_schema", "not UTF-8");
    free(json);
    json_decref(bundle);
    return rc;
}

static int add_file(struct schema_cache *schemas, const char *path, struct codec_error *ret_error)
{
    struct codec_error error = {.reason = "bad_schema"};
    struct buf text;
    buf_init(&text, SCHEMA_BYTES_MAX + 1);
    int rc = text_file_read(path, &text);
    if (rc == 0) {
        buf_append(&text, "", 1);
        rc = buf_failed(&text) ? -EFBIG : 0;
    }
    if (rc) {
        (void)snprintf(error.detail, sizeof(error.detail), "%s", strerror(-rc));
    } else {
        int64_t id = schema_cache_file_id(path);
        if (ends_in(path, proto_ending)) {
            rc = id < 0 ? 0 : bind_proto(schemas, id, text.data, &error);
        } else {
            rc = id < 0 ? add_named(schemas, path, text.data, &error)
                        : schema_cache_bind(schemas, (uint32_t)id, text.data, &error);
        }
    }
    buf_release(&text);
    if (rc) {
        (void)codec_error_set(ret_error, -EINVAL, error.reason, "%.80s: %.110s", path,
                              error.detail);
    }
    return rc;
}

static int is_schema(const struct dirent *entry)
{
    return ends_in(entry->d_name, ".avsc") || ends_in(entry->d_name, proto_ending);
}

int schema_cache_add_dir(struct schema_cache *schemas, const char *path,
                         struct codec_error *ret_error)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_schema, alphasort);
    if (count < 0) {
        int error = errno;
        (void)codec_error_set(ret_error, -EINVAL, "bad_schema", "%.100s: %s", path,
                              strerror(error));
        return -error;
    }
    int rc = 0;
    for (int i = 0; i < count; i++) {
        if (rc == 0) {
            _cleanup_(xfreep) char *file = xprintf("%s/%s", path, entries[i]->d_name);
            rc = add_file(schemas, file, ret_error);
        }
        free(entries[i]);
    }
    free(entries);
    return rc;
}
