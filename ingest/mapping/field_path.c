/* A path is parsed once into steps and walked for every record. A step is a key, an index, or the
 * search for an element by one of its members. Walking never fails; it changes the document in one
 * case only: a text of JSON that a path enters is replaced by what it holds, so that paths after it
 * do not parse it again. Who holds a value across another walk must hold a reference to it.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "ingest/mapping/field_path.h"
#include "syntax/json_text.h"
#include "ingest/mapping/path_hint.h"
#include "ingest/mapping/wrapped_value.h"

#define NO_INDEX SIZE_MAX

struct step {
    struct slice key;    /* data NULL: a place in an array */
    size_t index;        /* of a key: where it is digits; else NO_INDEX */
    struct slice member; /* data NULL: the index counts; else the first element whose member is */
    struct slice wanted; /* this */
};

struct field_path {
    char *text;  /* the steps borrow from it */
    char *whole; /* with its format; NULL: without one */
    enum path_root root;
    json_t *constant;
    size_t steps_count;
    size_t stars;
    size_t star[PATH_STARS_MAX + 1]; /* steps before each `[*]`; behind the last one: all */
    struct step steps[PATH_STEPS_MAX];
    int array; /* see field_path_set_array() */
    struct path_format format;
    struct field_path *parts[PATH_PARTS_MAX]; /* of PATH_JOINED */
    size_t parts_count;
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
        struct slice key = slice_of(at + 1, (size_t)(close - at - 1));
        *ret_step = (struct step){.key = key, .index = NO_INDEX};
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

/* `lines.0.sku`: a key of digits is an index where the value is an array. */
static size_t index_of(struct slice key)
{
    size_t index = 0;
    for (size_t i = 0; i < key.size; i++) {
        if (key.data[i] < '0' || key.data[i] > '9' || index > PATH_INDEX_MAX) { return NO_INDEX; }
        index = index * 10 + (size_t)(key.data[i] - '0');
    }
    return index;
}

static const char *parse_key(const char *at, struct step *ret_step, const char **ret_why)
{
    size_t size = strcspn(at, ".[]");
    if (size == 0 || at[size] == ']') {
        *ret_why = "a path is keys and indexes: user.id, items[2].sku, [\"a.b\"].c";
        return NULL;
    }
    *ret_step = (struct step){.key = slice_of(at, size), .index = index_of(slice_of(at, size))};
    return at + size;
}

/* Takes `[*]` at its place among the steps. */
static const char *parse_star(struct field_path *path, const char *at, const char **ret_why)
{
    if (path->stars == PATH_STARS_MAX) {
        *ret_why = "a path has at most four [*]";
        return NULL;
    }
    path->star[path->stars++] = path->steps_count;
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
    path->star[path->stars] = path->steps_count;
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
    if (path->steps_count == 1 && path->steps[0].key.data && !path->stars) { return 0; }
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
    if (rc || !path->stars) { return rc; }
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

static struct field_path *new_path(struct slice text)
{
    struct field_path *path = xcalloc(1, sizeof(*path));
    path->text = xprintf("%.*s", SLICE_ARGS(text));
    path->array = PATH_NO_ARRAY;
    return path;
}

static const char *why_foreign(struct slice text)
{
    if (path_hint_is_blank_at_end(text)) {
        return "no blank stands around a path, a bar or a +; a key with one is written [\"a \"]";
    }
    if (path_hint_plain_size(text, ";") < text.size) {
        return "one property a line, and one path; a key with a ; in it is written [\"a;b\"]";
    }
    if (path_hint_plain_size(text, "=") < text.size) {
        return "a constant stands alone, =VIEW, or behind the last bar, type|=VIEW; a key with a = "
               "in it is written [\"a=b\"]";
    }
    return "a path is keys and indexes: user.id, items[2].sku, lines[*].sku, [\"a.b\"].c";
}

/* Parses one path or constant, without a format. */
static int parse_path(struct slice text, struct field_path **ret_path, const char **ret_why)
{
    if (path_hint_is_foreign(text)) {
        *ret_why = why_foreign(text);
        return -EINVAL;
    }
    struct field_path *path = new_path(text);
    int rc = *path->text == '=' ? parse_constant(path, ret_why) : parse_from_root(path, ret_why);
    if (rc) {
        field_path_free(path);
        return rc;
    }
    *ret_path = path;
    return 0;
}

/* ---- Paths that are joined, and formats ---- */

/* Takes `:us`, `:%d.%m.%Y` or `:decimal(2)` off the end of a text. */
static void take_format(struct slice *text, struct path_format *ret_format)
{
    for (size_t at = 0; at < text->size; at++) {
        struct slice rest = slice_of(text->data + at, text->size - at);
        at += path_hint_plain_size(rest, ":");
        if (at >= text->size) { return; }
        struct slice name = slice_of(text->data + at + 1, text->size - at - 1);
        if (path_format_parse(name, ret_format) == 0) {
            text->size = at;
            return;
        }
    }
}

static int parse_part(struct field_path *joined, struct slice text, const char **ret_why)
{
    if (joined->parts_count == PATH_PARTS_MAX) {
        *ret_why = "at most 8 paths and texts are joined by +";
        return -EINVAL;
    }
    struct field_path **part = &joined->parts[joined->parts_count];
    bool literal = text.size >= 2 && text.data[0] == '"' && text.data[text.size - 1] == '"';
    int rc = 0;
    if (literal) {
        *part = new_path(text);
        (*part)->root = PATH_CONSTANT;
        (*part)->constant = json_stringn(text.data + 1, text.size - 2);
        if (!(*part)->constant) { rc = -EINVAL; }
        *ret_why = "a text between paths is UTF-8 in quotes: shop+\"/\"+sku";
    } else {
        rc = parse_path(text, part, ret_why);
    }
    joined->parts_count += *part != NULL;
    return rc;
}

static int parse_joined(struct slice text, struct field_path **ret_path, const char **ret_why)
{
    struct field_path *joined = new_path(text);
    joined->root = PATH_JOINED;
    int rc = 0;
    for (bool more = true; more && !rc;) {
        size_t size = path_hint_plain_size(text, "+");
        rc = parse_part(joined, slice_of(text.data, size), ret_why);
        more = size < text.size;
        if (more) { text = slice_of(text.data + size + 1, text.size - size - 1); }
    }
    if (rc) {
        field_path_free(joined);
        return rc;
    }
    *ret_path = joined;
    return 0;
}

int field_path_new(struct slice text, struct field_path **ret_path, const char **ret_why)
{
    assert(text.data);
    struct path_format format = {0};
    if (text.size > PATH_BYTES_MAX) {
        *ret_why = "a path has at most 512 bytes";
        return -EINVAL;
    }
    if (text.size && text.data[0] == '=') { return parse_path(text, ret_path, ret_why); }
    struct slice alone = text;
    take_format(&alone, &format);
    bool joined = path_hint_plain_size(alone, "+") < alone.size;
    int rc = joined ? parse_joined(alone, ret_path, ret_why) : parse_path(alone, ret_path, ret_why);
    if (rc) { return rc; }
    if (format.kind == PATH_FORMAT_NONE) { return 0; }
    (*ret_path)->whole = xprintf("%.*s", SLICE_ARGS(text));
    /* Its pattern is borrowed from the path's own text. */
    struct slice own = slice_str((*ret_path)->whole);
    take_format(&own, &(*ret_path)->format);
    return 0;
}

struct field_path *field_path_free(struct field_path *path)
{
    if (!path) { return NULL; }
    for (size_t i = 0; i < path->parts_count; i++) { field_path_free(path->parts[i]); }
    json_decref(path->constant);
    free(path->text);
    free(path->whole);
    free(path);
    return NULL;
}

const char *field_path_text(const struct field_path *path)
{
    return path->whole ? path->whole : path->text;
}

enum path_root field_path_root(const struct field_path *path)
{
    return path->root;
}

bool field_path_beside(const struct field_path *path)
{
    return path->root != PATH_DOCUMENT && path->root != PATH_CONSTANT && path->root != PATH_JOINED;
}

struct slice field_path_header(const struct field_path *path)
{
    return path->root == PATH_HEADER ? path->steps[0].key : (struct slice){0};
}

size_t field_path_parts(const struct field_path *path)
{
    return path->root == PATH_JOINED ? path->parts_count : 1;
}

struct field_path *field_path_part(struct field_path *path, size_t index)
{
    assert(index < field_path_parts(path));
    return path->root == PATH_JOINED ? path->parts[index] : path;
}

const struct path_format *field_path_format(const struct field_path *path)
{
    return path->format.kind == PATH_FORMAT_NONE ? NULL : &path->format;
}

size_t field_path_stars(const struct field_path *path)
{
    return path->stars;
}

int field_path_in_array(const struct field_path *path)
{
    return path->array;
}

void field_path_set_array(struct field_path *path, int array)
{
    path->array = array;
}

bool field_path_same_arrays(const struct field_path *path, const struct field_path *other,
                            size_t stars)
{
    assert(stars > 0 && path->stars >= stars && other->stars >= stars);
    for (size_t i = 0; i < stars; i++) {
        if (path->star[i] != other->star[i]) { return false; }
    }
    for (size_t i = 0; i < path->star[stars - 1]; i++) {
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
    if (path->stars && path->star[0] == 0) { return true; }
    return path->steps_count > 0 && !path->steps[0].key.data;
}

json_t *field_path_constant(const struct field_path *path)
{
    return path->constant;
}

/* A text of JSON that a path leads into becomes what it holds, in its place in the document, so
 * that it is parsed once; one that cannot be parsed becomes null. base64: it may be in Base64. That
 * is looked at only where a key follows, because an id may look like Base64, too: W10 is []. */
static json_t *open_text(json_t *parent, const struct step *step, json_t *text, bool base64)
{
    json_t *inner = json_text_within(text);
    if (!inner && base64) { inner = json_text_within_base64(text); }
    if (!inner) { return text; }
    if (step->key.data && json_is_object(parent)) {
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
    if (json_is_object(array)) { /* one element, without its array */
        const json_t *value = json_object_getn(array, step->member.data, step->member.size);
        return is_text(value, step->wanted) ? array : NULL;
    }
    for (size_t i = 0; i < json_array_size(array); i++) {
        json_t *element = json_array_get(array, i);
        const json_t *value = json_object_getn(element, step->member.data, step->member.size);
        if (is_text(value, step->wanted)) { return element; }
    }
    return NULL;
}

static json_t *take_step(json_t *at, const struct step *step)
{
    if (step->key.data && json_is_array(at)) { return json_array_get(at, step->index); }
    if (step->key.data) { return json_object_getn(at, step->key.data, step->key.size); }
    if (step->member.data) { return find_member(at, step); }
    return json_array_get(at, step->index);
}

static bool is_first(const struct step *step)
{
    return !step->key.data && !step->member.data && step->index == 0;
}

/* Takes a step for which there is nothing in an object itself: into what the object wraps, or, of
 * one object where others send an array of them, into its first element. */
static json_t *take_other_step(json_t **parent, const struct step *step, bool last)
{
    json_t *object = *parent;
    *parent = wrapped_within(object);
    if (*parent != object) { return take_step(*parent, step); }
    return is_first(step) && !last ? object : NULL;
}

/* `deeper`: the caller leads into what is found. */
static json_t *walk(const struct step *steps, size_t count, json_t *at, bool deeper)
{
    for (size_t i = 0; i < count && at; i++) {
        json_t *parent = at;
        bool last = i + 1 == count;
        at = take_step(parent, &steps[i]);
        if (!at && json_is_object(parent)) { at = take_other_step(&parent, &steps[i], last); }
        if (!at && json_flaw_of(parent)) { return parent; }
        if (json_is_string(at) && (deeper || !last)) {
            at = open_text(parent, &steps[i], at, /* base64= */ !last);
        }
    }
    if (deeper && json_is_object(at)) { at = wrapped_within(at); }
    return json_is_null(at) && !json_flaw_of(at) ? NULL : at;
}

json_t *field_path_find(const struct field_path *path, json_t *document)
{
    assert(path->root != PATH_JOINED);
    return walk(path->steps, path->star[0], path->constant ? path->constant : document,
                path->stars > 0);
}

json_t *field_path_array(const struct field_path *path, size_t star, json_t *around)
{
    assert(star < path->stars);
    size_t first = star ? path->star[star - 1] : 0;
    return walk(path->steps + first, path->star[star] - first, around, /* deeper= */ true);
}

json_t *field_path_in_element(const struct field_path *path, json_t *element)
{
    assert(path->stars);
    size_t first = path->star[path->stars - 1];
    return walk(path->steps + first, path->steps_count - first, element, /* deeper= */ false);
}

bool field_path_ends_in_element(const struct field_path *path)
{
    return path->stars && path->star[path->stars - 1] == path->steps_count;
}

bool field_path_finds_null(const struct field_path *path, json_t *around)
{
    size_t first = path->stars ? path->star[path->stars - 1] : 0;
    for (size_t i = first; i < path->steps_count && around; i++) {
        around = take_step(around, &path->steps[i]);
    }
    return json_is_null(around);
}
