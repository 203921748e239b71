/* ingest keeps no state: each record of a source topic is mapped by itself, and the result is sent
 * at once. An event without an id gets one made of topic, partition and offset, so a record that is
 * read twice gives the same events, and features drops the duplicates. For the same reason a record
 * that was redriven from the dead letters is mapped with its original topic, partition and offset.
 *
 * Any sender can write the headers of a redriven record. They are believed only when the topic
 * `redrives` names the record. Redriven record and mark are one transaction, but a reader may see
 * the one before the other: a record that is not named there waits until `redrives` has been read
 * to its present end. That is asked once a poll, whatever the records claim.
 */
#include "base/base.h"
#include "ingest/ingest.h"
#include "base/digest.h"
#include "ingest/alignment.h"
#include "ingest/redrive_digests.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "ingest/mapping/nobody.h"
#include "ingest/mapping/sources.h"
#include "schemas/forget_request.h"
#include "stream/kafka/origin.h"
#include "stream/worker.h"

enum { CLICKS, REDRIVES };
static const struct input inputs[] = {
    [CLICKS] = {.name = "clicks", .kind = INPUT_PARTITIONED, .shared = true},
    [REDRIVES] = {.name = "redrives", .kind = INPUT_BROADCAST, .shared = true, .optional = true},
};

/* One for each target, in the order of enum target. */
enum { EVENTS, ITEMS, USERS };
static const struct output outputs[] = {
    {.name = "events",
     .delivery = DELIVERY_AT_ONCE,
     .shared = true,
     .cleanup = CLEANUP_LOG,
     .contracts = {&user_event_contract, &forget_request_contract}},
    {.name = "items",
     .delivery = DELIVERY_AT_ONCE,
     .shared = true,
     .cleanup = CLEANUP_TABLE,
     .contracts = {&item_contract}},
    {.name = "users",
     .delivery = DELIVERY_AT_ONCE,
     .shared = true,
     .cleanup = CLEANUP_TABLE,
     .contracts = {&user_profile_contract}},
};
_Static_assert(EVENTS == (int)TARGET_EVENT && ITEMS == (int)TARGET_ITEM &&
                   USERS == (int)TARGET_PROFILE && ARRAY_COUNT(outputs) == TARGETS_COUNT,
               "an output for each target");

enum { MESSAGE_BYTES_MAX = 1 << 20, SALT_BYTES = 16 };

/* A source topic as this process reads it. */
struct source_topic {
    const char *topic;
    struct mapping *mapping;
    struct alignment *alignment; /* NULL: its records become no events */
};

struct ingest {
    struct sources *sources;
    struct source_topic topics[SOURCES_MAX];
    size_t topics_count;
    bool told_nobody[SOURCES_MAX]; /* by topic */
    const char *newest_topic; /* of the last record; the next record is mostly of the same topic */
    size_t newest;
    bool forgets; /* records may ask to forget a user: then there is the output for it */
    struct redrive_digests *redriven;
    bool redrives_read; /* to their end, after the records of this poll were fetched */
    struct codec *codecs[TARGETS_COUNT];
    struct codec *requests;
    struct buf message;
    struct metric *accepted;
    struct metric *ignored;
    struct metric *ids_made;
    struct metric *skipped;
    struct metric *forgotten;
    struct metric *written[TARGETS_COUNT];
};

static void stop(struct run *run)
{
    struct ingest *ingest = run_state(run);
    if (!ingest) { return; }
    for (size_t i = 0; i < ingest->topics_count; i++) {
        alignment_free(ingest->topics[i].alignment);
    }
    sources_free(ingest->sources);
    redrive_digests_free(ingest->redriven);
    for (size_t i = 0; i < TARGETS_COUNT; i++) { codec_free(ingest->codecs[i]); }
    codec_free(ingest->requests);
    buf_release(&ingest->message);
    free(ingest);
    run_set_state(run, NULL);
}

static int name_inputs(struct run *run)
{
    struct ingest *ingest = xcalloc(1, sizeof(*ingest));
    run_set_state(run, ingest);
    buf_init(&ingest->message, MESSAGE_BYTES_MAX);
    char why[600];
    int rc = sources_new(run_settings(run), run_schemas(run), &ingest->sources, why, sizeof(why));
    if (rc) {
        run_refuse(run, "%s", why);
        return rc;
    }
    for (size_t i = 0; i < sources_count(ingest->sources); i++) {
        const struct source *source = sources_at(ingest->sources, i);
        const char *topic = run_read_from(run, source->name);
        ingest->topics[i] = (struct source_topic){.topic = topic, .mapping = source->mapping};
        ingest->topics_count++;
        if (strlen(topic) <= MAPPING_TOPIC_BYTES_MAX) { continue; }
        run_refuse(run, "topic.%s: ids contain the topic's name, which may have at most %d bytes",
                   source->name, MAPPING_TOPIC_BYTES_MAX);
        return -EINVAL;
    }
    return 0;
}

