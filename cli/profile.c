/* Three scans: `profiles` for the clusters; `histories` for the user's, then for all, each of which
 * is compared exactly (freshet-serve compares those of users who acted lately); `items` for titles.
 */
#include "base/base.h"
#include "base/buf.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "cli/client_schemas.h"
#include "cli/commands.h"
#include "cli/scan.h"
#include "cli/screen.h"
#include "cli/user_names.h"
#include "model/cluster_space.h"
#include "model/likeness.h"
#include "model/segment_counts.h"
#include "schemas/group_profile.h"
#include "schemas/item.h"
#include "schemas/user_history.h"
#include "stream/kafka/murmur.h"

enum {
    PROFILE_ARENA_BLOCK = 1 << 18,
    PROFILE_BYTES_MAX = 16 << 20,
    PROFILE_SIMILAR_MAX = 1000,
    ITEMS_SHOWN = 10,
};

struct profile {
    bool json;     /* flag */
    int64_t count; /* flag */

    const char *user, *name; /* name: as the topics know the user */
    struct wire *wire;
    const struct client *client;
    struct codec *groups, *histories, *items;
    struct arena *kept, *scratch;
    struct cluster_space *space;
    bool found;
    struct user_history history;
    bool clustered;
    struct user_cluster cluster;
    struct group_profile group; /* of the cluster */
    struct slice titles[ITEMS_SHOWN];
    struct likeness *likeness;
    struct similar_user similar[PROFILE_SIMILAR_MAX + 1]; /* their ids are kept */
    size_t similar_count;
    float strengths[HISTORY_ACTIONS_MAX];
};

#define OPTION_SETTINGS struct profile

static const struct flag flags[] = {
    SWITCH('j', "json", json, "Print JSON"),
    FLAG('n', "N",
         OPTION("count", LONG, count, "5", OPTION_RANGE(0, PROFILE_SIMILAR_MAX),
                "Print N similar users")),
};

/* ---- Clusters ---- */

static void put_group(struct profile *profile, const struct group_profile *group)
{
    const struct cluster_version version = {group->version, group->clusters, group->parts, 0};
    if (group->kind == GROUP_CLUSTER) {
        (void)cluster_space_put_cluster(profile->space, version, group->name, group->vectors);
    } else if (group->kind == GROUP_FACTORS) {
        (void)cluster_space_put_factors(profile->space, version, group_profile_part(group->name),
                                        group->items, group->vectors);
    }
}

static bool take_group(void *arg, const struct record *rec)
{
    struct profile *profile = arg;
    struct group_profile group;
    struct slice name;
    enum group_kind kind = rec->key.data ? group_profile_name(rec->key, &name) : GROUP_OTHER;
    arena_reset(profile->scratch);
    if (!rec->value.data && kind == GROUP_CLUSTER) {
        cluster_space_remove_cluster(profile->space, name);
    } else if (!rec->value.data && kind == GROUP_FACTORS) {
        cluster_space_remove_factors(profile->space, group_profile_part(name));
    }
    if (rec->value.data && rec->key.size <= GROUP_KEY_BYTES_MAX &&
        codec_decode(profile->groups, rec->value, profile->scratch, &group, NULL) == 0 &&
        !group_profile_fault(&group, rec->key)) {
        put_group(profile, &group);
    }
    return true;
}

/* Keeps the newest record of the user's cluster. */
static bool take_cluster(void *arg, const struct record *rec)
{
    struct profile *profile = arg;
    char wanted[GROUP_KEY_BYTES_MAX];
    struct group_profile group;
    struct slice key = group_profile_key(GROUP_CLUSTER, profile->cluster.name, wanted);
    if (!rec->value.data || !slice_equal(rec->key, key)) { return true; }
    struct slice copy = arena_copy(profile->kept, rec->value);
    if (codec_decode(profile->groups, copy, profile->kept, &group, NULL) == 0 &&
        !group_profile_fault(&group, rec->key)) {
        profile->group = group;
    }
    return true;
}

/* ---- Histories ---- */

