/* Who trains? The copy that the group gives the one partition of `models` to. All copies read all
 * histories, each into state of its own, so that another one takes over warm; copies on one machine
 * share the checkpoint too. Without one, training begins anew while the published generation goes
 * on serving. */
#include "base/base.h"
#include "base/directory.h"
#include "base/xalloc.h"
#include "schemas/item.h"
#include "schemas/user_history.h"
#include "sequence/press.h"
#include "sequence/sequence.h"
#include "sequence/sequence_settings.h"
#include "sequence/shelves.h"

/* `models` is there twice: as a table, and as what decides who trains. A broadcast record is known
 * by its topic, so the table comes first. */
enum { MODELS_TABLE, HISTORIES, ITEMS, MODELS_OWNED };
static const struct input inputs[] = {
    [MODELS_TABLE] = {.name = "models", .kind = INPUT_BROADCAST},
    [HISTORIES] = {.name = "histories", .kind = INPUT_BROADCAST},
    [ITEMS] = {.name = "items", .kind = INPUT_BROADCAST, .shared = true},
    [MODELS_OWNED] = {.name = "models", .kind = INPUT_PARTITIONED},
};

enum { VECTORS, MODELS };
static const struct output outputs[] = {
    [VECTORS] = {.name = "item-vectors",
                 .delivery = DELIVERY_AT_ONCE,
                 .contracts = {&item_vector_contract}},
    [MODELS] = {.name = "models",
                .delivery = DELIVERY_AT_ONCE,
                .contracts = {&model_weights_contract}},
};

enum { ARENA_BYTES = 1 << 16, TURN_MS = 40, IDS_MAX = 100000000 };

struct school {
    const struct sequence_settings *settings;
    struct codec *history_codec, *item_codec, *weights_codec;
    struct arena *arena;
    struct ids *ids;
    struct pool *pool;
    struct shelves *shelves;
    struct study *study;
    struct press press;
    struct latecomers latecomers;
    int32_t items[HISTORY_ACTIONS_MAX];
    uint64_t traits[ITEM_TAGS_MAX];
    size_t longest; /* history */
    bool cut;       /* some hold fewer actions than their user has had */
    struct metric *steps, *seasons, *rounds, *loss, *hr10, *ndcg10, *items_known, *users, *actions,
        *bytes, *dropped, *checkpoints, *checkpoint_failures, *generations, *rows,
        *training, *resting;
};

/* ---- Start and stop ---- */

static void start_metrics(struct school *school, struct metrics *metrics)
{
    school->training = metrics_gauge(metrics, "freshet_training", "", "1 while this copy trains.");
    school->resting = metrics_gauge(metrics, "freshet_training_resting", "",
                                    "1 when all is learned and published, until users act.");
    school->steps = metrics_gauge(metrics, "freshet_training_steps", "",
                                  "Steps of the optimiser behind the model.");
    school->seasons = metrics_gauge(metrics, "freshet_training_seasons", "", "Seasons begun.");
    school->rounds = metrics_gauge(metrics, "freshet_training_rounds", "",
                                   "Rounds ended, over all users or over those who acted.");
    school->loss = metrics_gauge(metrics, "freshet_training_loss_nats", "",
                                 "Mean loss of the last round.");
    school->hr10 = metrics_gauge(metrics, "freshet_training_hr10_ratio", "",
                                 "HR@10 on actions that were asked before they were learned.");
    school->ndcg10 = metrics_gauge(metrics, "freshet_training_ndcg10_ratio", "",
                                   "NDCG@10 on actions that were asked before they were learned.");
    school->items_known = metrics_gauge(metrics, "freshet_training_items", "",
                                        "Items that have a vector.");
    school->users = metrics_gauge(metrics, "freshet_training_users", "",
                                  "Users whose sequence is in memory.");
    school->actions = metrics_gauge(metrics, "freshet_training_actions", "",
                                    "Actions that arrived, of all users.");
    school->bytes = metrics_gauge(metrics, "freshet_training_sequence_bytes", "",
                                  "Memory of the sequences.");
    school->dropped = metrics_gauge(metrics, "freshet_training_users_dropped", "",
                                    "Users left out so far to keep within train.memory.max.");
    school->checkpoints = metrics_gauge(metrics, "freshet_training_checkpoints", "",
                                        "Checkpoints written since the start.");
    school->checkpoint_failures = metrics_gauge(metrics, "freshet_training_checkpoint_failures",
                                                "", "Checkpoints that could not be written.");
    school->generations = metrics_gauge(metrics, "freshet_generations_published", "",
                                        "Generations published whole since the start.");
    school->rows = metrics_gauge(metrics, "freshet_vectors_published", "",
                                 "Item vectors sent since the start.");
}

