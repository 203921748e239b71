/* A switch of one partition, from the old generation to the new one:
 *
 *   1. `freshet promote` writes to `generations` that the partition goes to the new generation.
 *   2. The old owner's role becomes RELEASE. It waits until its lists are acknowledged; the base,
 *      the first time, copies them to `lists`. It sends RELEASED and does not write to
 *      `recommendations` any more.
 *   3. The new owner reads RELEASED; its role becomes TAKE. It copies all its lists to
 *      `recommendations`, waits, sends TAKEN, and is live.
 *
 * So the two never write to a partition of `recommendations` at the same time. If a wait fails, the
 * next tick starts the step again; if the process dies, its successor does.
 */
#include "base/base.h"
#include "scorer/cutover.h"

enum { STEP_BYTES_MAX = 512, STEP_ARENA_BYTES = 1024 };

void cutover_init(struct cutover *cutover, struct run *run)
{
    generations_init(&cutover->generations);
    cutover->codec = codec_new(&generation_step_contract, run_schemas(run));
    cutover->arena = arena_new(STEP_ARENA_BYTES);
}

void cutover_release(struct cutover *cutover)
{
    generations_release(&cutover->generations);
    codec_free(cutover->codec);
    arena_free(cutover->arena);
    json_lists_free(cutover->json);
}

enum verdict cutover_observe(struct cutover *cutover, struct run *run, const struct record *rec)
{
    struct generation_step step;
    struct codec_error error;
    if (!rec->value.data) { return VERDICT_DONE; }
    arena_reset(cutover->arena);
    if (codec_decode(cutover->codec, rec->value, cutover->arena, &step, &error) < 0) {
        return run_refuse_undecoded(run, &error);
    }
    if (generations_apply(&cutover->generations, &step)) { return VERDICT_DONE; }
    return run_refuse_record(run, "bad_step", "epoch %" PRId64 " of %.*s, partition %d", step.epoch,
                             SLICE_ARGS(step.generation), step.partition);
}

int cutover_changelog(const struct cutover *cutover, struct run *run, int32_t partition)
{
    if (!run_input_current(run, cutover->steps_input)) { return -EAGAIN; }
    bool apart = generations_apart(&cutover->generations, run_generation(run), partition);
    return apart ? cutover->lists_output : cutover->recommendations_output;
}

static enum generation_role role_of(const struct cutover *cutover, struct task *task)
{
    return generations_role(&cutover->generations, run_generation(task_run(task)),
                            task_partition(task));
}

bool cutover_is_live(const struct cutover *cutover, struct task *task)
{
    return role_of(cutover, task) == ROLE_LIVE;
}

/* ---- Steps ---- */

struct copying {
    struct task *task;
    int output;
    struct json_lists *json; /* NULL: not as JSON */
    bool (*withholds)(struct task *task, struct slice user_id); /* NULL: all lists are copied */
};

static int copy_list(void *arg, struct slice key, struct slice value)
{
    const struct copying *copying = arg;
    if (copying->withholds && copying->withholds(copying->task, key)) { return 0; }
    task_emit(copying->task, copying->output, task_partition(copying->task), key, value);
    if (copying->json) { json_lists_send(copying->json, copying->task, key, value); }
    return 0;
}

/* Sends all lists of the task to an output and waits until they are acknowledged. */
static bool copy_lists(const struct cutover *cutover, struct task *task, int output)
{
    bool live = output == cutover->recommendations_output;
    struct copying copying = {task, output, live ? cutover->json : NULL,
                              live ? cutover->withholds : NULL};
    return task_scan(task, copy_list, &copying) == 0 && task_commit(task);
}

/* Sends a step, waits until it is acknowledged, and applies it here at once. */
static bool announce_step(struct cutover *cutover, struct task *task,
                          enum generation_step_kind kind, int64_t epoch)
{
    const struct generation_step step = {
        .kind = kind,
        .epoch = epoch,
        .generation = slice_str(run_generation(task_run(task))),
        .partition = task_partition(task),
    };
    char key[STEP_KEY_BYTES_MAX];
    struct buf message;
    buf_init(&message, STEP_BYTES_MAX);
    int rc = codec_encode(cutover->codec, &step, &message);
    assert(rc == 0);
    task_emit(task, cutover->steps_output, 0, slice_str(generation_step_key(&step, key)),
              buf_slice(&message));
    buf_release(&message);
    if (!task_commit(task)) { return false; }
    (void)generations_apply(&cutover->generations, &step);
    return true;
}

static void release_partition(struct cutover *cutover, struct task *task)
{
    bool changes_topic = task_changelog(task) == cutover->recommendations_output;
    if (!task_commit(task)) { return; }
    if (changes_topic && !copy_lists(cutover, task, cutover->lists_output)) { return; }
    bool released = announce_step(cutover, task, STEP_RELEASED, cutover->generations.epoch);
    if (released && changes_topic) { task_reopen(task); }
}

static void take_partition(struct cutover *cutover, struct task *task)
{
    if (!task_commit(task)) { return; }
    if (!copy_lists(cutover, task, cutover->recommendations_output)) { return; }
    (void)announce_step(cutover, task, STEP_TAKEN, cutover->generations.epoch);
}

void cutover_move_lists(struct cutover *cutover, struct task *task)
{
    if (!task_commit(task) || !copy_lists(cutover, task, cutover->lists_output)) { return; }
    if (announce_step(cutover, task, STEP_RELEASED, /* epoch= */ 0)) { task_reopen(task); }
}

bool cutover_send_lists(const struct cutover *cutover, struct task *task)
{
    return task_commit(task) && copy_lists(cutover, task, cutover->recommendations_output);
}

void cutover_step(struct cutover *cutover, struct task *task)
{
    switch (role_of(cutover, task)) {
    case ROLE_RELEASE:
        release_partition(cutover, task);
        break;
    case ROLE_TAKE:
        take_partition(cutover, task);
        break;
    case ROLE_LIVE:
    case ROLE_SHADOW:
        break;
    }
}