static bool take_own(void *arg, const struct record *rec)
{
    struct profile *profile = arg;
    if (!slice_equal(rec->key, slice_str(profile->name))) { return true; }
    profile->found = false;
    if (!rec->value.data) { return true; }
    struct slice copy = arena_copy(profile->kept, rec->value);
    profile->found =
        codec_decode(profile->histories, copy, profile->kept, &profile->history, NULL) == 0 &&
        !history_fault(&profile->history);
    return true;
}

static struct user_actions actions_of(struct profile *profile, const struct user_history *history)
{
    size_t count = history_strengths(history, profile->strengths);
    return (struct user_actions){history->items.at, profile->strengths, history->weights.at, count};
}

/* Takes a user out of those who were found: there is a newer history. */
static void drop_similar(struct profile *profile, struct slice user)
{
    size_t at = 0;
    while (at < profile->similar_count && !slice_equal(profile->similar[at].user, user)) { at++; }
    if (at == profile->similar_count) { return; }
    profile->similar_count--;
    memmove(profile->similar + at, profile->similar + at + 1,
            (profile->similar_count - at) * sizeof(profile->similar[0]));
}

/* Puts a user among the best; the last one goes when there are too many. A history that grew less
 * alike may so let a user be missing who was displaced before: as many more are kept as there is
 * room for. */
static void put_similar(struct profile *profile, const struct similar_user *one)
{
    size_t at = profile->similar_count;
    for (; at > 0 && similar_user_compare(one, &profile->similar[at - 1]) < 0; at--) {
        profile->similar[at] = profile->similar[at - 1];
    }
    profile->similar[at] = *one;
    profile->similar[at].user = arena_copy(profile->kept, one->user);
    if (profile->similar_count < PROFILE_SIMILAR_MAX) { profile->similar_count++; }
}

static bool take_other(void *arg, const struct record *rec)
{
    struct profile *profile = arg;
    struct user_history history;
    if (!rec->key.data || slice_equal(rec->key, slice_str(profile->name))) { return true; }
    drop_similar(profile, rec->key);
    if (!rec->value.data) { return true; }
    arena_reset(profile->scratch);
    if (codec_decode(profile->histories, rec->value, profile->scratch, &history, NULL) < 0 ||
        history_fault(&history)) {
        return true;
    }
    struct similar_user one = {.user = rec->key};
    const struct user_actions actions = actions_of(profile, &history);
    likeness_compare(profile->likeness, &actions, &one.likeness);
    if (one.likeness.common) { put_similar(profile, &one); }
    return true;
}

static bool take_item(void *arg, const struct record *rec)
{
    struct profile *profile = arg;
    struct item item;
    arena_reset(profile->scratch);
    if (!rec->value.data ||
        codec_decode(profile->items, rec->value, profile->scratch, &item, NULL) < 0) {
        return true;
    }
    for (size_t k = 0; k < MIN_OF(profile->group.items.count, (size_t)ITEMS_SHOWN); k++) {
        if (slice_equal(profile->group.items.at[k], item.item_id)) {
            profile->titles[k] = arena_copy(profile->kept, item.title);
        }
    }
    return true;
}

/* ---- Reading ---- */

static int read_history(struct profile *profile, const char *topic)
{
    struct user_names names = {0};
    int32_t partitions;
    int result = user_names_find(profile->client, profile->user, &names);
    if (result) { return result; }
    if (client_partitions(profile->wire, topic, &partitions) < 0) {
        result = client_fail_topic(profile->client, profile->wire, topic, "histories");
    }
    for (size_t i = 0; i < names.count && !profile->found && result == 0; i++) {
        struct slice name = arena_copy(profile->kept, slice_of(names.at[i],
                                                               strlen(names.at[i]) + 1));
        profile->name = name.data;
        int32_t home = murmur_partition(slice_str(profile->name), partitions);
        if (scan_topic(profile->wire, topic, home, /* follow= */ false, take_own, profile) < 0) {
            result = client_fail("%s", wire_why(profile->wire));
        }
    }
    user_names_release(&names);
    if (result == 0 && !profile->found) {
        result = client_fail("no history of user \"%s\" in %s", profile->user, topic);
    }
    return result;
}

