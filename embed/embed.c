/* Each record of `items` becomes a row of vectors in `content-vectors`, which is output and
 * changelog at once. A row says of which content and by which model it was made; when neither has
 * changed, the row stands and nothing is computed. So `content-vectors` is also the cache.
 *
 *   process()    takes the item into the queue, or leaves its row as it is
 *   encode()     computes the vectors of all queued texts together; at QUEUE_MAX, in the middle of
 *                a poll, and at its end
 *
 * When the store has rows of another model, `items` is read again beside the input (work()). It may
 * bring a record that is older than one just processed: only an item whose content is that of its
 * row gets a new row.
 *
 * The last vectors of a row are those that came by `given-vectors`, which every copy reads whole
 * (given_table.h): a row is a function of the item's record and of the newest given vectors,
 * whichever came first. When one of them changes, the row of its item is joined anew, without
 * encoding (due_rows.h). So an item without any content has a row, too, an empty one: it says that
 * the item is in the catalogue.
 *
 * One thread.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "embed/due_rows.h"
#include "embed/embed.h"
#include "embed/given_table.h"
#include "embed/text/sentence_files.h"
#include "embed/text/sentence_model.h"
#include "embed/vector_row.h"
#include "stream/config/option_table.h"

enum { ITEMS, GIVEN };
static const struct input inputs[] = {
    [ITEMS] = {.name = "items",
               .kind = INPUT_PARTITIONED,
               .shared = true,
               .cleanup = CLEANUP_TABLE},
    [GIVEN] = {.name = "given-vectors",
               .kind = INPUT_BROADCAST,
               .shared = true,
               .optional = true,
               .cleanup = CLEANUP_TABLE},
};

enum { VECTORS };
static const struct output outputs[] = {
    [VECTORS] = {.name = "content-vectors",
                 .delivery = DELIVERY_AT_ONCE,
                 .shared = true,
                 .cleanup = CLEANUP_TABLE,
                 .contracts = {&content_vectors_contract}},
};

enum {
    QUEUE_MAX = 32,
    TEXT_BYTES_MAX = 16384, /* more than the model's pieces can take of a text */
    MESSAGE_BYTES_MAX = 1 << 17, /* of eight vectors */
};

/* An English sentence that every model must have a vector for. */
static const char probe[] = "A probe: two trains meet in a station.";

struct embed_settings {
    const char *model_path;
    int64_t pieces_max;
};

#define OPTION_SETTINGS struct embed_settings

static const struct option options[] = {
    OPTION("model.path", STRING, model_path, "", OPTION_FREE,
           "Directory of the model: config.json, vocab.txt, model.safetensors"),
    OPTION("pieces.max", LONG, pieces_max, "128", OPTION_RANGE(3, SENTENCE_PIECES_MAX),
           "Most word pieces of a text that count"),
};

/* State of the process. */
struct embed {
    struct sentence_model *model;
    size_t numbers;
    struct codec *item_codec, *row_codec;
    struct digest *digest;
    float *vectors; /* QUEUE_MAX x numbers */
    struct vector_row row;
    struct buf message;
    struct given_table *given;
    struct embed_task *tasks; /* that are open */
    struct metric *texts, *unchanged, *rows, *refused, *joined;
};

/* An item whose row is due; all in the task's arena. */
struct queued {
    struct slice key;
    struct slice text; /* empty: none */
    struct floats given;
    struct slices names; /* of further vectors */
    struct ints widths;
    struct floats numbers;
    char content[CONTENT_DIGEST_BYTES];
};

struct embed_task {
    struct task *task;
    struct embed_task *next;
    struct due_rows due;
    struct queued queue[QUEUE_MAX];
    size_t queued;
    bool stale; /* the store has rows of another model */
};

static struct embed *embed_of(const struct task *task)
{
    return run_state(task_run(task));
}

/* ---- Start and stop ---- */

static void stop(struct run *run)
{
    struct embed *embed = run_state(run);
    if (!embed) { return; }
    sentence_model_free(embed->model);
    given_table_free(embed->given);
    codec_free(embed->item_codec);
    codec_free(embed->row_codec);
    digest_free(embed->digest);
    buf_release(&embed->message);
    free(embed->vectors);
    free(embed);
    run_set_state(run, NULL);
}

