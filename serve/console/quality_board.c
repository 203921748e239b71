/* What a record added is found again by decoding its bytes, which are kept, so a record that
 * replaces another takes out exactly what that one put in.
 */
#include "base/base.h"
#include "base/hash_index.h"
#include "base/xalloc.h"
#include "schemas/generations.h"
#include "serve/console/quality_board.h"

#include <pthread.h>

enum { HOUR_MS = 3600000, KEPT_BYTES_MAX = 4096, BOARD_ARENA_BYTES = 1 << 16 };

static const int64_t COUNTER_MAX = 1000000000000; /* of one counter of a record */

/* The newest record whose key has this slot. */
struct kept_record {
    int64_t hour;
    size_t key_size, value_size;
    char *bytes; /* key, then value; NULL: none */
};

struct quality_board {
    pthread_mutex_t lock;
    struct codec *quality, *trial_codec, *step_codec;
    struct arena *arena;
    struct kept_record kept[QUALITY_KEYS];
    struct quality_hour hours[QUALITY_HOURS]; /* by hour modulo their number */
    char models[QUALITY_MODELS][QUALITY_MODEL_BYTES];
    size_t models_count;
    struct trials trials;
    struct generations generations;
};

struct quality_board *quality_board_new(struct schema_cache *schemas, int32_t partitions)
{
    struct quality_board *board = xcalloc(1, sizeof(*board));
    pthread_mutex_init(&board->lock, NULL);
    board->quality = codec_new(&list_quality_contract, schemas);
    board->trial_codec = codec_new(&trial_record_contract, schemas);
    board->step_codec = codec_new(&generation_step_contract, schemas);
    board->arena = arena_new(BOARD_ARENA_BYTES);
    trials_init(&board->trials, partitions ? partitions : TRIAL_PARTITIONS_MAX);
    generations_init(&board->generations);
    return board;
}

struct quality_board *quality_board_free(struct quality_board *board)
{
    if (!board) { return NULL; }
    for (size_t i = 0; i < QUALITY_KEYS; i++) { free(board->kept[i].bytes); }
    codec_free(board->quality);
    codec_free(board->trial_codec);
    codec_free(board->step_codec);
    arena_free(board->arena);
    trials_release(&board->trials);
    generations_release(&board->generations);
    pthread_mutex_destroy(&board->lock);
    free(board);
    return NULL;
}

/* ---- Sums ---- */

/* A record that somebody else has written may hold any numbers. */
static int64_t counter(int64_t value)
{
    return MIN_OF(MAX_OF(value, (int64_t)0), COUNTER_MAX);
}

static double measure(double value)
{
    return isfinite(value) ? fmin(fmax(value, 0.0), (double)COUNTER_MAX) : 0.0;
}

static void add(struct quality_counts *sum, int sign, int64_t judged, int64_t hits,
                int64_t repeats, double ndcg)
{
    sum->judged += sign * counter(judged);
    sum->hits += sign * counter(hits);
    sum->repeats += sign * counter(repeats);
    sum->ndcg += sign * measure(ndcg);
}

static size_t model_at(struct quality_board *board, struct slice name)
{
    for (size_t i = 0; i < board->models_count; i++) {
        if (slice_equal(slice_str(board->models[i]), name)) { return i; }
    }
    bool fits = name.size < QUALITY_MODEL_BYTES && !memchr(name.data, '\0', name.size);
    if (!fits || board->models_count >= QUALITY_MODELS - 1) { return QUALITY_MODELS - 1; }
    memcpy(board->models[board->models_count], name.data, name.size);
    return board->models_count++;
}

