/* What freshet-serve says of users and their clusters: the cluster of a history, lists of a group,
 * similar users, compared with loops over `histories` and `profiles`; lists that a cluster fills
 * up, by serve as by the scorer. */
#include "base/base.h"
#include "features/features.h"
#include "model/candidate_set.h"
#include "model/cluster_space.h"
#include "schemas/model_weights.h"
#include "schemas/user_history.h"
#include "scorer/scorer.h"
#include "tests/topology/asking.h"
#include "tests/topology/profiled.h"
#include "tests/topology/records.h"
#include "trainer/similarity/trainer.h"

enum { PARTITIONS = 2, ROUNDS = 60, HISTORIES = 64 };

static const char *const settings[] = {"http.port=0", "list.length=30", NULL};
static const char *const cluster_settings[] = {
    "train.threads=0",           "train.actions.min=1000000", "segments.every.ms=1s",
    "segments.users.min=5",      "clusters.every.ms=1s",      "clusters.users.min=4",
    "clusters.item.users.min=1", "clusters.max=3",            "clusters.d=6",
    "clusters.items=8",          NULL,
};

/* The newest histories, and the clusters. */
struct oracle {
    struct schema_cache *schemas;
    struct codec *histories, *groups;
    struct arena *arena;
    struct user_history users[HISTORIES];
    size_t count;
    struct cluster_space *space;
};

static void read_histories(struct oracle *oracle, const struct rig *rig)
{
    struct fold *fold = rig_fold(rig, "histories");
    for (size_t i = 0; i < fold->count; i++) {
        if (!fold->at[i].value.data) { continue; }
        assert_true(oracle->count < HISTORIES);
        struct slice value = arena_copy(oracle->arena, fold->at[i].value);
        assert_int_equal(codec_decode(oracle->histories, value, oracle->arena,
                                      &oracle->users[oracle->count++], NULL), 0);
    }
    free(fold);
}

static void read_clusters(struct oracle *oracle, const struct rig *rig)
{
    struct fold *fold = rig_fold(rig, "profiles");
    for (size_t i = 0; i < fold->count; i++) {
        struct group_profile group;
        if (!fold->at[i].value.data) { continue; }
        struct slice value = arena_copy(oracle->arena, fold->at[i].value);
        assert_int_equal(codec_decode(oracle->groups, value, oracle->arena, &group, NULL), 0);
        const struct cluster_version version = {group.version, group.clusters, group.parts, 0};
        if (group.kind == GROUP_CLUSTER) {
            (void)cluster_space_put_cluster(oracle->space, version, group.name, group.vectors);
        } else if (group.kind == GROUP_FACTORS) {
            (void)cluster_space_put_factors(oracle->space, version,
                                            group_profile_part(group.name), group.items,
                                            group.vectors);
        }
    }
    free(fold);
}

static void oracle_init(struct oracle *oracle, const struct rig *rig)
{
    *oracle = (struct oracle){.schemas = schema_cache_new(), .arena = arena_new(1 << 16),
                              .space = cluster_space_new(1 << 22)};
    oracle->histories = codec_new(&user_history_contract, oracle->schemas);
    oracle->groups = codec_new(&group_profile_contract, oracle->schemas);
    read_histories(oracle, rig);
    read_clusters(oracle, rig);
    assert_true(cluster_space_clusters(oracle->space) > 1);
}

static void oracle_release(struct oracle *oracle)
{
    cluster_space_free(oracle->space);
    codec_free(oracle->histories);
    codec_free(oracle->groups);
    arena_free(oracle->arena);
    schema_cache_free(oracle->schemas);
}

static struct slice cluster_of(struct oracle *oracle, const struct user_history *history)
{
    float strengths[HISTORY_ACTIONS_MAX], vector[GROUP_NUMBERS_MAX];
    struct user_cluster cluster;
    for (size_t k = 0; k < history->items.count; k++) {
        strengths[k] = history_strength(history, k);
    }
    assert_true(cluster_space_fold(oracle->space, history->items.at, strengths,
                                   history->items.count, vector));
    cluster_space_nearest(oracle->space, vector, &cluster);
    return cluster.name;
}

/* How often a user acted on an item. */
static double times(const struct user_history *history, struct slice item)
{
    double count = 0.0;
    for (size_t k = 0; k < history->items.count; k++) {
        if (slice_equal(history->items.at[k], item)) { count += 1.0; }
    }
    return count;
}

