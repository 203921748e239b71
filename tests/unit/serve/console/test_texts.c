#include "base/base.h"
#include "serve/console/texts.h"

#include <setjmp.h>
#include <cmocka.h>

/* No text is missing in a language, and none is left in English by mistake. */
static void test_complete(void **state)
{
    for (int text = 0; text < TEXTS; text++) {
        for (int language = 0; language < LANGUAGES; language++) {
            const char *words = text_of((enum text)text, (enum language)language);
            if (!words || !words[0]) { fail_msg("text %d has no words in %d", text, language); }
        }
        assert_string_not_equal(text_of((enum text)text, LANGUAGE_EN),
                                text_of((enum text)text, LANGUAGE_ZH));
    }
}

static void test_language(void **state)
{
    assert_int_equal(text_language(NULL, NULL), LANGUAGE_EN);
    assert_int_equal(text_language(NULL, "zh-CN,zh;q=0.9,en;q=0.8"), LANGUAGE_ZH);
    assert_int_equal(text_language(NULL, "fr, en;q=0.8, zh;q=0.5"), LANGUAGE_EN);
    assert_int_equal(text_language(NULL, "de,zhx,zh"), LANGUAGE_ZH);
    assert_int_equal(text_language("zh", "en"), LANGUAGE_ZH);
    assert_int_equal(text_language("en", "zh"), LANGUAGE_EN);
    assert_int_equal(text_language("xx", "zh"), LANGUAGE_ZH);
    assert_int_equal(text_language("z", ",,,"), LANGUAGE_EN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_complete),
        cmocka_unit_test(test_language),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
