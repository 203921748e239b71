#include "base/base.h"
#include "ingest/mapping/event_ids.h"

struct slice event_id_numbered(struct slice id, size_t number, struct arena *arena)
{
    enum { NUMBER_BYTES = 8 };
    char *text = arena_alloc(arena, id.size + NUMBER_BYTES);
    memcpy(text, id.data, id.size);
    int size = snprintf(text + id.size, NUMBER_BYTES, "#%03zu", number);
    return slice_of(text, id.size + (size_t)size);
}

struct slice event_id_of_origin(const struct record *rec, struct arena *arena)
{
    char *id = arena_alloc(arena, ID_BYTES_MAX);
    int size = snprintf(id, ID_BYTES_MAX, "%.*s-%" PRId32 "-%012" PRId64, MAPPING_TOPIC_BYTES_MAX,
                        rec->topic, rec->partition, rec->offset);
    assert(size > 0 && size < ID_BYTES_MAX);
    return slice_of(id, (size_t)size);
}

void event_id_digest(struct slice text, char ret_hex[2 * DIGEST_BYTES + 1])
{
    unsigned char bytes[DIGEST_BYTES];
    struct digest *digest = digest_new();
    digest_start(digest);
    digest_add(digest, text);
    digest_finish(digest, bytes);
    digest_free(digest);
    digest_hex(bytes, sizeof(bytes), ret_hex);
}

struct slice event_id_of_source(struct slice source, struct slice id, struct arena *arena)
{
    char digest[2 * DIGEST_BYTES + 1];
    if (source.size + 1 + id.size > ID_BYTES_MAX) {
        event_id_digest(id, digest);
        id = slice_of(digest, 2 * DIGEST_BYTES);
    }
    char *text = arena_alloc(arena, source.size + 1 + id.size);
    memcpy(text, source.data, source.size);
    text[source.size] = '/';
    memcpy(text + source.size + 1, id.data, id.size);
    return slice_of(text, source.size + 1 + id.size);
}
