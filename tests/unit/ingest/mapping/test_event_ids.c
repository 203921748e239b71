#include "base/base.h"
#include "ingest/mapping/event_ids.h"

#include <setjmp.h>
#include <cmocka.h>

static void assert_id(struct slice id, const char *expected)
{
    if (!slice_equal(id, slice_str(expected))) {
        fail_msg("%.*s, expected %s", SLICE_ARGS(id), expected);
    }
}

static void ids_tell_where_they_come_from(void **state)
{
    const struct record rec = {.topic = "shop.orders", .partition = 3, .offset = 42};
    struct arena *arena = arena_new(4096);
    struct slice made = event_id_of_origin(&rec, arena);
    assert_id(made, "shop.orders-3-000000000042");
    assert_id(event_id_numbered(made, 7, arena), "shop.orders-3-000000000042#007");
    assert_id(event_id_numbered(slice_str("a"), 99999, arena), "a#99999");
    assert_id(event_id_of_source(slice_str("orders"), slice_str("1001"), arena), "orders/1001");
    arena_free(arena);
}

/* An id that would be too long with the source's name becomes its digest. */
static void long_ids_of_sources_are_digests(void **state)
{
    static char name[ID_BYTES_MAX + 1];
    struct arena *arena = arena_new(4096);
    memset(name, 'x', ID_BYTES_MAX - 2);
    struct slice fits = event_id_of_source(slice_str("s"), slice_str(name), arena);
    assert_int_equal(fits.size, ID_BYTES_MAX);
    name[ID_BYTES_MAX - 2] = 'x';
    struct slice digest = event_id_of_source(slice_str("s"), slice_str(name), arena);
    assert_int_equal(digest.size, 2 + 64);
    assert_memory_equal(digest.data, "s/", 2);
    arena_free(arena);
}

static void digests_are_hex(void **state)
{
    char hex[2 * DIGEST_BYTES + 1], other[2 * DIGEST_BYTES + 1];
    event_id_digest(slice_str("abc"), hex);
    assert_int_equal(strspn(hex, "0123456789abcdef"), 64);
    event_id_digest(slice_str("abc"), other);
    assert_string_equal(hex, other);
    event_id_digest(slice_str("abd"), other);
    assert_string_not_equal(hex, other);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_tell_where_they_come_from),
        cmocka_unit_test(long_ids_of_sources_are_digests),
        cmocka_unit_test(digests_are_hex),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
