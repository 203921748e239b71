#include "base/base.h"
#include "base/xalloc.h"
#include "stream/remedy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct input private[] = {{.name = "pair-deltas", .kind = INPUT_PARTITIONED}};
static const struct input shared[] = {
    {.name = "models", .kind = INPUT_BROADCAST},
    {.name = "items", .kind = INPUT_PARTITIONED, .shared = true},
};
static const struct output counted[] = {{.name = "neighbours", .delivery = DELIVERY_TXN}};
static const struct output made[] = {{.name = "content-vectors", .delivery = DELIVERY_AT_ONCE}};
static const struct worker counting = {.name = "trainer",
                                       .inputs = private,
                                       .inputs_count = 1,
                                       .outputs = counted,
                                       .outputs_count = 1,
                                       .changelog = 0};
static const struct worker embedding = {.name = "embed",
                                        .inputs = shared,
                                        .inputs_count = 2,
                                        .outputs = made,
                                        .outputs_count = 1,
                                        .changelog = 0};
static const struct worker stateless = {.name = "ingest", .changelog = NO_CHANGELOG};

static const struct run_settings settings = {.bootstrap_servers = "b1:9092",
                                             .topic_prefix = "",
                                             .group_prefix = "freshet-",
                                             .state_dir = "state",
                                             .generation = ""};

static void check(char *is, const char *part, const char *never)
{
    if (!strstr(is, part) || (never && strstr(is, never))) { fail_msg("%s", is); }
    free(is);
}

static void test_commands(void **state)
{
    struct env env = {.worker = &counting, .settings = &settings};
    check(remedy_begin_again(&env, "pair-deltas", 3),
          "run: freshet reset base --yes --bootstrap b1:9092; started again", "--reset-offsets");
    check(remedy_set_offset(&env, "pair-deltas", 3, 17),
          "kafka-consumer-groups.sh --bootstrap-server b1:9092 --group freshet-trainer --topic "
          "pair-deltas:3 --reset-offsets --to-offset 17 --execute",
          NULL);
    check(remedy_partition_added(&env, "pair-deltas", 3), "freshet reset base --yes", NULL);
    env.worker = &stateless;
    check(remedy_begin_again(&env, "clicks", 0),
          "stop this worker's copies and run: kafka-consumer-groups.sh --bootstrap-server b1:9092 "
          "--group freshet-ingest --topic clicks:0 --reset-offsets --to-earliest --execute",
          "freshet reset");
}

/* Run as it is written, the command finds what is not where the defaults say. */
static void test_flags(void **state)
{
    struct run_settings other = settings;
    struct property topic = {"events", "shop.events"}, login = {"sasl.password", "s3cret"};
    struct env env = {.worker = &counting, .settings = &other};
    other.bootstrap_servers = "127.0.0.1:9092";
    check(remedy_begin_again(&env, "pair-deltas", 3), "freshet reset base --yes; started", NULL);
    other.bootstrap_servers = "b1:9092,b2:9092";
    other.topic_prefix = "shop.";
    other.group_prefix = "it's mine ";
    other.state_dir = "/var/lib/fresh et";
    other.topics = (struct properties){&topic, 1};
    check(remedy_begin_again(&env, "pair-deltas", 3),
          "freshet reset base --yes --bootstrap b1:9092,b2:9092 --prefix shop. --group-prefix "
          "'it'\\''s mine ' --set state.dir='/var/lib/fresh et' --set topic.events=shop.events; "
          "started again",
          "--config");
    check(remedy_set_offset(&env, "pair-deltas", 3, 17),
          "--bootstrap-server b1:9092,b2:9092 --group 'it'\\''s mine trainer' --topic",
          "--command");
    other.kafka = (struct properties){&login, 1};
    check(remedy_begin_again(&env, "pair-deltas", 3), " --config FILE; started", "s3cret");
    check(remedy_set_offset(&env, "pair-deltas", 3, 17), " --command-config FILE --group",
          "s3cret");
}

/* A named generation is deleted by a reset; only backfill makes its topics again. */
static void test_generation(void **state)
{
    struct run_settings named = settings;
    named.generation = "g2";
    struct env env = {.worker = &counting, .settings = &named};
    check(remedy_begin_again(&env, "pair-deltas.g2", 3),
          "freshet reset g2 --yes --bootstrap b1:9092; it deletes the generation; freshet backfill "
          "--generation g2 --bootstrap b1:9092 makes it again",
          "started again");
    check(remedy_set_offset(&env, "pair-deltas.g2", 0, 1), "--group freshet-trainer.g2 ", NULL);
}

/* embed is no part of a generation: a reset would count all anew and mend nothing. */
static void test_rows_that_make_themselves_again(void **state)
{
    struct env env = {.worker = &embedding, .settings = &settings};
    const char *mend = "delete content-vectors and make it again with as many partitions as items";
    check(remedy_begin_again(&env, "items", 3), mend, "freshet reset");
    check(remedy_partition_added(&env, "items", 3), mend, "freshet reset");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_generation),
        cmocka_unit_test(test_rows_that_make_themselves_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
