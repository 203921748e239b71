#include "base/base.h"
#include "base/text_file.h"
#include "stream/config/properties.h"

#include <dirent.h>
#include <setjmp.h>
#include <cmocka.h>

static struct properties_reader reader;
static struct property_line line;

static void begin(const char *text)
{
    properties_reader_init(&reader, slice_str(text));
}

static void expect(const char *key, const char *value, int number)
{
    assert_int_equal(properties_next(&reader, &line), 1);
    assert_string_equal(line.key, key);
    assert_string_equal(line.value, value);
    assert_int_equal(line.line, number);
}

static void expect_fault(int number, const char *part)
{
    assert_int_equal(properties_next(&reader, &line), -EINVAL);
    assert_int_equal(line.line, number);
    assert_non_null(strstr(line.fault, part));
}

static void expect_end(void)
{
    assert_int_equal(properties_next(&reader, &line), 0);
    assert_int_equal(properties_next(&reader, &line), 0);
    properties_reader_release(&reader);
}

static void test_separators(void **state)
{
    begin("a=1\nb: 2\nc 3\n  d\t=\t4  \ne : : 5\nf=\ng\nh==x\nkafka.ssl.ca.location=/x y;z#!w");
    expect("a", "1", 1);
    expect("b", "2", 2);
    expect("c", "3", 3);
    expect("d", "4", 4);
    expect("e", ": 5", 5);
    expect("f", "", 6);
    expect("g", "", 7);
    expect("h", "=x", 8);
    expect("kafka.ssl.ca.location", "/x y;z#!w", 9);
    expect_end();
}

static void test_comments(void **state)
{
    begin("# one \\\n! two\n\n  \t\n   # three\r\n\r\ra=1 # value\n#end");
    expect("a", "1 # value", 8);
    expect_end();
    begin("");
    expect_end();
    begin("#");
    expect_end();
}

static void test_continuation(void **state)
{
    begin("a=one,\\\n   two,\\\r\n\tthree\nb\\\n c\\\n  =\\\n x\nd=even\\\\\ne=last\\");
    expect("a", "one,two,three", 1);
    expect("bc", "x", 4);
    expect("d", "even\\", 8);
    expect("e", "last", 9);
    expect_end();
    begin("a=1\\\n# no comment\\\n\nb=2");
    expect("a", "1# no comment", 1);
    expect("b", "2", 4);
    expect_end();
}

static void test_escapes(void **state)
{
    begin("a\\ b\\=c\\:d=\\t\\n\\r\\f\\\\\\q \\ \n\\#k=\\u0041\\u00e9\\u20AC\\uD83D\\uDE00");
    expect("a b=c:d", "\t\n\r\f\\q  ", 1);
    expect("#k", "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", 2);
    expect_end();
}

static void test_faults(void **state)
{
    begin("=1\na=\\u12g4\nb=\\ud800x\nc=\\udc00\nd=\\u0000\ne=\\u12\\\nstill e\ngood=1\n:");
    expect_fault(1, "key is empty");
    expect_fault(2, "hexadecimal");
    expect_fault(3, "hexadecimal");
    expect_fault(4, "hexadecimal");
    expect_fault(5, "hexadecimal");
    expect_fault(6, "hexadecimal");
    expect("good", "1", 8);
    expect_fault(9, "key is empty");
    expect_end();
    static const char nul[] = "a=\0\nc\\\0=1\nb=1";
    properties_reader_init(&reader, slice_of(nul, sizeof(nul) - 1));
    expect_fault(1, "NUL");
    expect_fault(2, "NUL");
    expect("b", "1", 3);
    expect_end();
}

static void test_limits(void **state)
{
    static char text[PROPERTY_VALUE_MAX + PROPERTY_KEY_MAX + 10];
    for (int more = 0; more < 2; more++) {
        memset(text, 'k', sizeof(text));
        text[PROPERTY_KEY_MAX - 1 + more] = '=';
        text[PROPERTY_KEY_MAX + 4] = '\0';
        begin(text);
        assert_int_equal(properties_next(&reader, &line), more ? -EINVAL : 1);
        if (more) { assert_non_null(strstr(line.fault, "key is longer than 255")); }
        expect_end();
        memset(text, 'v', sizeof(text));
        text[1] = '=';
        text[2 + PROPERTY_VALUE_MAX - 1 + more] = '\0';
        begin(text);
        assert_int_equal(properties_next(&reader, &line), more ? -EINVAL : 1);
        if (more) { assert_non_null(strstr(line.fault, "value is longer than 65535")); }
        expect_end();
    }
}

