#include "base/base.h"
#include "serve/placed_list.h"

#include <setjmp.h>
#include <cmocka.h>

enum { PLACES = 3 };

struct columns {
    struct slice items[2], because[2], placements[2], placed[PLACES], rules[PLACES];
    struct slice placed_because[PLACES];
    float scores[2], evidence[2], shares[2], placed_scores[PLACES], placed_evidence[PLACES],
        placed_shares[PLACES], probabilities[PLACES];
    int32_t reasons[2], counts[2], removal_counts[2], ranks[PLACES], placed_reasons[PLACES];
};

/* The list itself: a b; the placement p: a, q: b z. */
static struct recommendation_list list_of(struct columns *c)
{
    *c = (struct columns){
        .items = {slice_str("a"), slice_str("b")}, .because = {slice_str(""), slice_str("x")},
        .reasons = {REASON_POPULAR, REASON_BECAUSE}, .evidence = {9, 4}, .shares = {0, 0.5F},
        .placements = {slice_str("p"), slice_str("q")}, .counts = {1, 2},
        .placed = {slice_str("a"), slice_str("b"), slice_str("z")},
        .placed_because = {slice_str(""), slice_str("y"), slice_str("x")},
        .placed_reasons = {REASON_POPULAR, REASON_BECAUSE, REASON_TAGS},
        .placed_evidence = {9, 3, 2}, .placed_shares = {0, 0.25F, 1}, .ranks = {1, 1, 7},
        .rules = {slice_str(""), slice_str(""), slice_str("")}, .probabilities = {0, 0, 0.25F}};
    return (struct recommendation_list){
        .items = {c->items, 2}, .scores = {c->scores, 2}, .reasons = {c->reasons, 2},
        .because = {c->because, 2}, .evidence = {c->evidence, 2}, .shares = {c->shares, 2},
        .placements = {c->placements, 2}, .placement_counts = {c->counts, 2},
        .removal_counts = {c->removal_counts, 2}, .placement_items = {c->placed, PLACES},
        .placement_scores = {c->placed_scores, PLACES}, .placement_ranks = {c->ranks, PLACES},
        .placement_rules = {c->rules, PLACES}, .placement_reasons = {c->placed_reasons, PLACES},
        .placement_because = {c->placed_because, PLACES},
        .placement_evidence = {c->placed_evidence, PLACES},
        .placement_shares = {c->placed_shares, PLACES},
        .placement_probabilities = {c->probabilities, PLACES}};
}

static void check_place(const struct recommendation_list *list, size_t at, const char *item,
                        int32_t reason, const char *because, float evidence, float share)
{
    assert_true(slice_equal(list->items.at[at], slice_str(item)));
    assert_int_equal(list->reasons.at[at], reason);
    assert_true(slice_equal(list->because.at[at], slice_str(because)));
    assert_true(list->evidence.at[at] == evidence && list->shares.at[at] == share);
}

static void reasons_are_those_of_the_placement(void **state _unused_)
{
    struct columns columns;
    struct arena *arena = arena_new(1 << 10);
    struct recommendation_list list = list_of(&columns);
    assert_true(placed_list_choose(&list, slice_str("q"), arena));
    assert_true(list_columns_agree(&(struct recommendation_list){
        .items = list.items, .scores = list.scores, .reasons = list.reasons,
        .because = list.because, .evidence = list.evidence, .shares = list.shares}));
    assert_int_equal(list.items.count, 2);
    check_place(&list, 0, "b", REASON_BECAUSE, "y", 3, 0.25F);
    check_place(&list, 1, "z", REASON_TAGS, "x", 2, 1);
    assert_int_equal(list.placement_ranks.at[1], 7);
    assert_int_equal(list.placement_probabilities.count, 2);
    assert_true(list.placement_probabilities.at[1] == 0.25F);
    list = list_of(&columns);
    list.placement_probabilities.count = 2; /* of an earlier release, or anybody's */
    assert_true(placed_list_choose(&list, slice_str("q"), arena));
    assert_int_equal(list.placement_probabilities.count, 0);
    arena_free(arena);
}

/* A list of an earlier release, or one whose columns do not fit. */
static void other_lists_have_those_of_the_list_itself(void **state _unused_)
{
    struct columns columns;
    struct arena *arena = arena_new(1 << 10);
    for (int which = 0; which < 4; which++) {
        struct recommendation_list list = list_of(&columns);
        if (which == 0) { list.placement_reasons.count--; }
        if (which == 1) { list.placement_because.count = 0; }
        if (which == 2) { list.placement_evidence.count++; }
        if (which == 3) { list.placement_shares.count = 0; }
        assert_true(placed_list_choose(&list, slice_str("q"), arena));
        assert_int_equal(list.items.count, 2);
        check_place(&list, 0, "b", REASON_BECAUSE, "x", 4, 0.5F);
        check_place(&list, 1, "z", REASON_OTHER, "", 0, 0);
    }
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reasons_are_those_of_the_placement),
        cmocka_unit_test(other_lists_have_those_of_the_list_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
