/* Recent users, by the side of a slow list of who acted on what. */
#include "base/base.h"
#include "model/ids.h"
#include "model/rng.h"
#include "serve/recent_users.h"

#include <setjmp.h>
#include <cmocka.h>

enum { MOST = 40, USERS = 70, ITEMS = 30, STEPS = 4000, ACTIONS = 12, FOUND = 100 };

static struct slice name(char letter, size_t number)
{
    static char names[2][128][8];
    char *text = names[letter == 'u'][number];
    (void)snprintf(text, sizeof(names[0][0]), "%c%zu", letter, number);
    return slice_str(text);
}

/* What each user did last, the newest users first. */
struct slow {
    size_t order[USERS], count;
    size_t items[USERS][ACTIONS], items_count[USERS];
};

static void forget(struct slow *slow, size_t user)
{
    size_t at = 0;
    while (at < slow->count && slow->order[at] != user) { at++; }
    if (at == slow->count) { return; }
    memmove(slow->order + at, slow->order + at + 1,
            (slow->count - at - 1) * sizeof(slow->order[0]));
    slow->count--;
}

static void act(struct recent_users *users, struct slow *slow, size_t user, uint64_t *rng)
{
    struct slice items[ACTIONS];
    float weights[ACTIONS];
    size_t numbers[ACTIONS], count = rng_below(rng, ACTIONS);
    for (size_t k = 0; k < count; k++) {
        numbers[k] = rng_below(rng, ITEMS);
        items[k] = name('i', numbers[k]);
        weights[k] = rng_below(rng, 8) ? 1.0F : 0.0F;
    }
    const struct user_history history = {.items = {items, count}, .weights = {weights, count}};
    recent_users_put(users, name('u', user), &history);
    forget(slow, user);
    memmove(slow->order + 1, slow->order, slow->count * sizeof(slow->order[0]));
    slow->order[0] = user;
    slow->count++;
    slow->items_count[user] = 0;
    for (size_t k = count; k-- > 0 && slow->items_count[user] < RECENT_ITEMS;) {
        bool present = weights[k] <= 0.0F;
        for (size_t i = 0; i < slow->items_count[user]; i++) {
            present |= slow->items[user][i] == numbers[k];
        }
        if (!present) { slow->items[user][slow->items_count[user]++] = numbers[k]; }
    }
}

static bool acted(const struct slow *slow, size_t user, size_t item)
{
    for (size_t k = 0; k < slow->items_count[user]; k++) {
        if (slow->items[user][k] == item) { return true; }
    }
    return false;
}

static void compare(struct recent_users *users, const struct slow *slow, struct arena *arena,
                    size_t item)
{
    struct slice found[FOUND];
    size_t at = 0, count = recent_users_find(users, name('i', item), arena, found, FOUND);
    for (size_t k = 0; k < slow->count; k++) {
        if (!acted(slow, slow->order[k], item)) { continue; }
        assert_true(at < count);
        assert_true(slice_equal(found[at++], name('u', slow->order[k])));
    }
    assert_int_equal(at, count);
    count = recent_users_find(users, (struct slice){0}, arena, found, 5);
    assert_int_equal(count, MIN_OF(slow->count, (size_t)5));
    for (size_t k = 0; k < count; k++) {
        assert_true(slice_equal(found[k], name('u', slow->order[k])));
    }
}

struct each {
    const struct slow *slow;
    size_t count;
};

static void look_at(void *arg, struct slice user, const uint64_t *items, size_t count)
{
    struct each *each = arg;
    size_t at = 0;
    while (!slice_equal(name('u', each->slow->order[at]), user)) { at++; }
    size_t number = each->slow->order[at];
    assert_int_equal(count, each->slow->items_count[number]);
    for (size_t k = 0; k < count; k++) {
        struct slice item = name('i', each->slow->items[number][k]);
        assert_true(items[k] == ids_fingerprint(item));
    }
    each->count++;
}

static void test_who_acted_last(void **state _unused_)
{
    static struct slow slow;
    struct recent_users *users = recent_users_new(USERS);
    struct arena *arena = arena_new(1 << 12);
    uint64_t rng = 7;
    for (int step = 0; step < STEPS; step++) {
        size_t user = rng_below(&rng, USERS);
        if (rng_below(&rng, 10)) {
            act(users, &slow, user, &rng);
        } else {
            recent_users_remove(users, name('u', user));
            forget(&slow, user);
        }
        arena_reset(arena);
        compare(users, &slow, arena, rng_below(&rng, ITEMS));
    }
    struct each each = {&slow, 0};
    recent_users_each(users, look_at, &each);
    assert_int_equal(each.count, slow.count);
    arena_free(arena);
    recent_users_free(users);
}

/* Of more users than the table holds, those who acted first are forgotten. */
static void test_only_so_many(void **state _unused_)
{
    static struct slow slow;
    struct recent_users *users = recent_users_new(MOST);
    struct arena *arena = arena_new(1 << 12);
    struct slice found[FOUND];
    uint64_t rng = 9;
    for (int step = 0; step < STEPS; step++) {
        act(users, &slow, rng_below(&rng, USERS), &rng);
        slow.count = MIN_OF(slow.count, (size_t)MOST);
        arena_reset(arena);
        compare(users, &slow, arena, rng_below(&rng, ITEMS));
    }
    assert_int_equal(recent_users_find(users, (struct slice){0}, arena, found, FOUND), MOST);
    arena_free(arena);
    recent_users_free(users);
    users = recent_users_new(0);
    arena = arena_new(1 << 12);
    act(users, &slow, 1, &rng);
    recent_users_remove(users, name('u', 1));
    assert_int_equal(recent_users_find(users, (struct slice){0}, arena, found, FOUND), 0);
    arena_free(arena);
    recent_users_free(users);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_acted_last),
        cmocka_unit_test(test_only_so_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
