#include "base/base.h"
#include "base/xalloc.h"
#include "stream/remedy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct worker counting = {.name = "trainer", .changelog = 0};
static const struct worker stateless = {.name = "ingest", .changelog = NO_CHANGELOG};

static struct run_settings settings = {
    .bootstrap_servers = "b1:9092", .group_prefix = "freshet-", .generation = ""};

static void check(char *is, const char *part, const char *never)
{
    if (!strstr(is, part) || (never && strstr(is, never))) { fail_msg("%s", is); }
    free(is);
}

static void test_commands(void **state)
{
    struct env env = {.worker = &counting, .settings = &settings};
    check(remedy_begin_again(&env, "pair-deltas", 3), "freshet reset base --yes",
          "--reset-offsets");
    check(remedy_set_offset(&env, "pair-deltas", 3, 17),
          "kafka-consumer-groups.sh --bootstrap-server b1:9092 --group freshet-trainer --topic "
          "pair-deltas:3 --reset-offsets --to-offset 17 --execute",
          NULL);
    env.worker = &stateless;
    check(remedy_begin_again(&env, "clicks", 0),
          "--group freshet-ingest --topic clicks:0 --reset-offsets --to-earliest --execute",
          "freshet reset");
}

static void test_generation(void **state)
{
    struct run_settings named = settings;
    named.generation = "g2";
    struct env env = {.worker = &counting, .settings = &named};
    check(remedy_begin_again(&env, "pair-deltas.g2", 3), "freshet reset g2 --yes", NULL);
    check(remedy_set_offset(&env, "pair-deltas.g2", 0, 1), "--group freshet-trainer.g2 ", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_generation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
