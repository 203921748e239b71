#include "base/base.h"
#include "tests/unit/memclient.h"

#include <setjmp.h>
#include <cmocka.h>

static struct memlog *log_with(int32_t partitions)
{
    struct memlog *log = memlog_new(1);
    memlog_topic(log, "in", partitions);
    memlog_topic(log, "out", 1);
    return log;
}

static int commit(struct client *client, int32_t partition, int64_t offset)
{
    const struct topic_partition at = {"in", partition, offset};
    return wire_offsets_commit(client->wire, &at, 1);
}

static void test_one_member_gets_all(void **state)
{
    struct memlog *log = log_with(3);
    struct client a;
    client_open(&a, log, "a", NULL, "in");
    assert_string_equal(client_next(&a), "+in0,in1,in2 ");
    assert_string_equal(client_next(&a), "");
    client_close(&a);
    memlog_free(log);
}

static void test_two_members_share(void **state)
{
    struct memlog *log = log_with(3);
    struct client a;
    struct client b;
    client_open(&b, log, "b", NULL, "in");
    assert_string_equal(client_next(&b), "+in0,in1,in2 ");
    client_open(&a, log, "a", NULL, "in");
    /* b has not given up its partitions yet: a waits. */
    assert_string_equal(client_next(&a), "");
    assert_string_equal(client_next(&b), "-in0,in1,in2 +in2 ");
    assert_string_equal(client_next(&a), "+in0,in1 ");
    client_close(&a);
    assert_string_equal(client_next(&b), "-in2 +in0,in1,in2 ");
    client_close(&b);
    memlog_free(log);
}

static void test_three_members_share(void **state)
{
    struct memlog *log = log_with(8);
    struct client m[3];
    client_open(&m[0], log, "a", NULL, "in");
    client_open(&m[1], log, "b", NULL, "in");
    assert_string_equal(client_next(&m[0]), "+in0,in1,in2,in3 ");
    assert_string_equal(client_next(&m[1]), "+in4,in5,in6,in7 ");
    client_open(&m[2], log, "c", NULL, "in");
    assert_string_equal(client_next(&m[0]), "-in0,in1,in2,in3 ");
    assert_string_equal(client_next(&m[2]), "");
    assert_string_equal(client_next(&m[1]), "-in4,in5,in6,in7 +in3,in4,in5 ");
    assert_string_equal(client_next(&m[0]), "+in0,in1,in2 ");
    assert_string_equal(client_next(&m[2]), "+in6,in7 ");
    client_close(&m[1]);
    assert_string_equal(client_next(&m[2]), "-in6,in7 ");
    assert_string_equal(client_next(&m[0]), "-in0,in1,in2 +in0,in1,in2,in3 ");
    assert_string_equal(client_next(&m[2]), "+in4,in5,in6,in7 ");
    client_close(&m[0]);
    client_close(&m[2]);
    memlog_free(log);
}

static void test_more_members_than_partitions(void **state)
{
    struct memlog *log = log_with(1);
    struct client a;
    struct client b;
    client_open(&a, log, "a", NULL, "in");
    client_open(&b, log, "b", NULL, "in");
    assert_string_equal(client_next(&a), "+in0 ");
    assert_string_equal(client_next(&b), "+ ");
    client_close(&a);
    assert_string_equal(client_next(&b), "+in0 ");
    client_close(&b);
    memlog_free(log);
}

/* While the rebalance is prepared, what was processed may still be committed. */
static void test_commit_in_revoked(void **state)
{
    struct memlog *log = log_with(2);
    struct client a;
    struct client b;
    client_open(&a, log, "a", NULL, "in");
    (void)client_next(&a);
    a.stays_paused = true;
    a.commits = true;
    a.on_revoked = -77;
    client_open(&b, log, "b", NULL, "in");
    assert_string_equal(client_next(&a), "-in0,in1 +in0 ");
    assert_int_equal(a.on_revoked, 0);
    assert_int_equal(memlog_committed(log, "g", "in", 1), 7);
    assert_int_equal(commit(&a, 0, 9), 0);
    assert_int_equal(memlog_committed(log, "g", "in", 0), 9);
    a.commits = false;
    client_close(&a);
    client_close(&b);
    memlog_free(log);
}

