#include "base/base.h"
#include "base/buf.h"
#include "tests/mapping_rig.h"

#include <setjmp.h>
#include <cmocka.h>

/* What a record becomes: item:weight:sequence:id of each event, or the reason of its refusal. */
static void becomes(struct rig *rig, const char *value, const char *expected)
{
    struct buf text;
    buf_init(&text, 4096);
    const char *reason = rig_apply(rig, slice_str(value));
    for (size_t i = 0; !reason && i < rig->outcome.count; i++) {
        const struct user_event *ev = rig->outcome.at[i].object;
        buf_printf(&text, "%s%.*s:%g:%" PRId64 ":%.*s", i ? " " : "", SLICE_ARGS(ev->item_id),
                   ev->weight, ev->sequence, SLICE_ARGS(ev->event_id));
    }
    if (reason) { buf_printf(&text, "%s", reason); }
    if (!slice_equal(buf_slice(&text), slice_str(expected))) {
        fail_msg("%s: %.*s, expected %s", value, SLICE_ARGS(buf_slice(&text)), expected);
    }
    buf_release(&text);
}

#define MAKE(...)                                                                                  \
    static const char *const pairs[] = {"map.action==VIEW", "map.time=$timestamp", "map.id=e",     \
                                        "map.user=u|=u", __VA_ARGS__};                             \
    struct rig rig;                                                                                \
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), NULL), 0)

static void the_first_array_that_is_there(void **state)
{
    MAKE("map.item=a[*].x|b.c[*].x|x", "map.weight=a[*].n|b.c[*].n");
    becomes(&rig, "{\"e\":1,\"a\":[{\"x\":1},{\"x\":2,\"n\":3}]}", "1:1:0:1#000 2:3:1:1#001");
    becomes(&rig, "{\"e\":2,\"b\":{\"c\":[{\"x\":7,\"n\":2}]}}", "7:2:0:2#000");
    becomes(&rig, "{\"e\":3,\"x\":9}", "9:1:0:3");
    becomes(&rig, "{\"e\":4,\"a\":[],\"b\":{\"c\":[{\"x\":7}]}}", "7:1:0:4#000");
    becomes(&rig, "{\"e\":5,\"a\":null,\"b\":{\"c\":{}},\"x\":9}", "9:1:0:5");
    becomes(&rig, "{\"e\":6,\"a\":[{\"x\":1}],\"b\":{\"c\":[{\"x\":7}]}}", "1:1:0:6#000");
    becomes(&rig, "{\"e\":7}", "missing_item");
    rig_clear(&rig);
}

static void an_object_for_an_array(void **state)
{
    MAKE("map.item=a[*].x", "map.weight=a[*].n");
    becomes(&rig, "{\"e\":1,\"a\":{\"x\":5}}", "5:1:0:1#000");
    becomes(&rig, "{\"e\":2,\"a\":{\"17\":{\"x\":1},\"18\":{\"x\":2,\"n\":4}}}",
            "1:1:0:2#000 2:4:1:2#001");
    becomes(&rig, "{\"e\":2,\"a\":{\"17\":null,\"18\":{\"x\":2,\"n\":4}}}", "2:4:1:2#001");
    becomes(&rig, "{\"e\":2,\"a\":{\"17\":null}}", "missing_item");
    becomes(&rig, "{\"e\":3,\"a\":{\"x\":{\"y\":1}}}", "wrong_type");
    becomes(&rig, "{\"e\":4,\"a\":{\"k\":1}}", "missing_item");
    becomes(&rig, "{\"e\":5,\"a\":\"[{\\\"x\\\":8}]\"}", "8:1:0:5#000");
    becomes(&rig, "{\"e\":6,\"a\":[\"{\\\"x\\\":8}\"]}", "8:1:0:6#000");
    becomes(&rig, "{\"e\":7,\"a\":\"x\"}", "missing_item");
    rig_clear(&rig);
}

