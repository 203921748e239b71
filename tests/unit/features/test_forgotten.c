#include "base/base.h"
#include "features/forgotten.h"

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
    struct mac *salt = mac_new(slice_str("one")), *other = mac_new(slice_str("another"));
    const struct forgotten_key keys[] = {
        forgotten_key(salt, slice_str("ann")),  forgotten_key(salt, slice_str("ben")),
        forgotten_key(other, slice_str("ann")), forgotten_former_key(slice_str("ann")),
        forgotten_former_key(slice_str("ben")), forgotten_salt_key(),
    };
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        assert_int_equal(keys[i].bytes[0], 0xfe);
        for (size_t k = 0; k < i; k++) {
            assert_false(slice_equal(forgotten_key_bytes(&keys[i]), forgotten_key_bytes(&keys[k])));
        }
    }
    const struct forgotten_key again = forgotten_key(salt, slice_str("ann"));
    assert_true(slice_equal(forgotten_key_bytes(&again), forgotten_key_bytes(&keys[0])));
    assert_int_equal(keys[0].size, 17);
    assert_int_equal(keys[3].size, 9);
    mac_free(salt);
    mac_free(other);
}

/* The salt of markers is made from the first request, and is not that of its receipts. */
static void the_salt_is_made_from_the_request(void **state)
{
    struct forget_request request = request_of("r1", "ann"), other = request_of("r1", "ann");
    char one[FORGOTTEN_SALT_HEX + 1], two[FORGOTTEN_SALT_HEX + 1], old[FORGOTTEN_SALT_HEX + 1];
    forgotten_salt(&request, old);
    request.salt = slice_str("0123456789abcdef");
    forgotten_salt(&request, one);
    other.salt = slice_str("0123456789abcdeg");
    forgotten_salt(&other, two);
    assert_string_not_equal(one, two);
    assert_string_not_equal(one, old);
    assert_int_equal(strlen(one), FORGOTTEN_SALT_HEX);
}

/* Whoever reads receipts can try every user id with the request's id, but not with its salt. */
static void a_receipt_does_not_name_the_user(void **state)
{
    struct forget_request request = request_of("r1", "ann"), other = request_of("r1", "ann");
    const struct record rec = {.partition = 3, .offset = 44};
    struct forget_receipt receipt, second;
    char hex[17], hex_second[17], want[2 * DIGEST_BYTES + 1];
    unsigned char hash[DIGEST_BYTES];
    request.salt = slice_str("salt of the request");
    forgotten_receipt(&request, &rec, hex, &receipt);
    forgotten_receipt(&other, &rec, hex_second, &second);
    struct mac *mac = mac_new(request.salt);
    mac_of(mac, slice_str("ann"), hash);
    mac_free(mac);
    digest_hex(hash, sizeof(hash), want);
    assert_memory_equal(hex, want, 16);
    assert_int_equal(hex[16], '\0');
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
        cmocka_unit_test(the_salt_is_made_from_the_request),
        cmocka_unit_test(a_receipt_does_not_name_the_user),
        cmocka_unit_test(invalid_requests_are_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
