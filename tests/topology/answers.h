/* Answers: the contents of the workers' topics as text, which is equal when they mean the same.
 *
 * Numbers are printed in full (%a). Counts are decayed to epoch 0: a row's epoch depends on how the
 * input was cut into batches, its meaning does not. For the same reason a row's `event_time_ms`,
 * that of the newest batch that changed it, is left out.
 */
#ifndef FRESHET_TESTS_TOPOLOGY_ANSWERS_H
#define FRESHET_TESTS_TOPOLOGY_ANSWERS_H

#include "model/counting/decay.h"
#include "model/ids.h"
#include "schemas/contracts.h"
#include "schemas/item_neighbours.h"
#include "schemas/pair_deltas.h"
#include "schemas/recommendation_list.h"
#include "schemas/serving_row.h"
#include "schemas/user_state.h"
#include "tests/topology/feed.h"

enum { ANSWER_BYTES_MAX = 64 << 20 };

/* Reads a rig's topics; `text` is what was printed since the last answers_clear(). */
struct answers {
    const struct rig *rig;
    struct schema_cache *schemas;
    struct codec *rows, *serving, *deltas, *lists, *states;
    struct arena *arena;
    struct buf text;
    bool joined; /* users were merged: who came first, and so in which row each counts, varies */
};

static inline void answers_init(struct answers *answers, const struct rig *rig)
{
    *answers =
        (struct answers){.rig = rig, .schemas = schema_cache_new(), .arena = arena_new(1 << 16)};
    contracts_add_all(answers->schemas);
    answers->rows = codec_new(&item_neighbours_contract, answers->schemas);
    answers->serving = codec_new(&serving_row_contract, answers->schemas);
    answers->deltas = codec_new(&pair_deltas_contract, answers->schemas);
    answers->lists = codec_new(&recommendation_list_contract, answers->schemas);
    answers->states = codec_new(&user_state_contract, answers->schemas);
    buf_init(&answers->text, ANSWER_BYTES_MAX);
}

static inline void answers_release(struct answers *answers)
{
    codec_free(answers->rows);
    codec_free(answers->serving);
    codec_free(answers->deltas);
    codec_free(answers->lists);
    codec_free(answers->states);
    schema_cache_free(answers->schemas);
    arena_free(answers->arena);
    buf_release(&answers->text);
}

static inline void answers_decode(struct answers *answers, struct codec *codec, struct slice value,
                                  void *ret_object)
{
    struct codec_error error;
    arena_reset(answers->arena);
    assert(codec_decode(codec, value, answers->arena, ret_object, &error) == 0);
}

/* Prints a topic's newest values as JSON: all of them, field by field. */
static inline void answers_whole(struct answers *answers, const char *topic)
{
    struct fold *fold = rig_fold(answers->rig, topic);
    struct codec_error error;
    const char *name;
    for (size_t i = 0; i < fold->count; i++) {
        if (!fold->at[i].value.data) { continue; }
        buf_printf(&answers->text, "%s %.*s ", topic, SLICE_ARGS(fold->at[i].key));
        assert(codec_json(answers->schemas, fold->at[i].value, &answers->text, &name, &error) == 0);
        buf_printf(&answers->text, "\n");
    }
    free(fold);
}

/* Says whether a record is a user's state or a row: not a tombstone, and none of our own records
 * beside them (an archive segment, a marker), whose keys are not valid UTF-8. */
static inline bool answers_is_entry(const struct folded *folded)
{
    return folded->value.data && (unsigned char)folded->key.data[0] < 0x80;
}

/* Prints users' states without the offsets of their events. */
static inline void answers_states(struct answers *answers)
{
    struct fold *fold = rig_fold(answers->rig, "features-changelog");
    struct user_state state;
    for (size_t i = 0; i < fold->count; i++) {
        if (!answers_is_entry(&fold->at[i])) { continue; }
        answers_decode(answers, answers->states, fold->at[i].value, &state);
        buf_printf(&answers->text, "state %.*s total=%" PRId64, SLICE_ARGS(fold->at[i].key),
                   state.events_total);
        for (size_t k = 0; k < state.items.count; k++) {
            buf_printf(&answers->text, " %.*s@%" PRId64 "/%" PRIx64, SLICE_ARGS(state.items.at[k]),
                       state.event_times_ms.at[k], state.event_ids.at[k]);
        }
        buf_printf(&answers->text, "\n");
    }
    free(fold);
}

