/* redrive: sends dead letters again, each once.
 *
 * A transaction holds some hundred records and, in the topic `redrives`, the offsets of their dead
 * letters, so the next run knows exactly what has been sent. A second run at the same time is
 * fenced by the transactional id. A record gets its sender's headers again, without the dead
 * letter's, and then headers with its origin. Ids made from the origin are the same as the first
 * time, so features drops events that it had received already.
 *
 * For dead letters without their bytes (truncated, withheld) the records are read from their source
 * topics; that happens at the end, one partition after the other.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/dead_letters/dead_letters.h"
#include "cli/dead_letters/filter_flags.h"
#include "cli/dead_letters/origin_topics.h"
#include "cli/dead_letters/redrive_log.h"
#include "cli/scan.h"

enum {
    ATTEMPTS_MAX = 3,
    UNSENT_TOLD_MAX = 20,
    FAILURES_MAX = 20, /* in a row: then something is wrong with all of them */
};

struct redriving {
    /* flags */
    struct dead_letter_filter filter; /* first: see filter_flags.h */
    int64_t limit; /* 0: none */
    bool dry;
    const char *to;

    const struct client *client;
    struct wire *wire;   /* reads */
    struct wire *sender; /* has the transactions; is replaced when one fails */
    struct origin_topics *topics;
    char *dead_letters_topic;
    char *marks_topic;
    struct redrive_log *sent;
    struct dead_letter_batch *batch;
    struct dead_letter_counts counts;
    struct dead_letter_list later; /* without their bytes */
    int64_t taken;
    int64_t gone;
    int64_t unsent; /* refused by the client or by Kafka, one by one */
    int failures;   /* in a row */
    int failed;
};

#define OPTION_SETTINGS struct redriving

static const struct flag flags[] = {
    DEAD_LETTER_FILTER_FLAGS,
    FLAG(0, "TOPIC",
         OPTION("origin", STRING, filter.topic, NULL, OPTION_FREE,
                "Only dead letters whose record came from this topic, even if it is no source of "
                "ingest")),
    FLAG(0, "TOPIC",
         OPTION("to", STRING, to, NULL, OPTION_FREE,
                "Write to this topic, not to those that the records came from")),
    FLAG('l', "N",
         OPTION("limit", LONG, limit, NULL, OPTION_RANGE(1, INFINITY),
                "Send at most N dead letters; by default all")),
    SWITCH('n', "dry-run", dry, "Count only, by reason and by origin"),
};

/* ---- Sending ---- */

static int connect_sender(struct redriving *redriving)
{
    _cleanup_(xfreep) char *id = client_group(redriving->client, "redrive");
    redriving->sender = wire_close(redriving->sender);
    return client_connect_txn(redriving->client, id, &redriving->sender);
}

/* A transaction that was rolled back sent nothing, and can be tried again. */
static int try_part(struct redriving *redriving, size_t from, size_t count)
{
    int result = WIRE_ABORTED;
    for (int i = 0; i < ATTEMPTS_MAX && (result == WIRE_ABORTED || result == WIRE_RETRY); i++) {
        result = dead_letter_batch_send(redriving->batch, from, count, redriving->sender,
                                        redriving->marks_topic);
    }
    return result;
}

/* Tells of a dead letter that cannot be sent. */
static void leave_unsent(struct redriving *redriving, size_t index)
{
    const struct dead_letter *letter = dead_letter_batch_at(redriving->batch, index);
    dead_letter_counts_of(&redriving->counts, letter->reason)->chosen--;
    redriving->unsent++;
    redriving->failures++;
    if (redriving->unsent > UNSENT_TOLD_MAX) { return; }
    fprintf(stderr, "freshet: the dead letter at partition %d offset %" PRId64 ", of %s, was not "
            "sent: %s\n", letter->partition, letter->offset, letter->origin.topic,
            wire_why(redriving->sender));
}

/* After a refusal it is not known whether the transaction was committed. A new producer of its id
 * ends it, and then the log tells what has been sent, by other runs, too. */
static bool begin_again(struct redriving *redriving)
{
    if (connect_sender(redriving) < 0) { return false; }
    redrive_log_free(redriving->sent);
    redriving->sent = redrive_log_new();
    return redrive_log_read(redriving->sent, redriving->wire, redriving->marks_topic) >= 0;
}

static bool was_sent(const struct redriving *redriving, size_t index)
{
    const struct dead_letter *letter = dead_letter_batch_at(redriving->batch, index);
    return redrive_log_has(redriving->sent, letter->partition, letter->offset);
}

/* Says whether nothing can be sent: all others would fail, too. */
static bool is_hopeless(const struct redriving *redriving, int result)
{
    return result == WIRE_FATAL || redriving->failures >= FAILURES_MAX;
}

/* Sends a part of the batch. When that fails, it is sent in halves, until the dead letters that
 * cannot be sent are alone; false: nothing can be sent. */
