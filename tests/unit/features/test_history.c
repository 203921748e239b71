/* A user as messages: the history for readers, and the stored state and back. */
#include "base/base.h"
#include "base/xalloc.h"
#include "features/history.h"
#include "features/stored_user.h"

#include <setjmp.h>
#include <cmocka.h>

enum { ITEMS = 60, LENGTH = 8, ACTIONS_MAX = 20, SEEN_MAX = 12 };

struct scratch {
    struct ids *ids;
    struct window *window;
    struct pairs *pairs;
    struct users *users;
    struct changed_users changed;
};

static void scratch_init(struct scratch *scratch)
{
    const struct timeline_rules rules = {.actions_max = ACTIONS_MAX,
                                         .seen_max = SEEN_MAX,
                                         .departed_kept = true,
                                         .pairs_window = 4,
                                         .transitions_window = 2};
    *scratch =
        (struct scratch){.ids = ids_new(1000), .pairs = pairs_new(), .users = users_new(1 << 20)};
    scratch->window = window_new(&rules, scratch->ids);
}

static void scratch_release(struct scratch *scratch)
{
    users_free(scratch->users);
    changed_users_release(&scratch->changed);
    pairs_free(scratch->pairs);
    window_free(scratch->window);
    ids_free(scratch->ids);
}

/* The nth action of a fixed stream: a few items are frequent. */
static int item_of(int n)
{
    return n * n * 7 % (n % 3 ? ITEMS : 5);
}

static struct user *make_user(struct scratch *scratch, int actions)
{
    struct user *user = users_add(scratch->users, &scratch->changed, slice_str("user"));
    for (int n = 0; n < actions; n++) {
        char text[16];
        (void)snprintf(text, sizeof(text), "item-%d", item_of(n));
        const struct action action = {
            .time_ms = 1000 + n,
            .sequence = n % 5,
            .id_hash = (uint64_t)n * 977,
            .offset = 5000 + n,
            .weight = 0.5 * (n % 4),
            .item = ids_put(scratch->ids, slice_str(text)),
            .kind = n % ACTIONS_COUNT,
        };
        assert_int_equal(timeline_add(&user->timeline, scratch->window, &action, scratch->pairs),
                         TIMELINE_APPENDED);
    }
    user->input_offset = 5000 + actions - 1;
    user->received_ms = 77;
    user->first_item = user->timeline.items[0];
    user->segments = 2;
    user->forgotten_ms = -5;
    return user;
}

static bool message_has(const struct user_history *message, uint64_t hash, int *ret_times)
{
    *ret_times = 0;
    struct prefix_reader reader = {.bytes = message->had_prefixes};
    uint32_t got;
    while (prefix_set_next(&reader, &got) > 0) { *ret_times += got == ids_prefix(hash); }
    return *ret_times > 0;
}

static bool column_has(const struct user_history *message, struct slice item)
{
    for (size_t i = 0; i < message->items.count; i++) {
        if (slice_equal(message->items.at[i], item)) { return true; }
    }
    return false;
}

static void assert_history(struct scratch *scratch, const struct user *user,
                           const struct user_history *message, int actions)
{
    const struct timeline *timeline = &user->timeline;
    size_t n = (size_t)MIN_OF(actions, LENGTH);
    assert_true(slice_equal(message->user_id, slice_str("user")));
    assert_int_equal(message->items.count, n);
    assert_int_equal(message->offsets.count, n);
    for (size_t i = 0; i < n; i++) {
        struct action action = timeline_at(timeline, timeline->count - (int32_t)(n - i));
        assert_true(slice_equal(message->items.at[i], ids_text(scratch->ids, action.item)));
        assert_int_equal(message->actions.at[i], action.kind);
        assert_true(message->weights.at[i] == (float)action.weight);
        assert_int_equal(message->event_times_ms.at[i], action.time_ms);
        assert_int_equal(message->offsets.at[i], action.offset);
    }
    /* every item kept or remembered is named exactly once, in the columns or in `had_prefixes` */
    size_t named = 0;
    for (int32_t item = 0; item < ids_count(scratch->ids); item++) {
        bool known = false;
        for (int32_t i = 0; i < timeline->count; i++) {
            known |= timeline_at(timeline, i).item == item;
        }
        for (int32_t i = 0; i < timeline->seen_count; i++) {
            known |= timeline->seen[timeline->seen_first + i] == ids_hash(scratch->ids, item);
        }
        int times;
        bool in_columns = column_has(message, ids_text(scratch->ids, item));
        bool in_had = message_has(message, ids_hash(scratch->ids, item), &times);
        assert_int_equal(in_had, known && !in_columns);
        assert_true(times <= 1);
        named += (size_t)times;
    }
    struct prefix_reader reader = {.bytes = message->had_prefixes};
    for (uint32_t got; prefix_set_next(&reader, &got) > 0; named--) {}
    assert_int_equal(named, 0);
    assert_int_equal(message->seen.size, 0);
    assert_int_equal(message->events_total, actions);
    assert_int_equal(message->input_partition, 3);
    assert_int_equal(message->input_offset, user->input_offset);
    assert_int_equal(message->event_time_ms, 1000 + actions - 1);
    assert_int_equal(message->received_ms, 77);
}

