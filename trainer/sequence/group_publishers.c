#include "base/base.h"
#include "base/xalloc.h"
#include "trainer/sequence/cluster_publisher.h"
#include "trainer/sequence/group_publishers.h"
#include "trainer/sequence/segment_publisher.h"

struct group_publishers {
    struct published_groups *groups;
    struct segment_publisher *segments;
    struct cluster_publisher *clusters;
};

struct group_publishers *group_publishers_new(const struct group_publishers_parts *parts)
{
    struct group_publishers *publishers = xcalloc(1, sizeof(*publishers));
    publishers->groups = published_groups_new(parts->run, parts->output);
    const struct segment_publisher_parts segments = {
        .run = parts->run,
        .histories = parts->histories,
        .profiles = parts->profiles,
        .schemas = parts->schemas,
        .every_ms = parts->settings->segments_every_ms,
        .table_input = parts->table_input,
        .groups = publishers->groups,
        .counter = sequence_segment_settings(parts->settings),
    };
    const struct cluster_publisher_parts clusters = {
        .run = parts->run,
        .histories = parts->histories,
        .schemas = parts->schemas,
        .every_ms = parts->settings->clusters_every_ms,
        .table_input = parts->table_input,
        .groups = publishers->groups,
        .counter = sequence_cluster_settings(parts->settings),
    };
    publishers->segments = segment_publisher_new(&segments);
    publishers->clusters = cluster_publisher_new(&clusters);
    return publishers;
}

struct group_publishers *group_publishers_free(struct group_publishers *publishers)
{
    if (!publishers) { return NULL; }
    segment_publisher_free(publishers->segments);
    cluster_publisher_free(publishers->clusters);
    published_groups_free(publishers->groups);
    free(publishers);
    return NULL;
}

enum verdict group_publishers_see(struct group_publishers *publishers, const struct record *rec)
{
    struct group_profile group;
    enum verdict verdict = published_groups_see(publishers->groups, rec, &group);
    if (verdict == VERDICT_DONE) { cluster_publisher_see(publishers->clusters, rec->key, &group); }
    return verdict;
}

void group_publishers_step(struct group_publishers *publishers, struct task *task)
{
    segment_publisher_step(publishers->segments, task);
    cluster_publisher_step(publishers->clusters, task);
}

bool group_publishers_idle(const struct group_publishers *publishers)
{
    return segment_publisher_idle(publishers->segments) &&
           cluster_publisher_idle(publishers->clusters);
}

void group_publishers_drop(struct group_publishers *publishers)
{
    segment_publisher_drop(publishers->segments);
    cluster_publisher_drop(publishers->clusters);
}
