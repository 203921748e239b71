#include "base/base.h"
#include "ingest/payload/text_list.h"

#include <setjmp.h>
#include <cmocka.h>

static void written_texts_outlive_growth(void **state)
{
    enum { TEXTS = 1000 };
    struct text_list list;
    text_list_init(&list, 1 << 20);
    for (int round = 0; round < 2; round++) {
        text_list_clear(&list);
        for (int i = 0; i < TEXTS; i++) {
            buf_printf(&list.bytes, "text %d", i);
            assert_true(text_list_end(&list));
        }
        struct slices texts = text_list_slices(&list);
        assert_int_equal(texts.count, TEXTS);
        assert_memory_equal(texts.at[TEXTS - 1].data, "text 999", 8);
        assert_int_equal(texts.at[0].size, 6);
    }
    text_list_release(&list);
}

static void there_is_a_limit(void **state)
{
    struct text_list list;
    text_list_init(&list, 100);
    for (size_t i = 0; i < TEXT_LIST_MAX; i++) {
        assert_true(text_list_add(&list, slice_str("x")));
    }
    assert_false(text_list_add(&list, slice_str("x")));
    assert_int_equal(text_list_slices(&list).count, TEXT_LIST_MAX);
    text_list_release(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_texts_outlive_growth),
        cmocka_unit_test(there_is_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