static double product(const struct user_history *a, const struct user_history *b)
{
    double sum = 0.0;
    for (size_t k = 0; k < a->items.count; k++) { sum += times(b, a->items.at[k]); }
    return sum;
}

static double cosine(const struct user_history *a, const struct user_history *b)
{
    return product(a, b) / sqrt(product(a, a) * product(b, b));
}

/* ---- Tests ---- */

static struct copy *begin(struct rig *rig, const char *const *pairs)
{
    rig_init(rig, PARTITIONS);
    feed_events(rig, 3, 0, FEED_EVENTS);
    profiled_all(rig);
    rig_work(rig, &features_worker);
    rig_work(rig, &trainer_worker);
    struct copy *copy = rig_start(rig, &sequence_worker, 0, cluster_settings);
    for (int i = 0; i < PROFILED_ROUNDS; i++) { rig_round(rig, false); }
    rig_finish(copy);
    copy = rig_start(rig, &serve_worker, 0, pairs);
    for (int i = 0; i < ROUNDS; i++) { rig_round(rig, false); }
    return copy;
}

static void test_profiles_of_users(void **state _unused_)
{
    static struct rig rig;
    struct copy *copy = begin(&rig, settings);
    struct oracle oracle;
    oracle_init(&oracle, &rig);
    for (size_t u = 0; u < oracle.count; u++) {
        const struct user_history *history = &oracle.users[u];
        _cleanup_(xfreep) char *path =
            xprintf("/v1/users/%.*s/profile", SLICE_ARGS(history->user_id));
        struct slice name = cluster_of(&oracle, history);
        _cleanup_(xfreep) char *want =
            xprintf("\"cluster\":{\"name\":\"%.*s\",\"version\":%" PRId64, SLICE_ARGS(name),
                    cluster_space_version(oracle.space));
        const char *body = ask_get(copy, path, 200);
        assert_has(body, want);
        assert_has(body, u % 2 ? "\"segments\":[" : "\"users\":[{\"user\":\"");
        assert_has(body, "\"items\":[{\"item\":\"");
    }
    assert_has(ask_get(copy, "/v1/users/nobody/profile", 404), "no_user");
    assert_has(ask_get(copy, "/v1/users/u01/profile?tag=x", 400), "bad_request");
    assert_has(ask_get(copy, "/v1/users/u01/profile", 200), "\"odd\"");
    oracle_release(&oracle);
    rig_release(&rig);
}

static void test_the_page_of_a_user(void **state _unused_)
{
    static struct rig rig;
    struct copy *copy = begin(&rig, settings);
    const char *body = ask_get(copy, "/console/user?id=u01", 200);
    assert_has(body, "Users of the cluster");
    assert_has(body, "name=\"alike\"");
    assert_null(strstr(body, "Items in common"));
    body = ask_get(copy, "/console/user?id=u01&alike=yes", 200);
    assert_has(body, "Items in common");
    assert_has(body, "/console/user?id=u");
    body = ask_get(copy, "/console/user?id=u01&alike=yes&format=json", 200);
    assert_has(body, "\"alike\":{\"user\":\"u01\",\"users\":[{\"user\":");
    (void)ask_get(copy, "/console/user?id=nobody&alike=yes", 200);
    rig_release(&rig);
}

static void test_similar_users(void **state _unused_)
{
    static struct rig rig;
    struct copy *copy = begin(&rig, settings);
    struct oracle oracle;
    oracle_init(&oracle, &rig);
    for (size_t u = 0; u < 10; u++) {
        const struct user_history *one = &oracle.users[u];
        _cleanup_(xfreep) char *path =
            xprintf("/v1/users/%.*s/similar?limit=60", SLICE_ARGS(one->user_id));
        const char *at = strstr(ask_get(copy, path, 200), "\"users\":[");
        double before = 2.0;
        size_t found = 0, wanted = 0;
        for (size_t k = 0; k < oracle.count; k++) {
            wanted += k != u && product(one, &oracle.users[k]) > 0.0;
        }
        while ((at = strstr(at, "{\"user\":\"")) != NULL && (at += 9) != NULL) {
            if (!strstr(at, "\"cosine\":")) { break; }
            size_t k = 0;
            while (k < oracle.count && (strncmp(at, oracle.users[k].user_id.data, 3) != 0)) { k++; }
            if (k == oracle.count || at[3] != '"') { continue; }
            double told = strtod(strstr(at, "\"cosine\":") + 9, NULL);
            assert_true(fabs(told - cosine(one, &oracle.users[k])) < 1e-6);
            assert_true(told <= before && k != u);
            before = told;
            found++;
        }
        assert_int_equal(found, wanted);
    }
    assert_has(ask_get(copy, "/v1/users/nobody/similar", 404), "no_user");
    oracle_release(&oracle);
    rig_release(&rig);
}

