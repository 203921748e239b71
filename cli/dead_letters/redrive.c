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
#include "cli/dead_letters/redrive_log.h"
#include "cli/scan.h"

enum { ATTEMPTS_MAX = 3 };

struct redriving {
    /* flags */
    struct dead_letter_filter filter;
    int64_t limit; /* 0: none */
    bool dry;
    const char *to;

    const struct client *client;
    struct wire *wire;
    char *dead_letters_topic;
    char *marks_topic;
    struct redrive_log *sent;
    struct dead_letter_batch *batch;
    struct dead_letter_counts counts;
    struct dead_letter_list later; /* without their bytes */
    int64_t taken;
    int64_t gone;
    int failed;
};

static bool take_reason(void *arg, const char *text, struct buf *why)
{
    struct redriving *redriving = arg;
    struct dead_letter_filter *filter = &redriving->filter;
    if (filter->reasons_count == DEAD_LETTER_REASONS_MAX) {
        buf_printf(why, "at most %d reasons", DEAD_LETTER_REASONS_MAX);
        return false;
    }
    filter->reasons[filter->reasons_count++] = text;
    return true;
}

static bool read_time(const char *text, int64_t *ret_ms, struct buf *why)
{
    if (dead_letter_time(text, ret_ms)) { return true; }
    buf_printf(why, "\"%s\" is wrong; it takes a time such as 2026-05-01T12:00:00Z or "
               "2026-05-01, or 90s, 30m, 2h or 7d for so long ago", text);
    return false;
}

static bool take_since(void *arg, const char *text, struct buf *why)
{
    struct redriving *redriving = arg;
    return read_time(text, &redriving->filter.since_ms, why);
}

static bool take_until(void *arg, const char *text, struct buf *why)
{
    struct redriving *redriving = arg;
    struct dead_letter_filter *filter = &redriving->filter;
    if (!read_time(text, &filter->until_ms, why)) { return false; }
    filter->until_ms = filter->until_ms ? filter->until_ms : 1; /* 0 means no end */
    return true;
}

#define OPTION_SETTINGS struct redriving

static const struct flag flags[] = {
    FLAG_TAKEN('r', "REASON", "reason", take_reason,
               "Only dead letters with this reason; may be repeated"),
    FLAG_TAKEN(0, "TIME", "since", take_since,
               "Only dead letters from this time on: 2026-05-01T12:00:00Z, or 2h, 30m, 7d ago"),
    FLAG_TAKEN(0, "TIME", "until", take_until, "Only dead letters before this time"),
    FLAG(0, "TOPIC",
         OPTION("origin", STRING, filter.topic, NULL, OPTION_FREE,
                "Only dead letters whose record came from this topic")),
    FLAG(0, "TOPIC",
         OPTION("to", STRING, to, NULL, OPTION_FREE,
                "Write to this topic, not to those that the records came from")),
    FLAG('l', "N",
         OPTION("limit", LONG, limit, NULL, OPTION_RANGE(1, INFINITY),
                "Send at most N dead letters; by default all")),
    SWITCH('n', "dry-run", dry, "Count only"),
};

/* ---- Sending ---- */

/* A transaction that was rolled back sent nothing, and can be tried again. */
static bool send_batch(struct redriving *redriving)
{
    int result = WIRE_ABORTED;
    for (int i = 0; i < ATTEMPTS_MAX && (result == WIRE_ABORTED || result == WIRE_RETRY); i++) {
        result = dead_letter_batch_send(redriving->batch, redriving->wire, redriving->marks_topic);
    }
    if (result < 0) {
        redriving->failed =
            client_fail("%s; %" PRId64 " dead letters were sent before", wire_why(redriving->wire),
                        dead_letter_batch_sent(redriving->batch));
    }
    return result == 0;
}

static bool add(struct redriving *redriving, const struct dead_letter *letter)
{
    dead_letter_batch_add(redriving->batch, letter);
    return !dead_letter_batch_full(redriving->batch) || send_batch(redriving);
}