/* Refuses weights with which a plain text has no vector. */
static int try_model(struct run *run, struct embed *embed, const char *path)
{
    const struct slice text = slice_str(probe);
    float squares = 0.0F;
    sentence_model_run(embed->model, &text, 1, embed->vectors);
    for (size_t i = 0; i < embed->numbers; i++) {
        squares += embed->vectors[i] * embed->vectors[i];
    }
    if (isfinite(squares) && fabsf(squares - 1.0F) < 0.01F) { return 0; }
    run_refuse(run, "the model in %s makes no vector of a plain text: its weights are damaged, or "
               "too large for 32-bit floats; hint: fetch it again",
               path);
    return -EINVAL;
}

static char *check(const void *arg, struct buf *notes _unused_)
{
    const struct embed_settings *settings = arg;
    if (!settings->model_path[0]) {
        return xstrdup("model.path is not set; hint: a directory with config.json, vocab.txt and "
                       "model.safetensors, as deploy/encoder makes one");
    }
    _cleanup_(xfreep) char *fault = sentence_files_check(settings->model_path);
    return fault ? xprintf("%s; hint: model.path, deploy/encoder", fault) : NULL;
}

static int open_model(struct run *run, struct embed *embed)
{
    const struct embed_settings *settings = run_settings(run);
    struct reason reason = {0};
    _cleanup_(xfreep) char *fault = check(settings, NULL);
    if (fault) {
        run_refuse(run, "%s", fault);
        return -EINVAL;
    }
    if (sentence_model_open(settings->model_path, (size_t)settings->pieces_max, &embed->model,
                            &reason) < 0) {
        run_refuse(run, "%s; hint: model.path, deploy/encoder", reason.text);
        return -EINVAL;
    }
    embed->numbers = sentence_model_numbers(embed->model);
    embed->vectors = xcalloc(QUEUE_MAX * embed->numbers, sizeof(*embed->vectors));
    return try_model(run, embed, settings->model_path);
}

static int start(struct run *run)
{
    struct embed *embed = xcalloc(1, sizeof(*embed));
    struct metrics *metrics = run_metrics(run);
    run_set_state(run, embed);
    embed->item_codec = codec_new(&item_contract, run_schemas(run));
    embed->row_codec = codec_new(&content_vectors_contract, run_schemas(run));
    embed->digest = digest_new();
    buf_init(&embed->message, MESSAGE_BYTES_MAX);
    embed->texts = metrics_counter(metrics, "freshet_embed_texts_total", "", "Texts encoded.");
    embed->unchanged = metrics_counter(metrics, "freshet_embed_unchanged_total", "",
                                       "Items whose row stands, as their content has not changed.");
    embed->rows = metrics_counter(metrics, "freshet_embed_rows_total", "", "Rows sent.");
    embed->refused = metrics_counter(metrics, "freshet_embed_vectors_refused_total", "",
                                     "Vectors left out: all 0, or with a number that is not one.");
    embed->joined = metrics_counter(metrics, "freshet_embed_joined_total", "",
                                    "Rows sent because a vector of given-vectors came or went.");
    int result = given_table_new(run, &embed->given);
    if (result == 0) { result = open_model(run, embed); }
    if (result < 0) { return result; }
    run_log(run, LOG_INFO, "encoder ready", "version=%s numbers=%zu",
            sentence_model_version(embed->model), embed->numbers);
    return 0;
}

/* Looks for rows that another model has made, and for such with given vectors. */
static int look_at_row(void *arg, struct slice key _unused_, struct slice value)
{
    struct task *task = arg;
    struct embed *embed = embed_of(task);
    struct embed_task *state = task_state(task);
    struct content_vectors row = {0};
    bool readable =
        codec_decode(embed->row_codec, value, task_arena(task), &row, NULL) == 0;
    state->stale |= !readable ||
                    !slice_equal(row.model, slice_str(sentence_model_version(embed->model)));
    state->due.all |= readable && row.joined;
    return state->stale && state->due.all;
}

static int open_task(struct task *task)
{
    struct embed *embed = embed_of(task);
    struct embed_task *state = xcalloc(1, sizeof(*state));
    state->task = task;
    state->next = embed->tasks;
    embed->tasks = state;
    task_set_state(task, state);
    if (given_table_any(embed->given)) { due_rows_add_all(&state->due); }
    (void)task_scan(task, look_at_row, task);
    if (state->stale) {
        run_log(task_run(task), LOG_INFO, "rows of another model: the catalogue is encoded again",
                "partition=%d", task_partition(task));
    }
    return 0;
}