static void stop(struct run *run)
{
    struct school *school = run_state(run);
    if (!school) { return; }
    study_free(school->study);
    press_release(&school->press);
    latecomers_release(&school->latecomers);
    (void)shelves_flush(school->shelves);
    shelves_free(school->shelves);
    pool_free(school->pool);
    ids_free(school->ids);
    codec_free(school->history_codec);
    codec_free(school->item_codec);
    codec_free(school->weights_codec);
    arena_free(school->arena);
    free(school);
    run_set_state(run, NULL);
}

static int make_directories(struct run *run, struct school *school)
{
    int64_t slot = MAX_OF(run_slot(run), (int64_t)0);
    _cleanup_(xfreep) char *histories =
        xprintf("%s/%" PRId64 "/histories", run_state_path(run), slot);
    int result = directory_make(histories);
    if (result < 0) {
        run_refuse(run, "cannot make the directory %s: %s; hint: set state.dir", histories,
                   strerror(-result));
        return result;
    }
    school->shelves = shelves_new(histories);
    return 0;
}

static int64_t now_ms(void *arg)
{
    return run_now_ms(arg);
}

static int start(struct run *run)
{
    const struct sequence_settings *settings = run_settings(run);
    const char *fault = sequence_settings_fault(settings);
    if (fault || run_output_partitions(run, MODELS) != 1) {
        run_refuse(run, "%s%s", fault ? fault : "want exactly one partition of topic ",
                   fault ? "" : run_output_topic(run, MODELS));
        return -EINVAL;
    }
    struct school *school = xcalloc(1, sizeof(*school));
    struct study_settings study = sequence_study_settings(settings);
    study.now_ms = now_ms;
    study.clock_arg = run;
    run_set_state(run, school);
    school->settings = settings;
    school->history_codec = codec_new(&user_history_contract, run_schemas(run));
    school->item_codec = codec_new(&item_contract, run_schemas(run));
    school->weights_codec = codec_new(&model_weights_contract, run_schemas(run));
    school->arena = arena_new(ARENA_BYTES);
    school->ids = ids_new(IDS_MAX);
    school->pool = pool_new(learner_length(&study.learner), sequence_pool_bytes(settings));
    school->press = (struct press){
        .vectors_output = VECTORS,
        .models_output = MODELS,
        .rows_a_step = (size_t)settings->rows_max,
        .ids = school->ids,
    };
    press_init(&school->press, run);
    _cleanup_(xfreep) char *checkpoint = xprintf("%s/checkpoint", run_state_path(run));
    school->study = study_new(&study, school->pool, checkpoint);
    start_metrics(school, run_metrics(run));
    return make_directories(run, school);
}

/* ---- Histories ---- */

static int32_t number_of(struct school *school, struct slice id)
{
    int32_t before = ids_count(school->ids), number = ids_put(school->ids, id);
    if (number == before) { pool_add_item(school->pool, ids_hash(school->ids, number)); }
    return number;
}

static void pool_history(struct school *school, struct slice user,
                         const struct user_history *hist)
{
    size_t count = 0;
    school->longest = MAX_OF(school->longest, hist->items.count);
    school->cut = school->cut || hist->events_total > (int64_t)hist->items.count;
    for (size_t k = 0; k < hist->items.count; k++) {
        if (!(hist->weights.at[k] > 0.0F)) { continue; }
        int32_t item = number_of(school, hist->items.at[k]);
        if (item != ID_NONE) { school->items[count++] = item; }
    }
    pool_put(school->pool, ids_fingerprint(user), school->items, count, hist->events_total);
}