/* Compares the list of a group with the formula of docs/segments.md. */
static void check_group(const struct rig *rig, const char *body, const char *name)
{
    struct profiled profiled;
    const char *at = body;
    profiled_read(&profiled, rig);
    profiled_score(&profiled, &name, 1);
    for (size_t k = 0; k < profiled.items_count; k++) {
        _cleanup_(xfreep) char *want =
            xprintf("{\"item\":\"%.*s\"", SLICE_ARGS(profiled.items[k].item));
        at = strstr(at, "{\"item\":\"");
        assert_non_null(at);
        assert_begins(at++, want);
    }
    profiled_release(&profiled);
}

static void test_lists_of_groups(void **state _unused_)
{
    static struct rig rig;
    struct copy *copy = begin(&rig, settings);
    struct oracle oracle;
    oracle_init(&oracle, &rig);
    char name[16];
    struct slice first = cluster_space_name(oracle.space, 0);
    (void)snprintf(name, sizeof(name), "%.*s", SLICE_ARGS(first));
    _cleanup_(xfreep) char *path = xprintf("/v1/clusters/%s/recommendations", name);
    _cleanup_(xfreep) char *because = xprintf("\"because\":\"cluster/%s\"", name);
    const char *body = ask_get(copy, path, 200);
    assert_has(body, "\"made_by\":\"clusters\"");
    assert_has(body, because);
    check_group(&rig, body, name);
    body = ask_get(copy, "/v1/segments/country%3DDE/recommendations?limit=7", 200);
    assert_has(body, "\"segment\":\"country=DE\"");
    assert_has(body, "\"made_by\":\"segments\"");
    assert_has(ask_get(copy, "/v1/clusters/999/recommendations", 404), "no_group");
    assert_has(ask_get(copy, "/v1/segments/none/recommendations", 404), "no_group");
    oracle_release(&oracle);
    rig_release(&rig);
}

/* A session of one action: what its members cannot fill, the cluster does first. */
static void test_lists_are_filled_up(void **state _unused_)
{
    static struct rig rig;
    static const char path[] = "/v1/recommendations", *const off[] = {
        "http.port=0", "list.length=30", "clusters.used=false", "neighbours.used=3", NULL};
    static const char *const few[] = {"http.port=0", "list.length=30", "neighbours.used=3", NULL};
    static const char one[] = "{\"actions\":[{\"item\":\"i00\"}]}";
    struct copy *copy = begin(&rig, few);
    const char *body = ask_post(copy, path, one, 200);
    const char *chosen = strstr(body, "\"reason\":\"because\""),
               *filled = strstr(body, "\"because\":\"cluster/"),
               *popular = strstr(body, "\"reason\":\"popular\"");
    assert_true(chosen && filled && popular && chosen < filled && filled < popular);
    rig_finish(copy);
    copy = rig_start(&rig, &serve_worker, 0, off);
    for (int i = 0; i < ROUNDS; i++) { rig_round(&rig, false); }
    assert_null(strstr(ask_post(copy, path, one, 200), "cluster/"));
    assert_has(ask_get(copy, "/v1/users/u01/profile", 200), "\"cluster\":null");
    assert_has(ask_get(copy, "/v1/clusters/1/recommendations", 404), "no_group");
    rig_release(&rig);
}

/* Lists are those of the scorer, for each user's own actions. Counts those places of them that have
 * a reason. */
static size_t check_lists(struct copy *copy, const struct oracle *oracle, const char *reason)
{
    size_t places = 0;
    for (size_t u = 0; u < oracle->count; u++) {
        const struct user_history *history = &oracle->users[u];
        struct buf request;
        buf_init(&request, 1 << 16);
        buf_printf(&request, "{\"actions\":[");
        for (size_t k = 0; k < history->items.count; k++) {
            buf_printf(&request, "%s{\"item\":\"%.*s\",\"kind\":\"click\"}", k ? "," : "",
                       SLICE_ARGS(history->items.at[k]));
        }
        buf_printf(&request, "],\"limit\":30}");
        buf_append(&request, "", 1);
        _cleanup_(xfreep) char *stands =
            xprintf("/v1/users/%.*s/recommendations", SLICE_ARGS(history->user_id));
        const char *body = ask_get(copy, stands, 200);
        size_t size = (size_t)(strstr(body, "],\"cause\"") - strstr(body, "\"items\":["));
        _cleanup_(xfreep) char *items = xprintf("%.*s", (int)size, strstr(body, "\"items\":["));
        if (history->items.count <= 200) {
            assert_has(ask_post(copy, "/v1/recommendations", request.data, 200), items);
        }
        for (const char *at = items; (at = strstr(at, reason)) != NULL; at++) { places++; }
        buf_release(&request);
    }
    return places;
}

