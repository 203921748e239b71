/* Lists and cards against a table of which item has which number. */
#include "base/base.h"
#include "model/number_set.h"
#include "model/postings.h"
#include "tests/unit/numbers.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ITEMS = 40, NUMBERS = 12, ROUNDS = 2000 };

struct world {
    struct posting_card cards[ITEMS];
    struct posting_list lists[NUMBERS];
    int32_t counts[NUMBERS]; /* as the changes were told */
};

static struct posting_card *card_of(void *owner, int32_t item)
{
    return &((struct world *)owner)->cards[item];
}

static struct posting_list *list_of(void *owner, uint32_t number)
{
    return &((struct world *)owner)->lists[number];
}

static void changed(void *owner, uint32_t number, int32_t before)
{
    struct world *world = owner;
    assert_int_equal(world->counts[number], before);
    world->counts[number] = world->lists[number].count;
    assert_int_equal(abs(world->counts[number] - before), 1);
}

static void assert_same(const struct world *world, bool has[ITEMS][NUMBERS])
{
    for (uint32_t number = 0; number < NUMBERS; number++) {
        const struct posting_list *list = &world->lists[number];
        int32_t count = 0;
        for (int item = 0; item < ITEMS; item++) { count += has[item][number]; }
        assert_int_equal(list->count, count);
        assert_int_equal(world->counts[number], count);
        for (int32_t k = 0; k < list->count; k++) {
            const struct posting_card *card = &world->cards[list->items[k]];
            size_t at = number_set_find(card->numbers, card->count, number);
            assert_true(has[list->items[k]][number]);
            assert_true(at < card->count);
            assert_int_equal(card->numbers[card->count + at], k);
        }
    }
}

static void items_are_on_the_lists_of_their_numbers(void **state _unused_)
{
    struct world world = {0};
    static bool has[ITEMS][NUMBERS];
    const struct postings postings = {card_of, list_of, changed, &world};
    uint64_t rng = 5;
    for (int round = 0; round < ROUNDS; round++) {
        int item = (int)(draw(&rng) * ITEMS);
        uint32_t numbers[NUMBERS];
        size_t count = 0;
        double part = draw(&rng);
        for (uint32_t number = 0; number < NUMBERS; number++) {
            has[item][number] = draw(&rng) < part * part;
            if (has[item][number]) { numbers[count++] = number; }
        }
        postings_replace(&postings, item, numbers, count);
        assert_int_equal(world.cards[item].count, count);
        assert_true(!count == !world.cards[item].numbers);
        assert_same(&world, has);
    }
    for (int item = 0; item < ITEMS; item++) {
        postings_replace(&postings, item, NULL, 0);
        assert_null(world.cards[item].numbers);
    }
    for (int number = 0; number < NUMBERS; number++) {
        assert_int_equal(world.lists[number].count, 0);
        free(world.lists[number].items);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_on_the_lists_of_their_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
