/* A path is parsed once into steps and walked for every record. A step is a key, an index, or the
 * search for an element by one of its members. Walking never fails; it changes the document in one
 * case only: a text of JSON that a path enters is replaced by what it holds, so that paths after it
 * do not parse it again. Who holds a value across another walk must hold a reference to it.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "ingest/mapping/field_path.h"
#include "ingest/mapping/json_text.h"
#include "ingest/mapping/path_hint.h"

struct step {
    struct slice key;    /* data NULL: a place in an array */
    size_t index;
    struct slice member; /* data NULL: the index counts; else the first element whose member is */
    struct slice wanted; /* this */
};

struct field_path {
    char *text;
    enum path_root root;
    json_t *constant;
    size_t steps_count;
    bool spreads;
    size_t star; /* steps before the `[*]`; without one all */
    struct step steps[PATH_STEPS_MAX];
};

static const char star_text[] = "[*]";
static const char why_index[] = "an index is [0] to [9999], or [*] for every element, or "
                                "[key=NAME] for the first whose key is NAME";

/* Reads `key=NAME]` or `key="NAME"]`. Returns where it ends, or NULL. */
static const char *parse_member(const char *at, struct step *ret_step, const char **ret_why)
{
    size_t size = strcspn(at, "=]");
    const char *value = at + size + 1;
    bool quoted = at[size] == '=' && *value == '"';
    const char *close = at[size] == '=' ? strstr(value + quoted, quoted ? "\"]" : "]") : NULL;
    if (!size || !close) {
        *ret_why = why_index;
        return NULL;
    }
    *ret_step = (struct step){
        .member = slice_of(at, size),
        .wanted = slice_of(value + quoted, (size_t)(close - value) - quoted)};
    return close + 1 + quoted;
}

/* Reads `[12]`, `["key"]` or `[key=NAME]`; `at` points to the bracket. Returns where it ends,
 * or NULL. */
static const char *parse_bracket(const char *at, struct step *ret_step, const char **ret_why)
{
    at++;
    if (*at == '"') {
        const char *close = strstr(at + 1, "\"]");
        if (!close) {
            *ret_why = "a quoted key ends with \"]";
            return NULL;
        }
        *ret_step = (struct step){.key = slice_of(at + 1, (size_t)(close - at - 1))};
        return close + 2;
    }
    size_t index = 0;
    const char *first = at;
    if (!strchr("0123456789-]", *at)) { return parse_member(at, ret_step, ret_why); }
    for (; *at >= '0' && *at <= '9' && index <= PATH_INDEX_MAX; at++) {
        index = index * 10 + (size_t)(*at - '0');
    }
    if (at == first || *at != ']' || index > PATH_INDEX_MAX) {
        *ret_why = why_index;
        return NULL;
    }
    *ret_step = (struct step){.index = index};
    return at + 1;
}

static const char *parse_key(const char *at, struct step *ret_step, const char **ret_why)
{
    size_t size = strcspn(at, ".[]");
    if (size == 0 || at[size] == ']') {
        *ret_why = "a path is keys and indexes: user.id, items[2].sku, [\"a.b\"].c";
        return NULL;
    }
    *ret_step = (struct step){.key = slice_of(at, size)};
    return at + size;
}

/* Takes `[*]` at its place among the steps. */
static const char *parse_star(struct field_path *path, const char *at, const char **ret_why)
{
    if (path->spreads) {
        *ret_why = "a path has one [*] at most";
        return NULL;
    }
    path->spreads = true;
    path->star = path->steps_count;
    return at + strlen(star_text);
}

static const char *parse_step(struct field_path *path, const char *at, const char **ret_why)
{
    if (strncmp(at, star_text, strlen(star_text)) == 0) { return parse_star(path, at, ret_why); }
    if (path->steps_count == PATH_STEPS_MAX) {
        *ret_why = "a path has at most 16 steps";
        return NULL;
    }
    struct step *step = &path->steps[path->steps_count];
    at = *at == '[' ? parse_bracket(at, step, ret_why) : parse_key(at, step, ret_why);
    path->steps_count += at != NULL;
    return at;
}