/* b has not been told of the new generation: what it commits belongs to the old one. */
static void test_stale_generation(void **state)
{
    struct memlog *log = log_with(2);
    struct client a;
    struct client b;
    client_open(&a, log, "a", NULL, "in");
    client_open(&b, log, "b", "t", "in");
    a.stays_paused = b.stays_paused = true;
    (void)client_next(&a);
    (void)client_next(&b);
    assert_int_equal(commit(&b, 1, 3), 0);
    memlog_expire(log, a.wire); /* b must be told in its next poll */
    assert_int_equal(commit(&b, 1, 4), 0);
    assert_string_equal(client_next(&b), "-in1 +in0,in1 ");
    assert_string_equal(client_next(&a), "!in0 ");
    assert_int_equal(run_txn(b.wire, "v", true, NULL), 0);
    assert_string_equal(client_next(&b), "-in0,in1 +in1 ");
    assert_int_equal(commit(&a, 0, 6), WIRE_ABORTED);
    assert_string_equal(client_next(&a), "+in0 ");
    assert_int_equal(commit(&a, 0, 6), 0);
    client_close(&a);
    client_close(&b);
    memlog_free(log);
}

/* A zombie's partitions go to others; it hears of it in its next poll and comes back. */
static void test_zombie(void **state)
{
    struct memlog *log = log_with(2);
    struct client a;
    struct client b;
    client_open(&a, log, "a", "t", "in");
    client_open(&b, log, "b", NULL, "in");
    a.stays_paused = true;
    (void)client_next(&a);
    (void)client_next(&b);
    memlog_expire(log, a.wire);
    assert_string_equal(client_next(&b), "-in1 +in0,in1 ");
    assert_int_equal(run_txn(a.wire, "zombie", true, NULL), WIRE_ABORTED);
    assert_int_equal(memlog_count(log, "out", 0), 0);
    assert_int_equal(commit(&a, 0, 8), WIRE_ABORTED);
    assert_int_equal(memlog_committed(log, "g", "in", 0), OFFSET_NONE);
    assert_string_equal(client_next(&a), "!in0 ");
    assert_string_equal(client_next(&b), "-in0,in1 +in1 ");
    assert_string_equal(client_next(&a), "+in0 ");
    assert_int_equal(run_txn(a.wire, "alive", true, NULL), 0);
    client_close(&a);
    client_close(&b);
    memlog_free(log);
}

/* The place of a killed member waits, and its instance id takes it without disturbing others. */
static void test_static_member_comes_back(void **state)
{
    struct memlog *log = log_with(2);
    struct client a;
    struct client b;
    client_open(&a, log, "a", NULL, "in");
    client_open(&b, log, "b", NULL, "in");
    (void)client_next(&a);
    (void)client_next(&b);
    memlog_kill(log, a.wire);
    assert_string_equal(client_next(&b), "");
    client_close(&a);
    assert_string_equal(client_next(&b), "");
    client_open(&a, log, "a", NULL, "in");
    assert_string_equal(client_next(&a), "+in0 ");
    assert_string_equal(client_next(&b), "");
    assert_int_equal(commit(&a, 0, 1), 0);
    assert_int_equal(commit(&b, 1, 1), 0);
    client_close(&a);
    client_close(&b);
    memlog_free(log);
}

static void test_killed_member_expires(void **state)
{
    struct memlog *log = log_with(2);
    struct client a;
    struct client b;
    client_open(&a, log, "a", NULL, "in");
    client_open(&b, log, "b", NULL, "in");
    (void)client_next(&a);
    (void)client_next(&b);
    memlog_kill(log, a.wire);
    client_close(&a);
    memlog_expire_member(log, "g", "a");
    assert_string_equal(client_next(&b), "-in1 +in0,in1 ");
    memlog_expire_member(log, "g", "nobody");
    assert_string_equal(client_next(&b), "");
    client_close(&b);
    memlog_free(log);
}

