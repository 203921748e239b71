/* Segments that the sequence trainer counts from histories and profiles, compared with loops over
 * both; users who are forgotten; restarts; memory for a part of the users. */
#include "base/base.h"
#include "model/segment_counts.h"
#include "schemas/group_profile.h"
#include "tests/topology/training.h"

enum { PEOPLE = 60, GROUPS = 200 };

static const char *const settings[] = {
    "train.threads=0",          "train.actions.min=1000000",
    "segments.every.ms=1s",     "segments.users.min=5",
    "segments.item.users.min=2", "clusters.every.ms=0",      NULL,
};

/* What users have: steps of the catalogue (training.h), and a profile. */
struct people {
    struct fixture fixture;
    struct codec *profiles, *groups;
    size_t steps[PEOPLE]; /* 0: no history */
    bool known[PEOPLE];
    struct arena *arena;
    struct group_profile newest[GROUPS];
    size_t groups_count;
};

static void init(struct people *people)
{
    *people = (struct people){.groups_count = 0};
    fixture_init(&people->fixture);
    people->profiles = codec_new(&user_profile_contract, people->fixture.schemas);
    people->groups = codec_new(&group_profile_contract, people->fixture.schemas);
    people->arena = arena_new(1 << 16);
}

static void release(struct people *people)
{
    codec_free(people->profiles);
    codec_free(people->groups);
    arena_free(people->arena);
    fixture_release(&people->fixture);
}

/* ---- Users ---- */

static const char *country_of(int user)
{
    return user % 3 == 0 ? "DE" : user % 3 == 1 ? "FR" : "";
}

static int32_t born_of(int user)
{
    return user % 4 ? 1960 + user : 0;
}

static void act(struct people *people, int user, size_t steps)
{
    people->steps[user] = steps;
    write_history(&people->fixture, user, steps);
}

static void describe(struct people *people, int user)
{
    char id[16];
    struct slice tags[] = {slice_str("all"), slice_str(user % 2 ? "sex=F" : "sex=M"),
                           slice_str("few")};
    (void)snprintf(id, sizeof(id), "u%d", user);
    const struct user_profile profile = {
        .user_id = slice_str(id),
        .tags = {tags, user < 4 ? 3 : 2},
        .birth_year = born_of(user),
        .country = slice_str(country_of(user)),
    };
    struct buf *out = &people->fixture.out;
    buf_clear(out);
    assert_int_equal(codec_encode(people->profiles, &profile, out), 0);
    memlog_append(people->fixture.rig.log, "users", PARTITION_BY_KEY, profile.user_id,
                  buf_slice(out), 0);
    people->known[user] = true;
}

static void forget(struct people *people, int user)
{
    char id[16];
    (void)snprintf(id, sizeof(id), "u%d", user);
    const char *const topics[] = {"users", "histories"};
    for (size_t t = 0; t < ARRAY_COUNT(topics); t++) {
        memlog_append(people->fixture.rig.log, topics[t], PARTITION_BY_KEY, slice_str(id),
                      slice_of(NULL, 0), 0);
    }
    people->steps[user] = 0;
    people->known[user] = false;
}

/* Odd users, and those of FR, act more. */
static void fill(struct people *people)
{
    for (int user = 0; user < PEOPLE; user++) {
        if (user % 10 != 9) { act(people, user, 3 + (size_t)(user % 2) * 4 + (size_t)user % 3); }
        if (user % 7 != 6) { describe(people, user); }
    }
}

/* ---- What must be published ---- */

static bool acted(const struct people *people, int user, int item)
{
    for (size_t k = 0; k < people->steps[user]; k++) {
        if ((user + (int)k * STRIDE) % ITEMS == item) { return true; }
    }
    return false;
}

