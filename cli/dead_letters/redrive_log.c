#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "cli/scan.h"
#include "cli/dead_letters/redrive_log.h"
#include "schemas/redrive_mark.h"

enum { SENT_ARENA_BLOCK = 1 << 16 };

struct position {
    int32_t partition;
    int64_t offset;
};

struct redrive_log {
    struct position *at; /* in order once they are read */
    size_t count;
    size_t capacity;
    struct schema_cache *schemas;
    struct codec *codec;
    struct arena *arena;
};

struct redrive_log *redrive_log_new(void)
{
    struct redrive_log *sent = xcalloc(1, sizeof(*sent));
    sent->schemas = schema_cache_new();
    sent->codec = codec_new(&redrive_mark_contract, sent->schemas);
    sent->arena = arena_new(SENT_ARENA_BLOCK);
    return sent;
}

struct redrive_log *redrive_log_free(struct redrive_log *sent)
{
    if (!sent) { return NULL; }
    free(sent->at);
    arena_free(sent->arena);
    codec_free(sent->codec);
    schema_cache_free(sent->schemas);
    free(sent);
    return NULL;
}

static int by_position(const void *left, const void *right)
{
    const struct position *a = left, *b = right;
    if (a->partition != b->partition) { return a->partition < b->partition ? -1 : 1; }
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static bool take(void *arg, const struct record *rec)
{
    struct redrive_log *sent = arg;
    struct redrive_mark redrive;
    arena_reset(sent->arena);
    if (!rec->value.data ||
        codec_decode(sent->codec, rec->value, sent->arena, &redrive, NULL) < 0) {
        return true;
    }
    for (size_t i = 0; i < redrive.offsets.count; i++) {
        ARRAY_RESERVE(sent->at, sent->capacity, sent->count + 1, 1024);
        sent->at[sent->count++] = (struct position){redrive.partition, redrive.offsets.at[i]};
    }
    return true;
}

int redrive_log_read(struct redrive_log *sent, struct wire *wire, const char *topic)
{
    int result = scan_topic(wire, topic, -1, /* follow= */ false, take, sent);
    if (sent->count) { qsort(sent->at, sent->count, sizeof(*sent->at), by_position); }
    return result;
}

bool redrive_log_has(const struct redrive_log *sent, int32_t partition, int64_t offset)
{
    const struct position position = {partition, offset};
    return sent->count && bsearch(&position, sent->at, sent->count, sizeof(position), by_position);
}