static void add_parts(struct quality_board *board, struct quality_hour *hour, int sign,
                      const struct list_quality *quality)
{
    size_t parts = MIN_OF(MIN_OF(quality->made_by.count, quality->segments.count),
                          MIN_OF(quality->judged_by.count, quality->hits_by.count));
    size_t kinds = MIN_OF(MIN_OF(quality->kinds.count, quality->judged_by_kind.count),
                          MIN_OF(quality->hits_by_kind.count, quality->repeats_by_kind.count));
    for (size_t i = 0; i < MIN_OF(parts, quality->ndcg_by.count); i++) {
        int32_t segment = quality->segments.at[i];
        if (segment < 0 || segment >= QUALITY_SEGMENTS) { continue; }
        size_t model = model_at(board, quality->made_by.at[i]);
        add(&hour->parts[model][segment], sign, quality->judged_by.at[i], quality->hits_by.at[i],
            0, quality->ndcg_by.at[i]);
    }
    for (size_t i = 0; i < kinds; i++) {
        int32_t kind = quality->kinds.at[i];
        if (kind < 0 || kind >= ACTIONS_COUNT) { continue; }
        add(&hour->kinds[kind], sign, quality->judged_by_kind.at[i], quality->hits_by_kind.at[i],
            quality->repeats_by_kind.at[i], 0.0);
    }
}

static int read(struct quality_board *board, struct slice value, struct list_quality *ret_quality,
                struct codec_error *ret_error)
{
    arena_reset(board->arena);
    return codec_decode(board->quality, value, board->arena, ret_quality, ret_error);
}

/* Adds what a record says to an hour, or takes it out again. */
static void apply(struct quality_board *board, struct quality_hour *hour, int sign,
                  struct slice value)
{
    struct list_quality quality;
    if (read(board, value, &quality, NULL) < 0) { return; }
    add(&hour->all, sign, quality.judged, quality.hits_at_10, quality.repeats,
        quality.ndcg_at_10);
    hour->unlisted += sign * counter(quality.unlisted);
    hour->lists += sign * counter(quality.lists);
    hour->places += sign * counter(quality.places);
    hour->novelty_bits += sign * measure(quality.novelty_bits);
    if (quality.items_known > 0) {
        double listed = (double)counter(quality.items_listed);
        double coverage = fmin(listed / (double)counter(quality.items_known), 1.0);
        hour->coverage = fmax(hour->coverage, coverage);
    }
    add_parts(board, hour, sign, &quality);
}

/* Returns the sums of an hour; NULL: it is older than all that are kept. */
static struct quality_hour *hour_of(struct quality_board *board, int64_t number)
{
    struct quality_hour *hour = &board->hours[number % QUALITY_HOURS];
    if (hour->hour > number) { return NULL; }
    if (hour->hour < number) { *hour = (struct quality_hour){.hour = number}; }
    return hour;
}

/* ---- Records ---- */

/* Takes out what the record with the same key put in, and remembers this one in its place. */
static void replace(struct quality_board *board, const struct record *rec, int64_t number)
{
    struct kept_record *kept = &board->kept[hash_index_text(rec->key) % QUALITY_KEYS];
    struct slice key = slice_of(kept->bytes, kept->key_size);
    if (kept->bytes && slice_equal(key, rec->key)) {
        struct quality_hour *hour = &board->hours[kept->hour % QUALITY_HOURS];
        struct slice former = slice_of(kept->bytes + kept->key_size, kept->value_size);
        if (hour->hour == kept->hour) { apply(board, hour, -1, former); }
    }
    free(kept->bytes);
    *kept = (struct kept_record){0};
    if (rec->key.size + rec->value.size > KEPT_BYTES_MAX) { return; }
    kept->hour = number;
    kept->key_size = rec->key.size;
    kept->value_size = rec->value.size;
    kept->bytes = xmalloc(rec->key.size + rec->value.size + 1);
    memcpy(kept->bytes, rec->key.data, rec->key.size);
    memcpy(kept->bytes + rec->key.size, rec->value.data, rec->value.size);
}

/* Fills ret_error and returns -EBADMSG when a record says nothing. */
static int check(struct quality_board *board, const struct record *rec, int64_t now_ms,
                 struct codec_error *ret_error)
{
    struct list_quality quality;
    if (!rec->key.data) { return codec_error_set(ret_error, -EBADMSG, "bad_key", "there is none"); }
    if (rec->time_ms > now_ms && rec->time_ms - now_ms > HOUR_MS) {
        return codec_error_set(ret_error, -EBADMSG, "time_ahead", "it is of an hour to come");
    }
    return read(board, rec->value, &quality, ret_error);
}