static bool send_part(struct redriving *redriving, size_t from, size_t count)
{
    if (!count || (count == 1 && was_sent(redriving, from))) { return true; }
    int result = try_part(redriving, from, count);
    if (result == 0) {
        redriving->failures = 0;
        return true;
    }
    if (count == 1) { leave_unsent(redriving, from); }
    if (is_hopeless(redriving, result) ||
        (result == WIRE_REFUSED && !begin_again(redriving))) {
        redriving->failed =
            client_fail("%s; %" PRId64 " dead letters were sent before",
                        redriving->sender ? wire_why(redriving->sender) : "cannot connect",
                        dead_letter_batch_sent(redriving->batch));
        return false;
    }
    size_t half = count / 2;
    return count == 1 ||
           (send_part(redriving, from, half) && send_part(redriving, from + half, count - half));
}

static bool send_batch(struct redriving *redriving)
{
    bool ok = send_part(redriving, 0, dead_letter_batch_count(redriving->batch));
    dead_letter_batch_clear(redriving->batch);
    return ok;
}

static bool add(struct redriving *redriving, const struct dead_letter *letter, int32_t partitions)
{
    dead_letter_batch_add(redriving->batch, letter, partitions);
    return !dead_letter_batch_full(redriving->batch) || send_batch(redriving);
}

/* Says whether the record may be sent, and read from its origin where the dead letter does not hold
 * it. With --to, the operator has named where records go. */
static bool is_allowed(struct redriving *redriving, const struct dead_letter *letter,
                       struct origin_topic *topic)
{
    if (redriving->to && !letter->without_bytes) { return true; }
    return topic->source &&
           origin_topics_partitions(redriving->topics, topic, redriving->wire) > 0;
}

static bool take_dead_letter(void *arg, const struct record *rec)
{
    struct redriving *redriving = arg;
    struct dead_letter letter;
    if (!dead_letter_read(rec, &redriving->filter, &letter)) { return true; }
    struct dead_letter_count *count = dead_letter_counts_of(&redriving->counts, letter.reason);
    struct origin_topic *topic = origin_topics_of(redriving->topics, letter.origin.topic);
    count->kept++;
    topic->found++;
    if (redrive_log_has(redriving->sent, letter.partition, letter.offset)) {
        count->sent_before++;
        return true;
    }
    if (!letter.movable) {
        count->left++;
        return true;
    }
    if (!is_allowed(redriving, &letter, topic)) {
        topic->left++;
        return true;
    }
    if (redriving->limit && redriving->taken == redriving->limit) { return true; }
    redriving->taken++;
    count->chosen++;
    topic->chosen++;
    if (redriving->dry) { return true; }
    if (letter.without_bytes) {
        dead_letter_list_add(&redriving->later, &letter);
        return true;
    }
    return add(redriving, &letter, topic->partitions);
}

/* ---- Dead letters without their bytes ---- */

struct fetching {
    struct redriving *redriving;
    const struct dead_letter *at; /* by offset */
    size_t count;
    int32_t partitions; /* of the origin's topic */
    bool ok;
};

static bool take_origin(void *arg, const struct record *rec)
{
    struct fetching *fetching = arg;
    while (fetching->count && fetching->at->origin.offset < rec->offset) {
        fetching->redriving->gone++;
        fetching->at++;
        fetching->count--;
    }
    while (fetching->count && fetching->at->origin.offset == rec->offset) {
        struct dead_letter letter = *fetching->at++;
        fetching->count--;
        letter.key = rec->key;
        letter.value = rec->value;
        letter.rec = rec;
        letter.headers_count = record_headers_count(rec);
        fetching->ok = add(fetching->redriving, &letter, fetching->partitions);
        if (!fetching->ok) { return false; }
    }
    return fetching->count > 0;
}

/* Fetches the records of dead letters that came from one partition; false: nothing can be sent any
 * more. */
static bool fetch(struct redriving *redriving, const struct dead_letter *at, size_t count)
{
    const struct origin *first = &at->origin;
    struct origin_topic *topic = origin_topics_of(redriving->topics, first->topic);
    int64_t low = 0, end = 0, last = at[count - 1].origin.offset;
    bool exists = first->partition < topic->partitions;
    if (exists && wire_bounds(redriving->wire, first->topic, first->partition, &low, &end) < 0) {
        redriving->failed = client_fail("%s", wire_why(redriving->wire));
        redriving->gone += (int64_t)count;
        return true;
    }
    struct fetching fetching = {.redriving = redriving,
                                .at = at,
                                .count = count,
                                .partitions = topic->partitions,
                                .ok = true};
    while (fetching.count && fetching.at->origin.offset < low) {
        redriving->gone++;
        fetching.at++;
        fetching.count--;
    }
    if (!fetching.count || fetching.at->origin.offset >= end) {
        redriving->gone += (int64_t)fetching.count;
        return true;
    }
    int result = scan_range(redriving->wire, first->topic, first->partition,
                            fetching.at->origin.offset, MIN_OF(last, end - 1) + 1, take_origin,
                            &fetching);
    if (result < 0) { redriving->failed = client_fail("%s", wire_why(redriving->wire)); }
    redriving->gone += fetching.ok ? (int64_t)fetching.count : 0;
    return fetching.ok;
}

