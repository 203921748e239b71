#include "base/base.h"
#include "ingest/mapping/path_hint.h"

enum { PLAIN_BYTES_MAX = 512 };

struct reading {
    const char *at;
    const char *end;
    bool pointer; /* JSON Pointer */
    bool failed;  /* a step that cannot be written here */
};

static bool begins(struct slice text, const char *with)
{
    size_t size = strlen(with);
    return text.size >= size && memcmp(text.data, with, size) == 0;
}

/* Looks for a text outside of quoted keys. */
static bool has(struct slice text, const char *part)
{
    bool quoted = false;
    for (size_t i = 0; i < text.size; i++) {
        struct slice rest = slice_of(text.data + i, text.size - i);
        if (begins(rest, "[\"") || begins(rest, "=\"")) { quoted = true; }
        if (begins(rest, "\"]")) { quoted = false; }
        if (!quoted && begins(rest, part)) { return true; }
    }
    return false;
}

static bool ends_with_star(struct slice text)
{
    return text.size > 1 && memcmp(text.data + text.size - 2, ".*", 2) == 0;
}

/* ---- Names with a dollar ---- */

/* What is meant by a name behind the dollar, and what is written here; "": the value itself, NULL:
 * there is no such path. */
static const struct {
    const char *name;
    const char *here;
} dollars[] = {
    {"key", "$key"}, {"header", "$header"}, {"timestamp", "$timestamp"}, {"schema", "$schema"},
    {"value", ""},   {"record", ""},        {"payload", ""},
    {"topic", NULL}, {"partition", NULL},   {"offset", NULL},
};

static size_t root_size(struct slice path)
{
    size_t size = 1;
    while (size < path.size && !strchr(".[|", path.data[size])) { size++; }
    return size;
}

/* Returns the row of a path's root; -1: it has none, or it is written as it should be. */
static int foreign_dollar(struct slice path)
{
    if (!begins(path, "$")) { return -1; }
    struct slice root = slice_of(path.data, root_size(path));
    for (size_t i = 0; i < ARRAY_COUNT(dollars); i++) {
        bool same = root.size == strlen(dollars[i].name) + 1 &&
                    strncasecmp(root.data + 1, dollars[i].name, root.size - 1) == 0;
        bool right = same && dollars[i].here && slice_equal(root, slice_str(dollars[i].here));
        if (same) { return right ? -1 : (int)i; }
    }
    return -1;
}

/* ---- Foreign paths ---- */

bool path_hint_is_blank_at_end(struct slice path)
{
    if (!path.size || *path.data == '=') { return false; }
    return strchr(" \t", path.data[0]) || strchr(" \t", path.data[path.size - 1]);
}

size_t path_hint_plain_size(struct slice path, const char *part)
{
    bool quoted = false;
    size_t depth = 0;
    for (size_t i = 0; i < path.size; i++) {
        char c = path.data[i];
        if (c == '"') { quoted = !quoted; }
        if (quoted) { continue; }
        depth += c == '[';
        depth -= c == ']' && depth > 0;
        if (!depth && begins(slice_of(path.data + i, path.size - i), part)) { return i; }
    }
    return path.size;
}

/* A JSON Pointer without its first slash: lines/0/sku. */
static bool has_index_between_slashes(struct slice path)
{
    for (size_t i = 1; i + 1 < path.size; i++) {
        size_t digits = i + 1;
        if (path.data[i] != '/') { continue; }
        while (digits < path.size && path.data[digits] >= '0' && path.data[digits] <= '9') {
            digits++;
        }
        if (digits > i + 1 && digits < path.size && path.data[digits] == '/') { return true; }
    }
    return false;
}

/* A step that begins without a point, or a point without a step. */
static bool lacks_point_or_step(struct slice path)
{
    bool quoted = false;
    for (size_t i = 0; i + 1 < path.size; i++) {
        if (path.data[i] == '"') { quoted = !quoted; }
        if (!quoted && path.data[i] == ']' && !strchr(".[|:+ ", path.data[i + 1])) { return true; }
    }
    return !quoted && path.size > 1 && path.data[path.size - 1] == '.';
}

bool path_hint_is_foreign(struct slice path)
{
    static const char *const parts[] = {"->", "::", "{", "}", "?.", ";", "="};
    if (begins(path, "=") || begins(path, "[\"")) { return false; }
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        if (path_hint_plain_size(path, parts[i]) < path.size) { return true; }
    }
    if (begins(path, "@.") || foreign_dollar(path) >= 0) { return true; }
    if (has_index_between_slashes(path) || lacks_point_or_step(path)) { return true; }
    if (path_hint_is_blank_at_end(path) || has(path, "[ ") || has(path, " ]")) { return true; }
    return begins(path, "$.") || begins(path, "$[") || begins(path, "/") || begins(path, ".") ||
           begins(path, "\"") || has(path, "[]") || has(path, ".*.") || has(path, ".*[") ||
           has(path, "..") || has(path, "['") || has(path, "[?") || has(path, ".[") ||
           ends_with_star(path);
}

static bool is_index(struct slice key)
{
    size_t digits = 0;
    while (digits < key.size && key.data[digits] >= '0' && key.data[digits] <= '9') { digits++; }
    return key.size && digits == key.size;
}

