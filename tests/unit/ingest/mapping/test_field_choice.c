#include "base/base.h"
#include "ingest/mapping/field_choice.h"

#include <setjmp.h>
#include <cmocka.h>

static struct field_choice *choice_of(const char *text)
{
    struct field_choice *choice;
    const char *why = "";
    if (field_choice_new(slice_str(text), &choice, &why)) { fail_msg("%s: %s", text, why); }
    return choice;
}

static void paths_in_order(void **state)
{
    struct field_choice *choice = choice_of("a.b|[\"x|y\"].c|$key|=p|q");
    assert_int_equal(choice->count, 4);
    assert_string_equal(choice->text, "a.b|[\"x|y\"].c|$key|=p|q");
    assert_string_equal(field_path_text(choice->paths[0]), "a.b");
    assert_string_equal(field_path_text(choice->paths[1]), "[\"x|y\"].c");
    assert_string_equal(field_path_text(choice->paths[2]), "$key");
    assert_string_equal(json_string_value(field_choice_constant(choice)), "p|q");
    field_choice_free(choice);
    choice = choice_of("a|b[*].c");
    assert_int_equal(field_path_stars(choice->paths[1]), 1);
    assert_null(field_choice_constant(choice));
    field_choice_free(choice);
}

static void refuses(void **state)
{
    static const char *const texts[] = {"", "|", "a|", "|a", "a||b", "a|b..c",
                                        "a|b|c|d|e|f|g|h|i", "a|=null"};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct field_choice *choice = NULL;
        const char *why = NULL;
        if (!field_choice_new(slice_str(texts[i]), &choice, &why)) { fail_msg("%s", texts[i]); }
        assert_null(choice);
        assert_non_null(why);
    }
    assert_null(field_choice_free(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(paths_in_order), cmocka_unit_test(refuses)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
