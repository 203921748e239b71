#include "base/base.h"
#include "base/text_file.h"
#include "base/xalloc.h"
#include "schemas/recommendation_list.h"
#include "schemas/user_event.h"
#include "stream/avro/schema.h"
#include "tests/sample.h"

#include <ctype.h>
#include <jansson.h>
#include <setjmp.h>
#include <unistd.h>
#include <cmocka.h>

/* Every contract: its table fits its schema, and both fit what an independent Avro (fastavro) makes
 * of them: tests/golden/make_golden.py. */

enum { TEXT_BYTES_MAX = 1 << 20, READ_MESSAGES = 200 };

struct fixture {
    struct schema_cache *schemas;
    struct arena *arena;
};

static int setup(void **state)
{
    struct fixture *fixture = xcalloc(1, sizeof(*fixture));
    fixture->schemas = schema_cache_new();
    fixture->arena = arena_new(1 << 16);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    schema_cache_free(fixture->schemas);
    arena_free(fixture->arena);
    free(fixture);
    return 0;
}

/* A golden file, NUL-terminated; the caller releases it. */
static struct buf read_golden(const char *name, const char *ending)
{
    _cleanup_(xfreep) char *path = xprintf("tests/golden/%s%s", name, ending);
    struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    if (text_file_read(path, &text)) { fail_msg("no %s: run in the project's folder", path); }
    buf_append(&text, "", 1);
    return text;
}

static struct buf read_hex(const char *name)
{
    struct buf text = read_golden(name, ".hex");
    size_t count = strspn(text.data, "0123456789abcdef") / 2;
    for (size_t i = 0; i < count; i++) {
        char digits[3] = {text.data[2 * i], text.data[2 * i + 1]};
        text.data[i] = (char)strtoul(digits, NULL, 16);
    }
    text.size = count;
    return text;
}

/* freshet.UserEvent -> user_event */
static void file_name(const char *full_name, char ret_name[64])
{
    size_t size = 0;
    for (const char *at = schema_short_name(full_name); *at; at++) {
        bool upper = *at >= 'A' && *at <= 'Z';
        if (upper && size) { ret_name[size++] = '_'; }
        ret_name[size++] = (char)(upper ? *at - 'A' + 'a' : *at);
    }
    ret_name[size] = '\0';
}

/* Numbers are compared as numbers: 1 is 1.0. */
static bool same_json(const json_t *a, const json_t *b)
{
    if (json_is_integer(a) && json_is_integer(b)) { return json_equal(a, b); }
    if (json_is_number(a) && json_is_number(b)) {
        return !isless(json_number_value(a), json_number_value(b)) &&
               !isgreater(json_number_value(a), json_number_value(b));
    }
    if (json_is_array(a) && json_is_array(b) && json_array_size(a) == json_array_size(b)) {
        for (size_t i = 0; i < json_array_size(a); i++) {
            if (!same_json(json_array_get(a, i), json_array_get(b, i))) { return false; }
        }
        return true;
    }
    if (json_is_object(a) && json_is_object(b) && json_object_size(a) == json_object_size(b)) {
        const char *key;
        json_t *value;
        json_object_foreach((json_t *)a, key, value)
        {
            if (!same_json(value, json_object_get(b, key))) { return false; }
        }
        return true;
    }
    return json_equal(a, b);
}

static void assert_reads_as(struct fixture *fixture, struct slice message, const char *golden)
{
    struct codec_error error;
    struct buf ours;
    buf_init(&ours, TEXT_BYTES_MAX);
    if (codec_json(fixture->schemas, message, &ours, NULL, &error)) {
        fail_msg("%s: %s, %s", golden, error.reason, error.detail);
    }
    json_t *left = json_loadb(ours.data, ours.size, JSON_ALLOW_NUL, NULL);
    struct buf text = read_golden(golden, ".json");
    json_t *right = json_loads(text.data, JSON_ALLOW_NUL, NULL);
    assert_non_null(left);
    assert_non_null(right);
    if (!same_json(left, right)) { fail_msg("%.*s\n%s", (int)ours.size, ours.data, text.data); }
    json_decref(left);
    json_decref(right);
    buf_release(&ours);
    buf_release(&text);
}

