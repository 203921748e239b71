/* Broadcast inputs: every partition of a table's topic, from the start, in every copy.
 *
 * A table is read once, and no commit stands for what was read: nothing would bring a dead letter
 * that got lost on its way a second time. So the records at hand are kept until the letters about
 * them are acknowledged, and taken once more when one is lost; taking a row again changes nothing.
 */
#include "base/base.h"
#include "base/crash.h"
#include "base/xalloc.h"
#include "stream/run_internal.h"

enum {
    BROADCAST_POLL_RECORDS = 200,
    BROADCAST_STEP_MS = 3,        /* while serving: lists must not wait for tables */
    BROADCAST_LOADING_STEP_MS = 100,
    BROADCAST_LOADING_POLL_MS = 10,
};

static int add_topic(struct run *run, int input)
{
    struct broadcast *broadcast = &run->broadcast;
    const char *topic = run->input_topics[input];
    int32_t partitions;
    int result = wire_partitions(run->wire, topic, &partitions);
    for (int32_t p = 0; result == 0 && p < partitions; p++) {
        int64_t low, end;
        result = wire_bounds(run->wire, topic, p, &low, &end);
        if (result < 0) { break; }
        int64_t from = run->worker->resume ? run->worker->resume(run, input, p, low, end)
                                           : OFFSET_NONE;
        broadcast->places = xreallocarray(broadcast->places, broadcast->places_count + 1,
                                          sizeof(*broadcast->places));
        broadcast->places[broadcast->places_count++] =
            (struct broadcast_place){.input = input, .topic = topic, .partition = p, .from = from,
                                     .end = end};
    }
    return result;
}

int broadcast_open(struct run *run)
{
    struct broadcast *broadcast = &run->broadcast;
    broadcast->places_count = 0; /* asked again: begin anew */
    for (size_t i = 0; i < run->worker->inputs_count; i++) {
        if (run->worker->inputs[i].kind != INPUT_BROADCAST) { continue; }
        int result = add_topic(run, (int)i);
        if (result < 0) { return result; }
    }
    broadcast->remaining =
        metrics_gauge(run->metrics, "freshet_broadcast_remaining", "",
                      "Records of the broadcast inputs still to load before this copy serves.");
    if (!broadcast->places_count) {
        broadcast->loaded = true;
        return 0;
    }
    struct topic_partition *at = xcalloc(broadcast->places_count, sizeof(*at));
    for (size_t i = 0; i < broadcast->places_count; i++) {
        at[i] = (struct topic_partition){.topic = broadcast->places[i].topic,
                                         .partition = broadcast->places[i].partition,
                                         .offset = broadcast->places[i].from};
    }
    int result = wire_reader(run->wire, at, broadcast->places_count, &broadcast->reader);
    free(at);
    return result;
}

bool run_input_current(struct run *run, int input)
{
    const struct broadcast *broadcast = &run->broadcast;
    if (broadcast->next < broadcast->count) { return false; } /* read, but not taken */
    for (size_t i = 0; i < broadcast->places_count; i++) {
        const struct broadcast_place *place = &broadcast->places[i];
        int64_t low, end;
        if (place->input != input) { continue; }
        if (wire_bounds(run->wire, place->topic, place->partition, &low, &end) < 0) {
            return false;
        }
        if (!end) { continue; }
        if (reader_position(broadcast->reader, place->topic, place->partition) < end) {
            return false;
        }
    }
    return true;
}

static void check_loaded(struct run *run)
{
    struct broadcast *broadcast = &run->broadcast;
    int64_t remaining = 0;
    for (size_t i = 0; i < broadcast->places_count; i++) {
        struct broadcast_place *place = &broadcast->places[i];
        int64_t position = reader_position(broadcast->reader, place->topic, place->partition);
        place->loaded = place->loaded || place->end == 0 || place->from == place->end ||
                        position >= place->end;
        if (!place->loaded) { remaining += place->end - MAX_OF(position, (int64_t)0); }
    }
    metric_set(broadcast->remaining, (double)remaining);
    if (remaining == 0) {
        broadcast->loaded = true;
        CRASH_POINT("broadcast.loaded");
        run_log(run, LOG_INFO, "broadcast inputs loaded", "partitions=%zu",
                broadcast->places_count);
    }
}

static int input_of(const struct run *run, const char *topic)
{
    for (size_t i = 0; i < run->worker->inputs_count; i++) {
        if (strcmp(run->input_topics[i], topic) == 0) { return (int)i; }
    }
    return -1;
}