static char *check(const void *settings, struct buf *notes)
{
    struct schema_cache *schemas = schema_cache_new();
    struct sources *sources = NULL;
    char why[600];
    int rc = sources_new(settings, schemas, &sources, why, sizeof(why));
    sources_free(sources);
    schema_cache_free(schemas);
    if (rc) { return xstrdup(why); }
    sources_notes(settings, notes);
    return NULL;
}

static bool uses_output(struct run *run, int output)
{
    const struct mapping_settings *settings = run_settings(run);
    if (output == EVENTS && sources_forget(settings)) { return true; }
    return sources_become(settings, (enum target)output);
}

static int start(struct run *run)
{
    static const char *const written[TARGETS_COUNT] = {
        "contract=\"UserEvent\"", "contract=\"Item\"", "contract=\"UserProfile\""};
    struct ingest *ingest = run_state(run);
    struct metrics *metrics = run_metrics(run);
    ingest->forgets = sources_forget(run_settings(run));
    ingest->requests = codec_new(&forget_request_contract, run_schemas(run));
    if (mapping_drops_bytes(run_settings(run))) { run_withhold_bytes(run); }
    ingest->redriven = redrive_digests_new(run_schemas(run));
    for (size_t i = 0; i < TARGETS_COUNT; i++) {
        ingest->codecs[i] = codec_new(target_contract((enum target)i), run_schemas(run));
        ingest->written[i] = metrics_counter(metrics, "freshet_ingest_written_total", written[i],
                                             "Events, items, profiles written; tombstones, too.");
    }
    ingest->accepted = metrics_counter(metrics, "freshet_ingest_accepted_total", "",
                                       "Source records that became messages.");
    ingest->ignored = metrics_counter(metrics, "freshet_ingest_ignored_total", "",
                                      "Source records that the mapping ignores.");
    ingest->ids_made = metrics_counter(metrics, "freshet_ingest_ids_made_total", "",
                                       "Events without an own id: duplicates are not found.");
    ingest->skipped = metrics_counter(metrics, "freshet_ingest_elements_skipped_total", "",
                                      "Elements of arrays that became nothing, without an id.");
    ingest->forgotten = metrics_counter(metrics, "freshet_ingest_forget_requests_total", "",
                                        "Users whom source records asked to forget.");
    for (size_t i = 0; i < ingest->topics_count; i++) {
        const struct source *source = sources_at(ingest->sources, i);
        if (source->settings.target != TARGET_EVENT) { continue; }
        struct source_topic *at = &ingest->topics[i];
        at->alignment = alignment_new(run, source, at->topic);
    }
    return 0;
}

/* ---- Reloading ---- */

/* What is decided before the start stays: names, topics, outputs, pseudonyms. */
static bool reloads(const char *option)
{
    static const char *const fixed[] = {"sources", "becomes", "pseudonym.keys", "ids.shared",
                                        "dead.letters.bytes", "partitions.align"};
    for (size_t i = 0; i < ARRAY_COUNT(fixed); i++) {
        if (strcmp(option, fixed[i]) == 0) { return false; }
    }
    return true;
}

/* Returns what of the new sources would need a restart; NULL: nothing. */
static const char *fixed_change(const struct sources *old, const struct sources *new)
{
    if (sources_count(old) != sources_count(new)) { return "the number of sources"; }
    for (size_t i = 0; i < sources_count(old); i++) {
        const struct source *a = sources_at(old, i), *b = sources_at(new, i);
        if (strcmp(a->name, b->name) != 0) { return "the name of a source"; }
        if (a->settings.target != b->settings.target) { return "what a source becomes"; }
        if (a->settings.ids_shared != b->settings.ids_shared) { return "ids.shared of a source"; }
        if (mapping_drops_bytes(&a->settings) != mapping_drops_bytes(&b->settings)) {
            return "whether dead letters keep bytes";
        }
    }
    return NULL;
}