static bool belongs(const char *name, int user)
{
    char text[32];
    if (strcmp(name, "all") == 0) { return true; }
    if (strcmp(name, "few") == 0) { return user < 4; }
    (void)snprintf(text, sizeof(text), "country=%s", country_of(user));
    if (strcmp(name, text) == 0) { return country_of(user)[0] != '\0'; }
    (void)snprintf(text, sizeof(text), "born=%ds", born_of(user) / 10 * 10);
    if (strcmp(name, text) == 0) { return born_of(user) > 0; }
    return strcmp(name, user % 2 ? "sex=F" : "sex=M") == 0;
}

/* Counts users of a segment (NULL: all) who acted on an item (below 0: on anything). */
static int64_t users_of(const struct people *people, const char *name, int item)
{
    int64_t count = 0;
    for (int user = 0; user < PEOPLE; user++) {
        if (!people->known[user] || !people->steps[user]) { continue; }
        if (name && !belongs(name, user)) { continue; }
        count += item < 0 || acted(people, user, item);
    }
    return count;
}

static const char *const names[] = {"all",        "born=1960s", "born=1970s", "born=1980s",
                                    "born=1990s", "born=2000s", "born=2010s", "country=DE",
                                    "country=FR", "few",        "sex=F",      "sex=M"};

/* Reads what `profiles` says now. */
static void read_groups(struct people *people)
{
    struct fold *fold = rig_fold(&people->fixture.rig, "profiles");
    people->groups_count = 0;
    arena_reset(people->arena);
    for (size_t i = 0; i < fold->count; i++) {
        struct slice value = arena_copy(people->arena, fold->at[i].value);
        if (!fold->at[i].value.data) { continue; }
        struct group_profile *group = &people->newest[people->groups_count++];
        assert_true(people->groups_count < GROUPS);
        assert_int_equal(codec_decode(people->groups, value, people->arena, group, NULL), 0);
        assert_null(group_profile_fault(group, fold->at[i].key));
    }
    free(fold);
}

static const struct group_profile *find_group(const struct people *people, const char *name)
{
    for (size_t k = 0; k < people->groups_count; k++) {
        if (slice_equal(people->newest[k].name, slice_str(name))) { return &people->newest[k]; }
    }
    return NULL;
}

static int item_of(struct slice id)
{
    char text[16];
    (void)snprintf(text, sizeof(text), "%.*s", SLICE_ARGS(id));
    return (int)strtol(text + 1, NULL, 10);
}

static void check_items(const struct people *people, const char *name,
                        const struct group_profile *group)
{
    size_t wanted = 0;
    for (int item = 0; item < ITEMS; item++) { wanted += users_of(people, name, item) >= 2; }
    assert_int_equal(group->items.count, wanted);
    for (size_t k = 0; k < group->items.count; k++) {
        int item = item_of(group->items.at[k]);
        assert_int_equal(group->item_users.at[k], users_of(people, name, item));
        assert_int_equal(group->item_all_users.at[k], users_of(people, NULL, item));
        double gain = segment_gain(group->item_users.at[k], (double)group->users,
                                   group->item_all_users.at[k], (double)group->all_users);
        assert_true(fabs(gain - (double)group->gains.at[k]) < 1e-4);
        assert_true(!k || group->gains.at[k - 1] >= group->gains.at[k]);
    }
}

static void check(struct people *people)
{
    size_t published = 0;
    read_groups(people);
    for (size_t n = 0; n < ARRAY_COUNT(names); n++) {
        int64_t users = users_of(people, names[n], -1);
        const struct group_profile *group = find_group(people, names[n]);
        assert_true((group != NULL) == (users >= 5));
        if (!group) { continue; }
        published++;
        assert_int_equal(group->users, users);
        assert_int_equal(group->all_users, users_of(people, NULL, -1));
        assert_int_equal(group->sample, 0);
        assert_int_equal(group->history_offsets.count, PARTITIONS);
        check_items(people, names[n], group);
    }
    assert_int_equal(people->groups_count, published);
    assert_int_equal(memlog_count(people->fixture.rig.log, "dead-letters", MEMLOG_ALL), 0);
}