/* Prints the serving rows without their versions. */
static inline void answers_serving_rows(struct answers *answers)
{
    struct fold *fold = rig_fold(answers->rig, "serving-rows");
    struct serving_row row;
    for (size_t i = 0; i < fold->count; i++) {
        if (!answers_is_entry(&fold->at[i])) { continue; }
        answers_decode(answers, answers->serving, fold->at[i].value, &row);
        int64_t trend_epoch = feed_from_ms / 86400000;
        buf_printf(&answers->text, "serving %.*s users=%" PRId64 " mass=%a actions=%a trend=%a",
                   SLICE_ARGS(row.item_id), row.first_users,
                   decay_rescale(row.mass, row.epoch, 0),
                   decay_rescale(row.actions, row.epoch, 0),
                   decay_rescale(row.trend, row.trend_epoch, trend_epoch));
        for (size_t k = 0; k < row.items.count; k++) {
            buf_printf(&answers->text, " %.*s:%a/%a/%a", SLICE_ARGS(row.items.at[k]),
                       (double)row.co_ratings.at[k], (double)row.forwards.at[k],
                       (double)row.backwards.at[k]);
        }
        buf_printf(&answers->text, "\n");
    }
    free(fold);
}

/* Prints the rows of neighbours, and then the serving rows. */
static inline void answers_rows(struct answers *answers)
{
    struct fold *fold = rig_fold(answers->rig, "neighbours");
    struct item_neighbours row;
    for (size_t i = 0; i < fold->count; i++) {
        if (!fold->at[i].value.data) { continue; }
        answers_decode(answers, answers->rows, fold->at[i].value, &row);
        int64_t trend_epoch = feed_from_ms / 86400000;
        buf_printf(&answers->text, "row %.*s users=%" PRId64 " mass=%a actions=%a trend=%a",
                   SLICE_ARGS(row.item_id), row.first_users,
                   decay_rescale(row.mass, row.epoch, 0),
                   decay_rescale(row.actions, row.epoch, 0),
                   decay_rescale(row.trend, row.trend_epoch, trend_epoch));
        for (size_t k = 0; k < row.items.count; k++) {
            buf_printf(&answers->text, " %.*s:%a/%a/%a", SLICE_ARGS(row.items.at[k]),
                       row.co_ratings.at[k], row.forwards.at[k], row.backwards.at[k]);
        }
        buf_printf(&answers->text, "\n");
    }
    free(fold);
    answers_serving_rows(answers);
}

/* The sums of all pair deltas of the log. */
struct sums {
    double co[FEED_ITEMS][FEED_ITEMS];
    double forward[FEED_ITEMS][FEED_ITEMS];
    double mass[FEED_ITEMS];
    double actions[FEED_ITEMS];
    int64_t users[FEED_ITEMS];
};

static inline size_t sums_item(struct slice id)
{
    assert(id.size == 3 && id.data[0] == 'i');
    return (size_t)(id.data[1] - '0') * 10 + (size_t)(id.data[2] - '0');
}

/* Columns end with the last value that is not 0. */
static inline double sums_value(const struct doubles *column, size_t at)
{
    return at < column->count ? column->at[at] : 0.0;
}

/* A pair is in the messages of both its items' partitions; only that of the first counts. */
static inline void sums_add(struct sums *sums, const struct pair_deltas *deltas, int32_t partition,
                            int32_t partitions)
{
    assert(deltas->epoch == 0);
    for (size_t i = 0; i < deltas->items.count; i++) {
        size_t item = sums_item(deltas->items.at[i]);
        sums->mass[item] += sums_value(&deltas->masses, i);
        sums->actions[item] += sums_value(&deltas->action_counts, i);
        sums->users[item] += i < deltas->new_users.count ? deltas->new_users.at[i] : 0;
    }
    size_t at = 0;
    for (size_t r = 0; r < deltas->rows.count; r++) {
        struct slice first = deltas->items.at[deltas->rows.at[r]];
        bool ours = ids_partition(ids_fingerprint(first), partitions) == partition;
        for (int32_t k = 0; k < deltas->row_pairs.at[r]; k++, at++) {
            size_t a = sums_item(first);
            size_t b = sums_item(deltas->items.at[deltas->columns.at[at]]);
            if (!ours) { continue; }
            sums->co[MIN_OF(a, b)][MAX_OF(a, b)] += deltas->co_ratings.at[at];
            sums->forward[a][b] += sums_value(&deltas->forwards, at);
            sums->forward[b][a] += sums_value(&deltas->backwards, at);
        }
    }
}

