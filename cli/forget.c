#include "base/base.h"
#include "base/clock.h"
#include "base/number.h"
#include "base/xalloc.h"
#include "cli/client_schemas.h"
#include "cli/commands.h"
#include "cli/scan.h"
#include "cli/user_names.h"
#include "schemas/forget_receipt.h"

#include <argp.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    KEY_UNTIL = 'u',
    KEY_TIMEOUT = 't',
    REQUEST_RANDOM_BYTES = 16,
    REQUEST_BYTES_MAX = 1024,
    RECEIPT_ARENA_BLOCK = 1 << 12,
    NAP_US = 200000,
    FLUSH_TIMEOUT_MS = 30000,
};

struct forget {
    struct client client;
    const char *user;
    int64_t until_ms;
    int64_t timeout_ms;

    struct wire *wire;
    struct schema_cache *schemas;
    struct codec *requests;
    struct codec *receipts;
    struct arena *arena;
    char request_id[2 * REQUEST_RANDOM_BYTES + 1];
    int64_t asked_ms;
    int64_t deadline_ms;
    int32_t partitions; /* of events */
    bool *answered;     /* by partition */
    int32_t answers;
    struct forget_receipt sum;
    bool profile;
};

static const struct argp_option flags[] = {
    {"until", KEY_UNTIL, "MS", 0,
     "Drop events of this time and before that arrive later, in ms since 1970 (default: now; "
     "0: the user's newest event)", 0},
    {"timeout", KEY_TIMEOUT, "SECONDS", 0, "How long to wait for all of it (default 600)", 0},
    {0},
};

static int64_t parse_number(const char *text, struct argp_state *state)
{
    int64_t value = -1;
    if (!number_parse(text, &value) || value < 0) { argp_error(state, "no number: %s", text); }
    return value;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct forget *forget = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &forget->client;
        return 0;
    case KEY_UNTIL:
        forget->until_ms = parse_number(arg, state);
        if (forget->until_ms > forget->asked_ms) {
            argp_error(state, "--until lies in the future");
        }
        return 0;
    case KEY_TIMEOUT:
        forget->timeout_ms = parse_number(arg, state) * 1000;
        return 0;
    case ARGP_KEY_ARG:
        if (forget->user) { argp_error(state, "one user at a time"); }
        if (!arg[0] || strlen(arg) > ID_BYTES_MAX) { argp_error(state, "that is no user id"); }
        forget->user = arg;
        return 0;
    case ARGP_KEY_END:
        if (!forget->user) { argp_error(state, "USER is needed"); }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {{&client_argp, 0, "Which Kafka:", 90}, {0}};
static const struct argp argp = {
    .options = flags,
    .parser = parse,
    .args_doc = "USER",
    .doc =
        "Forgets a user: sequence, lists, profile, and what the user's actions added to the "
        "counts. There is no way back. Waits until all workers are through and prints a receipt, "
        "one line of JSON; parts of it stay in the topic `receipts`. When it is interrupted the "
        "request stands all the same, and asking again does no harm. docs/operations.md says what "
        "is not reached. With pseudonym.keys (--config, --set) give the user's own id: what is "
        "known under any of the keys is forgotten, with a receipt each.",
    .children = children,
};

static void say(const char *format, ...) _printf_(1, 2);
static void say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "forget: ");
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
}

static int late(const char *what)
{
    return client_fail("waited too long for %s; the request stands and will be carried out; "
                       "hint: `freshet status` tells which worker is behind", what);
}

/* ---- Asking ---- */

static int make_id(struct forget *forget)
{
    unsigned char bytes[REQUEST_RANDOM_BYTES];
    if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes)) {
        return client_fail("no random bytes: %s", strerror(errno));
    }
    for (size_t i = 0; i < sizeof(bytes); i++) {
        (void)snprintf(forget->request_id + 2 * i, 3, "%02x", bytes[i]);
    }
    return 0;
}

static int flush(struct forget *forget)
{
    size_t outstanding = 1;
    for (int64_t until_ms = clock_wall_ms() + FLUSH_TIMEOUT_MS;
         outstanding && clock_wall_ms() < until_ms;) {
        if (wire_unacked(forget->wire, 1, &outstanding) < 0) {
            return client_fail("%s", wire_why(forget->wire));
        }
        if (outstanding) { usleep(1000); }
    }
    return outstanding ? client_fail("%zu records were not acknowledged", outstanding) : 0;
}

