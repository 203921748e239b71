/* Phases of a count, each a walk over all profiles of the view:
 *
 *   1. Names: how many profiles have each attribute. At its end the most frequent become segments,
 *      numbered in the order of their names.
 *   2. Counts: a profile's history is looked up where features has put it, by the partition of its
 *      key. When the counts or the items' ids do not fit into memory, this phase begins again with
 *      half of the users.
 *
 * Then the views are freed, and records are made of the counts until they are dropped.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/arena.h"
#include "base/xalloc.h"
#include "schemas/user_history.h"
#include "stream/kafka/murmur.h"
#include "trainer/sequence/counted_offsets.h"
#include "trainer/sequence/group_columns.h"
#include "trainer/sequence/segment_counter.h"

enum { COUNTER_ARENA_BYTES = 1 << 16, SAMPLE_MAX = 20, ID_OVERHEAD = 48 };
enum { SEGMENT_NAMES_MAX = 1 << 17 };
enum phase { PHASE_NAMES, PHASE_COUNTS };

struct name_count {
    int32_t number; /* of the name */
    int64_t users;
};

struct segment_counter {
    const struct segment_counter_settings *settings;
    struct codec *history_codec, *profile_codec;
    struct arena *arena;
    struct table_view *histories, *profiles;
    struct counted_offsets histories_at, profiles_at; /* of the last count */
    enum segment_counting state;
    enum phase phase;
    int32_t sample;
    struct ids *names;
    int64_t *name_users;
    size_t name_users_capacity;
    int32_t *segment_of; /* a name's number; ID_NONE: it is no segment */
    size_t segment_of_capacity;
    struct name_count *chosen; /* by text: a segment's number is its place */
    size_t chosen_count, chosen_capacity;
    struct ids *items;
    size_t item_bytes;
    struct segment_counts *counts;
    int32_t user_items[HISTORY_ACTIONS_MAX];
    struct user_segments segments;
    int32_t user_segments[USER_SEGMENTS_MAX];
    struct group_columns columns; /* of the record that was made last */
};

struct segment_counter *segment_counter_new(const struct segment_counter_settings *settings,
                                            struct schema_cache *schemas)
{
    struct segment_counter *counter = xcalloc(1, sizeof(*counter));
    counter->settings = settings;
    counter->history_codec = codec_new(&user_history_contract, schemas);
    counter->profile_codec = codec_new(&user_profile_contract, schemas);
    counter->arena = arena_new(COUNTER_ARENA_BYTES);
    return counter;
}

void segment_counter_drop(struct segment_counter *counter)
{
    counter->histories = table_view_free(counter->histories);
    counter->profiles = table_view_free(counter->profiles);
    counter->counts = segment_counts_free(counter->counts);
    counter->names = ids_free(counter->names);
    counter->items = ids_free(counter->items);
    counter->chosen_count = 0;
    counter->state = SEGMENTS_IDLE;
}

void segment_counter_reset(struct segment_counter *counter)
{
    segment_counter_drop(counter);
    counted_offsets_release(&counter->histories_at);
    counted_offsets_release(&counter->profiles_at);
}

struct segment_counter *segment_counter_free(struct segment_counter *counter)
{
    if (!counter) { return NULL; }
    segment_counter_reset(counter);
    codec_free(counter->history_codec);
    codec_free(counter->profile_codec);
    arena_free(counter->arena);
    free(counter->name_users);
    free(counter->segment_of);
    free(counter->chosen);
    free(counter);
    return NULL;
}

bool segment_counter_stale(const struct segment_counter *counter,
                           const struct table_view *histories, const struct table_view *profiles)
{
    return !counted_offsets_are(&counter->histories_at, histories) ||
           !counted_offsets_are(&counter->profiles_at, profiles);
}

/* Counts all users of the sample again. */
static void begin_counts(struct segment_counter *counter)
{
    size_t bytes = counter->settings->bytes_max / 4 * 3;
    counter->counts = segment_counts_free(counter->counts);
    counter->counts = segment_counts_new(bytes);
    counter->items = ids_free(counter->items);
    counter->items = ids_new(INT32_MAX / 2);
    counter->item_bytes = 0;
    counter->phase = PHASE_COUNTS;
    table_view_rewind(counter->profiles);
}

