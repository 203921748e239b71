#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/models/transitions.h"
#include "tests/unit/tiny_world.h"

#include <setjmp.h>
#include <cmocka.h>

enum { USERS = 60, ITEMS = 25, LONGEST = 20, WINDOW = 5 };

static const struct transitions_settings settings = {
    .window = WINDOW, .distance_power = .7, .backward_weight = .3, .shrink = .4, .power = .6,
};

static void teach(struct transitions *transitions, const struct sequences *sequences)
{
    for (int32_t user = 0; user < USERS; user++) {
        size_t count;
        const struct user_action *actions = sequences_of(sequences, user, &count);
        int32_t items[LONGEST];
        for (size_t at = 0; at < count; at++) {
            transitions_learn(transitions, items, at, actions[at].item);
            items[at] = actions[at].item;
        }
    }
}

/* C by the definition: over all pairs of positions. */
static double naive(const struct sequences *sequences, int32_t j, int32_t i)
{
    double sum = 0.0;
    for (int32_t user = 0; user < USERS; user++) {
        size_t count;
        const struct user_action *actions = sequences_of(sequences, user, &count);
        for (int x = 0; x < (int)count; x++) {
            for (int y = 0; y < (int)count; y++) {
                int d = abs(x - y);
                if (d == 0 || d > WINDOW || actions[x].item != j || actions[y].item != i) {
                    continue;
                }
                sum += pow(d, -.7) * (y > x ? 1.0 : .3);
            }
        }
    }
    return sum;
}

static void check(const struct transitions *transitions, const struct sequences *sequences,
                  double shrink, double power)
{
    for (int32_t j = 0; j < ITEMS; j++) {
        int32_t count, met = 0;
        const struct transition *row = transitions_row(transitions, j, &count);
        for (int32_t i = 0; i < ITEMS; i++) {
            double want = naive(sequences, j, i);
            assert_near(transitions_count(transitions, j, i), want, 1e-5);
            met += want > 0.0;
        }
        assert_int_equal(count, met);
        for (int32_t at = 0; at < count; at++) {
            double c = naive(sequences, j, row[at].item);
            assert_near(row[at].v, pow(c * c / (c + shrink), power), 1e-4);
        }
    }
}

static void test_definition(void **state)
{
    struct sequences sequences;
    tiny_world(&sequences, USERS, ITEMS, LONGEST, 5);
    struct transitions *transitions = transitions_new(ITEMS, &settings);
    teach(transitions, &sequences);
    check(transitions, &sequences, .4, .6);
    transitions_reweigh(transitions, 0, 1);
    check(transitions, &sequences, 0, 1);
    double actions = 0.0;
    for (int32_t i = 0; i < ITEMS; i++) { actions += transitions_actions(transitions, i); }
    assert_near(actions, sequences.starts[USERS], 1e-9);
    transitions_free(transitions);
    transitions_free(NULL);
    sequences_release(&sequences);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_definition)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
