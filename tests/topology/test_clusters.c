/* Clusters that the sequence trainer makes of histories: each user is nearest to the cluster that
 * counts the user, counts are those of loops; names stay; users who are forgotten; restarts. */
#include "base/base.h"
#include "tests/topology/tastes.h"

static const char *const settings[] = {
    "train.threads=0",      "train.actions.min=1000000",   "clusters.every.ms=1s",
    "clusters.users.min=5", "clusters.item.users.min=2",   "clusters.max=3",
    "clusters.d=4",         NULL,
};

static void run_for(struct tastes *tastes, int rounds)
{
    for (int i = 0; i < rounds; i++) { rig_round(&tastes->fixture.rig, false); }
}

/* Counts users of a cluster (0: all) who acted on an item (below 0: on anything). */
static int64_t users_of(struct tastes *tastes, int cluster, int item)
{
    int64_t count = 0;
    for (int user = 0; user < TASTE_USERS; user++) {
        if (!tastes->counts[user]) { continue; }
        if (cluster && tastes_cluster(tastes, user) != cluster) { continue; }
        count += item < 0 || tastes->acted[user][item];
    }
    return count;
}

static int item_of(struct slice id)
{
    char text[16];
    (void)snprintf(text, sizeof(text), "%.*s", SLICE_ARGS(id));
    return (int)strtol(text + 1, NULL, 10);
}

static void check_cluster(struct tastes *tastes, const struct group_profile *group)
{
    int name = (int)group_profile_part(group->name);
    size_t named = 0;
    assert_true(name > 0);
    assert_int_equal(group->users, users_of(tastes, name, -1));
    assert_int_equal(group->all_users, users_of(tastes, 0, -1));
    assert_true(group->users >= 5);
    for (int item = 0; item < TASTES * TASTE_ITEMS; item++) {
        named += users_of(tastes, name, item) >= 2;
    }
    assert_int_equal(group->items.count, named);
    for (size_t k = 0; k < group->items.count; k++) {
        int item = item_of(group->items.at[k]);
        assert_int_equal(group->item_users.at[k], users_of(tastes, name, item));
        assert_int_equal(group->item_all_users.at[k], users_of(tastes, 0, item));
    }
}

/* The right singular vectors that the factors are made of are orthonormal. */
static void check_factors(struct tastes *tastes, const struct group_profile *group)
{
    size_t d = group->vectors.count / group->items.count;
    for (size_t k = 0; k < d; k++) {
        for (size_t l = 0; l <= k; l++) {
            double product = 0.0;
            for (size_t i = 0; i < group->items.count; i++) {
                double users = (double)users_of(tastes, 0, item_of(group->items.at[i]));
                assert_true(users >= 2.0);
                product += (double)group->vectors.at[i * d + k] *
                           (double)group->vectors.at[i * d + l] * users;
            }
            assert_true(fabs(product - (k == l)) < 1e-5);
        }
    }
}

/* Says whether the k-th told user is this one: the items that have a factor, as they came first. */
static bool is_user(struct tastes *tastes, const struct group_profile *told, size_t k, size_t from,
                    const struct group_profile *factors, int user)
{
    bool seen[TASTES * TASTE_ITEMS] = {false};
    size_t at = from, end = from + (size_t)told->user_counts.at[k];
    if (tastes_cluster(tastes, user) != told->user_clusters.at[k]) { return false; }
    for (size_t a = 0; a < tastes->counts[user]; a++) {
        int item = item_of(tastes->items[user][a]);
        if (seen[item] || users_of(tastes, 0, item) < 2) { continue; }
        seen[item] = true;
        if (at == end) { return false; }
        struct slice id = factors->items.at[told->user_items.at[at++]];
        if (item_of(id) != item) { return false; }
    }
    return at == end;
}

/* Each user with two items that have a factor is told of once, and nobody else; no name is there.
 * */