static int parse_steps(struct field_path *path, const char *at, const char **ret_why)
{
    do {
        at = parse_step(path, at, ret_why);
        if (!at) { return -EINVAL; }
        if (*at == '.' && at[1]) {
            at++;
        } else if (*at && *at != '[') {
            *ret_why = "after a step comes a point and a key, a [ or the end";
            return -EINVAL;
        }
    } while (*at);
    if (!path->spreads) { path->star = path->steps_count; }
    return 0;
}

/* Says whether a path begins with a root's name, perhaps followed by steps. */
static bool begins_with(const char *text, const char *root)
{
    size_t size = strlen(root);
    return strncmp(text, root, size) == 0 && (!text[size] || strchr(".[", text[size]));
}

/* `at` points behind the `$header`. */
static int parse_header(struct field_path *path, const char *at, const char **ret_why)
{
    int rc = *at ? parse_steps(path, at + (*at == '.'), ret_why) : -EINVAL;
    if (*at && rc) { return rc; }
    path->root = PATH_HEADER;
    if (path->steps_count == 1 && path->steps[0].key.data && !path->spreads) { return 0; }
    *ret_why = "a header is a text: its name and nothing behind it, $header.ce_id or "
               "$header[\"a.b\"]";
    return -EINVAL;
}

/* `$key`, `$key.x`, `$key[0]`, `$header.x`, `$schema` and `$timestamp`; other names with a dollar
 * are ordinary keys. */
static int parse_from_root(struct field_path *path, const char **ret_why)
{
    static const char key[] = "$key", timestamp[] = "$timestamp", header[] = "$header";
    static const char schema[] = "$schema";
    const char *at = path->text;
    if (strcmp(at, timestamp) == 0) {
        path->root = PATH_TIMESTAMP;
        return 0;
    }
    if (strcmp(at, schema) == 0) {
        path->root = PATH_SCHEMA;
        return 0;
    }
    if (begins_with(at, header)) { return parse_header(path, at + strlen(header), ret_why); }
    if (!begins_with(at, key)) { return parse_steps(path, at, ret_why); }
    at += strlen(key);
    if (*at == '\0') {
        path->root = PATH_KEY_TEXT;
        return 0;
    }
    path->root = PATH_KEY;
    int rc = parse_steps(path, at + (*at == '.'), ret_why);
    if (rc || !path->spreads) { return rc; }
    *ret_why = "[*] is for the record's value, not for its key";
    return -EINVAL;
}

static int parse_constant(struct field_path *path, const char **ret_why)
{
    const char *text = path->text + 1;
    path->root = PATH_CONSTANT;
    path->constant = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    if (!path->constant) { path->constant = json_string(text); }
    if (path->constant && !json_is_null(path->constant)) { return 0; }
    *ret_why = "a constant after the = is a number or a string in UTF-8";
    return -EINVAL;
}

int field_path_new(struct slice text, struct field_path **ret_path, const char **ret_why)
{
    assert(text.data);
    if (text.size > PATH_BYTES_MAX) {
        *ret_why = "a path has at most 512 bytes";
        return -EINVAL;
    }
    if (path_hint_is_foreign(text)) {
        *ret_why = "a path is keys and indexes: user.id, items[2].sku, lines[*].sku, [\"a.b\"].c";
        return -EINVAL;
    }
    struct field_path *path = xcalloc(1, sizeof(*path));
    path->text = xprintf("%.*s", SLICE_ARGS(text));
    int rc = *path->text == '=' ? parse_constant(path, ret_why) : parse_from_root(path, ret_why);
    if (rc) {
        field_path_free(path);
        return rc;
    }
    *ret_path = path;
    return 0;
}