/* Every partition is asked: whoever writes to `events` may place users as they like. */
static int ask(struct forget *forget)
{
    struct buf out;
    _cleanup_(xfreep) char *topic = client_topic(&forget->client, "events");
    const struct forget_request request = {.request_id = slice_str(forget->request_id),
                                           .user_id = slice_str(forget->user),
                                           .until_ms = forget->until_ms,
                                           .requested_ms = forget->asked_ms};
    forget->requests = client_schemas_writer(&forget->client, forget->schemas, topic,
                                             &forget_request_contract, /* first= */ false);
    if (!forget->requests) { return 1; }
    buf_init(&out, REQUEST_BYTES_MAX);
    int result = codec_encode(forget->requests, &request, &out);
    if (result < 0) { result = client_fail("the user id is not valid UTF-8"); }
    for (int32_t p = 0; p < forget->partitions && result == 0; p++) {
        const struct message message = {.topic = topic,
                                        .partition = p,
                                        .key = request.user_id,
                                        .value = buf_slice(&out)};
        if (wire_produce(forget->wire, &message, 1) < 0) {
            result = client_fail("%s", wire_why(forget->wire));
        }
    }
    buf_release(&out);
    return result;
}

static int drop_profile(struct forget *forget)
{
    int32_t partitions;
    _cleanup_(xfreep) char *topic = client_topic(&forget->client, "users");
    if (wire_partitions(forget->wire, topic, &partitions) < 0) { return 0; }
    const struct message message = {
        .topic = topic, .partition = PARTITION_BY_KEY, .key = slice_str(forget->user)};
    forget->profile = true;
    int result = wire_produce(forget->wire, &message, 1);
    return result < 0 ? client_fail("%s", wire_why(forget->wire)) : 0;
}

/* ---- Waiting ---- */

static bool take_receipt(void *arg, const struct record *rec)
{
    struct forget *forget = arg;
    struct forget_receipt one;
    arena_reset(forget->arena);
    if (!rec->value.data ||
        codec_decode(forget->receipts, rec->value, forget->arena, &one, NULL) < 0 ||
        !slice_equal(one.request_id, slice_str(forget->request_id)) || one.input_partition < 0 ||
        one.input_partition >= forget->partitions || forget->answered[one.input_partition]) {
        return true;
    }
    forget->answered[one.input_partition] = true;
    forget->answers++;
    forget->sum.actions += one.actions;
    forget->sum.archived += one.archived;
    forget->sum.contributions += one.contributions;
    forget->sum.left_in += one.left_in;
    forget->sum.until_ms = MAX_OF(forget->sum.until_ms, one.until_ms);
    say("partition %d at offset %" PRId64 ": %" PRId64 " actions, %" PRId64
        " contributions taken out (%d of %d partitions)", one.input_partition, one.input_offset,
        one.actions, one.contributions, forget->answers, forget->partitions);
    return true;
}

static int wait_for_receipts(struct forget *forget)
{
    _cleanup_(xfreep) char *topic = client_topic(&forget->client, "receipts");
    for (;;) {
        if (scan_topic(forget->wire, topic, -1, /* follow= */ false, take_receipt, forget) < 0) {
            return client_fail("%s", wire_why(forget->wire));
        }
        if (forget->answers == forget->partitions) { return 0; }
        if (clock_wall_ms() > forget->deadline_ms) { return late("features"); }
        usleep(NAP_US);
    }
}

/* Says whether a group has had all that a partition held; markers of transactions, which nobody is
 * given, do not count. Below 0: the wire failed. */
static int is_through(struct wire *wire, const char *topic, int32_t partition, int64_t end)
{
    int64_t committed = OFFSET_NONE, low = 0, now = 0;
    bool left = true;
    if (wire_committed(wire, topic, partition, &committed) < 0 ||
        wire_bounds(wire, topic, partition, &low, &now) < 0) {
        return -1;
    }
    committed = MAX_OF(committed, low);
    if (committed >= end) { return 1; }
    int result = scan_finds(wire, topic, partition, committed, end, &left);
    return result < 0 ? result : !left;
}

static int wait_for_partition(struct forget *forget, struct wire *wire, const char *worker,
                              const char *topic, int32_t partition)
{
    int64_t low, end;
    if (wire_bounds(wire, topic, partition, &low, &end) < 0) {
        return client_fail("%s", wire_why(wire));
    }
    for (;;) {
        int through = is_through(wire, topic, partition, end);
        if (through < 0) { return client_fail("%s", wire_why(wire)); }
        if (through) { return 0; }
        if (clock_wall_ms() > forget->deadline_ms) { return late(worker); }
        usleep(NAP_US);
    }
}

