#include "base/base.h"
#include "embed/text/safetensors.h"
#include "tests/unit/numbers.h"

/* A file with this header and so many bytes of data behind it; the caller frees. */
static struct slice file_of(const char *header, size_t data)
{
    const uint64_t length = strlen(header);
    char *bytes = xcalloc(1, sizeof(length) + length + data);
    memcpy(bytes, &length, sizeof(length));
    memcpy(bytes + sizeof(length), header, length);
    return slice_of(bytes, sizeof(length) + length + data);
}

#define ENTRY(type, shape, from, to)                                                               \
    "{\"x\":{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":[" from "," to "]}}"

static void refused(const char *header, const char *why)
{
    struct slice bytes = file_of(header, 16);
    struct safetensors *tensors = NULL;
    struct tensor tensor;
    struct reason reason = {0};
    bool good = safetensors_new(bytes, &tensors, &reason) == 0 &&
                safetensors_find(tensors, "x", 2, 2, &tensor, &reason) == 0;
    if (good || !strstr(reason.text, why)) { fail_msg("%s: %s", header, reason.text); }
    safetensors_free(tensors);
    free((void *)(uintptr_t)bytes.data);
}

static void test_refused(void **state)
{
    refused("", "no JSON object");
    refused("[]", "no JSON object");
    refused("{\"x\":1}", "has no type");
    refused("{}", "no tensor 'x'");
    refused(ENTRY("F32", "[2,2]", "0", "17"), "not inside the file");
    refused(ENTRY("F32", "[2,2]", "-1", "15"), "not inside the file");
    refused(ENTRY("F32", "[2,2]", "8", "4"), "not inside the file");
    refused(ENTRY("F32", "[2,2]", "0", "9223372036854775807"), "not inside the file");
    refused(ENTRY("F32", "[2,2]", "0", "12"), "not its shape");
    refused(ENTRY("I64", "[2,2]", "0", "16"), "type I64");
    refused(ENTRY("F32", "[4]", "0", "16"), "has the shape [4]");
    refused(ENTRY("F32", "[2,\"2\"]", "0", "16"), "has the shape");
    refused(ENTRY("F32", "[4294967298,2]", "0", "16"), "has the shape");
}

static void test_cut(void **state)
{
    struct slice bytes = file_of(ENTRY("F32", "[2,2]", "0", "16"), 16);
    for (size_t size = 0; size < bytes.size; size++) {
        struct safetensors *tensors = NULL;
        struct reason reason = {0};
        assert_int_equal(safetensors_new(slice_of(bytes.data, size), &tensors, &reason), -1);
        assert_true(strstr(reason.text, "complete"));
    }
    free((void *)(uintptr_t)bytes.data);
}

static void test_numbers(void **state)
{
    static const struct {
        const char *header;
        size_t size;
        unsigned char bytes[8];
    } all[] = {
        {ENTRY("F32", "[2]", "0", "8"), 8, {0, 0, 0xc0, 0x3f, 0, 0, 0, 0xc0}},
        {ENTRY("F16", "[2]", "0", "4"), 4, {0, 0x3e, 0, 0xc0}},
        {ENTRY("BF16", "[2]", "0", "4"), 4, {0xc0, 0x3f, 0, 0xc0}},
    };
    for (size_t i = 0; i < ARRAY_COUNT(all); i++) {
        struct slice bytes = file_of(all[i].header, all[i].size);
        memcpy((char *)(uintptr_t)bytes.data + bytes.size - all[i].size, all[i].bytes, all[i].size);
        struct safetensors *tensors = NULL;
        struct tensor tensor;
        struct reason reason = {0};
        float numbers[2];
        assert_int_equal(safetensors_new(bytes, &tensors, &reason), 0);
        assert_true(safetensors_has(tensors, "x") && !safetensors_has(tensors, "y"));
        assert_int_equal(safetensors_find(tensors, "x", 2, 1, &tensor, &reason), 0);
        tensor_copy(&tensor, 0, 2, numbers);
        assert_true(numbers[0] == 1.5f && numbers[1] == -2.0f);
        tensor_copy(&tensor, 1, 1, numbers);
        assert_true(numbers[0] == -2.0f);
        safetensors_free(tensors);
        free((void *)(uintptr_t)bytes.data);
    }
}

/* The ends of half precision. */
static void test_halves(void **state)
{
    static const uint16_t halves[] = {0x0001, 0x03ff, 0x7bff, 0xfc00};
    static const float want[] = {0x1p-24f, 0x3ffp-24f, 65504.0f, -INFINITY};
    struct tensor tensor = {.type = TENSOR_F16, .at = (const char *)halves, .count = 4};
    float numbers[4];
    tensor_copy(&tensor, 0, 4, numbers);
    assert_memory_equal(numbers, want, sizeof(want));
}

static void test_files(void **state)
{
    static const char *const paths[] = {"/nonexistent", "tests", "/dev/null"};
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
        struct safetensors *tensors = NULL;
        struct reason reason = {0};
        assert_int_equal(safetensors_open(paths[i], &tensors, &reason), -1);
        assert_true(strstr(reason.text, paths[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused), cmocka_unit_test(test_cut),
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_halves),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