static bool take_dead_letter(void *arg, const struct record *rec)
{
    struct redriving *redriving = arg;
    struct dead_letter letter;
    if (!dead_letter_read(rec, &redriving->filter, &letter)) { return true; }
    struct dead_letter_count *count = dead_letter_counts_of(&redriving->counts, letter.reason);
    count->kept++;
    if (redrive_log_has(redriving->sent, letter.partition, letter.offset)) {
        count->sent_before++;
        return true;
    }
    if (!letter.movable) {
        count->left++;
        return true;
    }
    if (redriving->limit && redriving->taken == redriving->limit) { return true; }
    redriving->taken++;
    count->chosen++;
    if (redriving->dry) { return true; }
    if (letter.without_bytes) {
        dead_letter_list_add(&redriving->later, &letter);
        return true;
    }
    return add(redriving, &letter);
}

/* ---- Dead letters without their bytes ---- */

struct fetching {
    struct redriving *redriving;
    const struct dead_letter *at; /* by offset */
    size_t count;
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
        fetching->ok = add(fetching->redriving, &letter);
        if (!fetching->ok) { return false; }
    }
    return fetching->count > 0;
}

/* Fetches the records of dead letters that came from one partition. */
static bool fetch(struct redriving *redriving, const struct dead_letter *at, size_t count)
{
    const struct origin *first = &at->origin;
    int64_t low, end, last = at[count - 1].origin.offset;
    if (wire_bounds(redriving->wire, first->topic, first->partition, &low, &end) < 0) {
        redriving->failed = client_fail("%s", wire_why(redriving->wire));
        return false;
    }
    struct fetching fetching = {.redriving = redriving, .at = at, .count = count, .ok = true};
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
                            fetching.at->origin.offset, MIN_OF(last + 1, end), take_origin,
                            &fetching);
    if (result < 0) { redriving->failed = client_fail("%s", wire_why(redriving->wire)); }
    redriving->gone += fetching.ok ? (int64_t)fetching.count : 0;
    return result == 0 && fetching.ok;
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
    int result = redriving->dry
                     ? client_connect(redriving->client, id, &redriving->wire)
                     : client_connect_txn(redriving->client, id, &redriving->wire);
    if (result < 0) { return EXIT_FAILURE; }
    redriving->dead_letters_topic = client_topic(redriving->client, "dead-letters");
    redriving->marks_topic = client_topic(redriving->client, "redrives");
    const char *const topics[] = {redriving->dead_letters_topic, redriving->marks_topic,
                                  redriving->to};
    for (size_t i = 0; i < ARRAY_COUNT(topics); i++) {
        if (topics[i] && wire_partitions(redriving->wire, topics[i], &partitions) < 0) {
            return client_fail("%s", wire_why(redriving->wire));
        }
    }
    return 0;
}

static int run(struct redriving *redriving)
{
    if (connect(redriving) != 0) { return EXIT_FAILURE; }
    redriving->sent = redrive_log_new();
    redriving->batch = dead_letter_batch_new(redriving->wire, redriving->to);
    if (redrive_log_read(redriving->sent, redriving->wire, redriving->marks_topic) < 0 ||
        scan_since(redriving->wire, redriving->dead_letters_topic, redriving->filter.since_ms,
                   take_dead_letter, redriving) < 0) {
        return client_fail("%s", wire_why(redriving->wire));
    }
    bool ok = !redriving->failed && fetch_all(redriving) && send_batch(redriving);
    dead_letter_counts_print(&redriving->counts, redriving->dry);
    if (redriving->gone) {
        fprintf(stderr, "freshet: %" PRId64 " dead letters have no bytes, and their records are no "
                "longer at their origin\n", redriving->gone);
    }
    return ok ? 0 : redriving->failed;
}

static int redrive_run(struct invocation *invocation)
{
    struct redriving *redriving = invocation->settings;
    redriving->client = &invocation->client;
    if (!redriving->filter.until_ms) { redriving->filter.until_ms = INT64_MAX; }
    int result = run(redriving);
    dead_letter_batch_free(redriving->batch);
    redrive_log_free(redriving->sent);
    dead_letter_list_release(&redriving->later);
    dead_letter_counts_release(&redriving->counts);
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
        "was. Each dead letter is sent once, however often this command runs; a record that is "
        "refused again is a new dead letter. Other readers of those topics see the records, too "
        "(--to names another topic). An older record of a catalogue is written behind newer ones "
        "of its key: send such dead letters soon or not at all.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .needs = NEEDS_SETTINGS,
    .settings_size = sizeof(struct redriving),
    .run = redrive_run,
};
