#include "base/base.h"
#include "ingest/ingest.h"
#include "base/xalloc.h"
#include "mapping/mapping.h"
#include "stream/worker.h"

enum { CLICKS };
static const struct input inputs[] = {
    {.name = "clicks", .kind = INPUT_PARTITIONED, .shared = true},
};

enum { EVENTS };
static const struct output outputs[] = {
    {.name = "events", .delivery = DELIVERY_AT_ONCE, .shared = true},
};

enum { EVENT_BYTES_MAX = 4096 };

struct ingest {
    struct mapping *mapping;
    struct codec *codec;
    struct buf message;
    struct metric *accepted;
    struct metric *ids_made;
};

static void stop(struct run *run)
{
    struct ingest *ingest = run_state(run);
    if (!ingest) { return; }
    mapping_free(ingest->mapping);
    codec_free(ingest->codec);
    buf_release(&ingest->message);
    free(ingest);
    run_set_state(run, NULL);
}

static int start(struct run *run)
{
    struct ingest *ingest = xcalloc(1, sizeof(*ingest));
    run_set_state(run, ingest);
    buf_init(&ingest->message, EVENT_BYTES_MAX);
    ingest->codec = codec_new(&user_event_contract, run_schemas(run));
    ingest->accepted = metrics_counter(run_metrics(run), "freshet_ingest_accepted_total", "",
                                       "Source records that became events");
    ingest->ids_made = metrics_counter(run_metrics(run), "freshet_ingest_ids_made_total", "",
                                       "Events without an id of their own: repeats go unnoticed");
    if (strlen(run_input_topic(run, CLICKS)) > MAPPING_TOPIC_BYTES_MAX) {
        run_refuse(run, "topic.clicks: ids are made of the topic's name; it has at most %d bytes",
                   MAPPING_TOPIC_BYTES_MAX);
        return -EINVAL;
    }
    char why[512];
    int rc = mapping_new(run_settings(run), run_schemas(run), &ingest->mapping, why, sizeof(why));
    if (rc) { run_refuse(run, "%s", why); }
    return rc;
}

static enum verdict process(struct task *task, const struct record *rec)
{
    struct ingest *ingest = run_state(task_run(task));
    struct user_event ev;
    struct refusal refusal;
    uint64_t ids_made = mapping_ids_made(ingest->mapping);
    if (mapping_apply(ingest->mapping, rec, task_arena(task), &ev, &refusal)) {
        return task_refuse(task, refusal.reason, "%s", refusal.detail);
    }
    buf_clear(&ingest->message);
    int rc = codec_encode(ingest->codec, &ev, &ingest->message);
    assert(rc == 0);
    task_emit(task, EVENTS, PARTITION_BY_KEY, ev.user_id, buf_slice(&ingest->message));
    metric_add(ingest->accepted, 1);
    metric_add(ingest->ids_made, (double)(mapping_ids_made(ingest->mapping) - ids_made));
    return VERDICT_DONE;
}

const struct worker ingest_worker = {
    .name = "ingest",
    .about = "Reads the platform's own events, cleans them and writes them to the events topic.",
    .inputs = inputs,
    .inputs_count = ARRAY_COUNT(inputs),
    .outputs = outputs,
    .outputs_count = ARRAY_COUNT(outputs),
    .changelog = NO_CHANGELOG,
    .options = mapping_options,
    .options_count = MAPPING_OPTIONS_COUNT,
    .settings_size = sizeof(struct mapping_settings),
    .start = start,
    .stop = stop,
    .process = process,
};
