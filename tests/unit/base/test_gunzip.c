#include "base/base.h"
#include "base/gunzip.h"

#include <zlib.h>

#include <setjmp.h>
#include <cmocka.h>

enum { OUT_MAX = 1000 };

/* Packs zeros. */
static size_t pack(size_t zeros, int bits, char *ret_bytes, size_t room)
{
    z_stream stream = {0};
    unsigned char *from = calloc(1, zeros ? zeros : 1);
    assert_non_null(from);
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = from;
    stream.avail_in = (unsigned)zeros;
    stream.next_out = (unsigned char *)ret_bytes;
    stream.avail_out = (unsigned)room;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t size = stream.total_out;
    (void)deflateEnd(&stream);
    free(from);
    return size;
}

static void assert_unpacks(struct slice bytes, enum unpacking unpacking, int result, size_t size)
{
    struct buf out;
    buf_init(&out, OUT_MAX);
    assert_int_equal(gunzip(bytes, unpacking, &out), result);
    if (!result) { assert_int_equal(out.size, size); }
    buf_release(&out);
}

static void unpacks_what_was_packed(void **state)
{
    static const int bits[] = {[UNPACKING_GZIP] = 31, [UNPACKING_ZLIB] = 15, [UNPACKING_RAW] = -15};
    char bytes[4096];
    for (size_t i = 0; i < ARRAY_COUNT(bits); i++) {
        size_t size = pack(OUT_MAX, bits[i], bytes, sizeof(bytes));
        assert_unpacks(slice_of(bytes, size), (enum unpacking)i, 0, OUT_MAX);
        size = pack(0, bits[i], bytes, sizeof(bytes));
        assert_unpacks(slice_of(bytes, size), (enum unpacking)i, 0, 0);
        bool zlib = i == UNPACKING_ZLIB;
        assert_int_equal(gunzip_recognises_zlib(slice_of(bytes, size)), zlib);
    }
}

static void members_follow_each_other(void **state)
{
    char bytes[4096];
    size_t size = pack(300, 31, bytes, sizeof(bytes));
    assert_true(gunzip_recognises(slice_of(bytes, size)));
    assert_false(gunzip_recognises_zlib(slice_of(bytes, size)));
    size += pack(200, 31, bytes + size, sizeof(bytes) - size);
    assert_unpacks(slice_of(bytes, size), UNPACKING_GZIP, 0, 500);
}

/* One byte more than the limit is too much, and so are a thousand times as many. */
static void a_bomb_is_refused(void **state)
{
    static char bytes[100000];
    size_t size = pack(OUT_MAX + 1, 31, bytes, sizeof(bytes));
    assert_unpacks(slice_of(bytes, size), UNPACKING_GZIP, -EFBIG, 0);
    size = pack(10000000, 31, bytes, sizeof(bytes));
    assert_unpacks(slice_of(bytes, size), UNPACKING_GZIP, -EFBIG, 0);
}

static void damage_is_refused(void **state)
{
    char bytes[4096];
    size_t size = pack(OUT_MAX, 31, bytes, sizeof(bytes));
    for (size_t cut = 0; cut < size; cut++) {
        assert_unpacks(slice_of(bytes, cut), UNPACKING_GZIP, -EBADMSG, 0);
    }
    bytes[size - 1] ^= 1;
    assert_unpacks(slice_of(bytes, size), UNPACKING_GZIP, -EBADMSG, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unpacks_what_was_packed),
        cmocka_unit_test(members_follow_each_other),
        cmocka_unit_test(a_bomb_is_refused),
        cmocka_unit_test(damage_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