static void run_for(struct people *people, int rounds)
{
    for (int i = 0; i < rounds; i++) { rig_round(&people->fixture.rig, false); }
}

/* ---- Tests ---- */

static void test_segments_are_those_of_loops(void **state)
{
    struct people people;
    init(&people);
    fill(&people);
    struct copy *copy = rig_start(&people.fixture.rig, &sequence_worker, 0, settings);
    run_for(&people, 100);
    check(&people);
    assert_int_equal(trainer_metric(copy, "freshet_segments"), people.groups_count);
    assert_true(trainer_metric(copy, "freshet_segment_sample_ratio") == 1.0);
    /* more actions, a profile that comes, one that changes, and users who go */
    act(&people, 9, 5);
    act(&people, 12, 20);
    describe(&people, 6);
    for (int user = 0; user < 12; user += 3) { forget(&people, user); }
    run_for(&people, 100);
    check(&people);
    release(&people);
}

/* What says the same is not sent again, also by another start; segments that are gone get a
 * tombstone from it. */
static void test_restart(void **state)
{
    struct people people;
    init(&people);
    fill(&people);
    struct memlog *log = people.fixture.rig.log;
    struct copy *copy = rig_start(&people.fixture.rig, &sequence_worker, 0, settings);
    run_for(&people, 100);
    int64_t sent = memlog_count(log, "profiles", MEMLOG_ALL);
    assert_true(sent > 5);
    rig_finish(copy);
    assert_true(rig_launch(&people.fixture.rig, copy));
    run_for(&people, 100);
    assert_int_equal(memlog_count(log, "profiles", MEMLOG_ALL), sent);
    rig_finish(copy);
    for (int user = 0; user < PEOPLE; user += 2) { forget(&people, user); }
    assert_true(rig_launch(&people.fixture.rig, copy));
    run_for(&people, 100);
    check(&people);
    assert_null(find_group(&people, "sex=M"));
    release(&people);
}

static void test_off(void **state)
{
    static const char *const off[] = {"train.threads=0", "segments.every.ms=0",
                                      "clusters.every.ms=0", NULL};
    struct people people;
    init(&people);
    fill(&people);
    memlog_append(people.fixture.rig.log, "users", 0, slice_str("x"), slice_str("no profile"), 0);
    (void)rig_start(&people.fixture.rig, &sequence_worker, 0, off);
    run_for(&people, 60);
    assert_int_equal(memlog_count(people.fixture.rig.log, "profiles", MEMLOG_ALL), 0);
    assert_int_equal(memlog_count(people.fixture.rig.log, "dead-letters", MEMLOG_ALL), 0);
    release(&people);
}

static void test_bad_records(void **state)
{
    struct people people;
    struct fixture *fixture = &people.fixture;
    init(&people);
    fill(&people);
    struct memlog *log = fixture->rig.log;
    memlog_append(log, "users", 0, slice_str("x"), slice_str("no profile"), 0);
    memlog_append(log, "users", 0, slice_of(NULL, 0), slice_str("no key"), 0);
    memlog_append(log, "profiles", 0, slice_str("segment/x"), slice_str("no group"), 0);
    memlog_append(log, "profiles", 0, slice_of(NULL, 0), slice_of(NULL, 0), 0);
    buf_clear(&fixture->out);
    const struct group_profile other = {
        .kind = GROUP_SEGMENT, .name = slice_str("y"), .users = 1, .all_users = 1};
    assert_int_equal(codec_encode(people.groups, &other, &fixture->out), 0);
    memlog_append(log, "profiles", 0, slice_str("segment/x"), buf_slice(&fixture->out), 0);
    (void)rig_start(&fixture->rig, &sequence_worker, 0, settings);
    run_for(&people, 100);
    assert_int_equal(memlog_count(log, "dead-letters", MEMLOG_ALL), 5);
    assert_true(memlog_count(log, "profiles", MEMLOG_ALL) > 5);
    release(&people);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_segments_are_those_of_loops),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_off),
        cmocka_unit_test(test_bad_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
