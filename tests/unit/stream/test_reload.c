#include "base/base.h"
#include "stream/config/option_table.h"
#include "stream/reload.h"

#include <setjmp.h>
#include <cmocka.h>

struct sample {
    const char *name;
    int64_t count;
    int32_t level;
    bool on;
    double share;
    struct properties more;
    int64_t wait_ms, size;
    const char *word;
};

#define OPTION_SETTINGS struct sample

static const struct option options[] = {
    OPTION("name", STRING, name, "a", OPTION_FREE, "A name"),
    OPTION("count", LONG, count, "1", OPTION_FREE, "A number"),
    OPTION("level", CHOICE, level, "low", OPTION_ONE_OF("low|high"), "A level"),
    OPTION("on", BOOL, on, "false", OPTION_FREE, "A switch"),
    OPTION("share", DOUBLE, share, "0.5", OPTION_FREE, "A share"),
    OPTION("more.", PREFIX, more, NULL, OPTION_FREE, "More"),
    OPTION("wait", DURATION, wait_ms, "1s", OPTION_FREE, "A duration", OPTION_LIVE),
    OPTION("size", BYTES, size, "64k", OPTION_FREE, "A size"),
    OPTION("word", SECRET, word, "x", OPTION_FREE, "A secret"),
};

static bool all_but_count(const char *option)
{
    return strcmp(option, "count") != 0;
}

static struct options *fill(struct sample *sample, const char *const *pairs, size_t count)
{
    struct options *loaded = NULL;
    const struct option_group group = {"sample", options, ARRAY_COUNT(options), sample};
    assert_int_equal(options_fill(&group, 1, pairs, count, stderr, &loaded), 0);
    return loaded;
}

static void check(bool (*reloads)(const char *), const char *taken, const char *kept,
                  struct sample *used, const struct sample *fresh)
{
    struct buf is_taken, is_kept;
    buf_init(&is_taken, 1 << 10);
    buf_init(&is_kept, 1 << 10);
    reload_options(options, ARRAY_COUNT(options), used, fresh, reloads, &is_taken, &is_kept);
    assert_true(slice_equal(buf_slice(&is_taken), slice_str(taken)));
    assert_true(slice_equal(buf_slice(&is_kept), slice_str(kept)));
    buf_release(&is_taken);
    buf_release(&is_kept);
}

static void test_what_may_change_is_taken(void **state _unused_)
{
    struct sample used, fresh;
    const char *const before[] = {"more.x=1", "more.y=2"};
    const char *const after[] = {"name=b", "count=2", "level=high", "on=true", "share=1",
                                 "more.x=1", "more.y=3"};
    struct options *old = fill(&used, before, ARRAY_COUNT(before));
    struct options *new = fill(&fresh, after, ARRAY_COUNT(after));
    check(all_but_count, "name,level,on,share,more.", "count", &used, &fresh);
    assert_string_equal(used.name, "b");
    assert_string_equal(properties_get(&used.more, "y"), "3");
    assert_int_equal(used.count, 1);
    assert_true(used.level == 1 && used.on && used.share == 1.0);
    check(NULL, "", "count", &used, &fresh);
    options_free(old);
    options_free(new);
}

/* A row says that it may change; without a function nothing else does. */
static void test_a_live_option_is_taken(void **state _unused_)
{
    struct sample used, fresh;
    const char *const after[] = {"wait=5s", "size=1m"};
    struct options *old = fill(&used, NULL, 0);
    struct options *new = fill(&fresh, after, ARRAY_COUNT(after));
    check(NULL, "wait", "size", &used, &fresh);
    assert_int_equal(used.wait_ms, 5000);
    assert_int_equal(used.size, 64 << 10);
    options_free(old);
    options_free(new);
}

static void test_changes_are_told_with_their_values(void **state _unused_)
{
    struct sample used, fresh;
    const char *const before[] = {"more.x=1", "more.gone=2", "more.password=s3cret"};
    const char *const after[] = {"name=b c", "count=2", "level=high", "on=true", "share=0.25",
                                 "more.x=3", "more.new=4", "wait=90s", "size=3m", "word=s3cret"};
    static const char expected[] = "option=name from=a to=\"b c\"\n"
                                   "option=count from=1 to=2\n"
                                   "option=level from=low to=high\n"
                                   "option=on from=false to=true\n"
                                   "option=share from=0.5 to=0.25\n"
                                   "option=more.x from=1 to=3\n"
                                   "option=more.gone from=2 to=\"\"\n"
                                   "option=more.password from=**** to=\"\"\n"
                                   "option=more.new from=\"\" to=4\n"
                                   "option=wait from=1s to=90s\n"
                                   "option=size from=64k to=3m\n"
                                   "option=word from=**** to=****\n";
    struct options *old = fill(&used, before, ARRAY_COUNT(before));
    struct options *new = fill(&fresh, after, ARRAY_COUNT(after));
    struct buf lines;
    buf_init(&lines, 1 << 12);
    reload_changes(options, ARRAY_COUNT(options), &used, &fresh, &lines);
    buf_append(&lines, "", 1);
    assert_string_equal(lines.data, expected);
    buf_clear(&lines);
    reload_changes(options, ARRAY_COUNT(options), &used, &used, &lines);
    assert_int_equal(lines.size, 0);
    buf_release(&lines);
    options_free(old);
    options_free(new);
}

static void test_the_same_is_nothing(void **state _unused_)
{
    struct sample used, fresh;
    const char *const pairs[] = {"more.x=1", "name=b"};
    const char *const turned[] = {"name=b", "more.x=1"};
    struct options *old = fill(&used, pairs, ARRAY_COUNT(pairs));
    struct options *new = fill(&fresh, turned, ARRAY_COUNT(turned));
    check(all_but_count, "", "", &used, &fresh);
    options_free(old);
    options_free(new);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_may_change_is_taken),
        cmocka_unit_test(test_a_live_option_is_taken),
        cmocka_unit_test(test_changes_are_told_with_their_values),
        cmocka_unit_test(test_the_same_is_nothing),
    };
    return cmocka_run_group_tests_name("reload", tests, NULL, NULL);
}
