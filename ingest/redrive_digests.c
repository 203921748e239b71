#include "base/base.h"
#include "base/array.h"
#include "base/digest.h"
#include "base/hash_index.h"
#include "base/xalloc.h"
#include "ingest/redrive_digests.h"
#include "schemas/redrive_mark.h"
#include "stream/kafka/origin.h"

enum { MARK_ARENA_BLOCK = 1 << 16 };

struct known_digest {
    unsigned char bytes[ORIGIN_DIGEST_BYTES];
};

struct redrive_digests {
    struct codec *codec;
    struct arena *arena; /* of one mark */
    struct digest *digest;
    struct known_digest *at;
    size_t count;
    size_t capacity;
    struct hash_index index;
};

struct redrive_digests *redrive_digests_new(struct schema_cache *schemas)
{
    struct redrive_digests *known = xcalloc(1, sizeof(*known));
    known->codec = codec_new(&redrive_mark_contract, schemas);
    known->arena = arena_new(MARK_ARENA_BLOCK);
    known->digest = digest_new();
    return known;
}

struct redrive_digests *redrive_digests_free(struct redrive_digests *known)
{
    if (!known) { return NULL; }
    codec_free(known->codec);
    arena_free(known->arena);
    digest_free(known->digest);
    hash_index_release(&known->index);
    free(known->at);
    free(known);
    return NULL;
}

/* A digest's first bytes are as good as any hash. */
static uint64_t hash_of_bytes(const unsigned char *bytes)
{
    uint64_t hash;
    memcpy(&hash, bytes, sizeof(hash));
    return hash;
}

static uint64_t hash_of(const void *owner, uint32_t at)
{
    const struct redrive_digests *known = owner;
    return hash_of_bytes(known->at[at].bytes);
}

static bool is(const void *owner, uint32_t at, const void *key)
{
    const struct redrive_digests *known = owner;
    return memcmp(known->at[at].bytes, key, ORIGIN_DIGEST_BYTES) == 0;
}

static bool has(const struct redrive_digests *known, const unsigned char *bytes)
{
    return hash_index_find(&known->index, hash_of_bytes(bytes), is, known, bytes) >= 0;
}

static void add(struct redrive_digests *known, const char *bytes)
{
    struct known_digest digest;
    memcpy(digest.bytes, bytes, sizeof(digest.bytes));
    if (has(known, digest.bytes)) { return; }
    ARRAY_RESERVE(known->at, known->capacity, known->count + 1, 64);
    known->at[known->count] = digest;
    hash_index_add(&known->index, hash_of_bytes(digest.bytes), (uint32_t)known->count, hash_of,
                   known);
    known->count++;
}

int redrive_digests_take(struct redrive_digests *known, const struct record *rec,
                         struct codec_error *ret_error)
{
    struct redrive_mark mark;
    if (!rec->value.data) { return 0; }
    arena_reset(known->arena);
    int rc = codec_decode(known->codec, rec->value, known->arena, &mark, ret_error);
    if (rc < 0) { return rc; }
    for (size_t at = 0; at + ORIGIN_DIGEST_BYTES <= mark.digests.size; at += ORIGIN_DIGEST_BYTES) {
        add(known, mark.digests.data + at);
    }
    return 0;
}

bool redrive_digests_have(struct redrive_digests *known, const struct record *rec)
{
    unsigned char bytes[ORIGIN_DIGEST_BYTES];
    return known->count && origin_digest(known->digest, rec, bytes) && has(known, bytes);
}

size_t redrive_digests_count(const struct redrive_digests *known)
{
    return known->count;
}
