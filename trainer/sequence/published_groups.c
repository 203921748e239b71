#include "base/base.h"
#include "base/block_table.h"
#include "base/xalloc.h"
#include "trainer/sequence/published_groups.h"

#include <xxhash.h>

enum { GROUPS_ARENA_BYTES = 1 << 16, KEYS_MAX = 1 << 20 };

/* A key of the topic, and what its record says. */
struct sent_key {
    struct block_head head;
    uint32_t size;
    uint64_t hash;  /* of the record without its offsets */
    uint64_t count; /* the last one of its kind that has a record for it */
    char text[];
};

struct published_groups {
    struct run *run;
    int output;
    struct codec *codec;
    struct arena *arena;
    struct buf message;
    struct block_table keys;
    uint64_t counts[GROUP_KINDS]; /* begun */
    size_t next[GROUP_KINDS];     /* one behind the key that is looked at next */
};

static struct slice text_of(const struct block_head *head)
{
    const struct sent_key *key = (const struct sent_key *)head;
    return slice_of(key->text, key->size);
}

struct published_groups *published_groups_new(struct run *run, int output)
{
    struct published_groups *groups = xcalloc(1, sizeof(*groups));
    groups->run = run;
    groups->output = output;
    groups->codec = codec_new(&group_profile_contract, run_schemas(run));
    groups->arena = arena_new(GROUPS_ARENA_BYTES);
    buf_init(&groups->message, GROUP_BYTES_MAX);
    block_table_init(&groups->keys, SIZE_MAX, text_of);
    return groups;
}

struct published_groups *published_groups_free(struct published_groups *groups)
{
    if (!groups) { return NULL; }
    codec_free(groups->codec);
    arena_free(groups->arena);
    buf_release(&groups->message);
    block_table_release(&groups->keys);
    free(groups);
    return NULL;
}

bool published_groups_can_send(const struct published_groups *groups)
{
    return run_output_partitions(groups->run, groups->output) > 0;
}

/* ---- What the topic has ---- */

static struct sent_key *put_key(struct published_groups *groups, struct slice text)
{
    struct sent_key *key = (struct sent_key *)block_table_find(&groups->keys, text);
    if (key || groups->keys.count == KEYS_MAX) { return key; }
    size_t bytes = sizeof(*key) + text.size;
    key = xcalloc(1, bytes);
    key->head.bytes = (uint32_t)bytes;
    key->size = (uint32_t)text.size;
    (void)block_append(key->text, text);
    (void)block_table_put(&groups->keys, &key->head);
    return key;
}

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
    return size ? XXH3_64bits_withSeed(bytes, size, hash) : hash + 1;
}

/* Hashes what a record says; never 0. */
static uint64_t hash_of(const struct group_profile *group)
{
    const int64_t numbers[] = {group->kind,       group->users,
                               group->all_users,  group->sample,
                               group->rest_users, (int64_t)group->items.count,
                               group->version,    group->clusters,
                               group->parts,      group->user_parts};
    uint64_t hash = hash_bytes(0, numbers, sizeof(numbers));
    hash = hash_bytes(hash, group->name.data, group->name.size);
    for (size_t k = 0; k < group->items.count; k++) {
        hash = hash_bytes(hash, group->items.at[k].data, group->items.at[k].size);
    }
    hash = hash_bytes(hash, group->item_users.at, group->item_users.count * sizeof(int32_t));
    hash = hash_bytes(hash, group->item_all_users.at,
                      group->item_all_users.count * sizeof(int32_t));
    hash = hash_bytes(hash, group->vectors.at, group->vectors.count * sizeof(float));
    const struct ints *columns[] = {&group->user_clusters, &group->user_counts,
                                    &group->user_items};
    for (size_t k = 0; k < ARRAY_COUNT(columns); k++) {
        hash = hash_bytes(hash, columns[k]->at, columns[k]->count * sizeof(int32_t));
    }
    hash = hash_bytes(hash, group->user_strengths.at,
                      group->user_strengths.count * sizeof(float));
    return MAX_OF(hash, (uint64_t)1);
}

enum verdict published_groups_see(struct published_groups *groups, const struct record *rec,
                                  struct group_profile *ret_group)
{
    struct group_profile group;
    struct codec_error error;
    if (!rec->key.data || rec->key.size > GROUP_KEY_BYTES_MAX) {
        return run_refuse_record(groups->run, "bad_key", "want a key of at most %d bytes",
                                 GROUP_KEY_BYTES_MAX);
    }
    *ret_group = (struct group_profile){.kind = GROUP_OTHER};
    if (!rec->value.data) {
        (void)block_table_remove(&groups->keys, rec->key);
        return VERDICT_DONE;
    }
    arena_reset(groups->arena);
    if (codec_decode(groups->codec, rec->value, groups->arena, &group, &error) < 0) {
        return run_refuse_undecoded(groups->run, &error);
    }
    const char *fault = group_profile_fault(&group, rec->key);
    if (fault) {
        return run_refuse_record(groups->run, fault, "%s", group_profile_contract.name);
    }
    if (group.kind == GROUP_OTHER) { return VERDICT_DONE; }
    struct sent_key *key = put_key(groups, rec->key);
    if (key) { key->hash = hash_of(&group); }
    *ret_group = group;
    return VERDICT_DONE;
}

/* ---- Sending ---- */

static void emit(struct published_groups *groups, struct task *task, struct slice key,
                 const struct group_profile *group)
{
    struct slice value = {0};
    if (group) {
        buf_clear(&groups->message);
        int result = codec_encode(groups->codec, group, &groups->message);
        assert(result == 0);
        value = buf_slice(&groups->message);
    }
    task_emit(task, groups->output, PARTITION_BY_KEY, key, value);
}

void published_groups_begin(struct published_groups *groups, enum group_kind kind)
{
    groups->counts[kind]++;
}

bool published_groups_send(struct published_groups *groups, struct task *task,
                           const struct group_profile *group)
{
    char text[GROUP_KEY_BYTES_MAX];
    enum group_kind kind = (enum group_kind)group->kind;
    struct slice key = group_profile_key(kind, group->name, text);
    struct sent_key *sent = put_key(groups, key);
    if (!sent) { return false; }
    sent->count = groups->counts[kind];
    if (sent->hash == hash_of(group)) { return false; }
    emit(groups, task, key, group);
    return true;
}

void published_groups_end(struct published_groups *groups, enum group_kind kind)
{
    groups->next[kind] = groups->keys.count;
}

/* The key itself goes when the tombstone is read, and then the last one takes its place: so they
 * are walked from the last to the first. */
bool published_groups_bury(struct published_groups *groups, struct task *task,
                           enum group_kind kind, size_t *ret_sent)
{
    struct slice name;
    if (!groups->next[kind]) { return false; }
    size_t at = --groups->next[kind];
    if (at >= groups->keys.count) { return true; }
    const struct sent_key *key = (const struct sent_key *)groups->keys.at[at];
    struct slice text = text_of(&key->head);
    bool gone = group_profile_name(text, &name) == kind && key->count != groups->counts[kind];
    if (!gone) { return true; }
    emit(groups, task, text, NULL);
    ++*ret_sent;
    return true;
}