static int reload(struct run *run)
{
    struct ingest *ingest = run_state(run);
    struct sources *fresh = NULL;
    char why[600];
    int rc = sources_new(run_settings(run), run_schemas(run), &fresh, why, sizeof(why));
    if (rc) {
        run_refuse(run, "%s", why);
        return rc;
    }
    const char *fixed = fixed_change(ingest->sources, fresh);
    if (!fixed && sources_forget(run_settings(run)) && !ingest->forgets) {
        fixed = "that records ask to forget a user";
    }
    if (fixed) {
        run_refuse(run, "%s has changed; hint: restart", fixed);
        sources_free(fresh);
        return -EINVAL;
    }
    for (size_t i = 0; i < ingest->topics_count; i++) {
        const struct source *source = sources_at(fresh, i);
        ingest->topics[i].mapping = source->mapping;
        if (ingest->topics[i].alignment) { alignment_use(ingest->topics[i].alignment, source); }
    }
    sources_free(ingest->sources);
    ingest->sources = fresh;
    return 0;
}

static const struct source_topic *source_of(struct ingest *ingest, const char *topic)
{
    if (topic == ingest->newest_topic) { return &ingest->topics[ingest->newest]; }
    size_t i = 0;
    while (i < ingest->topics_count && strcmp(ingest->topics[i].topic, topic) != 0) { i++; }
    assert(i < ingest->topics_count);
    ingest->newest_topic = topic;
    ingest->newest = i;
    return &ingest->topics[i];
}

/* ---- Partitions side by side ---- */

static int open_task(struct task *task)
{
    const struct source_topic *source =
        source_of(run_state(task_run(task)), task_topic(task));
    if (source->alignment) { task_set_state(task, reading_new(source->alignment, task)); }
    return 0;
}

static void close_task(struct task *task)
{
    task_set_state(task, reading_free(task_state(task)));
}

static bool goes_on(struct task *task)
{
    return reading_goes_on(task_state(task));
}

static int64_t tells(struct task *task)
{
    struct reading *reading = task_state(task);
    return reading ? reading_tells(reading) : 0;
}

static void take_event(struct task *task, const struct outcome *outcome)
{
    const struct becoming *first = outcome->at;
    struct reading *reading = task_state(task);
    if (!reading || !outcome->count || first->request || !first->object) { return; }
    const struct user_event *ev = first->object;
    reading_take(reading, first->key, ev->event_time_ms);
}

/* The salt is not the record's: nobody who knows the record can tell whom a receipt is about. */
static int encode_request(struct ingest *ingest, const struct forget_request *mapped)
{
    unsigned char salt[SALT_BYTES];
    struct forget_request request = *mapped;
    digest_random(salt, sizeof(salt));
    request.salt = slice_of(salt, sizeof(salt));
    return codec_encode(ingest->requests, &request, &ingest->message);
}

static void write_one(struct task *task, enum target target, const struct becoming *mapped)
{
    struct ingest *ingest = run_state(task_run(task));
    struct slice value = {0};
    int output = mapped->request ? EVENTS : (int)target;
    if (mapped->object) {
        buf_clear(&ingest->message);
        int rc = mapped->request
                     ? encode_request(ingest, mapped->object)
                     : codec_encode(ingest->codecs[target], mapped->object, &ingest->message);
        assert(rc == 0);
        value = buf_slice(&ingest->message);
    }
    metric_add(mapped->request ? ingest->forgotten : ingest->written[target], 1);
    if (!mapped->everywhere) {
        task_emit(task, output, PARTITION_BY_KEY, mapped->key, value);
        return;
    }
    int32_t partitions = run_output_partitions(task_run(task), output);
    for (int32_t i = 0; i < partitions; i++) { task_emit(task, output, i, mapped->key, value); }
}

/* ---- Redriven records ---- */

static enum verdict take_mark(struct run *run, int input, const struct record *rec)
{
    struct ingest *ingest = run_state(run);
    struct codec_error error;
    assert(input == REDRIVES);
    if (redrive_digests_take(ingest->redriven, rec, &error) < 0) {
        return run_refuse_undecoded(run, &error);
    }
    return VERDICT_DONE;
}

static void end_poll(struct task *task)
{
    struct ingest *ingest = run_state(task_run(task));
    ingest->redrives_read = false;
}

enum claim { CLAIM_NONE, CLAIM_TRUE, CLAIM_WAITS };

/* Checks what a record says of its origin; CLAIM_NONE: it is where it is. */
static enum claim check_claim(struct task *task, const struct record *rec,
                              struct origin *ret_origin)
{
    struct run *run = task_run(task);
    struct ingest *ingest = run_state(run);
    if (!origin_redriven(rec) || !origin_read(rec, ret_origin)) { return CLAIM_NONE; }
    if (redrive_digests_have(ingest->redriven, rec)) { return CLAIM_TRUE; }
    if (!ingest->redrives_read) { ingest->redrives_read = run_input_current(run, REDRIVES); }
    return ingest->redrives_read ? CLAIM_NONE : CLAIM_WAITS;
}