/* ---- What a careful writer writes is read back ---- */

static unsigned rng(uint64_t *seed, unsigned sides)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(*seed >> 33) % sides;
}

static void random_text(uint64_t *seed, char *into)
{
    static const char letters[] = "ab. =:#!\\\t\n\r\fu$\xc3\xa9";
    size_t size = 1 + rng(seed, 12);
    for (size_t i = 0; i < size; i++) { into[i] = letters[rng(seed, sizeof(letters) - 1)]; }
    into[size] = '\0';
}

static void write_escaped(uint64_t *seed, const char *text, struct buf *out)
{
    for (; *text; text++) {
        if (rng(seed, 5) == 0) { buf_printf(out, "\\%s   ", rng(seed, 2) ? "\n" : "\r\n"); }
        if (*text == '\n') {
            buf_printf(out, "\\n");
        } else if (*text == '\r') {
            buf_printf(out, rng(seed, 2) ? "\\r" : "\\u000d");
        } else if (strchr(" =:#!\\\t\f", *text)) {
            buf_printf(out, "\\%c", *text);
        } else {
            buf_append(out, text, 1);
        }
    }
}

static void test_round_trip(void **state)
{
    enum { LINES = 400 };
    static char keys[LINES][16], values[LINES][16];
    static const char *const separators[] = {"=", ":", " = ", " ", "\t:", "= "};
    static const char *const between[] = {"\n", "\r\n", "\n\n", "\n# c=d\n", "\r  ! \\\n"};
    uint64_t seed = 7;
    struct buf text;
    buf_init(&text, 1 << 20);
    for (int i = 0; i < LINES; i++) {
        random_text(&seed, keys[i]);
        random_text(&seed, values[i]);
        write_escaped(&seed, keys[i], &text);
        buf_printf(&text, "%s", separators[rng(&seed, ARRAY_COUNT(separators))]);
        write_escaped(&seed, values[i], &text);
        buf_printf(&text, "%s", between[rng(&seed, ARRAY_COUNT(between))]);
    }
    properties_reader_init(&reader, buf_slice(&text));
    for (int i = 0; i < LINES; i++) {
        assert_int_equal(properties_next(&reader, &line), 1);
        assert_string_equal(line.key, keys[i]);
        assert_string_equal(line.value, values[i]);
    }
    expect_end();
    buf_release(&text);
}

/* The fuzzer's finds and first samples: read to the end without harm. */
static void test_corpus(void **state)
{
    static const char folder[] = "tests/fuzz/corpus/properties";
    DIR *dir = opendir(folder);
    if (!dir) { skip(); }
    int files = 0;
    for (const struct dirent *entry; (entry = readdir(dir));) {
        char path[600];
        struct buf text;
        if (entry->d_name[0] == '.') { continue; }
        (void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        buf_init(&text, PROPERTIES_FILE_MAX);
        assert_int_equal(text_file_read(path, &text), 0);
        properties_reader_init(&reader, buf_slice(&text));
        int last = 0;
        while (properties_next(&reader, &line) != 0) {
            assert_true(line.line > last);
            last = line.line;
        }
        expect_end();
        buf_release(&text);
        files++;
    }
    closedir(dir);
    assert_true(files > 0);
}

static void test_one_key(void **state)
{
    static const char text[] = "a b = no\nhome.filter.x = price < 5 and \\\n   stock > 0\n"
                               "home.filter.xy: 7\nhome.filter.x=other\nempty=\n";
    struct buf value;
    buf_init(&value, PROPERTY_VALUE_MAX);
    assert_true(properties_find(slice_str(text), "home.filter.x", &value));
    assert_true(slice_equal(buf_slice(&value), slice_str("price < 5 and stock > 0")));
    assert_true(properties_find(slice_str(text), "home.filter.xy", &value));
    assert_true(slice_equal(buf_slice(&value), slice_str("7")));
    assert_true(properties_find(slice_str(text), "empty", &value));
    assert_int_equal(value.size, 0);
    assert_false(properties_find(slice_str(text), "home.filter", &value));
    assert_false(properties_find(slice_str(""), "home.filter", &value));
    buf_release(&value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_separators),   cmocka_unit_test(test_comments),
        cmocka_unit_test(test_continuation), cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_faults),       cmocka_unit_test(test_limits),
        cmocka_unit_test(test_round_trip),   cmocka_unit_test(test_corpus),
        cmocka_unit_test(test_one_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
