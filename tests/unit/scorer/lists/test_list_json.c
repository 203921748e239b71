#include "base/base.h"
#include "scorer/lists/list_json.h"

#include <jansson.h>
#include <setjmp.h>
#include <cmocka.h>

enum { ITEMS = 2 };

static struct slice items[ITEMS], because[ITEMS];
static float scores[ITEMS] = {0.1F, 1e-9F}, evidence[ITEMS] = {31.5F, 0.0F}, shares[ITEMS] = {1};
static int32_t reasons[ITEMS] = {REASON_BECAUSE, 99};
static struct slice names[2], placed[3], rules[3], ids[2], placed_because[3];
static int32_t placed_reasons[3] = {REASON_POPULAR, REASON_NEW, REASON_TAGS};
static float placed_evidence[3] = {3, 0, 2}, placed_shares[3] = {0, 0, 0.5F};
static float probabilities[3] = {0, 0, 0.25F};
static int32_t counts[2] = {1, 2}, ranks[3] = {4, 0, 1};
static float placed_scores[3] = {1, 0.5F, 0.25F};

static struct recommendation_list make_list(void)
{
    items[0] = slice_str("a\"b\n");
    items[1] = slice_str("湧き水");
    because[0] = slice_str("c");
    because[1] = slice_str("");
    names[0] = slice_str("home");
    names[1] = slice_str("mail");
    ids[0] = slice_str("home::1");
    ids[1] = slice_str("mail::2");
    for (int k = 0; k < 3; k++) {
        placed[k] = slice_str("x");
        rules[k] = slice_str(k ? "pin.p" : "");
        placed_because[k] = slice_str(k == 2 ? "c" : "");
    }
    return (struct recommendation_list){
        .user_id = slice_str("u"), .items = {items, ITEMS}, .scores = {scores, ITEMS},
        .reasons = {reasons, ITEMS}, .because = {because, ITEMS}, .evidence = {evidence, ITEMS},
        .shares = {shares, ITEMS}, .model = slice_str("item-item"), .made_by = slice_str("mixture"),
        .vectors = slice_str("v1"), .generation = slice_str("g2"),
        .list_id = slice_str("main:g2:0"),
        .cause = CAUSE_RULES, .actions = 7, .event_time_ms = 8, .input_partition = 3,
        .input_offset = 9, .as_of_ms = 10, .provisional = true,
        .rules_offset = 11, .placements = {names, 2},
        .placement_counts = {counts, 2}, .placement_items = {placed, 3},
        .placement_scores = {placed_scores, 3}, .placement_ranks = {ranks, 3},
        .placement_rules = {rules, 3}, .placement_reasons = {placed_reasons, 3},
        .placement_because = {placed_because, 3}, .placement_evidence = {placed_evidence, 3},
        .placement_shares = {placed_shares, 3}, .placement_list_ids = {ids, 2},
        .placement_probabilities = {probabilities, 3}};
}

static json_t *print(const struct recommendation_list *list)
{
    struct buf out;
    json_error_t error;
    buf_init(&out, 1 << 16);
    list_json_print(list, &out);
    assert_false(buf_failed(&out));
    json_t *object = json_loadb(out.data, out.size, JSON_REJECT_DUPLICATES, &error);
    if (!object) { fail_msg("%s: %.*s", error.text, SLICE_ARGS(buf_slice(&out))); }
    buf_release(&out);
    return object;
}

static void test_whole_list(void **state _unused_)
{
    struct recommendation_list list = make_list();
    json_t *object = print(&list), *want = json_pack(
        "{s:s, s:[{s:s,s:s,s:s,s:f,s:f,s:f}, {s:s,s:s,s:s,s:f,s:f,s:f}], s:s, s:s, s:s, s:s, s:s, "
        "s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I}",
        "user", "u", "items",
        "item", "a\"b\n", "reason", "because", "because", "c", "share", 1.0, "evidence", 31.5,
        "score", 0.100000001,
        "item", "湧き水", "reason", "other", "because", "", "share", 0.0, "evidence", 0.0, "score",
        9.99999972e-10,
        "cause", "rules", "list_id", "main:g2:0", "generation", "g2", "ranking", "item-item",
        "made_by", "mixture", "model_version", "v1",
        "provisional", 1,
        "rules_offset", (json_int_t)11, "actions", (json_int_t)7, "event_time_ms", (json_int_t)8,
        "input_partition", (json_int_t)3, "input_offset", (json_int_t)9, "as_of_ms",
        (json_int_t)10);
    json_t *placements = json_incref(json_object_get(object, "placements"));
    assert_int_equal(json_object_del(object, "placements"), 0);
    char *got_text = json_dumps(object, JSON_SORT_KEYS | JSON_REAL_PRECISION(9));
    char *want_text = json_dumps(want, JSON_SORT_KEYS | JSON_REAL_PRECISION(9));
    assert_non_null(strstr(got_text, "\"score\""));
    json_t *items_of = json_object_get(object, "items");
    for (size_t k = 0; k < ITEMS; k++) { /* a whole number has no point in our text */
        json_t *one = json_array_get(items_of, k);
        static const char *const reals[] = {"share", "evidence", "score"};
        for (size_t r = 0; r < 3; r++) {
            double value = json_number_value(json_object_get(one, reals[r]));
            json_object_set_new(one, reals[r], json_real(value));
        }
    }
    free(got_text);
    got_text = json_dumps(object, JSON_SORT_KEYS | JSON_REAL_PRECISION(9));
    assert_string_equal(got_text, want_text);
    free(got_text);
    free(want_text);
    assert_int_equal(json_array_size(placements), 2);
    json_t *mail = json_array_get(placements, 1);
    assert_string_equal(json_string_value(json_object_get(mail, "placement")), "mail");
    assert_string_equal(json_string_value(json_object_get(mail, "list_id")), "mail::2");
    json_t *last = json_array_get(json_object_get(mail, "items"), 1);
    assert_int_equal(json_integer_value(json_object_get(last, "rank")), 1);
    assert_string_equal(json_string_value(json_object_get(last, "rule")), "pin.p");
    assert_string_equal(json_string_value(json_object_get(last, "reason")), "tags");
    assert_string_equal(json_string_value(json_object_get(last, "because")), "c");
    assert_true(json_number_value(json_object_get(last, "share")) == 0.5);
    assert_true(json_number_value(json_object_get(last, "evidence")) == 2.0);
    assert_true(json_number_value(json_object_get(last, "probability")) == 0.25);
    last = json_array_get(json_object_get(mail, "items"), 0);
    assert_null(json_object_get(last, "probability")); /* it was not drawn */
    json_decref(placements);
    json_decref(object);
    json_decref(want);
}

/* What others wrote may not fit. */
static void test_odd_columns(void **state _unused_)
{
    struct recommendation_list list = make_list();
    list.shares.count = 0;
    list.placement_list_ids.count = 1;
    list.placement_items.count = 2;
    list.placement_probabilities.count = 1;
    json_t *object = print(&list), *first = json_object_get(object, "placements");
    assert_int_equal(json_array_size(first), 1);
    first = json_array_get(json_object_get(json_array_get(first, 0), "items"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "reason")), "other");
    json_decref(object);
    counts[0] = -1;
    object = print(&list);
    assert_int_equal(json_array_size(json_object_get(object, "placements")), 0);
    json_decref(object);
    counts[0] = 1;
    list = (struct recommendation_list){.rules_offset = -1};
    object = print(&list);
    assert_int_equal(json_array_size(json_object_get(object, "items")), 0);
    json_decref(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_list),
        cmocka_unit_test(test_odd_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
