#include "base/base.h"
#include "base/xalloc.h"
#include "features/features.h"
#include "ingest/ingest.h"
#include "stream/topics.h"

#include <setjmp.h>
#include <cmocka.h>

static struct options *load(struct run_settings *settings, const char *const *pairs, size_t count)
{
    const struct option_group group = {"runtime", run_options, run_options_count, settings};
    struct options *options = NULL;
    assert_int_equal(options_fill(&group, 1, pairs, count, stderr, &options), 0);
    return options;
}

static void assert_name(const struct run_settings *settings, const char *name, bool shared,
                        const char *want)
{
    _cleanup_(xfreep) char *is = topic_name(settings, name, shared);
    assert_string_equal(is, want);
}

static void test_names(void **state)
{
    static const char *const pairs[] = {"topic.prefix=shop.", "topic.clicks=web.clicks",
                                        "generation=blue"};
    struct run_settings settings = {0};
    struct options *options = load(&settings, pairs, ARRAY_COUNT(pairs));
    assert_name(&settings, "events", true, "shop.events");
    assert_name(&settings, "clicks", true, "web.clicks");
    assert_name(&settings, "histories", false, "shop.histories.blue");
    options_free(options);
}

/* One source may not be read twice, nor be written by the same worker. */
static void test_sources(void **state)
{
    static const char *const pairs[] = {"topic.clicks=one", "topic.views=one",
                                        "topic.orders=events"};
    struct run_settings settings = {0};
    struct options *options = load(&settings, pairs, ARRAY_COUNT(pairs));
    static const char *const bad[] = {"views", "orders"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct topics topics;
        topics_init(&topics, &ingest_worker, &settings);
        const char *first = topics_read_from(&topics, "clicks");
        assert_string_equal(first, "one");
        assert_null(topics_sources_fault(&topics));
        assert_ptr_equal(topics_find_source(&topics, "one"), first);
        assert_null(topics_find_source(&topics, "clicks"));
        (void)topics_read_from(&topics, bad[i]);
        _cleanup_(xfreep) char *fault = topics_sources_fault(&topics);
        assert_non_null(strstr(fault, "is named twice"));
        topics_release(&topics);
    }
    options_free(options);
}

/* Nothing that a worker reads or writes, letters neither, may be in another one's topic. */
static void test_twice(void **state)
{
    static const struct {
        const struct worker *worker;
        const char *pair, *told; /* NULL: it may be */
    } cases[] = {
        {&ingest_worker, "topic.dead-letters=clicks", "topic clicks is named twice"},
        {&ingest_worker, "topic.users=items", "as items and as users"},
        {&features_worker, "topic.dead-letters=events", "as dead-letters and as events"},
        {&features_worker, "topic.histories=events", "as events and as histories"},
        {&features_worker, "topic.features-changelog=histories", "is named twice"},
        {&features_worker, "topic.moves=my-moves", NULL}, /* read and written */
        {&features_worker, "topic.events=web", NULL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct run_settings settings = {0};
        struct options *options = load(&settings, &cases[i].pair, 1);
        struct topics topics;
        topics_init(&topics, cases[i].worker, &settings);
        (void)topics_read_from(&topics, cases[i].worker == &ingest_worker ? "clicks" : "events");
        _cleanup_(xfreep) char *fault = topics_sources_fault(&topics);
        assert_int_equal(fault != NULL, cases[i].told != NULL);
        if (fault && !strstr(fault, cases[i].told)) { fail_msg("%s", fault); }
        topics_release(&topics);
        options_free(options);
    }
}

/* topic.NAME of nothing is taken, since a file may be for all workers; a near miss is not. */
static void test_misspelt(void **state)
{
    static const struct {
        const char *pair, *meant;
    } cases[] = {
        {"topic.event=x", "topic.events?"},     {"topic.dead.letters=x", "topic.dead-letters?"},
        {"topic.clickz=x", "topic.clicks?"},    {"topic.orders=x", NULL},
        {"topic.histories=x", NULL},            {"topic.items=x", NULL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct run_settings settings = {0};
        struct options *options = load(&settings, &cases[i].pair, 1);
        struct topics topics;
        topics_init(&topics, &ingest_worker, &settings);
        (void)topics_read_from(&topics, "clicks");
        _cleanup_(xfreep) char *fault = topics_sources_fault(&topics);
        assert_int_equal(fault != NULL, cases[i].meant != NULL);
        if (fault) { assert_non_null(strstr(fault, cases[i].meant)); }
        topics_release(&topics);
        options_free(options);
    }
}

/* Offsets of an end are of one topic. */
static void test_end_of_two_sources(void **state)
{
    static const char *const pairs[] = {"input.end=0:10"};
    struct run_settings settings = {0};
    struct options *options = load(&settings, pairs, ARRAY_COUNT(pairs));
    struct topics topics;
    topics_init(&topics, &ingest_worker, &settings);
    (void)topics_read_from(&topics, "clicks");
    assert_null(topics_sources_fault(&topics));
    (void)topics_read_from(&topics, "views");
    _cleanup_(xfreep) char *fault = topics_sources_fault(&topics);
    assert_non_null(strstr(fault, "input.end"));
    topics_release(&topics);
    options_free(options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_misspelt),
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_end_of_two_sources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
