#include "base/base.h"
#include "tests/probe.h"

#include <setjmp.h>
#include <unistd.h>
#include <cmocka.h>

#define RECORD(fields) "{\"type\":\"record\",\"name\":\"R\",\"fields\":[" fields "]}"
#define WHOLE "{\"name\":\"whole\",\"type\":\"int\"}"

static struct frame by_id(uint64_t id)
{
    return (struct frame){.framing = FRAMING_CONFLUENT, .number = id};
}

static void test_book(void **state)
{
    struct desk *desk = *state;
    const char *schema = "{\"type\":\"record\",\"name\":\"R\",\"fields\":[]}";
    assert_int_equal(schema_book_add(desk->book, schema, &desk->error), 0);
    assert_int_equal(schema_book_add(desk->book, schema, NULL), 0);
    assert_int_equal(schema_book_add(desk->book, "{\"type\":\"rec\"}", &desk->error), -EINVAL);
    assert_string_equal(desk->error.reason, "bad_schema");
    assert_int_equal(schema_book_add(desk->book, "nonsense", NULL), -EINVAL);
    schema_book_free(NULL);
    codec_free(NULL);
}

static void write_file(const char *directory, const char *name, const char *text)
{
    _cleanup_(xfreep) char *path = xprintf("%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void test_book_directory(void **state)
{
    struct desk *desk = *state;
    char directory[] = "/tmp/freshet-book-XXXXXX";
    assert_non_null(mkdtemp(directory));
    assert_int_equal(schema_book_add_dir(desk->book, directory, &desk->error), 0);
    write_file(directory, "probe.avsc",
               "{\"type\":\"record\",\"name\":\"Probe\",\"namespace\":\"test\",\"fields\":["
               "{\"name\":\"whole\",\"type\":\"int\"}]}");
    write_file(directory, "README", "no schema");
    assert_int_equal(schema_book_add_dir(desk->book, directory, &desk->error), 0);
    put_long(&desk->body, 5);
    struct probe probe;
    assert_read(desk, "{\"name\":\"whole\",\"type\":\"int\"}", &probe);
    write_file(directory, "17.avsc", "\"long\"");
    assert_int_equal(schema_book_add_dir(desk->book, directory, &desk->error), 0);
    assert_non_null(schema_book_find(desk->book, by_id(17)));
    assert_null(schema_book_find(desk->book, by_id(18)));
    write_file(directory, "wrong.avsc", "{}");
    assert_int_equal(schema_book_add_dir(desk->book, directory, &desk->error), -EINVAL);
    assert_non_null(strstr(desk->error.detail, "wrong.avsc"));
    static const char *const names[] = {"probe.avsc", "README", "wrong.avsc", "17.avsc"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        _cleanup_(xfreep) char *path = xprintf("%s/%s", directory, names[i]);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(directory), 0);
    assert_int_equal(schema_book_add_dir(desk->book, directory, &desk->error), -ENOENT);
}

/* ---- Ids. ---- */

static void test_ids(void **state)
{
    struct desk *desk = *state;
    struct schema_book *book = desk->book;
    uint64_t empty;
    assert_int_equal(schema_fingerprint(RECORD(""), &empty), 0);
    for (uint32_t id = 300; id > 0; id--) {
        assert_int_equal(schema_book_bind(book, id, id % 2 ? RECORD("") : RECORD(WHOLE), NULL), 0);
    }
    for (uint32_t id = 1; id <= 300; id++) {
        const struct schema *schema = schema_book_find(book, by_id(id));
        assert_non_null(schema);
        assert_ptr_equal(schema, schema_book_find(book, by_id(id % 2 ? 1 : 2)));
    }
    assert_null(schema_book_find(book, by_id(0)));
    assert_null(schema_book_find(book, by_id(301)));
    /* the same again is nothing new; another meaning is refused, and so is what is no schema */
    assert_int_equal(schema_book_bind(book, 8, RECORD(WHOLE), &desk->error), 0);
    assert_int_equal(schema_book_bind(book, 8, RECORD(""), &desk->error), -EINVAL);
    assert_string_equal(desk->error.detail, "id 8 means two schemas");
    assert_int_equal(schema_book_bind(book, 301, "{}", &desk->error), -EINVAL);
    assert_int_equal(schema_book_bind(book, SCHEMA_ID_MAX + 1u, RECORD(""), NULL), -EINVAL);
    /* what is written: nothing but fingerprints, unless asked for; then the id that came last */
    struct frame frame = schema_book_frame(book, empty);
    assert_true(frame.framing == FRAMING_SINGLE && frame.number == empty);
    schema_book_write(book, FRAMING_CONFLUENT);
    frame = schema_book_frame(book, empty);
    assert_true(frame.framing == FRAMING_CONFLUENT && frame.number == 1);
    assert_int_equal(schema_book_bind(book, 77, RECORD(""), NULL), 0);
    assert_int_equal(schema_book_frame(book, empty).number, 77);
    frame = schema_book_frame(book, empty + 1);
    assert_true(frame.framing == FRAMING_SINGLE && frame.number == empty + 1);
}

static void test_ids_are_bounded(void **state)
{
    struct desk *desk = *state;
    for (uint32_t id = 0; id < BOOK_IDS_MAX; id++) {
        assert_int_equal(schema_book_bind(desk->book, id, "\"int\"", NULL), 0);
    }
    assert_int_equal(schema_book_bind(desk->book, BOOK_IDS_MAX, "\"int\"", &desk->error), -EINVAL);
    assert_string_equal(desk->error.detail, "more than 16384 ids");
}

int main(void)
{
#define DESK_TEST(name) cmocka_unit_test_setup_teardown(name, desk_setup, desk_teardown)
    const struct CMUnitTest tests[] = {
        DESK_TEST(test_book),
        DESK_TEST(test_book_directory),
        DESK_TEST(test_ids),
        DESK_TEST(test_ids_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
