/* Sends dead letters round again, each once.
 *
 * A transaction holds some hundred records and, in the topic `redrives`, which letters they were:
 * both or neither, so whoever comes later knows exactly what has been sent. A second run at the
 * same time is fenced off by the transactional id. The records have their senders' headers again,
 * without the letter's, and name their origin behind them: ids made of it are the same as the first
 * time, so that features drops what it has had after all.
 *
 * Letters without their bytes (truncated, withheld) are read from where they first stood; that
 * happens in the end, a partition at a time.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/dead_letters/dead_letters.h"
#include "cli/scan.h"
#include "cli/dead_letters/redrive_log.h"

#include <argp.h>

enum {
    KEY_REASON = 'r',
    KEY_LIMIT = 'l',
    KEY_DRY = 'n',
    KEY_SINCE = 0x3000,
    KEY_UNTIL,
    KEY_TOPIC,
    KEY_TO,
    ATTEMPTS_MAX = 3,
};

struct redriving {
    struct client client;
    struct dead_letter_filter filter;
    int64_t limit;
    bool dry;
    const char *to;

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

static const struct argp_option flags[] = {
    {"reason", KEY_REASON, "REASON", 0, "Only letters with this reason; may be repeated", 0},
    {"since", KEY_SINCE, "TIME", 0,
     "Only letters from this time on: 2026-05-01T12:00:00Z, or 2h, 30m, 7d ago", 0},
    {"until", KEY_UNTIL, "TIME", 0, "Only letters before this time", 0},
    {"origin", KEY_TOPIC, "TOPIC", 0, "Only letters whose record came from this topic", 0},
    {"to", KEY_TO, "TOPIC", 0, "Write there, not to the topics that they came from", 0},
    {"limit", KEY_LIMIT, "N", 0, "Send at most N letters", 0},
    {"dry-run", KEY_DRY, NULL, 0, "Count only", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct redriving *redriving = state->input;
    struct dead_letter_filter *filter = &redriving->filter;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &redriving->client;
        return 0;
    case KEY_REASON:
        if (filter->reasons_count == DEAD_LETTER_REASONS_MAX) {
            argp_error(state, "so many reasons");
        }
        filter->reasons[filter->reasons_count++] = arg;
        return 0;
    case KEY_SINCE:
        if (!dead_letter_time(arg, &filter->since_ms)) { argp_error(state, "no time: %s", arg); }
        return 0;
    case KEY_UNTIL:
        if (!dead_letter_time(arg, &filter->until_ms)) { argp_error(state, "no time: %s", arg); }
        return 0;
    case KEY_TOPIC:
        filter->topic = arg;
        return 0;
    case KEY_TO:
        redriving->to = arg;
        return 0;
    case KEY_LIMIT:
        redriving->limit = strtoll(arg, NULL, 10);
        if (redriving->limit <= 0) { argp_error(state, "no number: %s", arg); }
        return 0;
    case KEY_DRY:
        redriving->dry = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "no argument \"%s\"", arg);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {{&client_argp, 0, "Which Kafka:", 90}, {0}};
static const struct argp argp = {
    .options = flags,
    .parser = parse,
    .doc =
        "Sends dead letters of ingest and features round again, after a fix: to the topics and "
        "partitions that they came from, with headers that name their first place. Each letter is "
        "sent once, however often this runs; a record that is refused again is a new letter. Other "
        "readers of those topics see the records too (--to names another topic). An older record "
        "of a catalogue comes behind newer ones of its key: send such letters soon or not at all.",
    .children = children,
};

/* ---- Sending ---- */

/* What is rolled back was not sent, and can be tried again. */
static bool send_batch(struct redriving *redriving)
{
    int result = WIRE_ABORTED;
    for (int i = 0; i < ATTEMPTS_MAX && (result == WIRE_ABORTED || result == WIRE_RETRY); i++) {
        result = dead_letter_batch_send(redriving->batch, redriving->wire, redriving->marks_topic);
    }
    if (result < 0) {
        redriving->failed =
            client_fail("%s; %" PRId64 " letters were sent before", wire_why(redriving->wire),
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

/* ---- Letters without their bytes ---- */

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
        letter.headers_count = origin_senders_headers(rec);
        fetching->ok = add(fetching->redriving, &letter);
        if (!fetching->ok) { return false; }
    }
    return fetching->count > 0;
}

/* Fetches the records of letters that came from one partition. */
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
        while (to < later->count && dead_letter_same_place(&later->at[from], &later->at[to])) {
            to++;
        }
        if (!fetch(redriving, &later->at[from], to - from)) { return false; }
    }
    return true;
}

/* ---- The whole ---- */

static int connect(struct redriving *redriving)
{
    _cleanup_(xfreep) char *id = client_group(&redriving->client, "redrive");
    int32_t partitions;
    int result = redriving->dry
                     ? client_connect(&redriving->client, id, &redriving->wire)
                     : client_connect_txn(&redriving->client, id, &redriving->wire);
    if (result < 0) { return 1; }
    redriving->dead_letters_topic = client_topic(&redriving->client, "dead-letters");
    redriving->marks_topic = client_topic(&redriving->client, "redrives");
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
    if (connect(redriving) != 0) { return 1; }
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
        fprintf(stderr, "freshet: %" PRId64 " letters without bytes: their records are gone from "
                "where they first stood\n", redriving->gone);
    }
    return ok ? 0 : redriving->failed;
}

int redrive_command(int argc, char **argv)
{
    struct redriving redriving = {.filter.until_ms = INT64_MAX};
    argp_parse(&argp, argc, argv, 0, NULL, &redriving);
    int result = client_load(&redriving.client) < 0 ? EXIT_CONFIG : run(&redriving);
    dead_letter_batch_free(redriving.batch);
    redrive_log_free(redriving.sent);
    dead_letter_list_release(&redriving.later);
    dead_letter_counts_release(&redriving.counts);
    wire_close(redriving.wire);
    free(redriving.dead_letters_topic);
    free(redriving.marks_topic);
    client_release(&redriving.client);
    return result;
}