static void test_fingerprints(void **state)
{
    struct buf text = read_golden("fingerprints", ".txt");
    for (size_t i = 0; i < contracts_count; i++) {
        const struct contract *contract = contracts[i];
        uint64_t ours;
        assert_int_equal(schema_fingerprint(contract->schema, &ours), 0);
        _cleanup_(xfreep) char *line = xprintf("%s %016" PRIx64 "\n", contract->name, ours);
        if (!strstr(text.data, line)) { fail_msg("not fastavro's: %s", line); }
    }
    size_t lines = 0; /* one for each .avsc: the list of contracts is whole */
    for (const char *at = text.data; *at; at++) { lines += *at == '\n'; }
    assert_int_equal(lines, contracts_count);
    buf_release(&text);
}

/* codec_new() asserts that table and schema agree; rows may not overlap either. */
static void test_tables(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < contracts_count; i++) {
        const struct contract *contract = contracts[i];
        codec_free(codec_new(contract, fixture->schemas));
        assert_true(contract->size <= SAMPLE_STRUCT_BYTES_MAX);
        size_t end = 0;
        for (size_t k = 0; k < contract->fields_count; k++) {
            const struct contract_field *row = &contract->fields[k];
            assert_true(row->offset >= end);
            end = row->offset + shape_member_bytes(row->kind);
            bool bounded = shape_is_column(row->kind) || row->kind == FIELD_STRING ||
                           row->kind == FIELD_BYTES;
            assert_int_equal(bounded, row->limit > 0);
        }
    }
}

/* Returns the number of a symbol whose name in lower case is this. */
static int32_t symbol_of(const struct schema_node *node, const char *lower)
{
    char name[32] = "";
    for (size_t k = 0; lower[k] && k + 1 < sizeof(name); k++) {
        name[k] = (char)toupper((unsigned char)lower[k]);
    }
    return schema_symbol(node, name);
}

/* Enums in C have the numbers of the schema's symbols. */
static void test_symbols(void **state)
{
    struct shape *event = shape_new(&user_event_contract);
    const struct schema_node *action = event->fields[3].value;
    assert_int_equal(action->count, EVENT_KINDS_COUNT);
    assert_int_equal(schema_symbol(action, "IDENTIFY"), ACTION_IDENTIFY);
    assert_int_equal(schema_symbol(action, "EXPOSURE"), ACTION_EXPOSURE);
    assert_int_equal(schema_symbol(action, "SEARCH"), ACTION_SEARCH);
    assert_int_equal(schema_symbol(action, "OTHER"), ACTION_OTHER);
    assert_int_equal(schema_symbol(action, "VIEW"), ACTION_VIEW);
    assert_int_equal(schema_symbol(action, "CLICK"), ACTION_CLICK);
    assert_int_equal(schema_symbol(action, "LIKE"), ACTION_LIKE);
    assert_int_equal(schema_symbol(action, "CART"), ACTION_CART);
    assert_int_equal(schema_symbol(action, "PURCHASE"), ACTION_PURCHASE);
    assert_int_equal(schema_symbol(action, "RATING"), ACTION_RATING);
    assert_int_equal(schema_symbol(action, "DISLIKE"), ACTION_DISLIKE);
    shape_free(event);
    struct shape *list = shape_new(&recommendation_list_contract);
    const struct schema_node *reason = list->fields[3].value->items;
    assert_int_equal(reason->count, LIST_REASONS);
    assert_int_equal(schema_symbol(reason, "OTHER"), REASON_OTHER);
    assert_int_equal(schema_symbol(reason, "BECAUSE"), REASON_BECAUSE);
    assert_int_equal(schema_symbol(reason, "POPULAR"), REASON_POPULAR);
    assert_int_equal(schema_symbol(reason, "TRENDING"), REASON_TRENDING);
    assert_int_equal(schema_symbol(reason, "NEW"), REASON_NEW);
    assert_int_equal(schema_symbol(reason, "TAGS"), REASON_TAGS);
    shape_free(list);
}