/* Decodes a history and takes it into the pool; -EBADMSG with the error told. */
static int take_bytes(struct school *school, struct slice user, struct slice value,
                      struct codec_error *ret_error)
{
    struct user_history hist;
    arena_reset(school->arena);
    int result = codec_decode(school->history_codec, value, school->arena, &hist, ret_error);
    if (result < 0) { return result; }
    if (hist.weights.count != hist.items.count) {
        *ret_error = (struct codec_error){.reason = "columns_differ"};
        return -EBADMSG;
    }
    pool_history(school, user, &hist);
    return 0;
}

static enum verdict take_history(struct run *run, struct school *school,
                                 const struct record *rec)
{
    struct codec_error error;
    if (!rec->key.data || rec->key.size > ID_BYTES_MAX) {
        return run_refuse_record(run, "bad_key", "want a user id of at most %d bytes",
                                 ID_BYTES_MAX);
    }
    if (!rec->value.data) {
        pool_remove(school->pool, ids_fingerprint(rec->key));
    } else if (take_bytes(school, rec->key, rec->value, &error) < 0) {
        return run_refuse_record(run, error.reason, "%s", error.detail);
    }
    if (shelves_put(school->shelves, rec->partition, rec->key, rec->value, rec->offset) < 0) {
        (void)run_refuse_record(run, "state", "%s", shelves_why(school->shelves));
        return VERDICT_FATAL;
    }
    return VERDICT_DONE;
}

static int reread(void *arg, struct slice key, struct slice value)
{
    struct codec_error error;
    (void)take_bytes(arg, key, value, &error); /* it was believed before it came here */
    return 0;
}

static int64_t resume(struct run *run, int input, int32_t partition, int64_t low, int64_t end)
{
    struct school *school = run_state(run);
    if (input != HISTORIES) { return OFFSET_NONE; }
    int64_t from = OFFSET_NONE;
    /* One that cannot be opened refuses the first record, in words. */
    if (shelves_open(school->shelves, partition, low, end, &from) < 0) { return OFFSET_NONE; }
    (void)shelves_scan(school->shelves, partition, reread, school);
    return from;
}

/* ---- Items and models ---- */

static enum verdict take_item(struct run *run, struct school *school,
                              const struct record *rec)
{
    struct item item = {0};
    struct codec_error error;
    arena_reset(school->arena);
    if (rec->value.data &&
        codec_decode(school->item_codec, rec->value, school->arena, &item, &error) < 0) {
        return run_refuse_record(run, error.reason, "%s", error.detail);
    }
    int32_t number = number_of(school, rec->value.data ? item.item_id : rec->key);
    if (number == ID_NONE || !school->settings->attributes) { return VERDICT_DONE; }
    for (size_t k = 0; k < item.tags.count; k++) {
        school->traits[k] = ids_fingerprint(item.tags.at[k]);
    }
    pool_describe(school->pool, number, school->traits, item.tags.count);
    latecomers_add(&school->latecomers, number);
    return VERDICT_DONE;
}

static enum verdict take_weights(struct run *run, struct school *school,
                                 const struct record *rec)
{
    struct model_weights weights;
    struct codec_error error;
    if (!rec->value.data) { return VERDICT_DONE; }
    arena_reset(school->arena);
    if (codec_decode(school->weights_codec, rec->value, school->arena, &weights, &error) < 0) {
        return run_refuse_record(run, error.reason, "%s", error.detail);
    }
    press_note(&school->press, &weights);
    return VERDICT_DONE;
}

static enum verdict broadcast(struct run *run, int input, const struct record *rec)
{
    struct school *school = run_state(run);
    switch (input) {
    case HISTORIES:
        return take_history(run, school, rec);
    case ITEMS:
        return take_item(run, school, rec);
    default:
        return take_weights(run, school, rec);
    }
}

/* ---- The task: who has it trains ---- */

/* How long histories are is a setting of another program: that of features that some were cut by is
 * the length of the longest. What is cut off there, no setting here brings back. */
