#include "base/base.h"
#include "stream/kafka/record.h"

static size_t count_listed(const struct record *rec)
{
    return ((const struct header_list *)rec->message)->count;
}

static int listed_at(const struct record *rec, size_t index, struct header *ret_header)
{
    const struct header_list *list = rec->message;
    if (index >= list->count) { return -ENOENT; }
    *ret_header = list->at[index];
    return 0;
}

const struct header_source listed_headers = {.count = count_listed, .at = listed_at};

size_t record_headers_count(const struct record *rec)
{
    if (!rec->headers) { return 0; }
    size_t count = rec->headers->count(rec);
    return count - MIN_OF((size_t)rec->headers_hidden, count);
}

int record_header_at(const struct record *rec, size_t index, struct header *ret_header)
{
    if (index >= record_headers_count(rec)) { return -ENOENT; }
    return rec->headers->at(rec, index, ret_header);
}

/* Finds the last header of a name; -ENOENT when there is none, or when they cannot be read. */
static int find_last(const struct record *rec, const char *name, size_t *ret_index,
                     struct header *ret_header)
{
    struct header header;
    for (size_t i = record_headers_count(rec); i-- > 0;) {
        if (rec->headers->at(rec, i, &header)) { return -ENOENT; }
        if (strcmp(header.name, name) != 0) { continue; }
        *ret_index = i;
        *ret_header = header;
        return 0;
    }
    return -ENOENT;
}

int record_header(const struct record *rec, const char *name, struct slice *ret_value)
{
    size_t index;
    struct header header;
    if (find_last(rec, name, &index, &header)) { return -ENOENT; }
    *ret_value = header.value;
    return 0;
}

size_t record_headers_before(const struct record *rec, const char *name)
{
    size_t index;
    struct header header;
    return find_last(rec, name, &index, &header) ? record_headers_count(rec) : index;
}

int record_headers_read(const struct record *rec, size_t count, struct header *ret_at)
{
    size_t bytes = 0;
    if (count > HEADERS_MAX) { return -E2BIG; }
    for (size_t i = 0; i < count; i++) {
        int rc = record_header_at(rec, i, &ret_at[i]);
        assert(rc == 0);
        bytes += strlen(ret_at[i].name) + ret_at[i].value.size;
        if (bytes > HEADERS_BYTES_MAX) { return -E2BIG; }
    }
    return 0;
}