static void a_history_names_every_item_once(void **state)
{
    static const int lengths[] = {1, LENGTH - 1, LENGTH, LENGTH + 1, ACTIONS_MAX, 100};
    for (size_t i = 0; i < ARRAY_COUNT(lengths); i++) {
        struct scratch scratch;
        scratch_init(&scratch);
        struct history *history = history_new(LENGTH, ACTIONS_MAX, SEEN_MAX, scratch.ids);
        struct user *user = make_user(&scratch, lengths[i]);
        struct user_history message;
        history_fill(history, user, 3, &message);
        history_fill(history, user, 3, &message); /* nothing is left of the previous message */
        assert_history(&scratch, user, &message, lengths[i]);
        history_free(history);
        scratch_release(&scratch);
    }
    assert_null(history_free(NULL));
}

static void assert_same_action(struct action a, struct action b)
{
    assert_int_equal(a.time_ms, b.time_ms);
    assert_int_equal(a.sequence, b.sequence);
    assert_int_equal(a.id_hash, b.id_hash);
    assert_int_equal(a.offset, b.offset);
    assert_true(a.weight == b.weight);
    assert_int_equal(a.item, b.item);
    assert_int_equal(a.kind, b.kind);
    assert_int_equal(a.context, b.context);
}

static void assert_same(const struct user *a, const struct user *b)
{
    assert_int_equal(a->timeline.count, b->timeline.count);
    assert_int_equal(a->timeline.total, b->timeline.total);
    assert_int_equal(a->timeline.seen_count, b->timeline.seen_count);
    for (int32_t i = 0; i < a->timeline.count; i++) {
        assert_same_action(timeline_at(&a->timeline, i), timeline_at(&b->timeline, i));
    }
    for (int32_t i = 0; i < a->timeline.seen_count; i++) {
        assert_true(a->timeline.seen[a->timeline.seen_first + i] ==
                    b->timeline.seen[b->timeline.seen_first + i]);
    }
    assert_int_equal(a->input_offset, b->input_offset);
    assert_int_equal(a->received_ms, b->received_ms);
    assert_int_equal(a->first_item, b->first_item);
    assert_int_equal(a->segments, b->segments);
    assert_int_equal(a->archived, b->archived);
    assert_int_equal(a->forgotten_ms, b->forgotten_ms);
    assert_int_equal(a->timeline.departed_count, b->timeline.departed_count);
    for (int32_t i = 0; i < a->timeline.departed_count; i++) {
        const struct departed *of_a = &a->timeline.departed[i], *of_b = &b->timeline.departed[i];
        assert_int_equal(of_a->item, of_b->item);
        assert_int_equal(of_a->time_ms, of_b->time_ms);
        assert_true(of_a->weight == of_b->weight);
        assert_int_equal(of_a->context, of_b->context);
    }
}

/* Stored, encoded, decoded and loaded. */
static void a_stored_user_loads_unchanged(void **state)
{
    static const int lengths[] = {1, ACTIONS_MAX, 100};
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&user_state_contract, schemas);
    struct arena *arena = arena_new(1 << 12);
    struct buf out;
    buf_init(&out, 1 << 20);
    for (size_t i = 0; i < ARRAY_COUNT(lengths); i++) {
        struct scratch scratch;
        scratch_init(&scratch);
        struct stored_user *stored = stored_user_new(scratch.ids, scratch.window);
        struct user *user = make_user(&scratch, lengths[i]);
        struct user *again = users_add(scratch.users, &scratch.changed, slice_str("again"));
        struct user_state message;
        struct codec_error error;
        stored_user_fill(stored, user, &message);
        buf_clear(&out);
        assert_int_equal(codec_encode(codec, &message, &out), 0);
        assert_int_equal(codec_decode(codec, buf_slice(&out), arena, &message, &error), 0);
        assert_int_equal(stored_user_load(stored, &message, again), 0);
        assert_same(user, again);
        stored_user_free(stored);
        scratch_release(&scratch);
    }
    buf_release(&out);
    arena_free(arena);
    codec_free(codec);
    schema_cache_free(schemas);
}

static void an_invalid_state_is_not_loaded(void **state)
{
    struct scratch scratch;
    scratch_init(&scratch);
    struct stored_user *stored = stored_user_new(scratch.ids, scratch.window);
    struct user *user = make_user(&scratch, 10);
    struct user *again = users_add(scratch.users, &scratch.changed, slice_str("again"));
    struct user_state whole, bad;
    stored_user_fill(stored, user, &whole);
    bad = whole;
    bad.weights.count--;
    assert_int_equal(stored_user_load(stored, &bad, again), -EINVAL);
    bad = whole;
    bad.seen = slice_of("1234567", 7);
    assert_int_equal(stored_user_load(stored, &bad, again), -EINVAL);
    bad = whole;
    bad.left_items.count = 1;
    assert_int_equal(stored_user_load(stored, &bad, again), -EINVAL);
    bad = whole;
    bad.archived = 1; /* more than have left the timeline */
    assert_int_equal(stored_user_load(stored, &bad, again), -EINVAL);
    bad = whole;
    bad.events_total = 9;
    assert_int_equal(stored_user_load(stored, &bad, again), -EINVAL);
    struct ids *full = ids_new(1);
    struct stored_user *narrow = stored_user_new(full, scratch.window);
    assert_int_equal(stored_user_load(narrow, &whole, again), -ENOSPC);
    assert_int_equal(again->timeline.count, 0);
    stored_user_free(narrow);
    ids_free(full);
    stored_user_free(stored);
    scratch_release(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_history_names_every_item_once),
        cmocka_unit_test(a_stored_user_loads_unchanged),
        cmocka_unit_test(an_invalid_state_is_not_loaded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