/* The barrier waits for a member that was killed while it held partitions. */
static void test_rebalance_waits_for_a_killed_member(void **state)
{
    struct memlog *log = log_with(2);
    struct client a;
    struct client b;
    client_open(&a, log, "a", NULL, "in");
    (void)client_next(&a);
    memlog_kill(log, a.wire);
    client_open(&b, log, "b", NULL, "in");
    assert_string_equal(client_next(&b), "");
    memlog_expire_member(log, "g", "a");
    assert_string_equal(client_next(&b), "+in0,in1 ");
    client_close(&a);
    client_close(&b);
    memlog_free(log);
}

static void test_same_instance_twice(void **state)
{
    struct memlog *log = log_with(1);
    struct client old;
    struct client new;
    client_open(&old, log, "a", "t1", "in");
    assert_string_equal(client_next(&old), "+in0 ");
    client_open(&new, log, "a", "t2", "in");
    assert_string_equal(client_next(&new), "+in0 ");
    assert_int_equal(commit(&old, 0, 3), WIRE_FATAL);
    assert_int_equal(run_txn(old.wire, "v", true, NULL), WIRE_ABORTED);
    assert_string_equal(client_next(&old), "!in0 error -3 ");
    assert_non_null(strstr(wire_why(old.wire), "taken over"));
    assert_string_equal(client_next(&old), "error -3 ");
    assert_string_equal(client_next(&new), "");
    assert_int_equal(commit(&new, 0, 3), 0);
    client_close(&old);
    assert_string_equal(client_next(&new), "");
    client_close(&new);
    memlog_free(log);
}

/* A zombie whose instance id has meanwhile come anew elsewhere does not push it out. */
static void test_zombie_of_a_taken_instance(void **state)
{
    struct memlog *log = log_with(1);
    struct client old;
    struct client new;
    client_open(&old, log, "a", NULL, "in");
    (void)client_next(&old);
    memlog_expire(log, old.wire);
    client_open(&new, log, "a", NULL, "in");
    assert_string_equal(client_next(&new), "+in0 ");
    assert_string_equal(client_next(&old), "!in0 error -3 ");
    assert_string_equal(client_next(&new), "");
    client_close(&old);
    client_close(&new);
    memlog_free(log);
}

static void test_close_may_keep_the_place(void **state)
{
    struct memlog *log = log_with(2);
    struct client a;
    struct client b;
    memlog_static_stay(log, true);
    client_open(&a, log, "a", NULL, "in");
    client_open(&b, log, "b", NULL, "in");
    (void)client_next(&a);
    (void)client_next(&b);
    client_close(&a);
    assert_string_equal(client_next(&b), "");
    client_open(&a, log, "a", NULL, "in");
    assert_string_equal(client_next(&a), "+in0 ");
    assert_string_equal(client_next(&b), "");
    client_close(&a);
    memlog_expire_member(log, "g", "a");
    assert_string_equal(client_next(&b), "-in1 +in0,in1 ");
    client_close(&b);
    memlog_free(log);
}

static void test_dynamic_members(void **state)
{
    struct memlog *log = log_with(2);
    struct client a;
    struct client b;
    client_open(&a, log, NULL, NULL, "in");
    client_open(&b, log, NULL, NULL, "in");
    assert_string_equal(client_next(&a), "+in0 ");
    assert_string_equal(client_next(&b), "+in1 ");
    client_close(&a);
    client_close(&b);
    memlog_free(log);
}