/* Finds the user's cluster; without the topic, or clusters in it, there is none. */
static void read_cluster(struct profile *profile)
{
    float vector[GROUP_NUMBERS_MAX];
    _cleanup_(xfreep) char *topic = client_topic(profile->client, "profiles");
    const struct user_history *history = &profile->history;
    if (scan_topic(profile->wire, topic, -1, /* follow= */ false, take_group, profile) < 0) {
        return;
    }
    const struct user_actions actions = actions_of(profile, history);
    profile->clustered = cluster_space_fold(profile->space, actions.items, actions.strengths,
                                            actions.count, vector);
    if (!profile->clustered) { return; }
    cluster_space_nearest(profile->space, vector, &profile->cluster);
    (void)scan_topic(profile->wire, topic, -1, /* follow= */ false, take_cluster, profile);
}

static int read_all(struct profile *profile)
{
    _cleanup_(xfreep) char *topic = client_topic(profile->client, "histories");
    _cleanup_(xfreep) char *items = client_topic(profile->client, "items");
    int result = read_history(profile, topic);
    if (result) { return result; }
    read_cluster(profile);
    const struct user_actions own = actions_of(profile, &profile->history);
    likeness_set(profile->likeness, &own);
    if (scan_topic(profile->wire, topic, -1, /* follow= */ false, take_other, profile) < 0) {
        return client_fail("%s", wire_why(profile->wire));
    }
    if (scan_topic(profile->wire, items, -1, /* follow= */ false, take_item, profile) < 0) {
        screen_line(stderr, "freshet: no titles: %s", wire_why(profile->wire));
    }
    return 0;
}

/* ---- For people ---- */

static void print_cluster(const struct profile *profile)
{
    const struct group_profile *group = &profile->group;
    if (!profile->clustered) {
        screen_line(stdout, "  no cluster: sequence groups users every clusters.every.ms");
        return;
    }
    screen_line(stdout,
                "  nearest cluster %.*s, distance %.3f, %" PRId64 " of %" PRId64
                " users; they act more than all users do on",
                SLICE_ARGS(profile->cluster.name), (double)profile->cluster.distance, group->users,
                group->all_users);
    for (size_t k = 0; k < MIN_OF(group->items.count, (size_t)ITEMS_SHOWN); k++) {
        if (!(group->gains.at[k] > 0.0F)) { break; }
        struct slice title = profile->titles[k].size ? profile->titles[k] : group->items.at[k];
        screen_line(stdout, "%5zu. %.*s: %d of them, of all %d", k + 1, SLICE_ARGS(title),
                    group->item_users.at[k], group->item_all_users.at[k]);
    }
}

static void print(const struct profile *profile)
{
    screen_line(stdout, "user %s: %" PRId64 " actions", profile->user,
                profile->history.events_total);
    print_cluster(profile);
    if (profile->count && profile->similar_count) {
        screen_line(stdout, "  users who act alike");
    }
    for (size_t k = 0; k < MIN_OF((size_t)profile->count, profile->similar_count); k++) {
        const struct similar_user *one = &profile->similar[k];
        char pearson[48] = "";
        if (!isnan(one->likeness.pearson)) {
            (void)snprintf(pearson, sizeof(pearson), ", correlation of their weights %.2f",
                           one->likeness.pearson);
        }
        screen_line(stdout, "%5zu. %.*s: cosine %.3f, %zu items in common%s", k + 1,
                    SLICE_ARGS(one->user), one->likeness.cosine, one->likeness.common, pearson);
    }
}

/* ---- For programs ---- */

static void put_text(struct buf *out, const char *name, struct slice text)
{
    buf_printf(out, "\"%s\":", name);
    quote_json(out, text, QUOTE_EITHER);
}