static void check_users(struct tastes *tastes, const struct group_profile *told,
                        const struct group_profile *factors)
{
    bool found[TASTE_USERS] = {false};
    size_t from = 0, users = 0;
    for (int user = 0; user < TASTE_USERS; user++) { users += tastes->counts[user] > 0; }
    assert_int_equal(told->user_counts.count, users);
    for (size_t k = 0; k < told->user_counts.count; k++) {
        int user = 0;
        while (user < TASTE_USERS &&
               (found[user] || !is_user(tastes, told, k, from, factors, user))) {
            user++;
        }
        assert_true(user < TASTE_USERS);
        found[user] = true;
        from += (size_t)told->user_counts.at[k];
    }
    assert_int_equal(from, told->user_items.count);
    assert_int_equal(told->items.count, 0);
}

static const struct group_profile *record_of(struct tastes *tastes, enum group_kind kind)
{
    size_t k = 0;
    while (k < tastes->records_count && tastes->records[k].kind != (int32_t)kind) { k++; }
    assert_true(k < tastes->records_count);
    return &tastes->records[k];
}

/* Compares all records with loops. Returns how many clusters there are. */
static size_t check(struct tastes *tastes)
{
    size_t clusters = 0, parts = 0;
    tastes_read(tastes);
    assert_true(tastes->records_count > 0);
    for (size_t k = 0; k < tastes->records_count; k++) {
        const struct group_profile *group = &tastes->records[k];
        assert_int_equal(group->version, cluster_space_version(tastes->space));
        assert_int_equal(group->history_offsets.count, PARTITIONS);
        assert_int_equal(group->sample, 0);
        if (group->kind == GROUP_CLUSTER) { check_cluster(tastes, group); }
        if (group->kind == GROUP_FACTORS) { check_factors(tastes, group); }
        clusters += group->kind == GROUP_CLUSTER;
        parts += group->kind == GROUP_FACTORS;
    }
    assert_int_equal(parts, 1);
    assert_int_equal(tastes->records_count, clusters + 2);
    check_users(tastes, record_of(tastes, GROUP_TOLD_USERS), record_of(tastes, GROUP_FACTORS));
    assert_int_equal(memlog_count(tastes->fixture.rig.log, "dead-letters", MEMLOG_ALL), 0);
    return clusters;
}

/* Counts the users whose cluster is that of most users of their taste. */
static int of_their_taste(struct tastes *tastes)
{
    int right = 0;
    for (int taste = 0; taste < TASTES; taste++) {
        int counts[8] = {0}, most = 0;
        for (int user = taste; user < TASTE_USERS; user += TASTES) {
            int cluster = tastes->counts[user] ? tastes_cluster(tastes, user) : 0;
            assert_true(cluster < 8);
            if (cluster) { most = MAX_OF(most, ++counts[cluster]); }
        }
        right += most;
    }
    return right;
}

/* ---- Tests ---- */

static void test_clusters_are_those_of_loops(void **state)
{
    static struct tastes tastes;
    tastes_init(&tastes);
    tastes_fill(&tastes);
    struct copy *copy = rig_start(&tastes.fixture.rig, &sequence_worker, 0, settings);
    run_for(&tastes, 100);
    assert_int_equal(check(&tastes), TASTES);
    assert_true(of_their_taste(&tastes) > TASTE_USERS * 9 / 10);
    assert_int_equal(trainer_metric(copy, "freshet_clusters"), TASTES);
    assert_int_equal(trainer_metric(copy, "freshet_cluster_users"), TASTE_USERS);
    tastes_release(&tastes);
}

static void test_names_stay(void **state)
{
    static struct tastes tastes;
    int before[TASTE_USERS], same = 0;
    tastes_init(&tastes);
    tastes_fill(&tastes);
    (void)rig_start(&tastes.fixture.rig, &sequence_worker, 0, settings);
    run_for(&tastes, 100);
    tastes_read(&tastes);
    int64_t version = cluster_space_version(tastes.space);
    for (int user = 0; user < TASTE_USERS; user++) { before[user] = tastes_cluster(&tastes, user); }
    for (int user = 0; user < TASTE_USERS; user += 2) {
        tastes_act(&tastes, user, (user % TASTES) * TASTE_ITEMS + user % TASTE_ITEMS);
        tastes_write(&tastes, user);
    }
    run_for(&tastes, 100);
    assert_int_equal(check(&tastes), TASTES);
    assert_true(cluster_space_version(tastes.space) > version);
    for (int user = 0; user < TASTE_USERS; user++) {
        same += before[user] == tastes_cluster(&tastes, user);
    }
    assert_true(same > TASTE_USERS * 9 / 10);
    tastes_release(&tastes);
}

