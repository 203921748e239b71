/* Two walks over JSON trees. The first collects the definitions that the references hold, by full
 * name. The second walks the schema as the parser does, with the namespace that holds at each
 * place, and puts a definition where an unknown name stands. A definition gets its namespace
 * written out, as the place it comes to may have another one.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "stream/avro/schema.h"
#include "stream/avro/schema_references.h"

struct joining {
    json_t *definitions; /* full name: definition */
    json_t *defined;     /* full name: true, once it stands in the result */
};

static bool is_named_type(const json_t *type)
{
    const char *word = json_string_value(json_object_get(type, "type"));
    return word && (strcmp(word, "record") == 0 || strcmp(word, "enum") == 0 ||
                    strcmp(word, "fixed") == 0 || strcmp(word, "error") == 0);
}

/* Returns the namespace that a definition names, or the one around it. */
static const char *space_of(const json_t *type, const char *around)
{
    const char *own = json_string_value(json_object_get(type, "namespace"));
    return own ? own : around;
}

/* Returns a name with its namespace; freed by the caller. */
static char *full_name(const char *name, const char *space)
{
    return strchr(name, '.') || !*space ? xstrdup(name) : xprintf("%s.%s", space, name);
}

/* Returns the namespace of a full name; freed by the caller. */
static char *space_in(const char *full)
{
    const char *dot = strrchr(full, '.');
    return xprintf("%.*s", dot ? (int)(dot - full) : 0, full);
}

static char *name_of(const json_t *type, const char *around)
{
    const char *name = json_string_value(json_object_get(type, "name"));
    return name ? full_name(name, space_of(type, around)) : NULL;
}

/* ---- Definitions ---- */

static void collect(struct joining *joining, json_t *type, const char *space, int depth)
{
    size_t index;
    json_t *at;
    if (depth > SCHEMA_DEPTH_MAX) { return; }
    json_array_foreach(type, index, at) { collect(joining, at, space, depth + 1); }
    if (!json_is_object(type)) { return; }
    if (!is_named_type(type)) {
        collect(joining, json_object_get(type, "type"), space, depth + 1);
        collect(joining, json_object_get(type, "items"), space, depth + 1);
        collect(joining, json_object_get(type, "values"), space, depth + 1);
        return;
    }
    _cleanup_(xfreep) char *name = name_of(type, space);
    if (!name || json_object_get(joining->definitions, name)) { return; }
    json_object_set_nocheck(joining->definitions, name, type);
    _cleanup_(xfreep) char *inner = space_in(name);
    json_array_foreach(json_object_get(type, "fields"), index, at)
    {
        collect(joining, json_object_get(at, "type"), inner, depth + 1);
    }
}

/* ---- Joining ---- */

static json_t *join(struct joining *joining, json_t *type, const char *space, int depth);

/* Replaces a member of an object by what its type becomes. */
static void join_member(struct joining *joining, json_t *object, const char *member,
                        const char *space, int depth)
{
    json_t *type = json_object_get(object, member);
    if (type) { json_object_set_new(object, member, join(joining, type, space, depth)); }
}

static json_t *join_named(struct joining *joining, json_t *type, const char *space, int depth)
{
    size_t index;
    json_t *field;
    _cleanup_(xfreep) char *name = name_of(type, space);
    if (!name) { return json_incref(type); }
    if (json_object_get(joining->defined, name)) { return json_string_nocheck(name); }
    json_object_set_new_nocheck(joining->defined, name, json_true());
    _cleanup_(xfreep) char *inner = space_in(name);
    json_array_foreach(json_object_get(type, "fields"), index, field)
    {
        join_member(joining, field, "type", inner, depth + 1);
    }
    return json_incref(type);
}

static json_t *join_name(struct joining *joining, json_t *word, const char *space, int depth)
{
    _cleanup_(xfreep) char *name = full_name(json_string_value(word), space);
    json_t *definition = json_object_get(joining->definitions, name);
    if (!definition || json_object_get(joining->defined, name)) { return json_incref(word); }
    json_t *copy = json_deep_copy(definition);
    _cleanup_(xfreep) char *inner = space_in(name);
    json_object_set_new_nocheck(copy, "namespace", json_string_nocheck(inner));
    json_object_set_new_nocheck(copy, "name", json_string_nocheck(schema_short_name(name)));
    json_t *joined = join_named(joining, copy, inner, depth);
    json_decref(copy);
    return joined;
}

/* Returns a new reference to what a type becomes; it is changed in place. */
static json_t *join(struct joining *joining, json_t *type, const char *space, int depth)
{
    size_t index;
    json_t *at;
    if (depth > SCHEMA_DEPTH_MAX) { return json_incref(type); }
    if (json_is_string(type)) { return join_name(joining, type, space, depth); }
    if (is_named_type(type)) { return join_named(joining, type, space, depth); }
    json_array_foreach(type, index, at)
    {
        json_array_set_new(type, index, join(joining, at, space, depth + 1));
    }
    if (json_is_object(type)) {
        join_member(joining, type, "type", space, depth + 1);
        join_member(joining, type, "items", space, depth + 1);
        join_member(joining, type, "values", space, depth + 1);
    }
    return json_incref(type);
}

static json_t *load(const char *text, struct codec_error *ret_error)
{
    json_error_t error;
    json_t *json = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
    if (!json) {
        (void)codec_error_set(ret_error, -EINVAL, "bad_schema", "line %d: %s", error.line,
                              error.text);
    }
    return json;
}

int schema_references_join(const char *schema, const char *const *references, size_t count,
                           struct buf *ret_schema, struct codec_error *ret_error)
{
    struct joining joining = {.definitions = json_object(), .defined = json_object()};
    json_t *root = load(schema, ret_error);
    int rc = root ? 0 : -EINVAL;
    for (size_t i = 0; i < count && !rc; i++) {
        json_t *reference = load(references[i], ret_error);
        if (!reference) { rc = -EINVAL; }
        collect(&joining, reference, "", 0);
        json_decref(reference);
    }
    json_t *joined = rc ? NULL : join(&joining, root, "", 0);
    char *text = joined ? json_dumps(joined, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    if (text) { buf_append(ret_schema, text, strlen(text) + 1); }
    if (!rc && (!text || buf_failed(ret_schema))) {
        rc = codec_error_set(ret_error, -EINVAL, "bad_schema", "longer than %d", SCHEMA_BYTES_MAX);
    }
    free(text);
    json_decref(joined);
    json_decref(root);
    json_decref(joining.definitions);
    json_decref(joining.defined);
    return rc;
}