static void put_cluster(struct buf *out, const struct profile *profile)
{
    const struct group_profile *group = &profile->group;
    buf_printf(out, "{");
    put_text(out, "name", profile->cluster.name);
    buf_printf(out,
               ",\"version\":%" PRId64 ",\"distance\":%.9g,\"users\":%" PRId64
               ",\"all_users\":%" PRId64 ",\"items\":[",
               cluster_space_version(profile->space), (double)profile->cluster.distance,
               group->users, group->all_users);
    for (size_t k = 0; k < MIN_OF(group->items.count, (size_t)ITEMS_SHOWN); k++) {
        buf_printf(out, k ? ",{" : "{");
        put_text(out, "item", group->items.at[k]);
        buf_printf(out, ",");
        put_text(out, "title", profile->titles[k]);
        buf_printf(out, ",\"gain\":%.9g,\"users\":%d,\"all_users\":%d}",
                   (double)group->gains.at[k], group->item_users.at[k],
                   group->item_all_users.at[k]);
    }
    buf_printf(out, "]}");
}

static void put_similar_json(struct buf *out, const struct similar_user *one)
{
    buf_printf(out, "{");
    put_text(out, "user", one->user);
    buf_printf(out, ",\"cosine\":%.9g,\"common\":%zu,\"pearson\":", one->likeness.cosine,
               one->likeness.common);
    if (isnan(one->likeness.pearson)) {
        buf_printf(out, "null}");
    } else {
        buf_printf(out, "%.9g}", one->likeness.pearson);
    }
}

static void print_json(const struct profile *profile)
{
    struct buf out;
    buf_init(&out, PROFILE_BYTES_MAX);
    buf_printf(&out, "{");
    put_text(&out, "user", slice_str(profile->user));
    buf_printf(&out, ",\"actions\":%" PRId64 ",\"cluster\":", profile->history.events_total);
    if (profile->clustered) {
        put_cluster(&out, profile);
    } else {
        buf_printf(&out, "null");
    }
    buf_printf(&out, ",\"users\":[");
    for (size_t k = 0; k < MIN_OF((size_t)profile->count, profile->similar_count); k++) {
        if (k) { buf_printf(&out, ","); }
        put_similar_json(&out, &profile->similar[k]);
    }
    buf_printf(&out, "]}\n");
    fprintf(stdout, "%.*s", SLICE_ARGS(buf_slice(&out)));
    buf_release(&out);
}

static int profile_run(struct invocation *invocation)
{
    struct profile *profile = invocation->settings;
    struct schema_cache *schemas = client_schemas(&invocation->client);
    profile->user = invocation->arguments[0];
    profile->client = &invocation->client;
    profile->wire = invocation->wire;
    profile->groups = codec_new(&group_profile_contract, schemas);
    profile->histories = codec_new(&user_history_contract, schemas);
    profile->items = codec_new(&item_contract, schemas);
    profile->kept = arena_new(PROFILE_ARENA_BLOCK);
    profile->scratch = arena_new(PROFILE_ARENA_BLOCK);
    profile->space = cluster_space_new(SIZE_MAX);
    profile->likeness = likeness_new();
    int result = read_all(profile);
    if (result == 0 && profile->json) {
        print_json(profile);
    } else if (result == 0) {
        print(profile);
    }
    likeness_free(profile->likeness);
    cluster_space_free(profile->space);
    arena_free(profile->kept);
    arena_free(profile->scratch);
    codec_free(profile->groups);
    codec_free(profile->histories);
    codec_free(profile->items);
    schema_cache_free(schemas);
    return result;
}

const struct command profile_command = {
    .name = "profile",
    .group = GROUP_RESULTS,
    .summary = "print a user's cluster and similar users",
    .arguments = "USER",
    .arguments_least = 1,
    .arguments_most = 1,
    .about = "Prints to which cluster of `profiles` a user is nearest, what its users act on more "
             "than all users do, and which users of `histories` act most like this one: by the "
             "cosine of what both acted on; with the correlation of their weights (ratings) of "
             "the common items. With pseudonym.keys (--config, --set) give the user's own id.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .needs = NEEDS_KAFKA,
    .settings_size = sizeof(struct profile),
    .run = profile_run,
};
