#include "base/base.h"
#include "base/xalloc.h"
#include "ingest/mapping/named_headers.h"

struct named_headers {
    struct slice names[NAMED_HEADERS_MAX];
    json_t *texts[NAMED_HEADERS_MAX]; /* NULL: not there */
    size_t count;
};

struct named_headers *named_headers_new(void)
{
    return xcalloc(1, sizeof(struct named_headers));
}

struct named_headers *named_headers_free(struct named_headers *named)
{
    if (!named) { return NULL; }
    named_headers_clear(named);
    free(named);
    return NULL;
}

static size_t find(const struct named_headers *named, struct slice name)
{
    size_t i = 0;
    while (i < named->count && !slice_equal(named->names[i], name)) { i++; }
    return i;
}

int named_headers_add(struct named_headers *named, struct slice name, const char **ret_why)
{
    if (find(named, name) < named->count) { return 0; }
    if (named->count == NAMED_HEADERS_MAX) {
        *ret_why = "a source's paths name at most 64 headers";
        return -EINVAL;
    }
    named->names[named->count++] = name;
    return 0;
}

enum headers_fault named_headers_read(struct named_headers *named, const struct record *rec,
                                      char *where, size_t where_size)
{
    struct header headers[HEADERS_MAX];
    const struct slice *values[NAMED_HEADERS_MAX];
    if (!named->count) { return HEADERS_FINE; }
    named_headers_clear(named);
    memset(values, 0, named->count * sizeof(*values));
    size_t count = record_headers_count(rec);
    if (record_headers_read(rec, count, headers)) { return HEADERS_TOO_LARGE; }
    for (size_t i = 0; i < count; i++) {
        size_t at = find(named, slice_str(headers[i].name));
        if (at < named->count) { values[at] = &headers[i].value; }
    }
    for (size_t i = 0; i < named->count; i++) {
        if (!values[i] || !values[i]->data) { continue; }
        named->texts[i] = json_stringn(values[i]->data, values[i]->size);
        if (named->texts[i]) { continue; }
        (void)snprintf(where, where_size, "$header.%.*s", SLICE_ARGS(named->names[i]));
        return HEADERS_NOT_UTF8;
    }
    return HEADERS_FINE;
}

json_t *named_headers_find(const struct named_headers *named, struct slice name)
{
    size_t at = find(named, name);
    assert(at < named->count);
    return named->texts[at];
}

void named_headers_clear(struct named_headers *named)
{
    for (size_t i = 0; i < named->count; i++) {
        json_decref(named->texts[i]);
        named->texts[i] = NULL;
    }
}
