#include "base/base.h"
#include "base/digest.h"

#include <setjmp.h>
#include <cmocka.h>

static struct slice unhex(const char *hex, unsigned char *bytes)
{
    size_t size = strlen(hex) / 2;
    for (size_t i = 0; i < size; i++) {
        unsigned value;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &value), 1);
        bytes[i] = (unsigned char)value;
    }
    return slice_of(bytes, size);
}

/* RFC 4231, section 4: test cases 1 to 4, 6 and 7 (5 is of a truncated output). */
static void published_vectors(void **state)
{
#define X20(two) two two two two two two two two two two two two two two two two two two two two
#define X120(two) X20(two) X20(two) X20(two) X20(two) X20(two) X20(two)
#define X131(two) X120(two) two two two two two two two two two two two
    static const struct {
        const char *key, *text, *digest;
    } cases[] = {
        {X20("0b"), "4869205468657265",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {X20("aa"), X20("dd") X20("dd") "dddddddddddddddddddd",
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {"0102030405060708090a0b0c0d0e0f10111213141516171819",
         X20("cd") X20("cd") "cdcdcdcdcdcdcdcdcdcd",
         "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {X131("aa"),
         "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368"
         "204b6579204669727374",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {X131("aa"),
         "5468697320697320612074657374207573696e672061206c6172676572207468616e20626c6f636b2d73697a"
         "65206b657920616e642061206c6172676572207468616e20626c6f636b2d73697a6520646174612e20546865"
         "206b6579206e6565647320746f20626520686173686564206265666f7265206265696e672075736564206279"
         "2074686520484d414320616c676f726974686d2e",
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        unsigned char key[200], text[200], want[DIGEST_BYTES], is[DIGEST_BYTES];
        (void)unhex(cases[i].digest, want);
        struct mac *mac = mac_new(unhex(cases[i].key, key));
        mac_of(mac, unhex(cases[i].text, text), is);
        assert_memory_equal(is, want, sizeof(want));
        mac_of(mac, unhex(cases[i].text, text), is);
        mac_free(mac);
        assert_memory_equal(is, want, sizeof(want));
    }
}

/* FIPS 180-4 is of plain bytes; digest_add() puts each text's size before it. */
static void a_list_of_texts_has_its_own_digest(void **state)
{
    static const struct {
        const char *texts[3];
        size_t count;
    } lists[] = {
        {{"ab", "c"}, 2}, {{"a", "bc"}, 2}, {{"abc"}, 1},    {{"abc", ""}, 2},
        {{"", "abc"}, 2}, {{NULL, "abc"}, 2}, {{"abc", NULL}, 2}, {{NULL}, 0},
    };
    unsigned char is[ARRAY_COUNT(lists)][DIGEST_BYTES];
    struct digest *digest = digest_new();
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
        digest_start(digest);
        for (size_t k = 0; k < lists[i].count; k++) {
            digest_add(digest, lists[i].texts[k] ? slice_str(lists[i].texts[k])
                                                 : (struct slice){0});
        }
        digest_finish(digest, is[i]);
        for (size_t k = 0; k < i; k++) { assert_memory_not_equal(is[i], is[k], DIGEST_BYTES); }
    }
    /* Nothing at all: the digest of no bytes. */
    char text[2 * DIGEST_BYTES + 1];
    digest_hex(is[ARRAY_COUNT(lists) - 1], DIGEST_BYTES, text);
    assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    digest_free(digest);
}

static void random_bytes_differ(void **state)
{
    unsigned char a[DIGEST_BYTES] = {0}, b[DIGEST_BYTES] = {0};
    digest_random(a, sizeof(a));
    digest_random(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    digest_wipe(a, sizeof(a));
    for (size_t i = 0; i < sizeof(a); i++) { assert_int_equal(a[i], 0); }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors),
        cmocka_unit_test(a_list_of_texts_has_its_own_digest),
        cmocka_unit_test(random_bytes_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