static void look_at_length(struct run *run, const struct school *school)
{
    int64_t wanted = school->settings->length;
    if (!school->cut || wanted <= (int64_t)school->longest) { return; }
    run_note(run, LOG_WARN, "train.length is of no use beyond what histories hold",
             "train_length=%" PRId64 " history_length=%zu hint=\"raise history.length of features, "
             "or lower train.length\"", wanted, school->longest);
}

static enum verdict process(struct task *task _unused_, const struct record *rec _unused_)
{
    return VERDICT_DONE;
}

static void close_task(struct task *task)
{
    struct school *school = run_state(task_run(task));
    study_end(school->study);
    press_drop(&school->press);
    graduate_free(study_take(school->study));
    metric_set(school->training, 0.0);
}

static void forget(struct task *task)
{
    struct school *school = run_state(task_run(task));
    press_restart(&school->press);
}

static void tell(struct school *school)
{
    struct study_report report = study_report(school->study);
    metric_set(school->training, study_runs(school->study));
    metric_set(school->resting, report.resting && press_idle(&school->press));
    metric_set(school->steps, (double)report.learner.steps);
    metric_set(school->seasons, (double)report.learner.seasons);
    metric_set(school->rounds, (double)report.learner.rounds);
    metric_set(school->loss, report.learner.loss);
    metric_set(school->hr10, report.learner.hr10);
    metric_set(school->ndcg10, report.learner.ndcg10);
    metric_set(school->items_known, (double)report.learner.items);
    metric_set(school->users, (double)pool_users(school->pool));
    metric_set(school->actions, (double)pool_arrived(school->pool));
    metric_set(school->bytes, (double)pool_bytes(school->pool));
    metric_set(school->dropped, (double)pool_dropped(school->pool));
    metric_set(school->checkpoints, (double)report.checkpoints);
    metric_set(school->checkpoint_failures, (double)report.checkpoint_failures);
    metric_set(school->generations, (double)school->press.published);
    metric_set(school->rows, (double)school->press.rows_published);
}

static void tell_latecomers(struct school *school, struct task *task)
{
    struct latecomers *latecomers = &school->latecomers;
    struct late_row late;
    int64_t sent = 0;
    struct graduate *published = press_take_published(&school->press);
    if (published) { latecomers_follow(latecomers, published); }
    if (!press_idle(&school->press) || !latecomers->graduate) { return; }
    if (!press_is_newest(&school->press, latecomers->graduate)) { return; }
    for (; sent < school->settings->rows_max; sent++) {
        if (!latecomers_next(latecomers, school->pool, &late)) { break; }
        press_send_late(&school->press, task, &late);
    }
    if (!sent || task_settle(task)) {
        latecomers_settle(latecomers);
    } else {
        latecomers_take_back(latecomers);
    }
}

static void tick(struct task *task, int64_t wall_ms _unused_)
{
    struct run *run = task_run(task);
    struct school *school = run_state(run);
    if (!study_runs(school->study)) {
        /* Which slot the newest generation has must be known before one is written. */
        if (!run_loaded(run) || !run_input_current(run, MODELS_TABLE)) { return; }
        look_at_length(run, school);
        study_begin(school->study);
    }
    study_turn(school->study, TURN_MS);
    if (press_idle(&school->press)) {
        struct graduate *graduate = study_take(school->study);
        if (graduate) { press_begin(&school->press, graduate); }
    }
    press_step(&school->press, task);
    tell_latecomers(school, task);
    (void)shelves_flush(school->shelves);
    tell(school);
}

const struct worker sequence_worker = {
    .name = "sequence",
    .about = "Trains a Transformer on the histories, without end, and publishes it in generations.",
    .inputs = inputs,
    .inputs_count = ARRAY_COUNT(inputs),
    .outputs = outputs,
    .outputs_count = ARRAY_COUNT(outputs),
    .changelog = NO_CHANGELOG,
    .options = sequence_options,
    .options_count = SEQUENCE_OPTIONS_COUNT,
    .settings_size = sizeof(struct sequence_settings),
    .start = start,
    .stop = stop,
    .close = close_task,
    .process = process,
    .forget = forget,
    .broadcast = broadcast,
    .resume = resume,
    .tick = tick,
};