int quality_board_put(struct quality_board *board, const struct record *rec, int64_t now_ms,
                      struct codec_error *ret_error)
{
    int64_t number = rec->time_ms / HOUR_MS;
    if (!rec->value.data) { return 0; }
    pthread_mutex_lock(&board->lock);
    int result = check(board, rec, now_ms, ret_error);
    struct quality_hour *hour = result == 0 && number > 0 ? hour_of(board, number) : NULL;
    if (hour) {
        replace(board, rec, number);
        apply(board, hour, 1, rec->value);
    }
    pthread_mutex_unlock(&board->lock);
    return result;
}

void quality_board_put_trial(struct quality_board *board, const struct record *rec)
{
    struct trial_record trial;
    struct codec_error error;
    if (!rec->value.data) { return; }
    pthread_mutex_lock(&board->lock);
    arena_reset(board->arena);
    if (codec_decode(board->trial_codec, rec->value, board->arena, &trial, &error) == 0) {
        (void)trials_apply(&board->trials, &trial);
    }
    pthread_mutex_unlock(&board->lock);
}

void quality_board_put_step(struct quality_board *board, const struct record *rec)
{
    struct generation_step step;
    struct codec_error error;
    if (!rec->value.data) { return; }
    pthread_mutex_lock(&board->lock);
    arena_reset(board->arena);
    if (codec_decode(board->step_codec, rec->value, board->arena, &step, &error) == 0) {
        (void)generations_apply(&board->generations, &step);
    }
    pthread_mutex_unlock(&board->lock);
}

/* ---- Looking ---- */

static void look_at_trial(const struct quality_board *board, struct quality_view *view)
{
    const struct trials *trials = &board->trials;
    if (!trials->number) { return; }
    view->trial.known = true;
    view->trial.runs = trials_run(trials, &board->generations);
    view->trial.ended = trials->ended;
    view->trial.number = trials->number;
    view->trial.began_ms = trials->began_ms;
    view->trial.ended_ms = trials->ended_ms;
    view->trial.share = trials->share;
    view->trial.metric = trials->metric;
    view->trial.ending = trials->ending;
    memcpy(view->trial.names[TRIAL_ARM_LIVE], trials->live, sizeof(trials->live));
    memcpy(view->trial.names[TRIAL_ARM_TRIAL], trials->generation, sizeof(trials->generation));
    for (int arm = 0; arm < TRIAL_ARMS; arm++) {
        trials_sum(trials, arm, &view->trial.arms[arm]);
        memcpy(view->trial.gains[arm], trials_gains(trials, &view->trial.arms[arm]),
               sizeof(view->trial.gains[arm]));
    }
}

static void add_generation(struct quality_view *view, const char *name)
{
    for (size_t i = 0; i < view->generations_count; i++) {
        if (strcmp(view->generations[i], name) == 0) { return; }
    }
    char *to = view->generations[view->generations_count++];
    (void)snprintf(to, sizeof(view->generations[0]), "%s", name);
}

static void look_at_generations(const struct quality_board *board, struct quality_view *view)
{
    add_generation(view, board->generations.live);
    add_generation(view, board->generations.previous);
    if (!board->trials.number) { return; }
    add_generation(view, board->trials.live);
    add_generation(view, board->trials.generation);
}

void quality_board_look(struct quality_board *board, struct quality_view *ret_view)
{
    *ret_view = (struct quality_view){0};
    pthread_mutex_lock(&board->lock);
    int64_t newest = 0;
    for (size_t i = 0; i < QUALITY_HOURS; i++) { newest = MAX_OF(newest, board->hours[i].hour); }
    for (int64_t at = newest; at > 0 && at > newest - QUALITY_HOURS; at--) {
        const struct quality_hour *hour = &board->hours[at % QUALITY_HOURS];
        if (hour->hour == at) { ret_view->hours[ret_view->hours_count++] = *hour; }
    }
    memcpy(ret_view->models, board->models, sizeof(board->models));
    ret_view->models_count = board->models_count;
    look_at_trial(board, ret_view);
    look_at_generations(board, ret_view);
    pthread_mutex_unlock(&board->lock);
}
