/* The clusters of the topic are held as readers hold them, because the next count begins with them.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "trainer/sequence/cluster_counter.h"
#include "trainer/sequence/cluster_publisher.h"

enum { WORK_A_LOOK = 200000, STEP_MS = 20, SENT_A_STEP = 20 };

struct clusters {
    struct group_publisher_parts parts;
    struct cluster_counter_settings settings;
    struct cluster_space *published;
    struct cluster_counter *counter;
    struct metric *found, *users, *sample;
};

/* ---- What the topic has ---- */

static void remove_key(struct clusters *clusters, struct slice key)
{
    struct slice name;
    enum group_kind kind = group_profile_name(key, &name);
    if (kind == GROUP_CLUSTER) { cluster_space_remove_cluster(clusters->published, name); }
    if (kind == GROUP_FACTORS) {
        cluster_space_remove_factors(clusters->published, group_profile_part(name));
    }
}

static void see(void *counter, struct slice key, const struct group_profile *group)
{
    struct clusters *clusters = counter;
    const struct cluster_version version = {group->version, group->clusters, group->parts, 0};
    if (group->kind == GROUP_CLUSTER) {
        (void)cluster_space_put_cluster(clusters->published, version, group->name,
                                        group->vectors);
    } else if (group->kind == GROUP_FACTORS) {
        (void)cluster_space_put_factors(clusters->published, version,
                                        group_profile_part(group->name), group->items,
                                        group->vectors);
    } else if (group->kind == GROUP_OTHER) {
        remove_key(clusters, key);
    }
}

/* ---- Counting ---- */

static bool begin(void *counter)
{
    struct clusters *clusters = counter;
    struct table_view *histories = table_view_new(clusters->parts.histories);
    if (!histories || !cluster_counter_stale(clusters->counter, histories)) {
        table_view_free(histories);
        return false;
    }
    cluster_counter_begin(clusters->counter, histories);
    return true;
}

static int count(void *counter)
{
    struct clusters *clusters = counter;
    struct run *run = clusters->parts.run;
    int64_t until_ms = run_now_ms(run) + STEP_MS;
    enum cluster_counting state = CLUSTERS_COUNTING;
    for (int k = 0; k < STEP_MS * 10 && state == CLUSTERS_COUNTING; k++) {
        cluster_counter_step(clusters->counter, WORK_A_LOOK);
        state = cluster_counter_state(clusters->counter);
        if (run_now_ms(run) >= until_ms) { break; }
    }
    if (state == CLUSTERS_FAILED) { return -ENOMEM; }
    if (state != CLUSTERS_COUNTED) { return 0; }
    metric_set(clusters->found, (double)cluster_counter_clusters(clusters->counter));
    metric_set(clusters->users, (double)cluster_counter_users(clusters->counter));
    metric_set(clusters->sample, ldexp(1.0, -cluster_counter_sample(clusters->counter)));
    return 1;
}

static int record(void *counter, size_t at, struct group_profile *ret_group)
{
    struct clusters *clusters = counter;
    return cluster_counter_record(clusters->counter, at, ret_group) ? 0 : -ENOENT;
}

static void drop(void *counter)
{
    cluster_counter_drop(((struct clusters *)counter)->counter);
}

static void reset(void *counter)
{
    cluster_counter_reset(((struct clusters *)counter)->counter);
}

static void free_clusters(void *counter)
{
    struct clusters *clusters = counter;
    cluster_counter_free(clusters->counter);
    cluster_space_free(clusters->published);
    free(clusters);
}

static const struct group_sort sort = {
    .kinds = {GROUP_CLUSTER, GROUP_FACTORS, GROUP_TOLD_USERS},
    .kinds_count = 3,
    .sent_a_step = SENT_A_STEP,
    .failure = "users cannot be grouped",
    .option = "clusters.memory.max",
    .begin = begin,
    .count = count,
    .record = record,
    .see = see,
    .drop = drop,
    .reset = reset,
    .free = free_clusters,
};

struct group_publisher *cluster_publisher_new(const struct group_publisher_parts *parts)
{
    struct metrics *metrics = run_metrics(parts->run);
    struct clusters *clusters = xcalloc(1, sizeof(*clusters));
    clusters->parts = *parts;
    clusters->settings = sequence_cluster_settings(parts->settings);
    clusters->published = cluster_space_new(clusters->settings.bytes_max);
    clusters->counter =
        cluster_counter_new(&clusters->settings, parts->schemas, clusters->published);
    clusters->found = metrics_gauge(metrics, "freshet_clusters", "",
                                    "Clusters of users that the last count has found.");
    clusters->users = metrics_gauge(metrics, "freshet_cluster_users", "",
                                    "Users with a history that it has grouped.");
    clusters->sample = metrics_gauge(metrics, "freshet_cluster_sample_ratio", "",
                                     "Share of all users that it has grouped: 1, or less where "
                                     "clusters.memory.max does not suffice.");
    struct metric *seconds = metrics_gauge(metrics, "freshet_cluster_count_seconds", "",
                                           "How long it took, from its begin to its last record.");
    struct metric *records =
        metrics_counter(metrics, "freshet_cluster_records_total", "",
                        "Records and tombstones of clusters sent to profiles.");
    return group_publisher_new(parts, &sort, clusters, parts->settings->clusters_every_ms, records,
                               seconds);
}
