/* What the changelogs hold, read back by the workers that wrote it. The first byte picks:
 *   0  a user's state and the segments of the archive: pieces; then the user goes on, and is
 *      forgotten
 *   1  an item's row, twice
 *   2  a request to forget: the record's time in 8 bytes, then the request
 * What loads must store again, and load again to the same. */
#include "base/base.h"
#include "features/archive.h"
#include "features/forgotten.h"
#include "features/stored_user.h"
#include "schemas/user_archive.h"
#include "stream/worker.h"
#include "tests/fuzz/crumbs.h"
#include "trainer/stored_row.h"

enum { ITEMS_MAX = 2000, SEGMENTS_MAX = 8, MESSAGE_MAX = 16 << 20 };

/* ---- A task that is a table of segments: what the archive asks of the runtime. ---- */

struct task {
    struct arena *arena;
    struct slice segments[SEGMENTS_MAX];
    size_t count;
    size_t puts;
};

int task_get(struct task *task, struct slice key, struct slice *ret_value)
{
    assert(key.size > 5 && key.data[0] == '\xff');
    size_t segment = (uint8_t)key.data[4]; /* the number's last byte */
    if (segment >= task->count) { return -ENOENT; }
    *ret_value = task->segments[segment];
    return 0;
}

void task_put(struct task *task, struct slice key, struct slice value)
{
    assert(key.size > 0 && value.size < MESSAGE_MAX);
    task->puts++;
}

struct arena *task_arena(struct task *task)
{
    return task->arena;
}

/* ---- A user. ---- */

struct desk {
    struct ids *ids;
    struct schema_book *book;
    struct codec *states, *rows, *requests;
    struct window *window;
    struct stored_user *stored;
    struct stored_row *stored_row;
    struct archive *archive;
    struct users *users;
    struct pairs *pairs;
    struct arena *arena;
    struct buf first;
    struct buf second;
};

static const struct timeline_rules rules = {
    .actions_max = 60,
    .seen_max = 200,
    .pairs_window = 20,
    .transitions_window = 10,
    .transitions_exponent = 0.75,
    .decay = {86400000},
    .trend_decay = {86400000},
    .departed_kept = true,
};

static void desk_init(struct desk *desk)
{
    desk->ids = ids_new(ITEMS_MAX);
    desk->book = schema_book_new();
    desk->states = codec_new(&user_state_contract, desk->book);
    desk->rows = codec_new(&item_neighbours_contract, desk->book);
    desk->requests = codec_new(&forget_request_contract, desk->book);
    desk->window = window_new(&rules, desk->ids);
    desk->stored = stored_user_new(desk->ids, desk->window);
    desk->stored_row = stored_row_new(desk->ids);
    desk->archive = archive_new(desk->ids, desk->book, /* kept= */ true);
    desk->users = users_new(1 << 20);
    desk->pairs = pairs_new();
    desk->arena = arena_new(1 << 14);
    buf_init(&desk->first, MESSAGE_MAX);
    buf_init(&desk->second, MESSAGE_MAX);
}

static void desk_release(struct desk *desk)
{
    buf_release(&desk->first);
    buf_release(&desk->second);
    arena_free(desk->arena);
    pairs_free(desk->pairs);
    archive_free(desk->archive);
    stored_user_free(desk->stored);
    stored_row_free(desk->stored_row);
    users_free(desk->users);
    window_free(desk->window);
    codec_free(desk->states);
    codec_free(desk->rows);
    codec_free(desk->requests);
    schema_book_free(desk->book);
    ids_free(desk->ids);
}

/* Making a desk costs more than most inputs: it is kept until its ids are many. */
static struct desk *desk_get(void)
{
    static struct desk desk;
    if (desk.ids && ids_count(desk.ids) > ITEMS_MAX / 2) {
        desk_release(&desk);
        desk.ids = NULL;
    }
    if (!desk.ids) { desk_init(&desk); }
    arena_reset(desk.arena);
    return &desk;
}

static bool load(struct desk *desk, struct slice message, struct user *user)
{
    struct user_state state;
    struct codec_error error = {0};
    if (codec_decode(desk->states, message, desk->arena, &state, &error)) {
        assert(error.reason);
        return false;
    }
    int rc = stored_user_load(desk->stored, &state, user);
    assert(rc == 0 || rc == -EINVAL || rc == -ENOSPC);
    return rc == 0;
}

static void store(struct desk *desk, const struct user *user, struct buf *out)
{
    struct user_state state;
    stored_user_fill(desk->stored, user, &state);
    buf_clear(out);
    int rc = codec_encode(desk->states, &state, out);
    assert(rc == 0);
}

static void act(struct desk *desk, struct user *user, struct crumbs *crumbs)
{
    const struct action action = {
        .time_ms = (int64_t)(crumbs_number(crumbs) % UINT64_C(253402300800000)),
        .sequence = (int64_t)crumbs_number(crumbs),
        .id_hash = crumbs_number(crumbs),
        .weight = crumbs_byte(crumbs) / 8.0,
        .item = ids_put(desk->ids, slice_str("new")),
    };
    if (action.item != ID_NONE) {
        (void)timeline_add(&user->timeline, desk->window, &action, desk->pairs);
    }
}

