/* As segment_publisher.c. The clusters of the topic are held as readers hold them, because the next
 * count begins with them.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "trainer/sequence/cluster_publisher.h"

enum { WORK_A_LOOK = 200000, STEP_MS = 20, SENT_A_STEP = 20 };

struct cluster_publisher {
    struct cluster_publisher_parts parts;
    struct cluster_space *published;
    struct cluster_counter *counter;
    int64_t begun_ms; /* when the last one began; 0: none has */
    bool sending;
    size_t next; /* the record that is sent next */
    bool buried; /* all records are sent: tombstones follow */
    struct metric *clusters, *users, *records, *sample, *seconds;
};

static void start_metrics(struct cluster_publisher *publisher, struct metrics *metrics)
{
    publisher->clusters = metrics_gauge(metrics, "freshet_clusters", "",
                                        "Clusters of users that the last count has found.");
    publisher->users = metrics_gauge(metrics, "freshet_cluster_users", "",
                                     "Users with a history that it has grouped.");
    publisher->sample = metrics_gauge(metrics, "freshet_cluster_sample_ratio", "",
                                      "Share of all users that it has grouped: 1, or less where "
                                      "clusters.memory.max does not suffice.");
    publisher->seconds = metrics_gauge(metrics, "freshet_cluster_count_seconds", "",
                                       "How long it took, from its begin to its last record.");
    publisher->records = metrics_counter(metrics, "freshet_cluster_records_total", "",
                                         "Records and tombstones of clusters sent to profiles.");
}

struct cluster_publisher *cluster_publisher_new(const struct cluster_publisher_parts *parts)
{
    struct cluster_publisher *publisher = xcalloc(1, sizeof(*publisher));
    publisher->parts = *parts;
    publisher->published = cluster_space_new(parts->counter.bytes_max);
    publisher->counter =
        cluster_counter_new(&publisher->parts.counter, parts->schemas, publisher->published);
    start_metrics(publisher, run_metrics(parts->run));
    return publisher;
}

struct cluster_publisher *cluster_publisher_free(struct cluster_publisher *publisher)
{
    if (!publisher) { return NULL; }
    cluster_counter_free(publisher->counter);
    cluster_space_free(publisher->published);
    free(publisher);
    return NULL;
}

void cluster_publisher_drop(struct cluster_publisher *publisher)
{
    cluster_counter_reset(publisher->counter);
    publisher->sending = false;
    publisher->begun_ms = 0;
}

bool cluster_publisher_idle(const struct cluster_publisher *publisher)
{
    bool begun = !publisher->parts.every_ms || publisher->begun_ms;
    return begun && !publisher->sending &&
           cluster_counter_state(publisher->counter) != CLUSTERS_COUNTING;
}

/* ---- What the topic has ---- */

static void remove_key(struct cluster_publisher *publisher, struct slice key)
{
    struct slice name;
    enum group_kind kind = group_profile_name(key, &name);
    if (kind == GROUP_CLUSTER) { cluster_space_remove_cluster(publisher->published, name); }
    if (kind == GROUP_FACTORS) {
        cluster_space_remove_factors(publisher->published, group_profile_part(name));
    }
}

void cluster_publisher_see(struct cluster_publisher *publisher, struct slice key,
                           const struct group_profile *group)
{
    const struct cluster_version version = {group->version, group->clusters, group->parts};
    if (!publisher->parts.every_ms) { return; }
    if (group->kind == GROUP_CLUSTER) {
        (void)cluster_space_put_cluster(publisher->published, version, group->name,
                                        group->vectors);
    } else if (group->kind == GROUP_FACTORS) {
        (void)cluster_space_put_factors(publisher->published, version,
                                        group_profile_part(group->name), group->items,
                                        group->vectors);
    } else if (group->kind == GROUP_OTHER) {
        remove_key(publisher, key);
    }
}

/* ---- Counting and sending ---- */

static bool is_due(const struct cluster_publisher *publisher, int64_t now_ms)
{
    if (!publisher->parts.every_ms) { return false; }
    return !publisher->begun_ms || now_ms - publisher->begun_ms >= publisher->parts.every_ms;
}

