/* A profile is one block of memory. The last one takes the place of one that goes. */
#include "base/base.h"
#include "base/array.h"
#include "base/hash_index.h"
#include "base/xalloc.h"
#include "scorer/lists/user_profiles.h"

/* Behind it: the sizes of the tags, then the texts: user, country, tags. */
struct block {
    uint32_t bytes;
    int32_t born;
    uint16_t user_size, country_size, tags_count;
    uint16_t sizes[];
};

/* Of the array and of the index, a profile. */
enum { PLACE_BYTES = sizeof(struct block *) + 4 * sizeof(uint32_t) };
_Static_assert(ID_BYTES_MAX <= UINT16_MAX && PROFILE_TAGS_MAX <= UINT16_MAX, "sizes fit");

struct user_profiles {
    size_t bytes_max, bytes;
    struct block **at;
    size_t count, capacity;
    struct hash_index index;
    struct slice tags[PROFILE_TAGS_MAX]; /* that were found last */
};

static const char *texts_of(const struct block *block)
{
    return (const char *)(block->sizes + block->tags_count);
}

static struct slice user_of(const struct block *block)
{
    return slice_of(texts_of(block), block->user_size);
}

static uint64_t hash_at(const void *owner, uint32_t at)
{
    return hash_index_text(user_of(((const struct user_profiles *)owner)->at[at]));
}

static bool user_is(const void *owner, uint32_t at, const void *key)
{
    const struct user_profiles *profiles = owner;
    return slice_equal(user_of(profiles->at[at]), *(const struct slice *)key);
}

static int32_t find(const struct user_profiles *profiles, struct slice user)
{
    return hash_index_find(&profiles->index, hash_index_text(user), user_is, profiles, &user);
}

struct user_profiles *user_profiles_new(size_t bytes_max)
{
    struct user_profiles *profiles = xcalloc(1, sizeof(*profiles));
    profiles->bytes_max = bytes_max;
    return profiles;
}

struct user_profiles *user_profiles_free(struct user_profiles *profiles)
{
    if (!profiles) { return NULL; }
    for (size_t i = 0; i < profiles->count; i++) { free(profiles->at[i]); }
    hash_index_release(&profiles->index);
    free(profiles->at);
    free(profiles);
    return NULL;
}

size_t user_profiles_count(const struct user_profiles *profiles)
{
    return profiles->count;
}

size_t user_profiles_bytes(const struct user_profiles *profiles)
{
    return profiles->bytes;
}

/* ---- Records ---- */

static char *append(char *at, struct slice text)
{
    if (text.size) { memcpy(at, text.data, text.size); }
    return at + text.size;
}

static struct block *make_block(const struct user_profile *profile)
{
    size_t count = profile->tags.count;
    size_t bytes = sizeof(struct block) + profile->user_id.size + profile->country.size;
    assert(count <= PROFILE_TAGS_MAX);
    for (size_t t = 0; t < count; t++) { bytes += sizeof(uint16_t) + profile->tags.at[t].size; }
    struct block *block = xcalloc(1, bytes);
    *block = (struct block){.bytes = (uint32_t)bytes,
                            .born = profile->birth_year,
                            .user_size = (uint16_t)profile->user_id.size,
                            .country_size = (uint16_t)profile->country.size,
                            .tags_count = (uint16_t)count};
    char *text = (char *)(block->sizes + count);
    text = append(append(text, profile->user_id), profile->country);
    for (size_t t = 0; t < count; t++) {
        block->sizes[t] = (uint16_t)profile->tags.at[t].size;
        text = append(text, profile->tags.at[t]);
    }
    return block;
}

static void take_out(struct user_profiles *profiles, size_t at)
{
    struct block *gone = profiles->at[at];
    size_t last = --profiles->count;
    hash_index_remove(&profiles->index, hash_index_text(user_of(gone)), (uint32_t)at, hash_at,
                      profiles);
    if (at != last) {
        hash_index_move(&profiles->index, hash_at(profiles, (uint32_t)last), (uint32_t)last,
                        (uint32_t)at);
        profiles->at[at] = profiles->at[last];
    }
    profiles->bytes -= gone->bytes + PLACE_BYTES;
    free(gone);
}

bool user_profiles_remove(struct user_profiles *profiles, struct slice user)
{
    int32_t at = find(profiles, user);
    if (at == HASH_INDEX_NONE) { return false; }
    take_out(profiles, (size_t)at);
    return true;
}

static bool says_nothing(const struct user_profile *profile)
{
    return !profile->tags.count && !profile->country.size && profile->birth_year <= 0;
}

const char *user_profiles_put(struct user_profiles *profiles, const struct user_profile *profile,
                              bool *ret_other)
{
    if (says_nothing(profile)) {
        *ret_other = user_profiles_remove(profiles, profile->user_id);
        return NULL;
    }
    struct block *block = make_block(profile);
    int32_t at = find(profiles, profile->user_id);
    if (at != HASH_INDEX_NONE && profiles->at[at]->bytes == block->bytes &&
        memcmp(profiles->at[at], block, block->bytes) == 0) {
        *ret_other = false;
        free(block);
        return NULL;
    }
    *ret_other = true;
    if (at != HASH_INDEX_NONE) { take_out(profiles, (size_t)at); }
    if (block->bytes + PLACE_BYTES > profiles->bytes_max - profiles->bytes) {
        free(block);
        return "over_memory";
    }
    ARRAY_RESERVE(profiles->at, profiles->capacity, profiles->count + 1, 64);
    profiles->at[profiles->count] = block;
    hash_index_add(&profiles->index, hash_index_text(user_of(block)), (uint32_t)profiles->count++,
                   hash_at, profiles);
    profiles->bytes += block->bytes + PLACE_BYTES;
    return NULL;
}

/* ---- Attributes ---- */

bool user_profiles_find(struct user_profiles *profiles, struct slice user,
                        struct user_attributes *ret_attributes)
{
    int32_t at = find(profiles, user);
    if (at == HASH_INDEX_NONE) { return false; }
    const struct block *block = profiles->at[at];
    const char *text = texts_of(block) + block->user_size;
    struct slice country = slice_of(text, block->country_size);
    text += country.size;
    for (size_t t = 0; t < block->tags_count; t++) {
        profiles->tags[t] = slice_of(text, block->sizes[t]);
        text += block->sizes[t];
    }
    *ret_attributes = (struct user_attributes){
        .country = country, .tags = {profiles->tags, block->tags_count}, .born = block->born};
    return true;
}
