#include "base/base.h"
#include "base/xalloc.h"
#include "trainer/sequence/cluster_publisher.h"
#include "trainer/sequence/group_publishers.h"
#include "trainer/sequence/segment_publisher.h"

enum { PUBLISHERS = 2 };

struct group_publishers {
    struct published_groups *groups;
    struct group_publisher *at[PUBLISHERS];
};

struct group_publishers *group_publishers_new(const struct group_publishers_parts *parts)
{
    struct group_publishers *publishers = xcalloc(1, sizeof(*publishers));
    publishers->groups = published_groups_new(parts->run, parts->output);
    const struct group_publisher_parts each = {
        .run = parts->run,
        .settings = parts->settings,
        .histories = parts->histories,
        .profiles = parts->profiles,
        .schemas = parts->schemas,
        .table_input = parts->table_input,
        .groups = publishers->groups,
    };
    publishers->at[0] = segment_publisher_new(&each);
    publishers->at[1] = cluster_publisher_new(&each);
    return publishers;
}

struct group_publishers *group_publishers_free(struct group_publishers *publishers)
{
    if (!publishers) { return NULL; }
    for (size_t i = 0; i < PUBLISHERS; i++) { group_publisher_free(publishers->at[i]); }
    published_groups_free(publishers->groups);
    free(publishers);
    return NULL;
}

enum verdict group_publishers_see(struct group_publishers *publishers, const struct record *rec)
{
    struct group_profile group;
    enum verdict verdict = published_groups_see(publishers->groups, rec, &group);
    for (size_t i = 0; i < PUBLISHERS && verdict == VERDICT_DONE; i++) {
        group_publisher_see(publishers->at[i], rec->key, &group);
    }
    return verdict;
}

void group_publishers_hasten(struct group_publishers *publishers)
{
    for (size_t i = 0; i < PUBLISHERS; i++) { group_publisher_hasten(publishers->at[i]); }
}

void group_publishers_step(struct group_publishers *publishers, struct task *task)
{
    for (size_t i = 0; i < PUBLISHERS; i++) { group_publisher_step(publishers->at[i], task); }
}

bool group_publishers_idle(const struct group_publishers *publishers)
{
    for (size_t i = 0; i < PUBLISHERS; i++) {
        if (!group_publisher_idle(publishers->at[i])) { return false; }
    }
    return true;
}

void group_publishers_drop(struct group_publishers *publishers)
{
    for (size_t i = 0; i < PUBLISHERS; i++) { group_publisher_drop(publishers->at[i]); }
}