/* Waits until a worker has committed all that its input held when the receipts were there. */
static int wait_for_worker(struct forget *forget, const char *worker, const char *input)
{
    struct wire *wire = NULL;
    int32_t partitions;
    _cleanup_(xfreep) char *group = client_group(&forget->client, worker);
    _cleanup_(xfreep) char *topic = client_topic(&forget->client, input);
    if (client_connect(&forget->client, group, &wire) < 0) { return 1; }
    int result = 0;
    if (wire_partitions(wire, topic, &partitions) < 0) {
        result = client_fail("%s", wire_why(wire));
        partitions = 0;
    }
    for (int32_t p = 0; p < partitions && result == 0; p++) {
        result = wait_for_partition(forget, wire, worker, topic, p);
    }
    if (result == 0) { say("%s is through with %s", worker, topic); }
    wire_close(wire);
    return result;
}

/* ---- The receipt ---- */

static void print(const struct forget *forget)
{
    const struct forget_receipt *sum = &forget->sum;
    printf("{\"request_id\":\"%s\",\"requested_ms\":%" PRId64 ",\"done_ms\":%" PRId64
           ",\"until_ms\":%" PRId64 ",\"partitions\":%d,\"actions\":%" PRId64
           ",\"archived\":%" PRId64 ",\"contributions\":%" PRId64 ",\"left_in\":%" PRId64
           ",\"profile\":%s}\n",
           forget->request_id, forget->asked_ms, clock_wall_ms(), sum->until_ms, forget->partitions,
           sum->actions, sum->archived, sum->contributions, sum->left_in,
           forget->profile ? "\"deleted\"" : "null");
    if (sum->left_in > 0) {
        say("the part of %" PRId64 " actions could not be taken out, because they were not "
            "archived (history.archive); a backfill from `events` would be exact", sum->left_in);
    }
}

static int run(struct forget *forget)
{
    if (make_id(forget) != 0) { return 1; }
    if (client_connect(&forget->client, NULL, &forget->wire) < 0) { return 1; }
    _cleanup_(xfreep) char *topic = client_topic(&forget->client, "events");
    if (wire_partitions(forget->wire, topic, &forget->partitions) < 0) {
        return client_fail("%s", wire_why(forget->wire));
    }
    forget->answered = xcalloc((size_t)forget->partitions, sizeof(*forget->answered));
    int result = ask(forget);
    if (result == 0) { result = drop_profile(forget); }
    if (result == 0) { result = flush(forget); }
    if (result == 0) {
        say("request %s stands in all %d partitions of %s", forget->request_id,
            forget->partitions, topic);
        result = wait_for_receipts(forget);
    }
    if (result == 0) { result = wait_for_worker(forget, "trainer", "pair-deltas"); }
    if (result == 0) { result = wait_for_worker(forget, "scorer", "histories"); }
    if (result == 0) { print(forget); }
    return result;
}

/* A user with pseudonyms is forgotten under each of them. */
static int run_all(struct forget *all)
{
    struct user_names names = {0};
    int result = user_names_find(&all->client, all->user, &names);
    for (size_t i = 0; i < names.count && result == 0; i++) {
        struct forget one = *all;
        one.user = names.at[i];
        if (names.key_ids[i][0]) { say("under key %s: %s", names.key_ids[i], one.user); }
        result = run(&one);
        wire_close(one.wire);
        free(one.answered);
    }
    user_names_release(&names);
    return result;
}

int forget_command(int argc, char **argv)
{
    int64_t asked_ms = clock_wall_ms();
    struct forget forget = {.asked_ms = asked_ms, .until_ms = asked_ms, .timeout_ms = 600000};
    argp_parse(&argp, argc, argv, 0, NULL, &forget);
    forget.deadline_ms = asked_ms + forget.timeout_ms;
    forget.sum.until_ms = INT64_MIN;
    forget.schemas = client_schemas(&forget.client);
    forget.receipts = codec_new(&forget_receipt_contract, forget.schemas);
    forget.arena = arena_new(RECEIPT_ARENA_BLOCK);
    int result = client_load(&forget.client) < 0 ? EXIT_CONFIG : run_all(&forget);
    arena_free(forget.arena);
    codec_free(forget.requests);
    codec_free(forget.receipts);
    schema_cache_free(forget.schemas);
    client_release(&forget.client);
    return result;
}