/* Sums all committed pair deltas; the caller frees. */
static inline struct sums *answers_add_up(struct answers *answers)
{
    struct sums *sums = xcalloc(1, sizeof(*sums));
    const struct rig *rig = answers->rig;
    struct record rec;
    struct pair_deltas deltas;
    for (int32_t p = 0; p < rig->partitions; p++) {
        for (int64_t at = 0; memlog_read(rig->log, "pair-deltas", p, at, &rec) == 0;
             at = rec.offset + 1) {
            answers_decode(answers, answers->deltas, rec.value, &deltas);
            sums_add(sums, &deltas, p, rig->partitions);
        }
    }
    return sums;
}

/* Prints the sums of all committed pair deltas. */
static inline void answers_sums(struct answers *answers)
{
    struct sums *sums = answers_add_up(answers);
    int64_t users = 0;
    for (size_t a = 0; a < FEED_ITEMS; a++) {
        buf_printf(&answers->text, "sum %zu %a %a %" PRId64, a, sums->mass[a], sums->actions[a],
                   answers->joined ? 0 : sums->users[a]);
        users += sums->users[a];
        for (size_t b = 0; b < FEED_ITEMS; b++) {
            buf_printf(&answers->text, " %a/%a", sums->co[a][b], sums->forward[a][b]);
        }
        buf_printf(&answers->text, "\n");
    }
    buf_printf(&answers->text, "users %" PRId64 "\n", users);
    free(sums);
}

/* Prints those sums that can only grow with more events. Transitions can fall: a late event makes
 * others more distant. */
static inline void answers_growing_sums(struct answers *answers)
{
    struct sums *sums = answers_add_up(answers);
    for (size_t a = 0; a < FEED_ITEMS; a++) {
        buf_printf(&answers->text, "sum %zu %a %a %" PRId64, a, sums->mass[a], sums->actions[a],
                   sums->users[a]);
        for (size_t b = 0; b < FEED_ITEMS; b++) {
            buf_printf(&answers->text, " %a", sums->co[a][b]);
        }
        buf_printf(&answers->text, "\n");
    }
    free(sums);
}

/* Prints the rows of neighbours as whole tables (0 where there is no neighbour), decayed to an
 * epoch; `grows`: only those numbers that can only grow with more events. */
static inline void answers_tables(struct answers *answers, int64_t epoch, bool grows)
{
    struct fold *fold = rig_fold(answers->rig, "neighbours");
    struct item_neighbours row;
    for (size_t a = 0; a < FEED_ITEMS; a++) {
        double cells[FEED_ITEMS][3] = {{0}};
        char key[16];
        (void)snprintf(key, sizeof(key), "i%02zu", a);
        row = (struct item_neighbours){0};
        for (size_t i = 0; i < fold->count; i++) {
            if (!slice_equal(fold->at[i].key, slice_str(key)) || !fold->at[i].value.data) {
                continue;
            }
            answers_decode(answers, answers->rows, fold->at[i].value, &row);
        }
        for (size_t k = 0; k < row.items.count; k++) {
            double *cell = cells[sums_item(row.items.at[k])];
            cell[0] = decay_rescale(row.co_ratings.at[k], row.epoch, epoch);
            cell[1] = decay_rescale(row.forwards.at[k], row.epoch, epoch);
            cell[2] = decay_rescale(row.backwards.at[k], row.epoch, epoch);
        }
        buf_printf(&answers->text, "row %s users=%" PRId64 " mass=%a actions=%a", key,
                   row.first_users, decay_rescale(row.mass, row.epoch, epoch),
                   decay_rescale(row.actions, row.epoch, epoch));
        for (size_t k = 0; k < FEED_ITEMS; k++) {
            for (size_t c = 0; c < (grows ? 1 : ARRAY_COUNT(cells[k])); c++) {
                buf_printf(&answers->text, " %a", cells[k][c]);
            }
        }
        buf_printf(&answers->text, "\n");
    }
    free(fold);
}