static enum verdict take_one(struct run *run, const struct record *rec)
{
    if (rec->unreadable) {
        return run_refuse_record(run, "unreadable", "%s", wire_why(run->wire));
    }
    if (rec->value.size > (size_t)run->settings.record_bytes_max) {
        return run_refuse_record(run, "too_large",
                                 "value of %zu bytes, record.bytes.max is %" PRId64,
                                 rec->value.size, run->settings.record_bytes_max);
    }
    return run->worker->broadcast(run, input_of(run, rec->topic), rec);
}

/* False: the record must wait. */
static bool take(struct run *run, const struct record *rec)
{
    enum verdict verdict = take_one(run, rec);
    if (verdict == VERDICT_NO_SCHEMA && run_hold_broadcast(run, rec)) { return false; }
    if (verdict == VERDICT_SKIP || verdict == VERDICT_NO_SCHEMA) {
        run->broadcast.letters = run->commit.mark;
        task_dead_letter(run, rec);
        if (run->unsent) { return false; }
    } else if (verdict == VERDICT_FATAL) {
        run_break(run, EXIT_BROKEN, "%s", run->refusal);
    }
    run->broadcast.waits = false;
    return true;
}

/* Fetches the next records unless some are at hand; their number, or a negative wire_error. */
static int fetch(struct run *run)
{
    struct broadcast *broadcast = &run->broadcast;
    bool loading = !broadcast->loaded;
    if (broadcast->count) { return (int)broadcast->count; }
    int result = reader_poll(broadcast->reader, loading ? BROADCAST_LOADING_POLL_MS : 0,
                             loading ? BROADCAST_POLL_RECORDS : BROADCAST_POLL_RECORDS / 10,
                             &broadcast->at, &broadcast->count);
    broadcast->next = 0;
    if (result < 0) { broadcast->count = 0; }
    return result < 0 ? result : (int)broadcast->count;
}

/* Says whether the letters about the records at hand have arrived. What is sent later has a later
 * mark, so that the wait has an end. What the commit in flight waits for, it asks for itself. */
static bool dead_letters_arrived(struct run *run)
{
    struct broadcast *broadcast = &run->broadcast;
    const struct commit *commit = &run->commit;
    size_t outstanding = 0;
    if (broadcast->letters == ACK_MARK_NONE) { return true; }
    if (commit->mark == broadcast->letters) { run->commit.mark++; }
    if (commit->phase != COMMIT_IDLE && commit->phase != COMMIT_RUNNING) { return false; }
    int result = wire_unacked(run->wire, broadcast->letters, &outstanding);
    if (wire_is_final(result)) {
        run_break(run, run_exit_for(result), "cannot send to %s: %s", run->dead_letters_topic,
                  wire_why(run->wire));
    } else if (result < 0) {
        run_retry(run, wire_why(run->wire));
    }
    if (result < 0 || outstanding) { return false; }
    broadcast->letters = ACK_MARK_NONE;
    return true;
}

void broadcast_forget(struct run *run)
{
    if (run->broadcast.letters == ACK_MARK_NONE) { return; }
    run->broadcast.letters = ACK_MARK_NONE;
    run->broadcast.next = 0;
}

/* Takes the records at hand; false: one of them must wait, or for the letters about them. */
static bool take_all(struct run *run)
{
    struct broadcast *broadcast = &run->broadcast;
    size_t from = broadcast->next;
    while (broadcast->next < broadcast->count && take(run, &broadcast->at[broadcast->next])) {
        broadcast->next++;
    }
    metric_add(run->m.broadcast_records, (double)(broadcast->next - from));
    if (run->unsent && !run->broken) { run_retry(run, wire_why(run->wire)); }
    if (broadcast->next < broadcast->count || !dead_letters_arrived(run)) { return false; }
    if (broadcast->count) { CRASH_POINT("broadcast.read"); }
    broadcast->count = broadcast->next = 0;
    reader_release(broadcast->reader);
    return true;
}

void broadcast_step(struct run *run)
{
    struct broadcast *broadcast = &run->broadcast;
    if (!broadcast->reader || run_now_ms(run) < run->paused_until_ms) { return; }
    bool loading = !broadcast->loaded;
    int64_t until_ms =
        run_now_ms(run) + (loading ? BROADCAST_LOADING_STEP_MS : BROADCAST_STEP_MS);
    int count = 1;
    while (count && !run->broken) {
        count = fetch(run);
        if (count == WIRE_RETRY) { return; }
        if (count < 0) {
            run_break(run, run_exit_for(count), "broadcast inputs: %s", wire_why(run->wire));
            return;
        }
        if (!take_all(run)) { return; }
        if (run_now_ms(run) >= until_ms) { break; }
    }
    if (loading) { check_loaded(run); }
}

void broadcast_release(struct run *run)
{
    run->broadcast.reader = reader_close(run->broadcast.reader);
    free(run->broadcast.places);
    run->broadcast = (struct broadcast){0};
}