static void elements_with_an_empty_id(void **state)
{
    MAKE("map.item=a[*].x");
    becomes(&rig, "{\"e\":1,\"a\":[{\"x\":\"\"},{\"x\":2},{\"x\":\" \"}]}", "2:1:1:1#001");
    assert_int_equal(rig.outcome.skipped, 2);
    becomes(&rig, "{\"e\":2,\"a\":[{\"x\":\"\"}]}", "empty_id");
    becomes(&rig, "{\"e\":3,\"a\":[{\"x\":\"\"},{}]}", "empty_id");
    becomes(&rig, "{\"e\":4,\"a\":[{\"x\":\"\"},{\"x\":null}]}", "");
    rig_clear(&rig);
}

static void elements_without_an_id(void **state)
{
    MAKE("map.item=a[*].x", "absent.values=-");
    becomes(&rig, "{\"e\":1,\"a\":[{\"x\":1},{\"x\":null},{\"x\":3}]}", "1:1:0:1#000 3:1:2:1#002");
    assert_int_equal(rig.outcome.skipped, 1);
    becomes(&rig, "{\"e\":2,\"a\":[{},{\"x\":\"-\"},{\"x\":3}]}", "3:1:2:2#002");
    assert_int_equal(rig.outcome.skipped, 2);
    becomes(&rig, "{\"e\":3,\"a\":[{\"x\":null}]}", "");
    becomes(&rig, "{\"e\":4,\"a\":[{\"x\":\"-\"},{}]}", "");
    becomes(&rig, "{\"e\":5,\"a\":[{\"y\":1},{\"y\":2}]}", "missing_item");
    becomes(&rig, "{\"e\":6,\"a\":[null,{\"x\":1}]}", "1:1:1:6#001");
    becomes(&rig, "{\"e\":7,\"a\":[{\"x\":1},{\"x\":[]}]}", "wrong_type");
    rig_clear(&rig);
}

static void or_they_refuse_the_record(void **state)
{
    MAKE("map.item=a[*].x", "elements.without.id=refuse");
    becomes(&rig, "{\"e\":1,\"a\":[{\"x\":1},{\"x\":null}]}", "missing_item");
    rig_clear(&rig);
}

static void arrays_in_arrays(void **state)
{
    MAKE("map.item=o[*].l[*].x|o[*].x", "map.weight=o[*].n", "map.sequence=o[*].s|s");
    becomes(&rig, "{\"e\":1,\"o\":[{\"n\":2,\"l\":[{\"x\":1},{\"x\":2}]},{\"n\":3,\"l\":{\"x\":3}},"
                  "{\"x\":4}]}",
            "1:2:0:1#000 2:2:1:1#001 3:3:2:1#002 4:1:3:1#003");
    becomes(&rig, "{\"e\":2,\"s\":10,\"o\":[{\"l\":[{\"x\":1},{\"x\":2}]}]}",
            "1:1:10:2#000 2:1:11:2#001");
    becomes(&rig, "{\"e\":3,\"o\":[{\"s\":5,\"l\":[{\"x\":1}]}]}", "1:1:5:3#000");
    rig_clear(&rig);
}

static void arrays_directly_in_arrays(void **state)
{
    MAKE("map.item=m[*][*]");
    becomes(&rig, "{\"e\":1,\"m\":[[1,2],[],[\"c\"]]}", "1:1:0:1#000 2:1:1:1#001 c:1:3:1#003");
    becomes(&rig, "{\"e\":2,\"m\":[7,8]}", "7:1:0:2#000 8:1:1:2#001");
    rig_clear(&rig);
}

