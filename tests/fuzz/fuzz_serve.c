/* Requests of freshet-serve: lines of a path and of arguments NAME=VALUE, a body, a file of tokens.
 * What is accepted keeps the limits; what is refused says why. */
#include "base/base.h"
#include "base/utf8.h"
#include "schemas/recommendation_list.h"
#include "serve/access_tokens.h"
#include "serve/list_body.h"
#include "tests/fuzz/crumbs.h"

enum { LINES_MAX = 80 };

static void check_id(struct slice id)
{
    assert(id.size <= ID_BYTES_MAX && utf8_valid(id.data, id.size));
}

static void check(const struct list_query *query)
{
    check_id(query->user);
    check_id(query->item);
    check_id(query->tag);
    assert(query->limit <= LIST_ITEMS_MAX && query->offset <= LIST_ITEMS_MAX);
    assert(query->excluded_count <= QUERY_EXCLUDED_MAX);
    for (size_t i = 0; i < query->excluded_count; i++) {
        assert(query->excluded[i].size);
        check_id(query->excluded[i]);
    }
    assert(query->actions_count <= QUERY_ACTIONS_MAX);
    for (size_t i = 0; i < query->actions_count; i++) {
        assert(query->actions[i].item.size && query->actions[i].weight >= 0.0F);
        check_id(query->actions[i].item);
    }
    assert(query->candidates_count <= QUERY_CANDIDATES_MAX);
    for (size_t i = 0; i < query->candidates_count; i++) { check_id(query->candidates[i]); }
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
    struct list_path at;
    char why[QUERY_WHY_BYTES] = "";
    _cleanup_(xfreep) char *path = xprintf("%.*s", SLICE_ARGS(lines[0]));
    request.path = path;
    for (size_t i = 1; i < count && i <= HTTP_ARGUMENTS_MAX; i++) {
        request.arguments[request.arguments_count++] = argument_of(lines[i]);
    }
    if (!list_query_path(path, &at)) { return; }
    struct arena *arena = arena_new(4096);
    if (list_query_read(&request, &at, arena, &query, why)) {
        check(&query);
    } else {
        assert(why[0]);
    }
    arena_free(arena);
}

static void read_body(struct slice body)
{
    static struct list_query query;
    char why[QUERY_WHY_BYTES] = "";
    struct arena *arena = arena_new(4096);
    if (list_body_read(body, arena, &query, why)) {
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
    read_body(text);
    read_tokens(text, lines[0]);
    return 0;
}