static bool fetch_all(struct redriving *redriving)
{
    struct dead_letter_list *later = &redriving->later;
    dead_letter_list_sort(later);
    for (size_t from = 0, to = 0; from < later->count; from = to) {
        while (to < later->count && dead_letter_same_partition(&later->at[from], &later->at[to])) {
            to++;
        }
        if (!fetch(redriving, &later->at[from], to - from)) { return false; }
    }
    return true;
}

/* ---- The command ---- */

static int connect(struct redriving *redriving)
{
    _cleanup_(xfreep) char *id = client_group(redriving->client, "redrive");
    int32_t partitions;
    if (client_connect(redriving->client, id, &redriving->wire) < 0) { return EXIT_FAILURE; }
    if (!redriving->dry && connect_sender(redriving) < 0) { return EXIT_FAILURE; }
    redriving->dead_letters_topic = client_topic(redriving->client, "dead-letters");
    redriving->marks_topic = client_topic(redriving->client, "redrives");
    const struct {
        const char *topic, *name;
    } topics[] = {{redriving->dead_letters_topic, "dead-letters"},
                  {redriving->marks_topic, "redrives"},
                  {redriving->to, redriving->to}};
    for (size_t i = 0; i < ARRAY_COUNT(topics); i++) {
        const char *topic = topics[i].topic;
        if (topic && client_partitions(redriving->wire, topic, &partitions) < 0) {
            return client_fail_topic(redriving->client, redriving->wire, topic, topics[i].name);
        }
    }
    return 0;
}

static int run(struct redriving *redriving)
{
    if (connect(redriving) != 0) { return EXIT_FAILURE; }
    redriving->sent = redrive_log_new();
    redriving->batch = dead_letter_batch_new(redriving->to);
    redriving->topics = origin_topics_new(redriving->client, redriving->filter.topic);
    if (redrive_log_read(redriving->sent, redriving->wire, redriving->marks_topic) < 0 ||
        scan_since(redriving->wire, redriving->dead_letters_topic, redriving->filter.since_ms,
                   take_dead_letter, redriving) < 0) {
        return client_fail("%s", wire_why(redriving->wire));
    }
    bool ok = !redriving->failed && fetch_all(redriving) && send_batch(redriving);
    dead_letter_counts_print(&redriving->counts, redriving->dry);
    filter_tell_none(&redriving->filter);
    if (redriving->dry) { origin_topics_print(redriving->topics); }
    origin_topics_print_left(redriving->topics);
    if (redriving->unsent) {
        redriving->failed = client_fail("%" PRId64 " dead letters could not be sent",
                                        redriving->unsent);
    }
    if (redriving->gone) {
        fprintf(stderr, "freshet: %" PRId64 " dead letters have no bytes, and their records are no "
                "longer at their origin\n", redriving->gone);
    }
    return ok ? redriving->failed : EXIT_FAILURE;
}

static int redrive_run(struct invocation *invocation)
{
    struct redriving *redriving = invocation->settings;
    redriving->client = &invocation->client;
    if (!redriving->filter.until_ms) { redriving->filter.until_ms = INT64_MAX; }
    int result = run(redriving);
    dead_letter_batch_free(redriving->batch);
    origin_topics_free(redriving->topics);
    redrive_log_free(redriving->sent);
    dead_letter_list_release(&redriving->later);
    dead_letter_counts_release(&redriving->counts);
    wire_close(redriving->sender);
    wire_close(redriving->wire);
    free(redriving->dead_letters_topic);
    free(redriving->marks_topic);
    return result;
}

const struct command redrive_command = {
    .name = "redrive",
    .group = GROUP_RECORDS,
    .summary = "send dead letters again after a fix",
    .about =
        "Sends dead letters of ingest and features again, after a fix: to the topics and "
        "partitions that their records came from, with headers that name where each record first "
        "was. Only the sources of ingest are written to (`sources` of the configuration, else "
        "`clicks`), unless --origin names a topic, such as events. Each dead letter is sent once, "
        "however often this command runs; a record that is refused again is a new dead letter. "
        "Other readers of those topics see the records, too (--to names another topic). An older "
        "record of a catalogue is written behind newer ones of its key: send such dead letters "
        "soon or not at all.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .needs = NEEDS_SETTINGS,
    .settings_size = sizeof(struct redriving),
    .run = redrive_run,
};
