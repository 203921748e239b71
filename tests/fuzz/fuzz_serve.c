/* Requests of freshet-serve: lines of a path and of arguments NAME=VALUE, and a file of tokens.
 * What is accepted keeps the limits; what is refused says why. */
#include "base/base.h"
#include "base/utf8.h"
#include "schemas/recommendation_list.h"
#include "serve/access_tokens.h"
#include "serve/list_query.h"
#include "tests/fuzz/crumbs.h"

enum { LINES_MAX = 80 };

static void check(const struct list_query *query)
{
    assert(query->user.size && query->user.size <= ID_BYTES_MAX);
    assert(utf8_valid(query->user.data, query->user.size));
    assert(query->limit >= 1 && query->limit <= LIST_ITEMS_MAX && query->offset <= LIST_ITEMS_MAX);
    assert(query->excluded_count <= QUERY_EXCLUDED_MAX);
    for (size_t i = 0; i < query->excluded_count; i++) {
        struct slice id = query->excluded[i];
        assert(id.size && id.size <= ID_BYTES_MAX && utf8_valid(id.data, id.size));
    }
}

static struct http_argument argument_of(struct slice line)
{
    const char *equals = line.size ? memchr(line.data, '=', line.size) : NULL;
    size_t name = equals ? (size_t)(equals - line.data) : line.size;
    size_t skip = equals ? name + 1 : name;
    return (struct http_argument){slice_of(line.data, name),
                                  slice_of(line.data + skip, line.size - skip)};
}

static size_t split(struct slice text, struct slice *lines)
{
    size_t count = 0;
    while (text.size && count < LINES_MAX) {
        const char *end = memchr(text.data, '\n', text.size);
        size_t size = end ? (size_t)(end - text.data) : text.size;
        size_t done = end ? size + 1 : size;
        lines[count++] = slice_of(text.data, size);
        text = slice_of(text.data + done, text.size - done);
    }
    return count;
}

static void read_query(const struct slice *lines, size_t count)
{
    static struct list_query query;
    struct http_request request = {0};
    struct slice id;
    char why[QUERY_WHY_BYTES] = "";
    _cleanup_(xfreep) char *path = xprintf("%.*s", SLICE_ARGS(lines[0]));
    request.path = path;
    for (size_t i = 1; i < count && i <= HTTP_ARGUMENTS_MAX; i++) {
        request.arguments[request.arguments_count++] = argument_of(lines[i]);
    }
    if (!list_query_path(path, &id)) { return; }
    struct arena *arena = arena_new(4096);
    if (list_query_read(&request, id, arena, &query, why)) {
        check(&query);
    } else {
        assert(why[0]);
    }
    arena_free(arena);
}

static void read_tokens(struct slice text, struct slice line)
{
    struct access_tokens *tokens = NULL;
    char why[256] = "";
    if (access_tokens_new(text, &tokens, why, sizeof(why)) < 0) {
        assert(why[0]);
        return;
    }
    _cleanup_(xfreep) char *header = xprintf("Bearer %.*s", SLICE_ARGS(line));
    (void)access_tokens_allow(tokens, header);
    access_tokens_free(tokens);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice lines[LINES_MAX];
    struct slice text = slice_of((const char *)data, size);
    size_t count = split(text, lines);
    if (!count) { return 0; }
    read_query(lines, count);
    read_tokens(text, lines[0]);
    return 0;
}