/* Arrays that the item does not name go beside its own by index. */
static void parallel_arrays(void **state)
{
    MAKE("map.item=ids[*]", "map.weight=amounts[*]", "map.id=own[*]|e");
    becomes(&rig, "{\"e\":1,\"ids\":[1,2,3],\"amounts\":[4,5]}",
            "1:4:0:1#000 2:5:1:1#001 3:1:2:1#002");
    becomes(&rig, "{\"e\":2,\"ids\":[1,2],\"own\":[\"a\",\"b\"]}", "1:1:0:a 2:1:1:b");
    becomes(&rig, "{\"e\":3,\"ids\":\"p\"}", "p:1:0:3#000");
    becomes(&rig, "{\"e\":4,\"ids\":\"p\",\"amounts\":3}", "p:3:0:4#000");
    becomes(&rig, "{\"e\":5,\"ids\":[\"p\",\"q\"],\"amounts\":3}", "p:3:0:5#000 q:1:1:5#001");
    becomes(&rig, "{\"e\":6,\"ids\":\"p\",\"amounts\":[2,3],\"own\":\"a\"}", "p:2:0:a");
    becomes(&rig, "{\"e\":7,\"ids\":\"W10\"}", "W10:1:0:7#000");
    rig_clear(&rig);
}

static void a_document_is_an_array(void **state)
{
    MAKE("map.item=[*].x", "map.id=[*].e");
    becomes(&rig, "[{\"x\":1,\"e\":8},{\"x\":2,\"e\":9}]", "1:1:0:8 2:1:1:9");
    becomes(&rig, "{\"x\":1,\"e\":8}", "1:1:0:8");
    rig_clear(&rig);
}

static void limits_count_what_is_mapped(void **state)
{
    MAKE("map.item=o[*].l[*]", "source.record.elements.max=3");
    becomes(&rig, "{\"e\":1,\"o\":[{\"l\":[1,2]},{\"l\":[3]}]}",
            "1:1:0:1#000 2:1:1:1#001 3:1:2:1#002");
    becomes(&rig, "{\"e\":2,\"o\":[{\"l\":[1,2]},{\"l\":[3,4]}]}", "too_many_elements");
    rig_clear(&rig);
}

/* A kind of record has its own arrays. */
static void kinds_have_their_own_arrays(void **state)
{
    MAKE("map.item=x", "map.kind=k", "kind.order.map.item=l[*].x", "kind.cart.map.item=c[*]",
         "kind.cart.map.weight=n", "kind.no=ignore");
    becomes(&rig, "{\"e\":1,\"k\":\"view\",\"x\":1,\"l\":[{\"x\":2}]}", "1:1:0:1");
    becomes(&rig, "{\"e\":2,\"k\":\"order\",\"x\":1,\"l\":[{\"x\":2}]}", "2:1:0:2#000");
    becomes(&rig, "{\"e\":3,\"k\":\"cart\",\"c\":[7,8],\"n\":4}", "7:4:0:3#000 8:4:1:3#001");
    becomes(&rig, "{\"e\":4,\"k\":\"no\"}", "");
    rig_clear(&rig);
}

static void ids_are_joined(void **state)
{
    MAKE("map.item=l[*].shop+\"/\"+l[*].x+\"|\"+v|l[*].x");
    becomes(&rig, "{\"e\":1,\"v\":2.0,\"l\":[{\"shop\":\"de \",\"x\":1},{\"x\":3}]}",
            "de/1|2:1:0:1#000 3:1:1:1#001");
    becomes(&rig, "{\"e\":2,\"v\":[],\"l\":[{\"shop\":\"de\",\"x\":1}]}", "wrong_type");
    rig_clear(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_array_that_is_there),
        cmocka_unit_test(an_object_for_an_array),
        cmocka_unit_test(elements_with_an_empty_id),
        cmocka_unit_test(elements_without_an_id),
        cmocka_unit_test(or_they_refuse_the_record),
        cmocka_unit_test(arrays_in_arrays),
        cmocka_unit_test(arrays_directly_in_arrays),
        cmocka_unit_test(parallel_arrays),
        cmocka_unit_test(a_document_is_an_array),
        cmocka_unit_test(limits_count_what_is_mapped),
        cmocka_unit_test(kinds_have_their_own_arrays),
        cmocka_unit_test(ids_are_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
