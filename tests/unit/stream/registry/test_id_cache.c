#include "base/base.h"
#include "base/directory.h"
#include "base/xalloc.h"
#include "stream/registry/id_cache.h"

#include <setjmp.h>
#include <unistd.h>
#include <cmocka.h>

static size_t load(const char *path, const char *url, uint32_t id, bool want)
{
    struct schema_cache *schemas = schema_cache_new();
    struct id_cache *cache = id_cache_open(path, url);
    size_t count = id_cache_load(cache, schemas);
    struct frame frame = {.framing = FRAMING_CONFLUENT, .number = id};
    assert_true((schema_cache_find(schemas, frame) != NULL) == want);
    id_cache_free(cache);
    schema_cache_free(schemas);
    return count;
}

static void put(const char *path, const char *url, uint32_t id, const char *schema)
{
    struct id_cache *cache = id_cache_open(path, url);
    id_cache_put(cache, id, schema);
    id_cache_free(cache);
}

static void test_kept(void **state)
{
    char dir[] = "/tmp/freshet-ids-XXXXXX";
    assert_non_null(mkdtemp(dir));
    _cleanup_(xfreep) char *path = xprintf("%s/deep/schemas", dir);
    put(path, "http://a", 17, "\"int\"");
    put(path, "http://a", 18, "\"long\"");
    put(path, "http://a", 18, "\"string\"");
    put(path, "http://a", 19, "no schema");
    assert_int_equal(load(path, "http://a", 17, true), 2);
    assert_int_equal(load(path, "http://a", 19, false), 2);
    /* another registry's ids mean other things */
    assert_int_equal(load(path, "http://b", 17, false), 0);
    assert_int_equal(load(path, "http://a", 17, false), 0);
    assert_int_equal(directory_delete(dir), 0);
}

static void test_nowhere(void **state)
{
    static const char path[] = "/proc/nowhere/schemas";
    put(path, "http://a", 17, "\"int\"");
    assert_int_equal(load(path, "http://a", 17, false), 0);
    id_cache_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
