#include "base/base.h"
#include "base/buf.h"
#include "ingest/mapping/spread.h"
#include "ingest/mapping/tag_sources.h"

#include <setjmp.h>
#include <cmocka.h>

static const char document_text[] =
    "{\"genre\":\"Drama\",\"make\":{\"name\":\"Acme\"},\"labels\":[\"new\",3,true,null,{},2.5],"
    "\"lines\":[{\"c\":\"red\",\"s\":[\"x\",\"y\"]},{\"c\":\"blue\"},{}],\"flat\":\"a| b ||c\"}";

/* As if a header, a key or a timestamp were that text. */
static json_t *beside(void *arg, const struct field_path *path)
{
    assert_true(field_path_beside(path));
    return arg;
}

static size_t level(void *arg, int array)
{
    (void)arg;
    return (size_t)array + 1;
}

static void expect(const char *sources_text, const char *separator, const char *spread,
                   size_t element, const char *expected)
{
    struct arena *arena = arena_new(1024);
    json_t *document = json_loads(document_text, 0, NULL);
    struct tag_sources *sources;
    struct field_path *array = NULL;
    const char *why = "";
    assert_non_null(document);
    if (tag_sources_new(sources_text, separator, &sources, &why)) {
        fail_msg("%s: %s", sources_text, why);
    }
    json_t *elements[SPREAD_ARRAYS_MAX] = {NULL};
    struct spread arrays = {.arrays_count = 0};
    if (spread) {
        assert_int_equal(field_path_new(slice_str(spread), &array, &why), 0);
        assert_int_equal(spread_add(&arrays, array, true, &why), 0);
        elements[0] = json_array_get(field_path_find(array, document), element);
    }
    struct field_choice *choice;
    for (size_t i = 0; (choice = tag_sources_at(sources, i)); i++) {
        for (size_t k = 0; k < choice->count; k++) { spread_recognise(&arrays, choice->paths[k]); }
    }
    json_t *text = json_string("new|used");
    const struct tagged tagged = {
        .document = document, .elements = elements, .level = level, .beside = beside, .arg = text};
    struct slices tags = tag_sources_collect(sources, &tagged, 100, arena);
    struct buf joined;
    buf_init(&joined, 4096);
    for (size_t i = 0; i < tags.count; i++) {
        buf_printf(&joined, "%s%.*s", i ? ";" : "", SLICE_ARGS(tags.at[i]));
    }
    if (!slice_equal(buf_slice(&joined), slice_str(expected))) {
        fail_msg("%s: \"%.*s\", expected \"%s\"", sources_text, SLICE_ARGS(buf_slice(&joined)),
                 expected);
    }
    buf_release(&joined);
    field_path_free(array);
    tag_sources_free(sources);
    json_decref(document);
    json_decref(text);
    arena_free(arena);
}

static void collects_in_order(void **state)
{
    expect("genre", "", NULL, 0, "Drama");
    expect("genre, brand=make.name ,none", "", NULL, 0, "Drama;brand=Acme");
    expect("labels", "", NULL, 0, "new;3;true;2.5");
    expect("none|make.name|genre", "", NULL, 0, "Acme");
    expect("=shop,sort==x", "", NULL, 0, "shop;sort=x");
    expect("", "", NULL, 0, "");
    expect("flat", "|", NULL, 0, "a;b;c");
    expect("f=flat", "||", NULL, 0, "f=a| b;f=c");
    expect("flat", "", NULL, 0, "a| b ||c");
    expect("lines[*].c", "", NULL, 0, "red;blue");
    expect("s=lines[*].s", "", NULL, 0, "s=x;s=y");
    expect("[\"genre\"]", "", NULL, 0, "Drama");
}

static void what_stands_beside_the_document(void **state)
{
    expect("state=$header.ce_state,genre", "", NULL, 0, "state=new|used;Drama");
    expect("$header[\"a,b\"]", "|", NULL, 0, "new;used");
    expect("none|$key", "", NULL, 0, "new|used");
    expect("genre|$header.x,lines[*].c", "", "lines[*].id", 1, "Drama;blue");
}

static void a_spread_record_has_each_elements(void **state)
{
    expect("genre,lines[*].c", "", "lines[*].id", 0, "Drama;red");
    expect("genre,lines[*].c", "", "lines[*].id", 1, "Drama;blue");
    expect("lines[*].c", "", "lines[*].id", 2, "");
    expect("lines[*].c", "", "labels[*].id", 0, "red;blue");
}

static void limits_hold(void **state)
{
    struct tag_sources *sources;
    const char *why = NULL;
    assert_int_equal(tag_sources_new("a,b..c", "", &sources, &why), -EINVAL);
    assert_int_equal(tag_sources_new("a,,b", "", &sources, &why), -EINVAL);
    assert_int_equal(tag_sources_new("1,2,3,4,5,6,7,8,9,0,a,b,c,d,e,f,g", "", &sources, &why),
                     -EINVAL);
    assert_non_null(why);
    assert_null(tag_sources_free(NULL));
    struct arena *arena = arena_new(1024);
    json_t *document = json_loads("{\"t\":[1,2,3,4,5]}", 0, NULL);
    assert_int_equal(tag_sources_new("t", "", &sources, &why), 0);
    const struct tagged tagged = {.document = document};
    assert_int_equal(tag_sources_collect(sources, &tagged, 3, arena).count, 4);
    assert_non_null(tag_sources_at(sources, 0));
    assert_null(tag_sources_at(sources, 1));
    tag_sources_free(sources);
    json_decref(document);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(collects_in_order),
        cmocka_unit_test(what_stands_beside_the_document),
        cmocka_unit_test(a_spread_record_has_each_elements),
        cmocka_unit_test(limits_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
