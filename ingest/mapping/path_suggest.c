/* Two attempts. The first one walks the path and mends each step that does not fit: an array where
 * a key is meant gets a [*], a key that is not there becomes the nearest one of the object. The
 * second one looks for the path's last key in the objects of the document, not deep: senders put
 * their fields into an envelope. Both look at a bounded number of keys, since documents come from
 * outside and each refused record gets here.
 */
#include "base/base.h"
#include "base/edit_distance.h"
#include "ingest/mapping/path_suggest.h"

enum {
    KEYS_MAX = 32, /* of an object that are looked at */
    KEY_BYTES_MAX = 40,
    NODES_MAX = 256, /* of a document that are looked at */
    DEPTH_MAX = 4,
    PATH_MAX_BYTES = 200,
};

struct walk {
    json_t *at;
    struct buf *out;
    bool names;
    bool stuck;
};

static bool is_plain(const char *key)
{
    return key[0] && !key[strcspn(key, ".[]|\"")];
}

static void write_key(struct buf *out, size_t begin, const char *key)
{
    if (!is_plain(key)) {
        buf_printf(out, "[\"%s\"]", key);
    } else {
        buf_printf(out, "%s%s", out->size > begin ? "." : "", key);
    }
}

/* Returns the key of the object that is nearest to this one; NULL: none is near. */
static const char *nearest_key(json_t *object, const char *key)
{
    const char *name, *nearest = NULL;
    json_t *value;
    size_t least = SIZE_MAX, looked = 0, size = strlen(key);
    if (size > KEY_BYTES_MAX) { return NULL; }
    json_object_foreach(object, name, value)
    {
        if (++looked > KEYS_MAX) { break; }
        if (json_is_null(value) || strlen(name) > KEY_BYTES_MAX) { continue; }
        size_t distance = strcasecmp(name, key) == 0 ? 0 : edit_distance(name, key);
        if (distance >= least || distance >= size || !edit_is_near(distance, size)) { continue; }
        least = distance;
        nearest = name;
    }
    return nearest;
}

static void enter_arrays(struct walk *walk)
{
    while (json_is_array(walk->at)) {
        buf_printf(walk->out, "[*]");
        walk->at = json_array_get(walk->at, 0);
    }
}

static void step_key(struct walk *walk, size_t begin, const char *key)
{
    enter_arrays(walk);
    json_t *value = json_object_get(walk->at, key);
    if (json_is_null(value)) { value = NULL; }
    if (!value && walk->names) {
        key = nearest_key(walk->at, key);
        value = key ? json_object_get(walk->at, key) : NULL;
    }
    walk->stuck = !value;
    if (value) { write_key(walk->out, begin, key); }
    walk->at = value;
}

static void step_bracket(struct walk *walk, const char *inside)
{
    bool star = strcmp(inside, "*") == 0;
    size_t index = star ? 0 : (size_t)strtoul(inside, NULL, 10);
    if (json_is_array(walk->at)) {
        buf_printf(walk->out, "[%s]", inside);
        walk->at = json_array_get(walk->at, index);
        walk->stuck = !walk->at;
    }
}

/* Walks a path of plain keys, indexes and [*]; others are not mended. */
static bool mend(struct walk *walk, char *path)
{
    size_t begin = walk->out->size;
    for (char *at = path; *at && !walk->stuck;) {
        bool bracket = *at == '[';
        at += bracket || *at == '.';
        size_t size = strcspn(at, bracket ? "]" : ".[");
        bool ended = bracket && at[size] == ']';
        if (bracket && (!ended || (*at != '*' && (*at < '0' || *at > '9')))) { return false; }
        char kept = at[size];
        at[size] = '\0';
        if (bracket) {
            step_bracket(walk, at);
        } else {
            step_key(walk, begin, at);
        }
        at[size] = kept;
        at += size + ended;
    }
    if (!walk->stuck) { enter_arrays(walk); }
    if (walk->stuck || !walk->at) { return false; }
    if (!json_is_object(walk->at)) { return !json_is_null(walk->at); }
    const char *id = "id";
    walk->at = walk->names ? json_object_get(walk->at, id) : NULL;
    if (!walk->at || json_is_object(walk->at) || json_is_array(walk->at)) { return false; }
    write_key(walk->out, begin, id);
    return true;
}

/* Writes the path to the first object that has the key; false: none has it. */
static bool find_below(json_t *at, const char *key, int depth, size_t *nodes, size_t begin,
                       struct buf *out)
{
    const char *name;
    json_t *value = json_object_get(at, key);
    size_t looked = 0;
    if (value && !json_is_null(value) && !json_is_object(value) && !json_is_array(value)) {
        write_key(out, begin, key);
        return true;
    }
    if (depth == DEPTH_MAX) { return false; }
    json_object_foreach(at, name, value)
    {
        if (++looked > KEYS_MAX || ++*nodes > NODES_MAX) { break; }
        bool array = json_is_array(value);
        json_t *inner = array ? json_array_get(value, 0) : value;
        if (!json_is_object(inner)) { continue; }
        size_t before = out->size;
        write_key(out, begin, name);
        if (array) { buf_printf(out, "[*]"); }
        if (find_below(inner, key, depth + 1, nodes, begin, out)) { return true; }
        out->size = before;
    }
    return false;
}

static const char *first_key(const char *path, char *into, size_t size)
{
    (void)snprintf(into, size, "%.*s", (int)strcspn(path, ".["), path);
    return into;
}

static const char *last_key(const char *path)
{
    const char *point = strrchr(path, '.');
    return point ? point + 1 : path;
}

void path_suggest(const char *path, json_t *document, bool names, struct buf *out)
{
    char text[PATH_MAX_BYTES];
    size_t before = out->size, nodes = 0;
    if (!document || strlen(path) >= sizeof(text) || strpbrk(path, "$|=\"")) { return; }
    (void)snprintf(text, sizeof(text), "%s", path);
    struct walk walk = {.at = document, .out = out, .names = names};
    bool found = mend(&walk, text);
    if (!found) { out->size = before; }
    bool astray = !json_object_get(document, first_key(path, text, sizeof(text)));
    if (!found && names && astray && is_plain(last_key(path))) {
        found = find_below(document, last_key(path), 0, &nodes, before, out);
    }
    bool same = out->size - before == strlen(path) &&
                memcmp(out->data + before, path, strlen(path)) == 0;
    if (!found || same || buf_failed(out)) { out->size = before; }
}