void segment_counter_begin(struct segment_counter *counter, struct table_view *histories,
                           struct table_view *profiles)
{
    segment_counter_drop(counter);
    counted_offsets_keep(&counter->histories_at, histories);
    counted_offsets_keep(&counter->profiles_at, profiles);
    counter->histories = histories;
    counter->profiles = profiles;
    counter->names = ids_new(SEGMENT_NAMES_MAX);
    counter->sample = 0;
    counter->phase = PHASE_NAMES;
    counter->state = SEGMENTS_COUNTING;
}

enum segment_counting segment_counter_state(const struct segment_counter *counter)
{
    return counter->state;
}

int32_t segment_counter_sample(const struct segment_counter *counter)
{
    return counter->sample;
}

/* ---- Names ---- */

static void count_names(struct segment_counter *counter)
{
    for (size_t k = 0; k < counter->segments.count; k++) {
        int32_t number = ids_put(counter->names, counter->segments.at[k]);
        if (number == ID_NONE) { continue; }
        ARRAY_RESERVE_ZEROS(counter->name_users, counter->name_users_capacity,
                            (size_t)number + 1, 64);
        counter->name_users[number]++;
    }
}

static int by_users(const void *a, const void *b, void *names)
{
    const struct name_count *x = a, *y = b;
    if (x->users != y->users) { return x->users < y->users ? 1 : -1; }
    return ids_before(names, x->number, y->number) ? -1 : 1;
}

static int by_name(const void *a, const void *b, void *names)
{
    const struct name_count *x = a, *y = b;
    return ids_before(names, x->number, y->number) ? -1 : 1;
}

/* Makes the most frequent names the segments, in the order of the names. */
static void choose_segments(struct segment_counter *counter)
{
    size_t names = (size_t)ids_count(counter->names), count = 0;
    ARRAY_RESERVE(counter->chosen, counter->chosen_capacity, names, 64);
    ARRAY_RESERVE(counter->segment_of, counter->segment_of_capacity, names, 64);
    for (size_t n = 0; n < names; n++) {
        counter->segment_of[n] = ID_NONE;
        if (counter->name_users[n] < counter->settings->users_min) { continue; }
        counter->chosen[count++] = (struct name_count){(int32_t)n, counter->name_users[n]};
    }
    qsort_r(counter->chosen, count, sizeof(*counter->chosen), by_users, counter->names);
    count = MIN_OF(count, counter->settings->segments_max);
    qsort_r(counter->chosen, count, sizeof(*counter->chosen), by_name, counter->names);
    for (size_t s = 0; s < count; s++) {
        counter->segment_of[counter->chosen[s].number] = (int32_t)s;
    }
    counter->chosen_count = count;
    memset(counter->name_users, 0, counter->name_users_capacity * sizeof(*counter->name_users));
}

/* ---- Counts ---- */

/* Finds the segments of the user that stands in `segments`. */
static size_t find_segments(struct segment_counter *counter)
{
    size_t count = 0;
    for (size_t k = 0; k < counter->segments.count; k++) {
        int32_t number = ids_find(counter->names, counter->segments.at[k]);
        if (number == ID_NONE || counter->segment_of[number] == ID_NONE) { continue; }
        counter->user_segments[count++] = counter->segment_of[number];
    }
    return count;
}

static bool has(const int32_t *items, size_t count, int32_t item)
{
    size_t k = 0;
    while (k < count && items[k] != item) { k++; }
    return k < count;
}

/* Finds the items of a history that count, each once. */
static size_t find_items(struct segment_counter *counter, const struct user_history *history)
{
    size_t count = 0;
    for (size_t k = 0; k < history->items.count; k++) {
        if (!(history->weights.at[k] > 0.0F)) { continue; }
        int32_t before = ids_count(counter->items);
        int32_t item = ids_put(counter->items, history->items.at[k]);
        if (item == ID_NONE || has(counter->user_items, count, item)) { continue; }
        if (item == before) { counter->item_bytes += history->items.at[k].size + ID_OVERHEAD; }
        counter->user_items[count++] = item;
    }
    return count;
}