/* A redriven record is mapped as if it were at its origin: same topic, offset, time and headers. */
static struct record at_origin(const struct record *rec, const struct origin *origin)
{
    struct record copy = *rec;
    copy.headers_hidden = (int32_t)(record_headers_count(rec) - origin_senders_headers(rec));
    copy.topic = origin->topic;
    copy.partition = origin->partition;
    copy.offset = origin->offset;
    copy.time_ms = origin->time_ms;
    return copy;
}

/* ---- One record ---- */

/* Once for each source. */
static void tell_nobody(struct task *task, const struct record *rec, struct slice user)
{
    struct ingest *ingest = run_state(task_run(task));
    bool *told = &ingest->told_nobody[source_of(ingest, task_topic(task)) - ingest->topics];
    char quoted[64];
    if (*told) { return; }
    *told = true;
    run_log(task_run(task), LOG_WARN, "a user id that may stand for no user",
            "topic=%s partition=%" PRId32 " offset=%" PRId64 " user=%s hint=\"" NOBODY_HINT "\"",
            rec->topic, rec->partition, rec->offset,
            quote_value(user.data, user.size, quoted, sizeof(quoted)));
}

static enum verdict map(struct task *task, struct mapping *mapping, const struct record *rec,
                        bool redriven)
{
    struct ingest *ingest = run_state(task_run(task));
    struct outcome outcome;
    struct refusal refusal;
    uint64_t ids_made = mapping_ids_made(mapping);
    mapping_set_now(mapping, run_wall_ms(task_run(task)));
    if (mapping_apply(mapping, rec, task_arena(task), &outcome, &refusal)) {
        enum verdict verdict = task_refuse(task, refusal.reason, "%s", refusal.detail);
        return refusal.unknown_id ? task_await_schema(task, refusal.schema_id) : verdict;
    }
    if (outcome.nobody.data) { tell_nobody(task, rec, outcome.nobody); }
    for (size_t i = 0; i < outcome.count; i++) { write_one(task, outcome.target, &outcome.at[i]); }
    if (!redriven) { take_event(task, &outcome); }
    metric_add(outcome.count ? ingest->accepted : ingest->ignored, 1);
    metric_add(ingest->skipped, (double)outcome.skipped);
    metric_add(ingest->ids_made, (double)(mapping_ids_made(mapping) - ids_made));
    return VERDICT_DONE;
}

static enum verdict process(struct task *task, const struct record *rec)
{
    struct mapping *mapping = source_of(run_state(task_run(task)), rec->topic)->mapping;
    struct reading *reading = task_state(task);
    struct origin origin;
    if (reading && reading_must_wait(reading)) { return VERDICT_WAIT; }
    if (reading) { reading_count(reading); }
    switch (check_claim(task, rec, &origin)) {
    case CLAIM_NONE:
        return map(task, mapping, rec, /* redriven= */ false);
    case CLAIM_WAITS:
        run_refuse(task_run(task), "a record says that it was redriven, and the topic redrives has "
                   "not been read to its end");
        return VERDICT_RETRY;
    case CLAIM_TRUE:
        break;
    }
    const struct record first = at_origin(rec, &origin);
    enum verdict verdict = map(task, mapping, &first, /* redriven= */ true);
    if (verdict != VERDICT_DONE) {
        task_refuse_origin(task, &origin, record_headers_count(&first));
    }
    return verdict;
}

const struct worker ingest_worker = {
    .name = "ingest",
    .about = "Reads the platform's own topics, cleans what is there and writes events, and where "
             "asked to the catalogue and profiles.",
    .inputs = inputs,
    .inputs_count = ARRAY_COUNT(inputs),
    .outputs = outputs,
    .outputs_count = ARRAY_COUNT(outputs),
    .changelog = NO_CHANGELOG,
    .options = mapping_options,
    .options_count = MAPPING_OPTIONS_COUNT,
    .settings_size = sizeof(struct mapping_settings),
    .check = check,
    .reloads = reloads,
    .reload = reload,
    .name_inputs = name_inputs,
    .uses_output = uses_output,
    .start = start,
    .stop = stop,
    .open = open_task,
    .close = close_task,
    .process = process,
    .goes_on = goes_on,
    .tells = tells,
    .end_poll = end_poll,
    .broadcast = take_mark,
};
