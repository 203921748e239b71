/* Records of changelogs, loaded by the workers that wrote them. The first byte picks:
 *   0  a user's state and the segments of the archive: pieces; then the user acts again and is
 *      erased
 *   1  an item's row, twice
 *   2  a forget request: the record's time in 8 bytes, then the request
 *   3  how far an erasure has come, and the segments of the archive: pieces; it is carried on
 * Whatever loads can be stored again, and then loads to the same. */
#include "base/base.h"
#include "features/archive.h"
#include "features/erasure.h"
#include "features/forgotten.h"
#include "features/stored_user.h"
#include "schemas/user_archive.h"
#include "schemas/user_erasure.h"
#include "stream/worker.h"
#include "tests/fuzz/crumbs.h"
#include "trainer/similarity/stored_row.h"

#include <endian.h>

enum { ITEMS_MAX = 2000, SEGMENTS_MAX = 8, MESSAGE_MAX = 16 << 20 };

/* ---- A task that is a table of segments: what the archive needs of the runtime. ---- */

struct task {
    struct arena *arena;
    struct slice segments[SEGMENTS_MAX];
    struct slice erasure;
    size_t count;
    size_t puts;
};

int task_get(struct task *task, struct slice key, struct slice *ret_value)
{
    assert(key.size > 5 && key.data[0] == '\xff');
    uint32_t segment; /* its number, big-endian */
    memcpy(&segment, key.data + 1, sizeof(segment));
    segment = be32toh(segment);
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

struct run *task_run(const struct task *task)
{
    return NULL;
}

int32_t task_partition(const struct task *task)
{
    return 0;
}

void run_log(struct run *run, enum log_level level, const char *msg, const char *format, ...)
{
}

int task_scan_prefix(struct task *task, struct slice prefix,
                     int (*each)(void *arg, struct slice key, struct slice value), void *arg)
{
    return each(arg, prefix, task->erasure);
}

enum verdict task_discard_state(struct task *task, struct slice key, struct slice value,
                                const char *what, const struct codec_error *error)
{
    assert(error->reason);
    return VERDICT_DONE;
}

/* ---- A user. ---- */

struct scratch {
    struct ids *ids;
    struct schema_cache *schemas;
    struct codec *states, *rows, *requests;
    struct window *window;
    struct stored_user *stored;
    struct stored_row *stored_row;
    struct archive *archive;
    struct erasing *erasing;
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

static void scratch_init(struct scratch *scratch)
{
    scratch->ids = ids_new(ITEMS_MAX);
    scratch->schemas = schema_cache_new();
    scratch->states = codec_new(&user_state_contract, scratch->schemas);
    scratch->rows = codec_new(&item_neighbours_contract, scratch->schemas);
    scratch->requests = codec_new(&forget_request_contract, scratch->schemas);
    scratch->window = window_new(&rules, scratch->ids);
    scratch->stored = stored_user_new(scratch->ids, scratch->window);
    scratch->stored_row = stored_row_new(scratch->ids);
    scratch->archive = archive_new(scratch->ids, scratch->schemas, /* enabled= */ true);
    scratch->erasing = erasing_new(scratch->archive, scratch->window, rules.pairs_window,
                                   scratch->schemas);
    scratch->users = users_new(1 << 20);
    scratch->pairs = pairs_new();
    scratch->arena = arena_new(1 << 14);
    buf_init(&scratch->first, MESSAGE_MAX);
    buf_init(&scratch->second, MESSAGE_MAX);
}

static void scratch_release(struct scratch *scratch)
{
    buf_release(&scratch->first);
    buf_release(&scratch->second);
    arena_free(scratch->arena);
    pairs_free(scratch->pairs);
    erasing_free(scratch->erasing);
    archive_free(scratch->archive);
    stored_user_free(scratch->stored);
    stored_row_free(scratch->stored_row);
    users_free(scratch->users);
    window_free(scratch->window);
    codec_free(scratch->states);
    codec_free(scratch->rows);
    codec_free(scratch->requests);
    schema_cache_free(scratch->schemas);
    ids_free(scratch->ids);
}

/* Making the scratch space costs more than most inputs, so it is kept until it has many ids. */
static struct scratch *scratch_get(void)
{
    static struct scratch scratch;
    if (scratch.ids && ids_count(scratch.ids) > ITEMS_MAX / 2) {
        scratch_release(&scratch);
        scratch.ids = NULL;
    }
    if (!scratch.ids) { scratch_init(&scratch); }
    arena_reset(scratch.arena);
    return &scratch;
}

static bool load(struct scratch *scratch, struct slice message, struct user *user)
{
    struct user_state state;
    struct codec_error error = {0};
    if (codec_decode(scratch->states, message, scratch->arena, &state, &error)) {
        assert(error.reason);
        return false;
    }
    int rc = stored_user_load(scratch->stored, &state, user);
    assert(rc == 0 || rc == -EINVAL || rc == -ENOSPC);
    return rc == 0;
}

static void store(struct scratch *scratch, const struct user *user, struct buf *out)
{
    struct user_state state;
    stored_user_fill(scratch->stored, user, &state);
    buf_clear(out);
    int rc = codec_encode(scratch->states, &state, out);
    assert(rc == 0);
}

static void act(struct scratch *scratch, struct user *user, struct crumbs *crumbs)
{
    const struct action action = {
        .time_ms = (int64_t)(crumbs_number(crumbs) % UINT64_C(253402300800000)),
        .sequence = (int64_t)crumbs_number(crumbs),
        .id_hash = crumbs_number(crumbs),
        .weight = crumbs_byte(crumbs) / 8.0,
        .item = ids_put(scratch->ids, slice_str("new")),
    };
    if (action.item != ID_NONE) {
        (void)timeline_add(&user->timeline, scratch->window, &action, scratch->pairs);
    }
}

static void forget(struct scratch *scratch, struct task *task, struct user *user)
{
    const struct departed *departed;
    size_t count;
    archive_stage(scratch->archive, task, user);
    int32_t first = archive_first(user), end = MIN_OF(user->segments, first + SEGMENTS_MAX);
    int rc = archive_read(scratch->archive, task, user_id(user), first, end, &departed, &count);
    if (rc == 0) {
        int64_t total = user->timeline.total;
        timeline_subtract(scratch->window, departed, count, count / 2, scratch->pairs);
        int64_t taken = timeline_take_back(&user->timeline, scratch->window, departed, count,
                                           count / 2, scratch->pairs);
        assert(taken >= 0 && taken <= total && user->timeline.count == 0);
        archive_drop(scratch->archive, task, user_id(user), first, end);
    }
    struct pairs_view view;
    pairs_drain(scratch->pairs, &view);
    pairs_reset(scratch->pairs);
}

static void user_state(struct scratch *scratch, struct crumbs *crumbs)
{
    struct changed_users changed = {0};
    struct task task = {.arena = scratch->arena};
    struct slice message = crumbs_framed(&user_state_contract, crumbs_piece(crumbs));
    task.count = crumbs_byte(crumbs) % (SEGMENTS_MAX + 1);
    for (size_t i = 0; i < task.count; i++) {
        task.segments[i] = crumbs_framed(&user_archive_contract, crumbs_piece(crumbs));
    }
    struct user *user = users_add(scratch->users, &changed, slice_str("u"));
    struct user *other = users_add(scratch->users, &changed, slice_str("v"));
    if (load(scratch, message, user)) {
        store(scratch, user, &scratch->first);
        assert(load(scratch, buf_slice(&scratch->first), other));
        store(scratch, other, &scratch->second);
        assert(slice_equal(buf_slice(&scratch->first), buf_slice(&scratch->second)));
        for (int i = 0; i < 3; i++) { act(scratch, user, crumbs); }
        forget(scratch, &task, user);
        store(scratch, user, &scratch->first);
    }
    users_forget(scratch->users, &changed);
    changed_users_release(&changed);
    free((void *)message.data);
    for (size_t i = 0; i < task.count; i++) { free((void *)task.segments[i].data); }
}

/* ---- A row. ---- */

static bool load_row(struct scratch *scratch, struct slice message, struct held_row *held)
{
    struct item_neighbours row;
    struct codec_error error = {0};
    if (codec_decode(scratch->rows, message, scratch->arena, &row, &error)) {
        assert(error.reason);
        return false;
    }
    return stored_row_load(scratch->stored_row, &row, held) == 0;
}

static void check_row(struct scratch *scratch, struct changed_rows *changed, struct held_row *held)
{
    struct item_neighbours row;
    row_order(&held->row, scratch->ids);
    stored_row_fill(scratch->stored_row, held, &row);
    buf_clear(&scratch->first);
    assert(codec_encode(scratch->rows, &row, &scratch->first) == 0);
    struct rows *others = rows_new(1 << 20);
    struct held_row *again = rows_add(others, changed, held->item);
    assert(load_row(scratch, buf_slice(&scratch->first), again));
    assert(again->row.count == held->row.count && again->row.epoch == held->row.epoch);
    rows_free(others);
    (void)row_prune(&held->row, 3, scratch->ids);
    row_sweep(&held->row);
    assert(held->row.count <= 3);
}

static void item_row(struct scratch *scratch, struct crumbs *crumbs)
{
    struct changed_rows changed = {0};
    struct slice id = crumbs_take(crumbs, 1);
    struct slice message = crumbs_framed(&item_neighbours_contract,
                                         crumbs_take(crumbs, crumbs->left));
    struct rows *rows = rows_new(1 << 20);
    int32_t item = ids_put(scratch->ids, id);
    if (item != ID_NONE) {
        struct held_row *held = rows_add(rows, &changed, item);
        if (load_row(scratch, message, held)) { check_row(scratch, &changed, held); }
    }
    free((void *)message.data);
    rows_forget(rows, &changed);
    changed_rows_release(&changed);
    rows_free(rows);
}

/* ---- A forget request. ---- */

static void read_request(struct scratch *scratch, struct crumbs *crumbs)
{
    struct record rec = {.topic = "events", .time_ms = (int64_t)crumbs_number(crumbs)};
    int64_t ahead_ms = crumbs_byte(crumbs) * INT64_C(3200000000000) / 255;
    struct slice message =
        crumbs_framed(&forget_request_contract, crumbs_take(crumbs, crumbs->left));
    struct forget_request request;
    if (codec_decode(scratch->requests, message, scratch->arena, &request, NULL) == 0 &&
        !forgotten_fault(&rec, &request, ahead_ms)) {
        struct forget_receipt receipt;
        char hex[17];
        char salt[FORGOTTEN_SALT_HEX + 1];
        forgotten_salt(&request, salt);
        struct mac *mac = mac_new(slice_str(salt));
        struct forgotten_key key = forgotten_key(mac, request.user_id);
        mac_free(mac);
        forgotten_receipt(&request, &rec, hex, &receipt);
        assert(key.bytes[0] == 0xfe && receipt.user_hash.size == 16);
    }
    free((void *)message.data);
}

/* ---- An erasure. ---- */

static void carry_on(struct scratch *scratch, struct crumbs *crumbs)
{
    enum { STEPS_MAX = 50, PUTS_MAX = SEGMENTS_MAX + 2 };
    struct task task = {.arena = scratch->arena};
    struct erasures erasures = {0};
    struct forget_receipt receipt;
    struct pairs_view view;
    task.erasure = crumbs_framed(&user_erasure_contract, crumbs_piece(crumbs));
    task.count = crumbs_byte(crumbs) % (SEGMENTS_MAX + 1);
    for (size_t i = 0; i < task.count; i++) {
        task.segments[i] = crumbs_framed(&user_archive_contract, crumbs_piece(crumbs));
    }
    for (int i = 0; i < STEPS_MAX && erasing_pending(scratch->erasing, &task, &erasures); i++) {
        task.puts = 0;
        if (erasing_step(scratch->erasing, &task, &erasures, scratch->pairs, &receipt) ==
            ERASURE_ITEMS_FULL) {
            break;
        }
        assert(task.puts <= PUTS_MAX);
    }
    erasures_forget(&erasures);
    pairs_drain(scratch->pairs, &view);
    pairs_reset(scratch->pairs);
    free((void *)task.erasure.data);
    for (size_t i = 0; i < task.count; i++) { free((void *)task.segments[i].data); }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(struct scratch * scratch, struct crumbs * crumbs) = {
        user_state, item_row, read_request, carry_on};
    struct crumbs crumbs = {data, size};
    readers[crumbs_byte(&crumbs) % ARRAY_COUNT(readers)](scratch_get(), &crumbs);
    return 0;
}