static void fail(struct segment_counter *counter)
{
    segment_counter_drop(counter);
    counter->state = SEGMENTS_FAILED;
}

static void begin_with_half(struct segment_counter *counter)
{
    if (++counter->sample > SAMPLE_MAX) {
        fail(counter);
    } else {
        begin_counts(counter);
    }
}

static void count_user(struct segment_counter *counter, struct slice user)
{
    struct user_history history;
    struct codec_error error;
    struct slice value;
    int32_t partition = murmur_partition(user, (int32_t)counter->histories_at.count);
    if (table_view_get(counter->histories, partition, user, &value) < 0) { return; }
    if (codec_decode(counter->history_codec, value, counter->arena, &history, &error) < 0) {
        if (error.unknown_id) { fail(counter); }
        return;
    }
    if (history_fault(&history)) { return; }
    size_t items = find_items(counter, &history);
    if (!items) { return; }
    size_t segments = find_segments(counter);
    bool fits = counter->item_bytes <= counter->settings->bytes_max / 4 &&
                segment_counts_add(counter->counts, counter->user_segments, segments,
                                   counter->user_items, items);
    if (!fits) { begin_with_half(counter); }
}

/* ---- Steps ---- */

static bool is_sampled(const struct segment_counter *counter, struct slice user)
{
    uint64_t mask = (UINT64_C(1) << counter->sample) - 1;
    return (ids_fingerprint(user) & mask) == 0;
}

static void take_profile(struct segment_counter *counter, struct slice user, struct slice value)
{
    struct user_profile profile;
    arena_reset(counter->arena);
    if (counter->phase == PHASE_COUNTS && !is_sampled(counter, user)) { return; }
    if (codec_decode(counter->profile_codec, value, counter->arena, &profile, NULL) < 0) { return; }
    user_segments_find(profile.country, profile.birth_year, profile.tags, &counter->segments);
    if (counter->phase == PHASE_NAMES) {
        count_names(counter);
    } else {
        count_user(counter, user);
    }
}

static void end_phase(struct segment_counter *counter)
{
    if (counter->phase == PHASE_NAMES) {
        choose_segments(counter);
        begin_counts(counter);
        if (counter->chosen_count) { return; }
    }
    if (counter->sample && !segment_counts_all_users(counter->counts)) {
        fail(counter); /* memory is for nobody, which is not to say that nobody is there */
        return;
    }
    counter->histories = table_view_free(counter->histories);
    counter->profiles = table_view_free(counter->profiles);
    counter->state = SEGMENTS_COUNTED;
}

void segment_counter_step(struct segment_counter *counter, size_t users)
{
    struct slice user, value;
    for (size_t k = 0; k < users && counter->state == SEGMENTS_COUNTING; k++) {
        int result = table_view_next(counter->profiles, &user, &value);
        if (result > 0) {
            take_profile(counter, user, value);
        } else if (result == 0) {
            end_phase(counter);
        } else {
            fail(counter);
        }
    }
}

/* ---- Records ---- */

int segment_counter_record(struct segment_counter *counter, size_t at,
                           struct group_profile *ret_group)
{
    const struct segment_counter_settings *settings = counter->settings;
    if (at >= counter->chosen_count) { return -ENOENT; }
    if (segment_counts_users(counter->counts, (int32_t)at) < settings->users_min) {
        return -EAGAIN;
    }
    *ret_group = (struct group_profile){
        .kind = GROUP_SEGMENT,
        .name = ids_text(counter->names, counter->chosen[at].number),
        .sample = counter->sample,
        .history_offsets = counted_offsets_named(&counter->histories_at),
        .profile_offsets = counted_offsets_named(&counter->profiles_at),
    };
    group_columns_write(&counter->columns, counter->counts, (int32_t)at, counter->items,
                        settings->items_max, settings->item_users_min, ret_group);
    return 0;
}