static void close_task(struct task *task)
{
    struct embed_task *state = task_state(task);
    struct embed_task **at = &embed_of(task)->tasks;
    while (*at != state) { at = &(*at)->next; }
    *at = state->next;
    due_rows_clear(&state->due);
    free(state);
    task_set_state(task, NULL);
}

static void roll_back(struct task *task)
{
    struct embed_task *state = task_state(task);
    state->queued = 0;
    due_rows_clear(&state->due);
    due_rows_add_all(&state->due);
}

/* ---- Rows ---- */

static void add_vector(struct embed *embed, struct slice name, const float *numbers, size_t width)
{
    if (width && !vector_row_add(&embed->row, name, numbers, width)) {
        metric_add(embed->refused, 1);
    }
}

/* Joins the given vectors to the row in the making and sends it. */
static void send_joined(struct task *task, struct content_vectors *message)
{
    struct embed *embed = embed_of(task);
    message->joined =
        (int32_t)given_table_join(embed->given, message->item_id, &embed->row);
    vector_row_fill(&embed->row, message);
    buf_clear(&embed->message);
    int result = codec_encode(embed->row_codec, message, &embed->message);
    assert(result == 0);
    task_put(task, message->item_id, buf_slice(&embed->message));
    metric_add(embed->rows, 1);
}

/* Sends an item's row; `vector` is that of its text, NULL: none. */
static void send_row(struct task *task, const struct queued *queued, const float *vector)
{
    struct embed *embed = embed_of(task);
    struct content_vectors message = {
        .item_id = queued->key,
        .model = slice_str(sentence_model_version(embed->model)),
        .content = slice_str(queued->content),
    };
    vector_row_clear(&embed->row);
    if (vector) {
        add_vector(embed, slice_str(CONTENT_VECTOR_TEXT), vector, embed->numbers);
    }
    add_vector(embed, slice_str(CONTENT_VECTOR_GIVEN), queued->given.at, queued->given.count);
    for (size_t i = 0, from = 0; i < queued->names.count; i++) {
        size_t width = (size_t)queued->widths.at[i];
        add_vector(embed, queued->names.at[i], queued->numbers.at + from, width);
        from += width;
    }
    send_joined(task, &message);
}

static void encode(struct task *task)
{
    struct embed *embed = embed_of(task);
    struct embed_task *state = task_state(task);
    struct slice texts[QUEUE_MAX];
    size_t count = 0, next = 0;
    for (size_t i = 0; i < state->queued; i++) {
        if (state->queue[i].text.size) { texts[count++] = state->queue[i].text; }
    }
    if (count) { sentence_model_run(embed->model, texts, count, embed->vectors); }
    metric_add(embed->texts, (double)count);
    for (size_t i = 0; i < state->queued; i++) {
        bool has_text = state->queue[i].text.size > 0;
        send_row(task, &state->queue[i],
                 has_text ? embed->vectors + next * embed->numbers : NULL);
        next += has_text;
    }
    state->queued = 0;
}

/* ---- Items ---- */

/* Title and text in the arena, with a full stop between them; as much as may count. */
static struct slice join(struct arena *arena, struct slice title, struct slice text)
{
    const char *between = title.size && text.size ? ". " : "";
    size_t rest = MIN_OF(text.size, (size_t)TEXT_BYTES_MAX);
    size_t size = title.size + strlen(between) + rest;
    char *joined = arena_alloc(arena, size + 1);
    (void)snprintf(joined, size + 1, "%.*s%s%.*s", SLICE_ARGS(title), between, (int)rest,
                   text.data ? text.data : "");
    return slice_of(joined, strlen(joined));
}

/* Removes an item from the queue. */
static void unqueue(struct embed_task *state, struct slice key)
{
    for (size_t i = 0; i < state->queued; i++) {
        if (!slice_equal(state->queue[i].key, key)) { continue; }
        memmove(&state->queue[i], &state->queue[i + 1],
                (--state->queued - i) * sizeof(state->queue[0]));
        return;
    }
}

