/* A profile is one block of memory, in a block table. */
#include "base/base.h"
#include "base/block_table.h"
#include "base/xalloc.h"
#include "scorer/lists/user_profiles.h"

/* Behind it: the sizes of the tags, then the texts: user, country, tags. */
struct block {
    struct block_head head;
    int32_t born;
    uint16_t user_size, country_size, tags_count;
    uint16_t sizes[];
};

_Static_assert(ID_BYTES_MAX <= UINT16_MAX && PROFILE_TAGS_MAX <= UINT16_MAX, "sizes fit");

struct user_profiles {
    struct block_table blocks;
    struct slice tags[PROFILE_TAGS_MAX]; /* that were found last */
};

static const char *texts_of(const struct block *block)
{
    return (const char *)(block->sizes + block->tags_count);
}

static struct slice user_of(const struct block_head *head)
{
    const struct block *block = (const struct block *)head;
    return slice_of(texts_of(block), block->user_size);
}

struct user_profiles *user_profiles_new(size_t bytes_max)
{
    struct user_profiles *profiles = xcalloc(1, sizeof(*profiles));
    block_table_init(&profiles->blocks, bytes_max, user_of);
    return profiles;
}

struct user_profiles *user_profiles_free(struct user_profiles *profiles)
{
    if (!profiles) { return NULL; }
    block_table_release(&profiles->blocks);
    free(profiles);
    return NULL;
}

size_t user_profiles_count(const struct user_profiles *profiles)
{
    return profiles->blocks.count;
}

size_t user_profiles_bytes(const struct user_profiles *profiles)
{
    return profiles->blocks.bytes;
}

/* ---- Records ---- */

static struct block *make_block(const struct user_profile *profile)
{
    size_t count = profile->tags.count;
    size_t bytes = sizeof(struct block) + profile->user_id.size + profile->country.size;
    assert(count <= PROFILE_TAGS_MAX);
    for (size_t t = 0; t < count; t++) { bytes += sizeof(uint16_t) + profile->tags.at[t].size; }
    struct block *block = xcalloc(1, bytes);
    *block = (struct block){.head.bytes = (uint32_t)bytes,
                            .born = profile->birth_year,
                            .user_size = (uint16_t)profile->user_id.size,
                            .country_size = (uint16_t)profile->country.size,
                            .tags_count = (uint16_t)count};
    char *text = (char *)(block->sizes + count);
    text = block_append(block_append(text, profile->user_id), profile->country);
    for (size_t t = 0; t < count; t++) {
        block->sizes[t] = (uint16_t)profile->tags.at[t].size;
        text = block_append(text, profile->tags.at[t]);
    }
    return block;
}

bool user_profiles_remove(struct user_profiles *profiles, struct slice user)
{
    return block_table_remove(&profiles->blocks, user);
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
    const struct block_head *former = block_table_find(&profiles->blocks, profile->user_id);
    *ret_other = !former || former->bytes != block->head.bytes ||
                 memcmp(former, block, former->bytes) != 0;
    if (!*ret_other) {
        free(block);
        return NULL;
    }
    return block_table_put(&profiles->blocks, &block->head) ? NULL : "over_memory";
}

/* ---- Attributes ---- */

bool user_profiles_find(struct user_profiles *profiles, struct slice user,
                        struct user_attributes *ret_attributes)
{
    const struct block *block =
        (const struct block *)block_table_find(&profiles->blocks, user);
    if (!block) { return false; }
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