static void begin(struct cluster_publisher *publisher, int64_t now_ms)
{
    struct table_view *histories = table_view_new(publisher->parts.histories);
    publisher->begun_ms = MAX_OF(now_ms, (int64_t)1);
    if (!histories || !cluster_counter_stale(publisher->counter, histories)) {
        table_view_free(histories);
        return;
    }
    cluster_counter_begin(publisher->counter, histories);
}

static void begin_sending(struct cluster_publisher *publisher)
{
    const struct cluster_counter *counter = publisher->counter;
    publisher->sending = true;
    publisher->buried = false;
    publisher->next = 0;
    published_groups_begin(publisher->parts.groups, GROUP_CLUSTER);
    published_groups_begin(publisher->parts.groups, GROUP_FACTORS);
    metric_set(publisher->clusters, (double)cluster_counter_clusters(counter));
    metric_set(publisher->users, (double)cluster_counter_users(counter));
    metric_set(publisher->sample, ldexp(1.0, -cluster_counter_sample(counter)));
}

static void count(struct cluster_publisher *publisher)
{
    struct run *run = publisher->parts.run;
    int64_t until_ms = run_now_ms(run) + STEP_MS;
    enum cluster_counting state = CLUSTERS_COUNTING;
    for (int k = 0; k < STEP_MS * 10 && state == CLUSTERS_COUNTING; k++) {
        cluster_counter_step(publisher->counter, WORK_A_LOOK);
        state = cluster_counter_state(publisher->counter);
        if (run_now_ms(run) >= until_ms) { break; }
    }
    if (state == CLUSTERS_FAILED) {
        run_log(run, LOG_WARN, "users cannot be grouped",
                "hint=\"raise clusters.memory.max, if no schema was unknown and the state can be "
                "read\"");
        cluster_counter_drop(publisher->counter);
    } else if (state == CLUSTERS_COUNTED) {
        begin_sending(publisher);
    }
}

/* Sends the next record; false: there are no more. */
static bool send_record(struct cluster_publisher *publisher, struct task *task)
{
    struct group_profile group;
    if (!cluster_counter_record(publisher->counter, publisher->next++, &group)) { return false; }
    metric_add(publisher->records, published_groups_send(publisher->parts.groups, task, &group));
    return true;
}

/* Sends a tombstone for the next key without a record. False: there are no more. */
static bool bury_key(struct cluster_publisher *publisher, struct task *task)
{
    size_t sent = 0;
    struct published_groups *groups = publisher->parts.groups;
    bool more = published_groups_bury(groups, task, GROUP_CLUSTER, &sent) ||
                published_groups_bury(groups, task, GROUP_FACTORS, &sent);
    metric_add(publisher->records, (double)sent);
    return more;
}

static void finish(struct cluster_publisher *publisher)
{
    struct run *run = publisher->parts.run;
    publisher->sending = false;
    cluster_counter_drop(publisher->counter);
    metric_set(publisher->seconds, (double)(run_now_ms(run) - publisher->begun_ms) / 1000.0);
}

static void send(struct cluster_publisher *publisher, struct task *task)
{
    for (size_t k = 0; k < SENT_A_STEP; k++) {
        bool more = publisher->buried ? bury_key(publisher, task) : send_record(publisher, task);
        if (more) { continue; }
        if (publisher->buried) {
            finish(publisher);
            return;
        }
        publisher->buried = true;
        published_groups_end(publisher->parts.groups, GROUP_CLUSTER);
        published_groups_end(publisher->parts.groups, GROUP_FACTORS);
    }
}

void cluster_publisher_step(struct cluster_publisher *publisher, struct task *task)
{
    int64_t now_ms = run_now_ms(publisher->parts.run);
    if (publisher->sending) {
        send(publisher, task);
    } else if (cluster_counter_state(publisher->counter) == CLUSTERS_COUNTING) {
        count(publisher);
    } else if (is_due(publisher, now_ms) &&
               run_input_current(publisher->parts.run, publisher->parts.table_input)) {
        begin(publisher, now_ms);
    }
}