static void write_key(struct slice key, bool first, struct buf *out)
{
    bool plain = key.size > 0;
    for (size_t i = 0; i < key.size; i++) { plain = plain && !strchr(".[]|\"", key.data[i]); }
    if (plain) {
        buf_printf(out, "%s%.*s", first ? "" : ".", SLICE_ARGS(key));
    } else {
        buf_printf(out, "[\"%.*s\"]", SLICE_ARGS(key));
    }
}

/* Takes the text up to one of the bytes. */
static struct slice take_until(struct reading *reading, const char *stops)
{
    const char *first = reading->at;
    while (reading->at < reading->end && !strchr(stops, *reading->at)) { reading->at++; }
    return slice_of(first, (size_t)(reading->at - first));
}

static void write_bracket(struct reading *reading, struct buf *out, bool first)
{
    reading->at++;
    char quote = reading->at < reading->end ? *reading->at : '\0';
    if (quote == '\'' || quote == '"') {
        const char stops[] = {quote, '\0'};
        reading->at++;
        write_key(take_until(reading, stops), first, out);
        reading->at += reading->at < reading->end;
        reading->failed |= reading->at >= reading->end || *reading->at != ']';
    } else {
        struct slice inside = take_until(reading, "]");
        bool all = !inside.size || slice_equal(inside, slice_str("*"));
        reading->failed |= !all && !is_index(inside);
        buf_printf(out, "[%.*s]", all ? 1 : (int)inside.size, all ? "*" : inside.data);
    }
    reading->at += reading->at < reading->end;
}

static void write_step(struct reading *reading, struct buf *out, bool first)
{
    if (*reading->at == '[' && !reading->pointer) {
        write_bracket(reading, out, first);
        return;
    }
    struct slice key = take_until(reading, reading->pointer ? "/" : ".[");
    bool star = slice_equal(key, slice_str("*")) || (reading->pointer && is_index(key));
    reading->failed |= !key.size || (key.size > 2 && key.data[0] == '"') ||
                       memchr(key.data, ';', key.size) || memchr(key.data, '=', key.size);
    if (star) {
        buf_printf(out, "[*]");
    } else {
        write_key(key, first, out);
    }
}

/* Copies a path without what other notations have and ours has not: blanks at the ends, braces
 * around it, other signs for a point. */
static struct slice in_plain(struct slice path, char plain[PLAIN_BYTES_MAX])
{
    size_t size = 0;
    bool quoted = false;
    for (size_t i = 0; i < path.size && size + 1 < PLAIN_BYTES_MAX; i++) {
        struct slice rest = slice_of(path.data + i, path.size - i);
        char c = path.data[i];
        if (c == '"' || c == '\'') { quoted = !quoted; }
        bool point = begins(rest, "->") || begins(rest, "::") || begins(rest, "?.");
        bool gone = strchr("{}", c) || begins(rest, "@.") || begins(rest, "${") || c == ' ';
        bool inner = c == ' ' && size && plain[size - 1] != '[' && i + 1 < path.size &&
                     !strchr("] ", path.data[i + 1]);
        if (!quoted && point) {
            plain[size++] = '.';
            i++;
        } else if (quoted || !gone || inner) {
            plain[size++] = c;
        }
    }
    return slice_of(plain, size);
}

/* Takes `$`, or a name with a dollar; false: there is nothing like it here. */
static bool take_root(struct reading *reading, struct slice path, struct buf *out, bool *ret_first)
{
    int foreign = foreign_dollar(path);
    if (foreign >= 0) {
        if (!dollars[foreign].here) { return false; }
        reading->at += root_size(path);
        buf_printf(out, "%s", dollars[foreign].here);
        *ret_first = !dollars[foreign].here[0];
    } else if (begins(path, "$.") || begins(path, "$[") || path.size == 1) {
        reading->at += begins(path, "$");
    }
    return true;
}

/* An index of a JSON Pointer becomes [*]: one event of each element is what is meant mostly. */
static bool write_path(struct slice path, struct buf *out)
{
    char plain[PLAIN_BYTES_MAX];
    path = in_plain(path, plain);
    struct reading reading = {.at = path.data, .end = path.data + path.size};
    reading.pointer = begins(path, "/") || has_index_between_slashes(path);
    bool first = true;
    if (!take_root(&reading, path, out, &first)) { return false; }
    while (reading.at < reading.end && !reading.failed) {
        reading.at += *reading.at == (reading.pointer ? '/' : '.');
        if (reading.at == reading.end) { break; }
        write_step(&reading, out, first);
        first = false;
    }
    return !first && !reading.failed;
}

void path_hint_write(struct slice paths, struct buf *out)
{
    size_t before = out->size;
    bool foreign = false, good = true;
    const char *at = paths.data, *end = paths.data + paths.size;
    while (at < end && good) {
        const char *next = at;
        while (next < end && *next != '|' && *next != ',') { next++; }
        const char *name = memchr(at, '=', (size_t)(next - at));
        const char *path = name && name > at ? name + 1 : at;
        struct slice part = slice_of(path, (size_t)(next - path));
        buf_append(out, at, (size_t)(path - at));
        if (path_hint_is_foreign(part)) {
            foreign = true;
            good = write_path(part, out);
        } else {
            buf_append(out, part.data, part.size);
        }
        if (next < end) { buf_append(out, next, 1); }
        at = next + (next < end);
    }
    if (!foreign || !good) { out->size = before; }
}