static void forget(struct desk *desk, struct task *task, struct user *user)
{
    const struct departed *departed;
    size_t count;
    archive_settle(desk->archive, task, user);
    int rc = archive_read(desk->archive, task, user, &departed, &count);
    if (rc == 0) {
        int64_t total = user->timeline.total;
        int64_t taken =
            timeline_take_back(&user->timeline, desk->window, departed, count, desk->pairs);
        assert(taken >= 0 && taken <= total && user->timeline.count == 0);
        archive_drop(desk->archive, task, user);
    }
    struct pairs_view view;
    pairs_drain(desk->pairs, &view);
    pairs_reset(desk->pairs);
}

static void user_state(struct desk *desk, struct crumbs *crumbs)
{
    struct shelf shelf = {0};
    struct task task = {.arena = desk->arena};
    struct slice message = crumbs_framed(&user_state_contract, crumbs_piece(crumbs));
    task.count = crumbs_byte(crumbs) % (SEGMENTS_MAX + 1);
    for (size_t i = 0; i < task.count; i++) {
        task.segments[i] = crumbs_framed(&user_archive_contract, crumbs_piece(crumbs));
    }
    struct user *user = users_add(desk->users, &shelf, slice_str("u"));
    struct user *other = users_add(desk->users, &shelf, slice_str("v"));
    if (load(desk, message, user)) {
        store(desk, user, &desk->first);
        assert(load(desk, buf_slice(&desk->first), other));
        store(desk, other, &desk->second);
        assert(slice_equal(buf_slice(&desk->first), buf_slice(&desk->second)));
        for (int i = 0; i < 3; i++) { act(desk, user, crumbs); }
        forget(desk, &task, user);
        store(desk, user, &desk->first);
    }
    users_forget(desk->users, &shelf);
    shelf_release(&shelf);
    free((void *)message.data);
    for (size_t i = 0; i < task.count; i++) { free((void *)task.segments[i].data); }
}

/* ---- A row. ---- */

static bool load_row(struct desk *desk, struct slice message, struct held_row *held)
{
    struct item_neighbours row;
    struct codec_error error = {0};
    if (codec_decode(desk->rows, message, desk->arena, &row, &error)) {
        assert(error.reason);
        return false;
    }
    return stored_row_load(desk->stored_row, &row, held) == 0;
}

static void check_row(struct desk *desk, struct rack *rack, struct held_row *held)
{
    struct item_neighbours row;
    row_order(&held->row, desk->ids);
    stored_row_fill(desk->stored_row, held, &row);
    buf_clear(&desk->first);
    assert(codec_encode(desk->rows, &row, &desk->first) == 0);
    struct rows *others = rows_new(1 << 20);
    struct held_row *again = rows_add(others, rack, held->item);
    assert(load_row(desk, buf_slice(&desk->first), again));
    assert(again->row.count == held->row.count && again->row.epoch == held->row.epoch);
    rows_free(others);
    (void)row_prune(&held->row, 3, desk->ids);
    row_sweep(&held->row);
    assert(held->row.count <= 3);
}

static void item_row(struct desk *desk, struct crumbs *crumbs)
{
    struct rack rack = {0};
    struct slice id = crumbs_take(crumbs, 1);
    struct slice message = crumbs_framed(&item_neighbours_contract,
                                         crumbs_take(crumbs, crumbs->left));
    struct rows *rows = rows_new(1 << 20);
    int32_t item = ids_put(desk->ids, id);
    if (item != ID_NONE) {
        struct held_row *held = rows_add(rows, &rack, item);
        if (load_row(desk, message, held)) { check_row(desk, &rack, held); }
    }
    free((void *)message.data);
    rows_forget(rows, &rack);
    rack_release(&rack);
    rows_free(rows);
}

/* ---- A request. ---- */

static void request(struct desk *desk, struct crumbs *crumbs)
{
    struct record rec = {.topic = "events", .time_ms = (int64_t)crumbs_number(crumbs)};
    int64_t ahead_ms = crumbs_byte(crumbs) * INT64_C(3200000000000) / 255;
    struct slice message =
        crumbs_framed(&forget_request_contract, crumbs_take(crumbs, crumbs->left));
    struct forget_request asked;
    if (codec_decode(desk->requests, message, desk->arena, &asked, NULL) == 0 &&
        !forgotten_fault(&rec, &asked, ahead_ms)) {
        struct forget_receipt receipt;
        char hex[17];
        struct forgotten_key key = forgotten_key(asked.user_id);
        forgotten_receipt(&asked, &rec, hex, &receipt);
        assert(key.bytes[0] == 0xfe && receipt.user_hash.size == 16);
    }
    free((void *)message.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(struct desk *desk, struct crumbs *crumbs) = {
        user_state, item_row, request};
    struct crumbs crumbs = {data, size};
    readers[crumbs_byte(&crumbs) % ARRAY_COUNT(readers)](desk_get(), &crumbs);
    return 0;
}