struct field_path *field_path_free(struct field_path *path)
{
    if (!path) { return NULL; }
    json_decref(path->constant);
    free(path->text);
    free(path);
    return NULL;
}

const char *field_path_text(const struct field_path *path)
{
    return path->text;
}

enum path_root field_path_root(const struct field_path *path)
{
    return path->root;
}

bool field_path_beside(const struct field_path *path)
{
    return path->root != PATH_DOCUMENT && path->root != PATH_CONSTANT;
}

struct slice field_path_header(const struct field_path *path)
{
    return path->root == PATH_HEADER ? path->steps[0].key : (struct slice){0};
}

bool field_path_spreads(const struct field_path *path)
{
    return path->spreads;
}

bool field_path_same_array(const struct field_path *path, const struct field_path *other)
{
    assert(path->spreads && other->spreads);
    if (path->star != other->star) { return false; }
    for (size_t i = 0; i < path->star; i++) {
        const struct step *a = &path->steps[i], *b = &other->steps[i];
        if (!slice_equal(a->key, b->key) || a->index != b->index) { return false; }
        if (!slice_equal(a->member, b->member) || !slice_equal(a->wanted, b->wanted)) {
            return false;
        }
    }
    return true;
}

bool field_path_enters_array(const struct field_path *path)
{
    if (path->root != PATH_DOCUMENT) { return false; }
    return path->spreads && path->star == 0 ? true
                                            : path->steps_count > 0 && !path->steps[0].key.data;
}

json_t *field_path_constant(const struct field_path *path)
{
    return path->constant;
}

/* A text of JSON that a path leads into becomes what it holds, in its place in the document, so
 * that it is parsed once; one that cannot be parsed becomes null. */
static json_t *open_text(json_t *parent, const struct step *step, json_t *text)
{
    json_t *inner = json_text_within(text);
    if (!inner) { return text; }
    if (step->key.data) {
        (void)json_object_setn_new_nocheck(parent, step->key.data, step->key.size, inner);
    } else {
        (void)json_array_set_new(parent, step->index, inner);
    }
    return inner;
}

/* Says whether a value is this text, or a number with these digits. */
static bool is_text(const json_t *value, struct slice text)
{
    char digits[24];
    if (json_is_string(value)) {
        return slice_equal(slice_of(json_string_value(value), json_string_length(value)), text);
    }
    if (!json_is_integer(value)) { return false; }
    (void)snprintf(digits, sizeof(digits), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    return slice_equal(slice_str(digits), text);
}

static json_t *find_member(json_t *array, const struct step *step)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        json_t *element = json_array_get(array, i);
        const json_t *value = json_object_getn(element, step->member.data, step->member.size);
        if (is_text(value, step->wanted)) { return element; }
    }
    return NULL;
}

static json_t *take_step(json_t *at, const struct step *step)
{
    if (step->key.data) { return json_object_getn(at, step->key.data, step->key.size); }
    return step->member.data ? find_member(at, step) : json_array_get(at, step->index);
}

/* `deeper`: the caller leads into what is found. */
static json_t *walk(const struct step *steps, size_t count, json_t *at, bool deeper)
{
    for (size_t i = 0; i < count && at; i++) {
        json_t *parent = at;
        at = take_step(at, &steps[i]);
        if (!at && json_flaw_of(parent)) { return parent; }
        if (json_is_string(at) && (deeper || i + 1 < count)) {
            at = open_text(parent, &steps[i], at);
        }
    }
    return json_is_null(at) && !json_flaw_of(at) ? NULL : at;
}

json_t *field_path_find(const struct field_path *path, json_t *document)
{
    return walk(path->steps, path->star, path->constant ? path->constant : document,
                path->spreads);
}

json_t *field_path_in_element(const struct field_path *path, json_t *element)
{
    assert(path->spreads);
    return walk(path->steps + path->star, path->steps_count - path->star, element,
                /* deeper= */ false);
}
