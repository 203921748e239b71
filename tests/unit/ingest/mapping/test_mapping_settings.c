#include "base/base.h"
#include "ingest/mapping/mapping_settings.h"
#include "syntax/timestamp.h"

#include <setjmp.h>
#include <cmocka.h>

static struct mapping_settings settings;

static struct options *fill(const char *const *pairs, size_t count)
{
    const struct option_group group = {"ingest", mapping_options, MAPPING_OPTIONS_COUNT, &settings};
    struct options *options = NULL;
    assert_int_equal(options_fill(&group, 1, pairs, count, stderr, &options), 0);
    return options;
}

/* Every path has an option of its name, whose default is what the contract calls the field. */
static void every_path_has_its_option(void **state)
{
    struct options *options = fill(NULL, 0);
    for (enum mapped field = 0; field < MAPPED_COUNT; field++) {
        char pair[64];
        (void)snprintf(pair, sizeof(pair), "%s=here", mapping_path_key(field));
        const char *const pairs[] = {pair};
        struct options *own = fill(pairs, 1);
        assert_string_equal(settings.paths[field], "here");
        options_free(own);
    }
    options_free(options);
    options = fill(NULL, 0);
    assert_string_equal(settings.paths[MAPPED_TITLE], "title");
    assert_string_equal(settings.paths[MAPPED_KIND], "");
    options_free(options);
}

/* The words stand in the order of the enums. */
static void choices_are_the_enums(void **state)
{
    static const char *const pairs[] = {"becomes=UserProfile", "time.format=avro",
                                        "created.format=ms",   "dead.letters.bytes=drop",
                                        "source.format=avro",  "kind.default=ignore",
                                        "kind.x=take",         "source.a.map.user=u",
                                        "weight.negative=clamp", "weight.above=clamp",
                                        "elements.without.id=refuse", "tombstones=forget"};
    struct options *options = fill(pairs, ARRAY_COUNT(pairs));
    assert_int_equal(settings.target, TARGET_PROFILE);
    assert_string_equal(settings.time_format, "avro");
    assert_string_equal(settings.created_format, "ms");
    assert_int_equal(settings.weight_negative, NEGATIVE_CLAMP);
    assert_int_equal(settings.weight_above, ABOVE_CLAMP);
    assert_int_equal(settings.elements_without_id, WITHOUT_ID_REFUSE);
    assert_int_equal(settings.tombstones, TOMBSTONES_FORGET);
    assert_int_equal(settings.dead_letter_bytes, DEAD_LETTERS_DROP);
    assert_int_equal(settings.source_format, PAYLOAD_AVRO);
    assert_string_equal(settings.kind_fallback, "ignore");
    assert_string_equal(properties_get(&settings.kinds, "x"), "take");
    assert_string_equal(properties_get(&settings.named, "a.map.user"), "u");
    options_free(options);
    options = fill(NULL, 0);
    assert_int_equal(settings.target, TARGET_EVENT);
    assert_string_equal(settings.created_format, TIME_FORMAT_SAME);
    options_free(options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_path_has_its_option),
                                       cmocka_unit_test(choices_are_the_enums)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