/* Requests and commands name reasons and causes as the schema does, in lower case. */
static void test_names_of_reasons_and_causes(void **state)
{
    struct shape *list = shape_new(&recommendation_list_contract);
    const struct schema_node *reason = list->fields[3].value->items;
    const struct schema_node *cause = list->fields[16].value;
    assert_int_equal(cause->count, LIST_CAUSES);
    for (int32_t i = 0; i < LIST_REASONS; i++) {
        assert_int_equal(symbol_of(reason, list_reason_name(i)), i);
    }
    for (int32_t i = 0; i < LIST_CAUSES; i++) {
        assert_int_equal(symbol_of(cause, list_cause_name(i)), i);
    }
    assert_string_equal(list_reason_name(-1), "other");
    assert_string_equal(list_reason_name(LIST_REASONS), "other");
    assert_string_equal(list_cause_name(-1), "unknown");
    assert_string_equal(list_cause_name(LIST_CAUSES), "unknown");
    shape_free(list);
}

static void test_columns_of_a_list(void **state)
{
    struct recommendation_list list = {0};
    assert_true(list_columns_agree(&list));
    list.items.count = list.scores.count = list.reasons.count = 2;
    list.because.count = list.evidence.count = 2;
    assert_true(list_columns_agree(&list)); /* of an earlier release: without shares */
    assert_true(list_share(&list, 1) == 0.0F);
    float shares[] = {0.25F, 0.5F};
    list.shares = (struct floats){shares, 2};
    assert_true(list_columns_agree(&list));
    assert_true(list_share(&list, 1) == 0.5F && list_share(&list, 2) == 0.0F);
    list.shares.count = 1;
    assert_false(list_columns_agree(&list));
    list.shares.count = 0;
    list.because.count = 1;
    assert_false(list_columns_agree(&list));
}

/* fastavro's message decodes, encodes to the same bytes, and says what fastavro says. */
static void test_golden_messages(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < contracts_count; i++) {
        const struct contract *contract = contracts[i];
        struct codec *codec = codec_new(contract, fixture->schemas);
        char name[64];
        file_name(contract->name, name);
        struct buf golden = read_hex(name);
        _Alignas(max_align_t) char object[SAMPLE_STRUCT_BYTES_MAX];
        struct codec_error error;
        if (codec_decode(codec, buf_slice(&golden), fixture->arena, object, &error)) {
            fail_msg("%s: %s, %s", name, error.reason, error.detail);
        }
        struct buf ours;
        buf_init(&ours, TEXT_BYTES_MAX);
        assert_int_equal(codec_encode(codec, object, &ours), 0);
        assert_int_equal(ours.size, golden.size);
        assert_memory_equal(ours.data, golden.data, golden.size);
        assert_reads_as(fixture, buf_slice(&golden), name);
        buf_release(&golden);
        buf_release(&ours);
        codec_free(codec);
    }
}

static void check_old_writer(struct fixture *fixture, const struct contract *contract,
                             const char *name, void *object)
{
    struct codec *codec = codec_new(contract, fixture->schemas);
    struct codec_error error;
    struct buf golden = read_hex(name), ours;
    if (codec_decode(codec, buf_slice(&golden), fixture->arena, object, &error)) {
        fail_msg("%s: %s, %s", name, error.reason, error.detail);
    }
    buf_init(&ours, TEXT_BYTES_MAX);
    assert_int_equal(codec_encode(codec, object, &ours), 0);
    assert_reads_as(fixture, buf_slice(&ours), name);
    buf_release(&golden);
    buf_release(&ours);
    codec_free(codec);
}

/* Foreign and older writers: what fastavro's resolution makes of their messages, so does ours. */
static void test_golden_old_writer(void **state)
{
    struct fixture *fixture = *state;
    struct codec_error error;
    struct user_event event;
    assert_int_equal(schema_cache_add_dir(fixture->schemas, "tests/golden", &error), 0);
    check_old_writer(fixture, &user_event_contract, "old_user_event", &event);
}

static uint64_t fingerprint_of_version(const char *path)
{
    struct buf text;
    uint64_t fingerprint;
    buf_init(&text, TEXT_BYTES_MAX);
    assert_int_equal(text_file_read(path, &text), 0);
    buf_append(&text, "", 1);
    assert_int_equal(schema_fingerprint(text.data, &fingerprint), 0);
    buf_release(&text);
    return fingerprint;
}

/* Old bytes of every version that a contract has had: they are read, by what is in the program, and
 * the newest version is the contract's. */