/* Prints the lists without the offset of their newest event. */
static inline void answers_lists(struct answers *answers)
{
    struct fold *fold = rig_fold(answers->rig, "recommendations");
    struct recommendation_list list;
    for (size_t i = 0; i < fold->count; i++) {
        if (!fold->at[i].value.data) { continue; }
        answers_decode(answers, answers->lists, fold->at[i].value, &list);
        buf_printf(&answers->text, "list %.*s time=%" PRId64, SLICE_ARGS(list.user_id),
                   list.event_time_ms);
        for (size_t k = 0; k < list.items.count; k++) {
            buf_printf(&answers->text, " %.*s:%a", SLICE_ARGS(list.items.at[k]),
                       (double)list.scores.at[k]);
        }
        buf_printf(&answers->text, "\n");
    }
    free(fold);
}

/* On how many lists an item stands. */
static inline size_t answers_listed(const struct rig *rig, int number)
{
    struct answers answers;
    struct recommendation_list list;
    char id[16];
    size_t count = 0;
    (void)snprintf(id, sizeof(id), "i%02d", number);
    answers_init(&answers, rig);
    struct fold *fold = rig_fold(rig, "recommendations");
    for (size_t i = 0; i < fold->count; i++) {
        if (!fold->at[i].value.data) { continue; }
        answers_decode(&answers, answers.lists, fold->at[i].value, &list);
        for (size_t k = 0; k < list.items.count; k++) {
            count += slice_equal(list.items.at[k], slice_str(id));
        }
    }
    free(fold);
    answers_release(&answers);
    return count;
}

/* Takes the text; the caller frees it. */
static inline char *answers_take(struct answers *answers)
{
    assert(!buf_failed(&answers->text));
    char *text = xprintf("%.*s", SLICE_ARGS(buf_slice(&answers->text)));
    buf_clear(&answers->text);
    return text;
}

/* Says whether two answers are equal; prints the first line that differs. */
static inline bool answers_agree(const char *a, const char *b)
{
    while (*a && *b) {
        int size_a = (int)strcspn(a, "\n"), size_b = (int)strcspn(b, "\n");
        if (size_a != size_b || memcmp(a, b, (size_t)size_a) != 0) {
            fprintf(stderr, "one says:   %.*s\nother says: %.*s\n", MIN_OF(size_a, 2000), a,
                    MIN_OF(size_b, 2000), b);
            return false;
        }
        a += size_a + 1;
        b += size_b + 1;
    }
    if (*a || *b) { fprintf(stderr, "one of them says more: %.300s\n", *a ? a : b); }
    return !*a && !*b;
}

/* Compares two answers, numbers by value and the rest byte by byte. 0: equal within tolerance; 1:
 * some number of b is greater and none is less; otherwise -1, after printing the difference. */
static inline int answers_compare(const char *a, const char *b, double tolerance)
{
    const char *begin = a;
    int result = 0;
    while (*a && *b) {
        bool begins = a > begin && strchr(" :/=", a[-1]) && strchr("-0123456789", *a);
        char *end_a = NULL, *end_b = NULL;
        double one = begins ? strtod(a, &end_a) : 0, other = begins ? strtod(b, &end_b) : 0;
        if (begins && end_b == b) { begins = false; }
        if (other > one + tolerance * fmax(1, fabs(one))) { result = 1; }
        if (other < one - tolerance * fmax(1, fabs(one)) || (!begins && *a != *b)) {
            fprintf(stderr, "one says: %.60s\nother says: %.60s\n", a, b);
            return -1;
        }
        a = begins ? end_a : a + 1;
        b = begins ? end_b : b + 1;
    }
    if (*a || *b) { fprintf(stderr, "one of them says more: %.300s\n", *a ? a : b); }
    return *a || *b ? -1 : result;
}

#endif
