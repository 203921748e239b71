/* Masks by names, as every program of Freshet does when it prints a setting (base/secret.h). A name
 * that only looks like a secret is masked, too: better one value less than one too many.
 */
#include "base/base.h"
#include "base/secret.h"
#include "cli/doctor/masked_text.h"

#define MASK "****"

static struct slice part(const char *from, const char *to)
{
    return (struct slice){.data = from, .size = (size_t)(to - from)};
}

static bool is_name(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '.' || byte == '_' || byte == '-';
}

static void put(struct slice text, struct buf *out)
{
    buf_append(out, text.data, text.size);
}

/* ---- Passwords in URLs ---- */

static const char *find(const char *from, const char *end, const char *what)
{
    return from < end ? memmem(from, (size_t)(end - from), what, strlen(what)) : NULL;
}

/* Returns the @ that ends the user of a URL, whose address begins at `at`; NULL: it names none. */
static const char *end_of_user(const char *at, const char *end)
{
    const char *found = NULL;
    for (; at < end && !strchr(" \t\"'/,<>", *at); at++) {
        if (*at == '@') { found = at; }
    }
    return found;
}

static void put_without_users(struct slice text, struct buf *out)
{
    const char *at = text.data, *end = text.data + text.size, *url;
    while ((url = find(at, end, "://"))) {
        const char *user_end = end_of_user(url + 3, end);
        put(part(at, url + 3), out);
        if (user_end) { buf_printf(out, MASK); }
        at = user_end ? user_end : url + 3;
    }
    put(part(at, end), out);
}

/* ---- Properties ---- */

/* Returns where the value of a line begins: behind =, : or a blank; NULL: there is none. */
static const char *value_of(struct slice line, struct slice *ret_name)
{
    const char *at = line.data, *end = line.data + line.size;
    while (at < end && (*at == ' ' || *at == '\t')) { at++; }
    const char *name = at;
    if (at < end && (*at == '#' || *at == '!')) { at++; }
    while (at < end && (*at == ' ' || *at == '\t')) { at++; }
    while (at < end && !strchr("=: \t", *at)) { at++; }
    *ret_name = part(name, at);
    while (at < end && strchr("=: \t", *at)) { at++; }
    return at < end ? at : NULL;
}

static bool is_placeholder(struct slice value)
{
    while (value.size && value.data[value.size - 1] == '\r') { value.size--; }
    return value.size > 3 && memcmp(value.data, "${", 2) == 0 &&
           memchr(value.data, '}', value.size) == value.data + value.size - 1;
}

static bool continues(struct slice line)
{
    size_t count = 0;
    while (count < line.size && line.data[line.size - 1 - count] == '\\') { count++; }
    return count % 2 == 1;
}

static void put_property(struct slice line, struct buf *out)
{
    struct slice name;
    const char *value = value_of(line, &name);
    const char *end = line.data + line.size;
    if (value && secret_named(name) && !is_placeholder(part(value, end))) {
        put(part(line.data, value), out);
        buf_printf(out, MASK);
    } else {
        put_without_users(line, out);
    }
}

void masked_properties(struct slice text, struct buf *out)
{
    const char *at = text.data, *end = text.data + text.size;
    bool hidden = false;
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        struct slice line = part(at, stop ? stop : end), name;
        if (!hidden) {
            put_property(line, out);
            buf_printf(out, "\n");
        }
        /* Only what follows a secret is left out; another line that goes on is shown. */
        bool secret = hidden || (value_of(line, &name), secret_named(name));
        hidden = secret && continues(line);
        at = stop ? stop + 1 : end;
    }
}

/* ---- Logs ---- */

/* Returns the end of a value: of a quoted one behind its quote, of another one at a blank. */
static const char *end_of_value(const char *at, const char *end)
{
    if (at < end && *at == '"') {
        for (at++; at < end && *at != '"' && *at != '\n'; at++) {
            if (*at == '\\' && at + 1 < end) { at++; }
        }
        return at < end && *at == '"' ? at + 1 : at;
    }
    while (at < end && !strchr(" \t\n,}", *at)) { at++; }
    return at;
}

/* Returns the end of `=` or `":` behind a name; NULL: no value follows. */
static const char *sign_behind(const char *at, const char *end)
{
    if (at < end && *at == '=') { return at + 1; }
    if (end - at >= 2 && at[0] == '"' && at[1] == ':') { return at + 2; }
    return NULL;
}

void masked_log(struct slice text, struct buf *out)
{
    const char *at = text.data, *end = text.data + text.size, *shown = at;
    while (at < end) {
        const char *name = at;
        while (at < end && is_name(*at)) { at++; }
        const char *value = at > name ? sign_behind(at, end) : NULL;
        if (value && secret_named(part(name, at))) {
            put_without_users(part(shown, value), out);
            buf_printf(out, *value == '"' && value < end ? "\"" MASK "\"" : MASK);
            shown = at = end_of_value(value, end);
        } else if (at == name) {
            at++;
        }
    }
    put_without_users(part(shown, end), out);
}