static struct floats copy_floats(struct arena *arena, const struct floats *from)
{
    float *to = arena_alloc_array(arena, from->count + 1, sizeof(*to));
    if (from->count) { memcpy(to, from->at, from->count * sizeof(*to)); }
    return (struct floats){.at = to, .count = from->count};
}

static void copy_names(struct arena *arena, const struct item *item, struct queued *queued)
{
    size_t count = item->vector_names.count;
    queued->names.at = arena_alloc_array(arena, count + 1, sizeof(struct slice));
    queued->widths.at = arena_alloc_array(arena, count + 1, sizeof(int32_t));
    for (size_t i = 0; i < count; i++) {
        queued->names.at[i] = arena_copy(arena, item->vector_names.at[i]);
        queued->widths.at[i] = item->vector_widths.at[i];
    }
    queued->names.count = queued->widths.count = count;
}

static void enqueue(struct task *task, struct slice key, const struct item *item,
                    const char *content)
{
    struct embed_task *state = task_state(task);
    struct arena *arena = task_arena(task);
    struct queued *queued = &state->queue[state->queued++];
    *queued = (struct queued){
        .key = arena_copy(arena, key),
        .text = join(arena, item->title, item->text),
        .given = copy_floats(arena, &item->vector),
        .numbers = copy_floats(arena, &item->vector_numbers),
    };
    copy_names(arena, item, queued);
    (void)snprintf(queued->content, sizeof(queued->content), "%s", content);
    if (state->queued == QUEUE_MAX) { encode(task); }
}

/* What an item's row says of its content. */
enum row_is { ROW_NONE, ROW_OTHER, ROW_SAME, ROW_OF_OTHER_MODEL };

static enum row_is compare(struct task *task, struct slice key, const char *content)
{
    struct embed *embed = embed_of(task);
    struct slice value;
    struct content_vectors row;
    if (task_get(task, key, &value) < 0) { return ROW_NONE; }
    if (codec_decode(embed->row_codec, value, task_arena(task), &row, NULL) < 0) {
        return ROW_OTHER;
    }
    if (!slice_equal(row.content, slice_str(content))) { return ROW_OTHER; }
    bool ours = slice_equal(row.model, slice_str(sentence_model_version(embed->model)));
    return ours ? ROW_SAME : ROW_OF_OTHER_MODEL;
}

/* Rows that were made while the table of given vectors could not be read may lack some. They are
 * made again by the next start. */
static enum verdict state_verdict(struct task *task)
{
    const char *why = given_table_why(embed_of(task)->given);
    if (!why) { return VERDICT_DONE; }
    (void)task_refuse(task, "state", "given vectors: %s", why);
    return VERDICT_FATAL;
}

static void remove_row(struct task *task, struct slice key)
{
    struct slice value;
    unqueue(task_state(task), key);
    if (task_get(task, key, &value) == 0) { task_put(task, key, (struct slice){0}); }
}

static enum verdict process(struct task *task, const struct record *rec)
{
    struct embed *embed = embed_of(task);
    struct item item;
    struct codec_error error;
    char content[CONTENT_DIGEST_BYTES];
    if (!rec->key.data || rec->key.size > ID_BYTES_MAX) {
        return task_refuse(task, "bad_key", "want an item id of at most %d bytes", ID_BYTES_MAX);
    }
    if (!rec->value.data) {
        remove_row(task, rec->key);
        return VERDICT_DONE;
    }
    if (codec_decode(embed->item_codec, rec->value, task_arena(task), &item, &error) < 0) {
        return task_refuse_undecoded(task, &error);
    }
    const char *fault = item_vectors_fault(&item);
    if (fault) { return task_refuse(task, "bad_vectors", "%s", fault); }
    vector_row_content(embed->digest, &item, content);
    unqueue(task_state(task), rec->key);
    if (compare(task, rec->key, content) == ROW_SAME) {
        metric_add(embed->unchanged, 1);
        return VERDICT_DONE;
    }
    enqueue(task, rec->key, &item, content);
    return state_verdict(task);
}

/* ---- Another model ---- */

