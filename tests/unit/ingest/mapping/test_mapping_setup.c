#include "base/base.h"
#include "ingest/mapping/mapping_internal.h"
#include "tests/mapping_rig.h"

#include <setjmp.h>
#include <cmocka.h>

static void refused_configuration(const char *pair, const char *part)
{
    struct rig rig;
    assert_int_equal(rig_init(&rig, &pair, 1, NULL), -EINVAL);
    if (!strstr(rig.why, part)) { fail_msg("%s: \"%s\" names no \"%s\"", pair, rig.why, part); }
    assert_null(rig.mapping);
    rig_clear(&rig);
}

static void refuses_bad_configuration(void **state)
{
    refused_configuration("map.user=", "map.user=: ");
    refused_configuration("map.time=", "map.time");
    refused_configuration("map.user=a..b", "user.id, items[2].sku");
    refused_configuration("map.user==1.5", "a text or an integer");
    refused_configuration("map.weight==heavy", "a number");
    refused_configuration("map.sequence==1.5", "an integer");
    refused_configuration("map.time==yesterday", "time.format");
    refused_configuration("map.time==999999999999999", "time.format");
    refused_configuration("map.id==e1", "repeat of the first");
    refused_configuration("map.action==SMILE", "action.");
    refused_configuration("action.buy=BUY", "action.buy=BUY");
    refused_configuration("action.default=", "action.default");
    refused_configuration("map.user=a|", "map.user=a|");
    refused_configuration("map.user=a|b|c|d|e|f|g|h|i", "at most 8");
    refused_configuration("kind.x=delete", "becomes=Item");
    refused_configuration("kind.default=skip", "kind.default=skip");
    refused_configuration("time.format=avro", "source.format=avro");
    refused_configuration("created.format=avro", "source.format=avro");
    refused_configuration("map.kind=a[*].k", "the whole record's");
    refused_configuration("map.user=$header", "$header.ce_id");
    refused_configuration("map.user=$header.a.b", "$header[\"a.b\"]");
}

static void refused_pairs(const char *const *pairs, size_t count, const char *part)
{
    struct rig rig;
    assert_int_equal(rig_init(&rig, pairs, count, NULL), -EINVAL);
    if (!strstr(rig.why, part)) { fail_msg("\"%s\" names no \"%s\"", rig.why, part); }
    rig_clear(&rig);
}

#define REFUSED(part, ...)                                                                         \
    refused_pairs((const char *const[]){__VA_ARGS__},                                              \
                  sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *), part)

/* A header is a text: where only a number serves, every record would be refused. */
static void headers_are_texts(void **state)
{
    refused_configuration("map.weight=w|$header.w", "numbers.as.text=true");
    refused_configuration("map.sequence=$header.s", "numbers.as.text=true");
    refused_configuration("map.time=$header.ce_time", "time.format=iso8601");
    REFUSED("time.format=iso8601", "becomes=Item", "map.created=$header.ce_time");
    REFUSED("never a list", "becomes=Item", "map.vector=$header.v", "numbers.as.text=true");
    struct rig rig;
    static const char *const times[] = {"map.time=$header.ce_time", "time.format=iso8601"};
    static const char *const numbers[] = {"map.time=$header.t", "map.weight=$header.w",
                                          "numbers.as.text=true"};
    assert_int_equal(rig_init(&rig, times, ARRAY_COUNT(times), NULL), 0);
    rig_clear(&rig);
    assert_int_equal(rig_init(&rig, numbers, ARRAY_COUNT(numbers), NULL), 0);
    rig_clear(&rig);
}

static void each_target_has_its_fields(void **state)
{
    REFUSED("map.item", "becomes=Item", "map.item=");
    REFUSED("map.user", "becomes=UserProfile", "map.user=");
    REFUSED("map.tags", "becomes=Item", "map.tags=a..b");
    REFUSED("at most 16", "becomes=Item", "map.tags=a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q");
    REFUSED("true or false", "becomes=Item", "map.available=={}");
    REFUSED("a year", "becomes=UserProfile", "map.birth.year==x");
    REFUSED("list of numbers", "becomes=Item", "map.vector==1");
    REFUSED("as created.format", "becomes=Item", "map.created==x", "created.format=iso8601");
    /* What the others have is not looked at. */
    struct rig rig;
    static const char *const pairs[] = {"becomes=Item", "map.user=..", "map.time=",
                                        "map.country=["};
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), NULL), 0);
    assert_null(rig.mapping->sets[0].choices[MAPPED_USER]);
    assert_non_null(rig.mapping->sets[0].choices[MAPPED_TITLE]);
    rig_clear(&rig);
}

static void arrays_are_numbered(void **state)
{
    struct rig rig;
    static const char *const pairs[] = {"map.weight=a.l[*].y|q[*]",
                                        "map.item=x|a.l[*].x|b[*].c[*].x", "map.id=b[*].id|id"};
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), NULL), 0);
    const struct spread *spread = &rig.mapping->sets[0].spread;
    assert_int_equal(spread->arrays_count, 4);
    static const struct {
        int parent;
        bool of_main;
    } arrays[] = {{-1, true}, {-1, true}, {1, true}, {-1, false}};
    for (size_t i = 0; i < ARRAY_COUNT(arrays); i++) {
        assert_int_equal(spread->arrays[i].parent, arrays[i].parent);
        assert_int_equal(spread->arrays[i].of_main, arrays[i].of_main);
    }
    rig_clear(&rig);
    REFUSED("no [*] here", "map.kind=a[*].x");
}

static void formats_are_checked(void **state)
{
    REFUSED("a format is ms", "time.format=iso");
    REFUSED("a format is ms", "time.format=%H:%M");
    REFUSED("a format is ms", "becomes=Item", "created.format=ms|");
    REFUSED("no time", "map.user=a:ms");
    REFUSED("ids and weights", "map.time=a:decimal");
    REFUSED("neither joined", "becomes=Item", "map.tags=a+b");
    REFUSED("at most 8 formats", "time.format=s|s|s|s|s|s|s|s|s");
    REFUSED("tombstones", "tombstones=delete");
    REFUSED("tombstones", "becomes=Item", "tombstones=forget");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_bad_configuration),
        cmocka_unit_test(headers_are_texts),
        cmocka_unit_test(each_target_has_its_fields),
        cmocka_unit_test(arrays_are_numbered),
        cmocka_unit_test(formats_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
