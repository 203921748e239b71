#include "base/base.h"
#include "base/number.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "schemas/recommendation_list.h"
#include "serve/list_query.h"

static const char path_begin[] = "/v1/users/";
static const char path_end[] = "/recommendations";

enum { NUMBER_BYTES_MAX = 20 };

bool list_query_path(const char *path, struct slice *ret_id)
{
    size_t begin = sizeof(path_begin) - 1;
    if (strncmp(path, path_begin, begin) != 0) { return false; }
    const char *end = strchr(path + begin, '/');
    if (!end || strcmp(end, path_end) != 0) { return false; }
    *ret_id = slice_of(path + begin, (size_t)(end - path) - begin);
    return true;
}

static bool refuse(char *why, const char *what, const char *want)
{
    (void)snprintf(why, QUERY_WHY_BYTES, "%s: %s", what, want);
    return false;
}

/* Decodes an id as the pipeline takes it: UTF-8, not empty, of limited length. */
static bool read_id(struct slice sent, struct arena *arena, const char *what,
                    struct slice *ret_id, char *why)
{
    struct slice id = http_unescape(sent, arena_alloc(arena, sent.size + 1));
    if (!id.data) { return refuse(why, what, "want %XX with two hex digits after each %"); }
    if (!id.size) { return refuse(why, what, "want an id, not an empty text"); }
    if (id.size > ID_BYTES_MAX) {
        (void)snprintf(why, QUERY_WHY_BYTES, "%s: want at most %d bytes, not %zu", what,
                       ID_BYTES_MAX, id.size);
        return false;
    }
    if (!utf8_valid(id.data, id.size)) { return refuse(why, what, "want UTF-8"); }
    *ret_id = id;
    return true;
}

static bool read_number(struct slice sent, const char *what, int64_t least, size_t *ret_number,
                        char *why)
{
    char text[NUMBER_BYTES_MAX + 1];
    int64_t number = -1;
    struct slice kept = sent.size <= NUMBER_BYTES_MAX ? sent : slice_str("");
    (void)snprintf(text, sizeof(text), "%.*s", SLICE_ARGS(kept));
    if (!number_parse(text, &number) || number < least || number > LIST_ITEMS_MAX) {
        (void)snprintf(why, QUERY_WHY_BYTES, "%s: want a number from %" PRId64 " to %d", what,
                       least, LIST_ITEMS_MAX);
        return false;
    }
    *ret_number = (size_t)number;
    return true;
}

static bool read_excluded(struct slice sent, struct arena *arena, struct list_query *query,
                          char *why)
{
    while (sent.size) {
        const char *comma = memchr(sent.data, ',', sent.size);
        size_t size = comma ? (size_t)(comma - sent.data) : sent.size;
        if (query->excluded_count == QUERY_EXCLUDED_MAX) {
            return refuse(why, "exclude", "too many ids");
        }
        if (size && !read_id(slice_of(sent.data, size), arena, "exclude",
                             &query->excluded[query->excluded_count++], why)) {
            return false;
        }
        size_t done = comma ? size + 1 : size;
        sent = slice_of(sent.data + done, sent.size - done);
    }
    return true;
}

static bool read_argument(const struct http_argument *argument, struct arena *arena,
                          struct list_query *query, char *why)
{
    if (slice_equal(argument->name, slice_str("limit"))) {
        return read_number(argument->value, "limit", 1, &query->limit, why);
    }
    if (slice_equal(argument->name, slice_str("offset"))) {
        return read_number(argument->value, "offset", 0, &query->offset, why);
    }
    if (slice_equal(argument->name, slice_str("exclude"))) {
        return read_excluded(argument->value, arena, query, why);
    }
    (void)snprintf(why, QUERY_WHY_BYTES, "unknown argument %.60s: want limit, offset or exclude",
                   quote_line(argument->name).text);
    return false;
}

bool list_query_read(const struct http_request *request, struct slice id, struct arena *arena,
                     struct list_query *ret_query, char *why)
{
    ret_query->limit = LIST_ITEMS_MAX;
    ret_query->offset = ret_query->excluded_count = 0;
    if (!read_id(id, arena, "user id", &ret_query->user, why)) { return false; }
    if (request->arguments_left_out) { return refuse(why, "query", "too many arguments"); }
    for (size_t i = 0; i < request->arguments_count; i++) {
        if (!read_argument(&request->arguments[i], arena, ret_query, why)) { return false; }
    }
    return true;
}