/* What says the same is not sent again, also by another start. A cluster whose users are forgotten
 * gets a tombstone. */
static void test_restart(void **state)
{
    static struct tastes tastes;
    tastes_init(&tastes);
    tastes_fill(&tastes);
    struct memlog *log = tastes.fixture.rig.log;
    struct copy *copy = rig_start(&tastes.fixture.rig, &sequence_worker, 0, settings);
    run_for(&tastes, 100);
    int64_t sent = memlog_count(log, "profiles", MEMLOG_ALL);
    assert_int_equal(sent, TASTES + 2);
    rig_finish(copy);
    assert_true(rig_launch(&tastes.fixture.rig, copy));
    run_for(&tastes, 100);
    assert_int_equal(memlog_count(log, "profiles", MEMLOG_ALL), sent);
    rig_finish(copy);
    for (int user = 0; user < TASTE_USERS; user += TASTES) { tastes_forget(&tastes, user); }
    assert_true(rig_launch(&tastes.fixture.rig, copy));
    run_for(&tastes, 100);
    assert_in_range(check(&tastes), TASTES - 1, TASTES); /* others may have been in that cluster */
    for (int user = 0; user < TASTE_USERS; user++) {
        if (user % 2) { tastes_forget(&tastes, user); }
    }
    for (int user = 0; user < TASTE_USERS; user += 2) {
        if (user > 12) { tastes_forget(&tastes, user); }
    }
    run_for(&tastes, 100); /* too few users for any */
    tastes_read(&tastes);
    assert_int_equal(tastes.records_count, 0);
    tastes_release(&tastes);
}

/* Lets time pass, in steps that no session takes for its end, and a little more. */
static void wait_s(struct tastes *tastes, int64_t seconds)
{
    for (int64_t passed = 0; passed < seconds; passed += 5) {
        tastes->fixture.rig.now_ms += 5000;
        run_for(tastes, 1);
    }
    run_for(tastes, 50);
    tastes_read(tastes);
}

/* Something comes that a count would tell. */
static void act_anew(struct tastes *tastes, int user)
{
    tastes_act(tastes, user, (user % TASTES) * TASTE_ITEMS + user % TASTE_ITEMS);
    tastes_write(tastes, user);
}

/* The first counts follow each other after 10 s, 20 s ..., up to an hour; when a user is forgotten,
 * the next one comes ten minutes after the last. */
static void test_when(void **state)
{
    static const char *const hourly[] = {
        "train.threads=0",      "train.actions.min=1000000", "clusters.users.min=5",
        "clusters.item.users.min=2", "clusters.max=3", "clusters.d=4", NULL,
    };
    static struct tastes tastes;
    tastes_init(&tastes);
    tastes_fill(&tastes);
    (void)rig_start(&tastes.fixture.rig, &sequence_worker, 0, hourly);
    wait_s(&tastes, 0);
    int64_t version = cluster_space_version(tastes.space), seconds = 10;
    assert_true(version > 0);
    for (int user = 0; seconds <= 1280; user++, seconds *= 2) {
        act_anew(&tastes, user);
        wait_s(&tastes, seconds / 2);
        assert_true(cluster_space_version(tastes.space) == version);
        wait_s(&tastes, seconds / 2);
        assert_true(cluster_space_version(tastes.space) > version);
        version = cluster_space_version(tastes.space);
    }
    act_anew(&tastes, 20);
    wait_s(&tastes, 500);
    assert_true(cluster_space_version(tastes.space) == version);
    tastes_forget(&tastes, 21);
    wait_s(&tastes, 0);
    assert_true(cluster_space_version(tastes.space) == version);
    wait_s(&tastes, 100);
    assert_true(cluster_space_version(tastes.space) > version);
    tastes_release(&tastes);
}

