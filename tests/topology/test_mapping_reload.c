/* ingest takes another mapping while it runs. */
#include "base/base.h"
#include "ingest/ingest.h"
#include "ingest/mapping/mapping_settings.h"
#include "tests/topology/feed.h"

#include <setjmp.h>
#include <cmocka.h>

/* Loads other settings into the copy, as SIGHUP does; returns why they are not taken. */
static char *reload(struct copy *copy, const char *const *pairs, size_t count,
                    struct options **ret_options)
{
    const struct option_group group = {"ingest", mapping_options, MAPPING_OPTIONS_COUNT,
                                       copy->worker_settings};
    assert_int_equal(options_fill(&group, 1, pairs, count, stderr, ret_options), 0);
    return run_reload(copy->run);
}

/* What a source is stays until a restart; how its records are mapped may change in between. */
static void a_mapping_changes_while_it_runs(void **state)
{
    struct rig rig;
    static const char *const first[] = {"map.action==VIEW", "time.format=s", NULL};
    static const char *const second[] = {"map.action==VIEW", "time.format=s", "map.item=sku"};
    static const char *const other[] = {"becomes=Item"};
    static const char *const wrong[] = {"map.item=$.lines[*].sku"};
    struct options *kept[3] = {0};
    rig_init(&rig, 1);
    struct copy *copy = rig_start(&rig, &ingest_worker, 0, first);
    static const char value[] = "{\"user_id\":1,\"sku\":\"s\",\"event_time_ms\":1700000000}";
    feed_raw(&rig, "clicks", "1", value);
    rig_until_quiet(&rig);
    assert_int_equal(memlog_count(rig.log, "dead-letters", MEMLOG_ALL), 1);
    assert_null(reload(copy, second, ARRAY_COUNT(second), &kept[0]));
    feed_raw(&rig, "clicks", "1", value);
    rig_until_quiet(&rig);
    assert_int_equal(memlog_count(rig.log, "events", MEMLOG_ALL), 1);
    char *why = reload(copy, other, ARRAY_COUNT(other), &kept[1]);
    assert_non_null(strstr(why, "what a source becomes has changed; hint: restart"));
    free(why);
    why = reload(copy, wrong, ARRAY_COUNT(wrong), &kept[2]);
    assert_non_null(strstr(why, "map.item"));
    free(why);
    feed_raw(&rig, "clicks", "1", value); /* as mapped before the two that were refused */
    rig_until_quiet(&rig);
    assert_int_equal(memlog_count(rig.log, "events", MEMLOG_ALL), 2);
    assert_true(ingest_worker.reloads("map.item") && ingest_worker.reloads("source."));
    assert_false(ingest_worker.reloads("pseudonym.keys") || ingest_worker.reloads("sources"));
    rig_release(&rig);
    for (size_t i = 0; i < ARRAY_COUNT(kept); i++) { options_free(kept[i]); }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mapping_changes_while_it_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