static void renew(struct task *task, const struct record *rec)
{
    struct embed *embed = embed_of(task);
    struct item item;
    char content[CONTENT_DIGEST_BYTES];
    if (!rec->key.data || rec->key.size > ID_BYTES_MAX || !rec->value.data) { return; }
    if (codec_decode(embed->item_codec, rec->value, task_arena(task), &item, NULL) < 0) { return; }
    if (item_vectors_fault(&item)) { return; }
    vector_row_content(embed->digest, &item, content);
    if (compare(task, rec->key, content) != ROW_OF_OTHER_MODEL) { return; }
    unqueue(task_state(task), rec->key);
    enqueue(task, rec->key, &item, content);
}

/* ---- Given vectors ---- */

/* Makes an item's row again if its given vectors are others now. */
static void join_again(struct task *task, struct slice id)
{
    struct embed *embed = embed_of(task);
    struct slice value;
    struct content_vectors row, message;
    if (task_get(task, id, &value) < 0) { return; }
    value = arena_copy(task_arena(task), value);
    if (codec_decode(embed->row_codec, value, task_arena(task), &row, NULL) < 0 ||
        !content_vectors_agree(&row)) {
        return;
    }
    vector_row_begin(&embed->row, &row, row.names.count - (size_t)row.joined);
    (void)given_table_join(embed->given, id, &embed->row);
    if (vector_row_equals(&embed->row, &row)) { return; }
    vector_row_begin(&embed->row, &row, row.names.count - (size_t)row.joined);
    message = (struct content_vectors){.item_id = id, .model = row.model, .content = row.content};
    send_joined(task, &message);
    metric_add(embed->joined, 1);
}

static void join_due(struct task *task)
{
    struct embed_task *state = task_state(task);
    struct slice ids[DUE_ROWS_PIECE];
    size_t count = due_rows_step(&state->due, task, ids);
    for (size_t i = 0; i < count; i++) { join_again(task, ids[i]); }
}

/* The row of its item is due wherever it is. What does not fit is done at once, and committed with
 * the rest. */
static enum verdict take_given(struct run *run, int input _unused_, const struct record *rec)
{
    struct embed *embed = run_state(run);
    struct slice item;
    enum verdict verdict = given_table_take(embed->given, rec, &item);
    for (struct embed_task *at = embed->tasks; verdict == VERDICT_DONE && at; at = at->next) {
        if (due_rows_add(&at->due, item)) { continue; }
        join_due(at->task);
        (void)due_rows_add(&at->due, item);
    }
    return verdict;
}

static int64_t resume(struct run *run, int input, int32_t partition, int64_t low, int64_t end)
{
    struct embed *embed = run_state(run);
    for (struct embed_task *at = embed->tasks; at; at = at->next) { due_rows_add_all(&at->due); }
    return given_table_resume(embed->given, input, partition, low, end);
}

static void passed(struct run *run, int input _unused_, const struct record *rec)
{
    const struct embed *embed = run_state(run);
    given_table_passed(embed->given, rec);
}

static void tick(struct task *task, int64_t wall_ms _unused_)
{
    given_table_flush(embed_of(task)->given);
}

/* ---- Work ---- */

static bool pending(struct task *task)
{
    const struct embed_task *state = task_state(task);
    return state->stale || due_rows_any(&state->due);
}

static enum verdict work(struct task *task)
{
    struct embed_task *state = task_state(task);
    if (due_rows_any(&state->due)) {
        join_due(task);
        return state_verdict(task);
    }
    if (!task_rereads(task) && !task_reread(task)) { return VERDICT_DONE; }
    int result = task_reread_step(task, renew);
    if (state->queued) { encode(task); }
    if (result == 0) { state->stale = false; }
    return VERDICT_DONE;
}

const struct worker embed_worker = {
    .name = "embed",
    .about = "Turns the texts of the catalogue into vectors, which say what items are alike.",
    .inputs = inputs,
    .inputs_count = ARRAY_COUNT(inputs),
    .outputs = outputs,
    .outputs_count = ARRAY_COUNT(outputs),
    .changelog = VECTORS,
    .options = options,
    .options_count = ARRAY_COUNT(options),
    .settings_size = sizeof(struct embed_settings),
    .check = check,
    .start = start,
    .stop = stop,
    .open = open_task,
    .close = close_task,
    .process = process,
    .end_poll = encode,
    .roll_back = roll_back,
    .broadcast = take_given,
    .resume = resume,
    .passed = passed,
    .tick = tick,
    .pending = pending,
    .work = work,
};