static void test_groups_are_apart(void **state)
{
    struct memlog *log = log_with(1);
    struct client a;
    client_open(&a, log, "a", NULL, "in");
    struct client other = {.wire = memlog_wire(log, "h", "a", NULL)};
    buf_init(&other.story, 1 << 10);
    const char *topic = "in";
    const struct wire_listener listener = {
        .arg = &other, .assigned = client_assigned, .revoked = client_revoked};
    assert_int_equal(wire_subscribe(other.wire, &topic, 1, &listener), 0);
    assert_string_equal(client_next(&a), "+in0 ");
    assert_string_equal(client_next(&other), "+in0 ");
    assert_int_equal(commit(&a, 0, 3), 0);
    assert_int_equal(memlog_committed(log, "g", "in", 0), 3);
    assert_int_equal(memlog_committed(log, "h", "in", 0), OFFSET_NONE);
    client_close(&other);
    client_close(&a);
    memlog_free(log);
}

/* A tool may set the offsets of a group that has no members, of no other. */
static void test_offsets_of_an_empty_group(void **state)
{
    struct memlog *log = log_with(1);
    struct client tool;
    struct client a;
    client_open(&tool, log, NULL, NULL, NULL);
    assert_int_equal(commit(&tool, 0, 4), 0);
    client_open(&a, log, "a", NULL, "in");
    assert_int_equal(commit(&tool, 0, 5), WIRE_ABORTED);
    assert_int_equal(memlog_committed(log, "g", "in", 0), 4);
    client_close(&tool);
    client_close(&a);
    memlog_free(log);
}

/* Random comings and goings: when all have polled twice, each partition has one owner. */
static void test_random_rebalances(void **state)
{
    enum { CLIENTS = 4, PARTITIONS = 7, ROUNDS = 300 };
    struct memlog *log = log_with(PARTITIONS);
    struct client clients[CLIENTS] = {0};
    const char *const names[CLIENTS] = {"a", "b", "c", "d"};
    uint32_t rng = 12345;
    for (int round = 0; round < ROUNDS; round++) {
        rng = rng * 1664525u + 1013904223u;
        struct client *client = &clients[(rng >> 8) % CLIENTS];
        const char *name = names[(rng >> 8) % CLIENTS];
        uint32_t what = (rng >> 16) % 4;
        if (!client->wire) {
            client_open(client, log, name, NULL, "in");
        } else if (what == 0) {
            client_close(client);
        } else if (what == 1) {
            memlog_expire(log, client->wire);
        } else if (what == 2) {
            memlog_kill(log, client->wire);
            client_close(client);
            memlog_expire_member(log, "g", name);
        } else {
            (void)client_next(client);
            continue;
        }
        bool any = false;
        for (int i = 0; i < 3 * CLIENTS; i++) {
            if (clients[i % CLIENTS].wire) { (void)client_next(&clients[i % CLIENTS]); }
            any |= clients[i % CLIENTS].wire != NULL;
        }
        for (int32_t p = 0; p < PARTITIONS && any; p++) {
            int owners = 0;
            for (int i = 0; i < CLIENTS; i++) {
                owners += clients[i].wire && wire_pause(clients[i].wire, "in", p) == 0;
            }
            assert_int_equal(owners, 1);
        }
    }
    for (int i = 0; i < CLIENTS; i++) {
        if (clients[i].wire) { client_close(&clients[i]); }
    }
    memlog_free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_member_gets_all),
        cmocka_unit_test(test_two_members_share),
        cmocka_unit_test(test_three_members_share),
        cmocka_unit_test(test_more_members_than_partitions),
        cmocka_unit_test(test_commit_in_revoked),
        cmocka_unit_test(test_stale_generation),
        cmocka_unit_test(test_zombie),
        cmocka_unit_test(test_static_member_comes_back),
        cmocka_unit_test(test_killed_member_expires),
        cmocka_unit_test(test_rebalance_waits_for_a_killed_member),
        cmocka_unit_test(test_same_instance_twice),
        cmocka_unit_test(test_zombie_of_a_taken_instance),
        cmocka_unit_test(test_close_may_keep_the_place),
        cmocka_unit_test(test_dynamic_members),
        cmocka_unit_test(test_groups_are_apart),
        cmocka_unit_test(test_offsets_of_an_empty_group),
        cmocka_unit_test(test_random_rebalances),
    };
    return cmocka_run_group_tests_name("memgroup", tests, NULL, NULL);
}