static double gauge(const struct copy *copy, const char *name)
{
    return metric_value(metrics_gauge(copy->metrics, name, "", ""));
}

/* The scorer's lists are those of serve. */
static void test_the_scorer_does_the_same(void **state _unused_)
{
    static struct rig rig;
    static const char *const few[] = {"http.port=0", "list.length=30", "neighbours.used=3", NULL};
    struct copy *copy = begin(&rig, few);
    struct copy *scorer = rig_start(&rig, &scorer_worker, 0, few + 1);
    for (int i = 0; i < ROUNDS; i++) { rig_round(&rig, false); }
    struct oracle oracle;
    oracle_init(&oracle, &rig);
    (void)check_lists(copy, &oracle, "cluster/");
    assert_true(gauge(scorer, "freshet_clusters_served") > 1.0);
    assert_int_equal(gauge(scorer, "freshet_sampled_users"), oracle.count);
    oracle_release(&oracle);
    rig_release(&rig);
}

/* Learned weights, in which users who act alike lead alone. */
static void let_users_lead(struct rig *rig)
{
    float numbers[MIXTURE_NUMBERS_MAX];
    struct mixture mixture;
    mixture_init(&mixture);
    for (int s = 0; s < MIXTURE_SEGMENTS; s++) { mixture.parts[s].leader = MEMBER_USERS; }
    mixture_save(&mixture, numbers);
    for (int32_t partition = 0; partition < PARTITIONS; partition++) {
        char key[16];
        (void)snprintf(key, sizeof(key), "blend/%d", partition);
        const struct model_weights weights = {.model = slice_str(MODEL_BLEND), .part = partition,
                                              .parts = PARTITIONS,
                                              .weights = {numbers, MIXTURE_NUMBERS}};
        append_record(rig, "models", 0, &model_weights_contract, slice_str(key), &weights,
                      RIG_WALL_MS);
    }
}

static void test_users_who_act_alike_lead(void **state _unused_)
{
    static struct rig rig;
    static const char *const usual[] = {"http.port=0", "list.length=30", NULL};
    static const char *const off[] = {"http.port=0", "list.length=30", "users.used=false", NULL};
    static const char session[] = "{\"actions\":[{\"item\":\"i00\"},{\"item\":\"i01\"}]}";
    static const char path[] = "/v1/recommendations";
    struct copy *copy = begin(&rig, usual);
    let_users_lead(&rig);
    struct copy *scorer = rig_start(&rig, &scorer_worker, 0, usual + 1);
    for (int i = 0; i < ROUNDS; i++) { rig_round(&rig, false); }
    struct oracle oracle;
    oracle_init(&oracle, &rig);
    assert_true(check_lists(copy, &oracle, "\"reason\":\"users\",\"because\":\"\"") > 100);
    const char *body = ask_post(copy, path, session, 200);
    assert_has(body, "\"made_by\":\"users\"");
    assert_has(ask_get(copy, "/console/try?item=i00", 200), "name=\"w_users\" value=\"1.00\"");
    body = ask_get(copy, "/console/try?item=i00&w_users=0&w_counting=1", 200);
    assert_null(strstr(body, "Chosen by users who act alike"));
    assert_has(ask_get(copy, "/console/try?item=i00", 200), "Chosen by users who act alike");
    rig_finish(scorer);
    rig_finish(copy);
    copy = rig_start(&rig, &serve_worker, 0, off);
    for (int i = 0; i < ROUNDS; i++) { rig_round(&rig, false); }
    assert_null(strstr(ask_post(copy, path, session, 200), "\"reason\":\"users\""));
    assert_null(strstr(ask_get(copy, "/console/try?item=i00", 200), "w_users"));
    oracle_release(&oracle);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profiles_of_users),
        cmocka_unit_test(test_the_page_of_a_user),
        cmocka_unit_test(test_similar_users),
        cmocka_unit_test(test_lists_of_groups),
        cmocka_unit_test(test_lists_are_filled_up),
        cmocka_unit_test(test_the_scorer_does_the_same),
        cmocka_unit_test(test_users_who_act_alike_lead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
