#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/leave_one_out.h"
#include "tests/unit/tiny_world.h"

#include <setjmp.h>
#include <cmocka.h>

#undef vsnprintf /* its arguments lie elsewhere */

/* Three users by hand; the second is too short to be asked about. */
static const struct user_action actions[] = {
    {.user = 0, .item = 0}, {.user = 0, .item = 1}, {.user = 0, .item = 2},
    {.user = 0, .item = 3}, {.user = 1, .item = 4}, {.user = 1, .item = 0},
    {.user = 2, .item = 4}, {.user = 2, .item = 3}, {.user = 2, .item = 4},
};

struct visit_log {
    char text[512];
};

static _printf_(2, 3) void note(struct visit_log *visits, const char *format, ...)
{
    size_t size = strlen(visits->text);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(visits->text + size, sizeof(visits->text) - size, format, args);
    va_end(args);
}

static void learn(void *self, const struct training_example *example)
{
    note(self, "%d:", example->user);
    for (size_t at = 0; at < example->before_count; at++) { note(self, "%d", example->before[at]); }
    note(self, ">%d ", example->item);
}

/* Prefers high numbers, and writes down whom it was asked for. */
static void score(void *self, const struct query *query, float *scores)
{
    note(self, "%d:", query->user);
    for (size_t at = 0; at < query->count; at++) { note(self, "%d", query->history[at]); }
    note(self, "? ");
    for (int32_t i = 0; i < query->items; i++) { scores[i] = (float)i; }
}

static const struct recommender noter = {.name = "noter", .learn = learn, .score = score};

static void test_protocol(void **state)
{
    struct sequences sequences;
    sequences_build(&sequences, actions, ARRAY_COUNT(actions), 3, 5);
    struct leave_users all = {.stride = 1}, second = {.stride = 2};
    struct visit_log visits = {""};
    leave_one_out_learn(&noter, &visits, &sequences, all, LEAVE_VALIDATION);
    assert_string_equal(visits.text, "0:>0 0:0>1 1:>4 1:4>0 2:>4 ");
    visits.text[0] = '\0';
    struct scoring scoring = {.score = score, .self = &visits};
    struct ranking_metrics hits = leave_one_out_evaluate(&scoring, &sequences, all, LEAVE_TEST);
    assert_string_equal(visits.text, "0:012? 2:43? ");
    /* User 0: item 3 is behind 4, rank 1. User 2: item 4 is in the history, a miss. */
    assert_int_equal(hits.asked, 2);
    assert_near(hits.hr10, .5, 1e-12);
    assert_near(hits.ndcg10, .5 / log2(3), 1e-12);
    visits.text[0] = '\0';
    hits = leave_one_out_evaluate(&scoring, &sequences, all, LEAVE_VALIDATION);
    assert_string_equal(visits.text, "0:01? 2:4? ");
    /* User 0: item 2 behind 4 and 3, rank 2. User 2: item 3, nothing before it but the history. */
    assert_near(hits.ndcg10, (1 / log2(4) + 1) / 2, 1e-12);
    visits.text[0] = '\0';
    leave_one_out_learn(&noter, &visits, &sequences, second, LEAVE_TEST);
    assert_string_equal(visits.text, "0:>0 0:0>1 0:01>2 2:>4 2:4>3 ");
    sequences_release(&sequences);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_protocol)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
