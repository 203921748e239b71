#include "base/base.h"
#include "features/forgotten.h"
#include "model/ids.h"

#include <setjmp.h>
#include <cmocka.h>

static struct forget_request request_of(const char *request_id, const char *user_id)
{
    return (struct forget_request){.request_id = slice_str(request_id),
                                   .user_id = slice_str(user_id),
                                   .until_ms = 5000,
                                   .requested_ms = 6000};
}

static void a_marker_key_is_no_user_id(void **state)
{
    struct forgotten_key a = forgotten_key(slice_str("ann")), b = forgotten_key(slice_str("ben"));
    struct forgotten_key again = forgotten_key(slice_str("ann"));
    assert_int_equal(sizeof(a.bytes), 9);
    assert_int_equal(a.bytes[0], 0xfe);
    assert_memory_equal(a.bytes, again.bytes, sizeof(a.bytes));
    assert_memory_not_equal(a.bytes, b.bytes, sizeof(a.bytes));
}

static void a_receipt_does_not_name_the_user(void **state)
{
    struct forget_request request = request_of("r1", "ann"), other = request_of("r2", "ann");
    const struct record rec = {.partition = 3, .offset = 44};
    struct forget_receipt receipt, second;
    char hex[17], hex_second[17], want[17];
    forgotten_receipt(&request, &rec, hex, &receipt);
    forgotten_receipt(&other, &rec, hex_second, &second);
    (void)snprintf(want, sizeof(want), "%016" PRIx64, ids_fingerprint(slice_str("r1ann")));
    assert_string_equal(hex, want);
    assert_string_not_equal(hex, hex_second);
    assert_true(slice_equal(receipt.user_hash, slice_str(hex)));
    assert_true(slice_equal(receipt.request_id, slice_str("r1")));
    assert_int_equal(receipt.input_partition, 3);
    assert_int_equal(receipt.input_offset, 44);
    assert_int_equal(receipt.requested_ms, 6000);
    assert_int_equal(receipt.actions + receipt.left_in + receipt.contributions, 0);
}

static void invalid_requests_are_explained(void **state)
{
    struct record rec = {.key = slice_str("ann"), .time_ms = 1000};
    struct forget_request good = request_of("r", "ann");
    struct forget_request nameless = request_of("", "ann"), nobody = request_of("r", "");
    struct forget_request other = request_of("r", "ben");
    assert_null(forgotten_fault(&rec, &good, 4000));
    assert_null(forgotten_fault(&rec, &good, 0));
    assert_non_null(forgotten_fault(&rec, &good, 3999));
    assert_non_null(forgotten_fault(&rec, &nameless, 0));
    assert_non_null(forgotten_fault(&rec, &nobody, 0));
    assert_non_null(forgotten_fault(&rec, &other, 0));
    rec.key = slice_of(NULL, 0);
    rec.time_ms = -1;
    assert_null(forgotten_fault(&rec, &other, 1));
    rec.time_ms = INT64_MAX; /* sums of times must not overflow */
    good.until_ms = INT64_MAX;
    assert_null(forgotten_fault(&rec, &good, 1000));
    rec.time_ms = 1;
    assert_non_null(forgotten_fault(&rec, &good, 1000));
    good.until_ms = INT64_MIN;
    assert_null(forgotten_fault(&rec, &good, 1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_marker_key_is_no_user_id),
        cmocka_unit_test(a_receipt_does_not_name_the_user),
        cmocka_unit_test(invalid_requests_are_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