static void test_kept_versions(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < contracts_count; i++) {
        char name[64];
        uint64_t ours;
        uint64_t newest = 0;
        file_name(contracts[i]->name, name);
        for (int number = 1;; number++) {
            _Alignas(max_align_t) char object[SAMPLE_STRUCT_BYTES_MAX];
            _cleanup_(xfreep) char *version = xprintf("versions/%s.%d", name, number);
            _cleanup_(xfreep) char *path = xprintf("schemas/%s.avsc", version);
            if (access(path, R_OK) != 0) { break; }
            newest = fingerprint_of_version(path);
            struct buf message = read_hex(version);
            assert_memory_equal(message.data + 2, &newest, sizeof(newest));
            buf_release(&message);
            check_old_writer(fixture, contracts[i], version, object);
        }
        assert_int_equal(schema_fingerprint(contracts[i]->schema, &ours), 0);
        if (newest != ours) {
            fail_msg("schemas/%s.avsc changed: keep the version: "
                     "python3 tests/golden/make_golden.py keep", name);
        }
    }
}

/* GOLDEN_OUT=dir: writes random messages for `make_golden.py read dir`. */
static void test_write_for_fastavro(void **state)
{
    struct fixture *fixture = *state;
    const char *directory = getenv("GOLDEN_OUT");
    if (!directory) { skip(); }
    struct sample sample = {.state = 7, .arena = fixture->arena};
    for (size_t i = 0; i < contracts_count; i++) {
        struct codec *codec = codec_new(contracts[i], fixture->schemas);
        struct shape *shape = shape_new(contracts[i]);
        const char *name = schema_short_name(contracts[i]->name);
        _cleanup_(xfreep) char *hex_path = xprintf("%s/%s.hex", directory, name);
        _cleanup_(xfreep) char *json_path = xprintf("%s/%s.jsonl", directory, name);
        FILE *hex = fopen(hex_path, "w");
        FILE *json = fopen(json_path, "w");
        struct buf message;
        struct buf line;
        buf_init(&message, TEXT_BYTES_MAX);
        buf_init(&line, TEXT_BYTES_MAX);
        assert_true(hex && json);
        for (int k = 0; k < READ_MESSAGES; k++) {
            _Alignas(max_align_t) char object[SAMPLE_STRUCT_BYTES_MAX];
            buf_clear(&message);
            buf_clear(&line);
            sample_fill(&sample, shape, object);
            assert_int_equal(codec_encode(codec, object, &message), 0);
            assert_int_equal(codec_json(fixture->schemas, buf_slice(&message), &line, NULL, NULL),
                             0);
            for (size_t b = 0; b < message.size; b++) {
                fprintf(hex, "%02x", (uint8_t)message.data[b]);
            }
            fprintf(hex, "\n");
            fprintf(json, "%.*s\n", SLICE_ARGS(buf_slice(&line)));
        }
        assert_int_equal(fclose(hex), 0);
        assert_int_equal(fclose(json), 0);
        buf_release(&message);
        buf_release(&line);
        shape_free(shape);
        codec_free(codec);
    }
}

/* A topic with records of two contracts: the writer's schema says which one it is. */
static void test_names(void **state)
{
    struct fixture *fixture = *state;
    struct codec *events = codec_new(&user_event_contract, fixture->schemas);
    struct codec *lists = codec_new(&recommendation_list_contract, fixture->schemas);
    struct user_event ev;
    struct buf message;
    buf_init(&message, 1 << 16);
    codec_defaults(events, &ev);
    assert_int_equal(codec_encode(events, &ev, &message), 0);
    assert_true(codec_names(events, buf_slice(&message)));
    assert_false(codec_names(lists, buf_slice(&message)));
    assert_false(codec_names(events, slice_str("\xc3\x01" "12345678")));
    assert_false(codec_names(events, slice_str("none")));
    buf_release(&message);
    codec_free(events);
    codec_free(lists);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fingerprints),
        cmocka_unit_test_setup_teardown(test_tables, setup, teardown),
        cmocka_unit_test(test_symbols),
        cmocka_unit_test(test_names_of_reasons_and_causes),
        cmocka_unit_test(test_columns_of_a_list),
        cmocka_unit_test_setup_teardown(test_golden_messages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_golden_old_writer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kept_versions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_write_for_fastavro, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
