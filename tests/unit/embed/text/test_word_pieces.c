#include "base/base.h"
#include "embed/text/word_pieces.h"
#include "tests/unit/embed/text/sentences.h"

static struct word_pieces *open_pieces(const char *vocabulary)
{
    struct word_pieces *pieces = NULL;
    struct reason reason = {0};
    if (word_pieces_new(slice_str(vocabulary), &pieces, &reason) < 0) {
        fail_msg("%s", reason.text);
    }
    return pieces;
}

/* The pieces are the original's: accents, Han characters, emoji, controls, long words. */
static void test_against_the_original(void **state)
{
    _cleanup_(xfreep) char *vocabulary = read_golden("vocab.txt");
    struct word_pieces *pieces = open_pieces(vocabulary);
    size_t count;
    _cleanup_(xfreep) struct expected *all = read_expected(&count);
    assert_true(count > 100);
    for (size_t i = 0; i < count; i++) {
        int32_t got[64];
        struct slice text = slice_of(all[i].text, all[i].text_bytes);
        size_t made = word_pieces_of(pieces, text, got, ARRAY_COUNT(got));
        if (made != all[i].pieces_count || memcmp(got, all[i].pieces, made * sizeof(*got)) != 0) {
            fail_msg("text %zu: other pieces: %.*s", i, SLICE_ARGS(text));
        }
    }
    word_pieces_free(pieces);
}

static void test_room(void **state)
{
    struct word_pieces *pieces = open_pieces("[UNK]\n[CLS]\r\n[SEP]\na\n##b\n##a");
    assert_int_equal(word_pieces_count(pieces), 6);
    for (size_t max = 2; max < 12; max++) {
        int32_t got[12];
        size_t made = word_pieces_of(pieces, slice_str("aab abb ab c"), got, max);
        static const int32_t all[] = {1, 3, 5, 4, 3, 4, 4, 3, 4, 0, 2};
        assert_int_equal(made, MIN_OF(max, ARRAY_COUNT(all)));
        assert_memory_equal(got, all, (made - 1) * sizeof(*got));
        assert_int_equal(got[made - 1], 2);
    }
    word_pieces_free(pieces);
}

/* A piece that is there twice has its last number. */
static void test_twice(void **state)
{
    struct word_pieces *pieces = open_pieces("[UNK]\na\n[CLS]\n[SEP]\na\n");
    int32_t got[4];
    assert_int_equal(word_pieces_of(pieces, slice_str("a"), got, 4), 3);
    assert_int_equal(got[1], 4);
    word_pieces_free(pieces);
}

static void test_refused(void **state)
{
    _cleanup_(xfreep) char *line = xprintf("[UNK]\n%2000s", "a");
    const char *const bad[] = {"", "[UNK]\n[CLS]\n", "a\nb\n", line};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct word_pieces *pieces = NULL;
        struct reason reason = {0};
        assert_int_equal(word_pieces_new(slice_str(bad[i]), &pieces, &reason), -1);
        assert_true(reason.text[0]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_the_original),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_twice),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