static void test_off(void **state)
{
    static const char *const off[] = {"train.threads=0", "clusters.every.ms=0", NULL};
    static struct tastes tastes;
    tastes_init(&tastes);
    tastes_fill(&tastes);
    (void)rig_start(&tastes.fixture.rig, &sequence_worker, 0, off);
    run_for(&tastes, 60);
    assert_int_equal(memlog_count(tastes.fixture.rig.log, "profiles", MEMLOG_ALL), 0);
    tastes_release(&tastes);
}

/* Records that are none are refused, and clusters of somebody else go. */
static void test_bad_records(void **state)
{
    static struct tastes tastes;
    tastes_init(&tastes);
    tastes_fill(&tastes);
    struct fixture *fixture = &tastes.fixture;
    struct memlog *log = fixture->rig.log;
    float number = 1.0F;
    int32_t one = 1, beyond = GROUP_FACTORS_MAX;
    struct slice item = slice_str("x");
    const struct group_profile groups[] = {
        {.kind = GROUP_CLUSTER, .name = slice_str("1"), .users = 1, .all_users = 1, .version = 5,
         .clusters = 1, .parts = 1},
        {.kind = GROUP_CLUSTER, .name = slice_str("1"), .users = 1, .all_users = 1,
         .vectors = {&number, 1}},
        {.kind = GROUP_FACTORS, .name = slice_str("7"), .version = 5, .clusters = 1, .parts = 1,
         .items = {&item, 1}, .vectors = {&number, 1}},
        {.kind = GROUP_CLUSTER, .name = slice_str("2"), .users = 1, .all_users = 1,
         .version = INT64_MAX, .clusters = 1, .parts = 1, .vectors = {&number, 1}},
        {.kind = GROUP_CLUSTER, .name = slice_str("77"), .users = 1, .all_users = 1, .version = 5,
         .clusters = 1, .parts = 1, .vectors = {&number, 1}},
        {.kind = GROUP_TOLD_USERS, .name = slice_str("3"), .version = 5, .clusters = 1, .parts = 1,
         .user_parts = 4, .user_clusters = {&one, 1}, .user_counts = {&one, 1}},
        {.kind = GROUP_TOLD_USERS, .name = slice_str("3"), .version = 5, .clusters = 1, .parts = 1,
         .user_parts = 3},
        {.kind = GROUP_TOLD_USERS, .name = slice_str("3"), .version = 5, .clusters = 1, .parts = 1,
         .user_parts = 4, .user_clusters = {&one, 1}, .user_counts = {&one, 1},
         .user_items = {&beyond, 1}},
        {.kind = GROUP_TOLD_USERS, .name = slice_str("3"), .version = 5, .clusters = 1, .parts = 1,
         .user_parts = 4, .user_clusters = {&one, 1}},
    };
    for (size_t k = 0; k < ARRAY_COUNT(groups); k++) {
        char key[GROUP_KEY_BYTES_MAX];
        buf_clear(&fixture->out);
        assert_int_equal(codec_encode(tastes.groups, &groups[k], &fixture->out), 0);
        memlog_append(log, "profiles", 0,
                      group_profile_key((enum group_kind)groups[k].kind, groups[k].name, key),
                      buf_slice(&fixture->out), 0);
    }
    (void)rig_start(&fixture->rig, &sequence_worker, 0, settings);
    run_for(&tastes, 100);
    assert_int_equal(memlog_count(log, "dead-letters", MEMLOG_ALL), 8);
    memlog_append(log, "profiles", 0, slice_str("factors/7"), slice_of(NULL, 0), 0);
    memlog_append(log, "profiles", 0, slice_str("users/3"), slice_of(NULL, 0), 0);
    tastes_read(&tastes);
    for (size_t k = 0; k < tastes.records_count; k++) {
        assert_false(slice_equal(tastes.records[k].name, slice_str("77")));
    }
    assert_int_equal(cluster_space_clusters(tastes.space), TASTES);
    tastes_release(&tastes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clusters_are_those_of_loops),
        cmocka_unit_test(test_names_stay),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_when),
        cmocka_unit_test(test_off),
        cmocka_unit_test(test_bad_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
