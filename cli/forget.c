/* forget: erases a user.
 *
 * 1. A request with a random id goes into every partition of `events`, a tombstone into every one
 *    of `users`; what stands for the user in `candidates` is deleted.
 * 2. When features reads the request it erases history, archive and contributions, and writes a
 *    receipt for each partition, and asks for the erasure of users who were merged with this one,
 *    which have receipts of their own; this command adds the receipts up.
 * 3. When all receipts have come, the command waits until trainer and scorer have committed all
 *    that their inputs held at that moment. Then neither counts nor lists contain the user.
 *
 * The workers do the work; the command only waits, so it may be interrupted at any point and run
 * again. It looks for workers without a group before it writes anything.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/message.h"
#include "base/xalloc.h"
#include "cli/client_schemas.h"
#include "cli/commands.h"
#include "cli/forgotten_candidates.h"
#include "cli/scan.h"
#include "cli/screen.h"
#include "cli/user_names.h"
#include "schemas/forget_receipt.h"
#include "stream/kafka/kafka_admin.h"

#include <unistd.h>

enum {
    UNTIL_NOW = -1,
    REQUEST_RANDOM_BYTES = 16,
    REQUEST_BYTES_MAX = 1024,
    RECEIPT_ARENA_BLOCK = 1 << 12,
    NAP_US = 200000,
    FORGET_WORKERS = 3,
};

/* The workers that erase, in the order in which the request reaches them, and their inputs. */
static const struct {
    const char *name, *input;
} forget_workers[FORGET_WORKERS] = {
    {"features", "events"},
    {"trainer", "pair-deltas"},
    {"scorer", "histories"},
};

struct forget {
    int64_t until_ms;  /* flag */
    int64_t timeout_s; /* flag */

    const struct client *client;
    struct wire *wire;
    const char *user; /* one of the names */
    struct wire *wires[FORGET_WORKERS]; /* each with a worker's group */
    struct schema_cache *schemas;
    struct codec *requests;
    struct codec *receipts;
    struct arena *arena;
    char request_id[2 * REQUEST_RANDOM_BYTES + 1];
    unsigned char salt[REQUEST_RANDOM_BYTES];
    int64_t asked_ms;
    int64_t deadline_ms;
    bool told_silence; /* of brokers */
    int32_t partitions; /* of events */
    bool *answered;     /* by partition */
    int32_t answers;    /* of partitions */
    struct linked {     /* receipts of users who were merged with the user */
        int32_t partition;
        int64_t offset;
    } *linked;
    size_t linked_count, linked_capacity;
    int64_t linked_wanted;
    struct forget_receipt sum;
    int32_t profile_partitions; /* of users; 0: there is no such topic */
    struct forgotten_candidates *candidates;
};

#define OPTION_SETTINGS struct forget

static const struct flag flags[] = {
    FLAG('u', "MS",
         OPTION("until", LONG, until_ms, "-1", OPTION_RANGE(UNTIL_NOW, INFINITY),
                "Drop events of this time and before that arrive later, in ms since 1970; 0: the "
                "time of the user's newest event; -1: now")),
    FLAG('t', "SECONDS",
         OPTION("timeout", LONG, timeout_s, "600", OPTION_RANGE(0, 1e9),
                "How long to wait until all workers are done")),
};

static void say(const char *format, ...) _printf_(1, 2);
static void say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char what[MESSAGE_BYTES_MOST];
    message_write(what, sizeof(what), format, args);
    screen_line(stderr, "forget: %s", what);
    va_end(args);
}

static int late(const char *what)
{
    return client_fail("waited too long for %s; the request stays and will be carried out; "
                       "hint: `freshet status` tells which worker is behind", what);
}

/* ---- The workers ---- */

/* Says whether a worker runs (2) or has committed something (1); below 0: the wire failed. */
static int is_known(struct wire *wire, const char *group, const char *topic)
{
    int members = 0;
    int32_t partitions = 0;
    if (admin_group_members(wire, group, &members) < 0) { return -1; }
    if (members) { return 2; }
    if (client_partitions(wire, topic, &partitions) < 0) { return -1; }
    for (int32_t p = 0; p < partitions; p++) {
        int64_t offset = OFFSET_NONE;
        if (wire_committed(wire, topic, p, &offset) < 0) { return -1; }
        if (offset != OFFSET_NONE) { return 1; }
    }
    return 0;
}

/* Connects as each worker's group; a group that does not exist would never answer. */
static int connect_workers(struct forget *forget)
{
    for (size_t i = 0; i < FORGET_WORKERS; i++) {
        const char *name = forget_workers[i].name;
        _cleanup_(xfreep) char *group = client_group(forget->client, name);
        _cleanup_(xfreep) char *topic = client_topic(forget->client, forget_workers[i].input);
        if (client_connect(forget->client, group, &forget->wires[i]) < 0) { return EXIT_FAILURE; }
        int known = is_known(forget->wires[i], group, topic);
        if (known < 0) {
            return client_fail_topic(forget->client, forget->wires[i], topic,
                                     forget_workers[i].input);
        }
        if (known == 1) {
            say("no copy of %s runs in group %s: the request waits until one does; hint: start it, "
                "or was another --group-prefix meant?", name, group);
        }
        if (known) { continue; }
        return client_fail("%s has never run: there is no group %s; nothing was erased; hint: "
                           "start it, or name its group.prefix or generation",
                           name, group);
    }
    return 0;
}

/* ---- The request ---- */

static void make_id(struct forget *forget)
{
    unsigned char bytes[REQUEST_RANDOM_BYTES];
    digest_random(bytes, sizeof(bytes));
    digest_hex(bytes, sizeof(bytes), forget->request_id);
    digest_random(forget->salt, sizeof(forget->salt));
}

/* The request goes to every partition, because a producer of `events` may use any partition. */
static int ask(struct forget *forget)
{
    struct buf out;
    _cleanup_(xfreep) char *topic = client_topic(forget->client, "events");
    const struct forget_request request = {.request_id = slice_str(forget->request_id),
                                           .user_id = slice_str(forget->user),
                                           .until_ms = forget->until_ms,
                                           .requested_ms = forget->asked_ms,
                                           .salt = slice_of((const char *)forget->salt,
                                                            sizeof(forget->salt))};
    forget->requests = client_schemas_writer(forget->client, forget->schemas, topic,
                                             &forget_request_contract, /* first= */ false);
    if (!forget->requests) { return EXIT_FAILURE; }
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

/* Only where the topic does not exist is there no profile: without a right to it, or an answer,
 * nobody knows. */
static int find_profiles(struct forget *forget)
{
    _cleanup_(xfreep) char *topic = client_topic(forget->client, "users");
    if (client_partitions(forget->wire, topic, &forget->profile_partitions) == 0) { return 0; }
    _cleanup_(xfreep) char *why = xstrdup(wire_why(forget->wire));
    forget->profile_partitions = 0;
    if (client_topic_missing(forget->wire, topic)) { return 0; }
    return client_fail("a profile in %s could not be deleted: %s; nothing was erased", topic, why);
}

/* The tombstone goes to every partition, because a producer of `users` may use any. */
static int drop_profile(struct forget *forget)
{
    _cleanup_(xfreep) char *topic = client_topic(forget->client, "users");
    for (int32_t p = 0; p < forget->profile_partitions; p++) {
        const struct message message = {
            .topic = topic, .partition = p, .key = slice_str(forget->user)};
        if (wire_produce(forget->wire, &message, 1) < 0) {
            return client_fail("%s", wire_why(forget->wire));
        }
    }
    return 0;
}

static int find_candidates(struct forget *forget)
{
    forget->candidates = forgotten_candidates_find(forget->client, forget->wire, forget->user);
    return forget->candidates ? 0 : EXIT_FAILURE;
}

static int drop_candidates(struct forget *forget)
{
    if (forgotten_candidates_drop(forget->candidates, forget->wire) == 0) { return 0; }
    return client_fail("%s", wire_why(forget->wire));
}

/* ---- Waiting ---- */

/* Says whether an answer may still come: the request is in the log, and brokers that do not answer
 * now are asked again until the deadline. */
static bool may_come(struct forget *forget, struct wire *wire, int result)
{
    if (result >= 0) { return true; }
    if (result != WIRE_RETRY) { return false; }
    if (!forget->told_silence) { say("%s; asking again", wire_why(wire)); }
    forget->told_silence = true;
    return true;
}

static bool is_late(const struct forget *forget)
{
    return clock_wall_ms() > forget->deadline_ms;
}

/* The topic is read again and again: a receipt counts once. */
static bool is_new(struct forget *forget, const struct forget_receipt *one)
{
    if (!one->linked) {
        bool *answered = &forget->answered[one->input_partition];
        bool is = !*answered;
        *answered = true;
        forget->answers += is;
        return is;
    }
    for (size_t i = 0; i < forget->linked_count; i++) {
        const struct linked *had = &forget->linked[i];
        if (had->partition == one->input_partition && had->offset == one->input_offset) {
            return false;
        }
    }
    ARRAY_RESERVE(forget->linked, forget->linked_capacity, forget->linked_count + 1, 8);
    forget->linked[forget->linked_count++] =
        (struct linked){one->input_partition, one->input_offset};
    return true;
}

static bool take_receipt(void *arg, const struct record *rec)
{
    struct forget *forget = arg;
    struct forget_receipt one;
    arena_reset(forget->arena);
    if (!rec->value.data ||
        codec_decode(forget->receipts, rec->value, forget->arena, &one, NULL) < 0 ||
        !slice_equal(one.request_id, slice_str(forget->request_id)) || one.input_partition < 0 ||
        one.input_partition >= forget->partitions || !is_new(forget, &one)) {
        return true;
    }
    forget->linked_wanted += one.follows;
    forget->sum.actions += one.actions;
    forget->sum.archived += one.archived;
    forget->sum.contributions += one.contributions;
    forget->sum.left_in += one.left_in;
    forget->sum.until_ms = MAX_OF(forget->sum.until_ms, one.until_ms);
    say("%spartition %d at offset %" PRId64 ": %" PRId64 " actions, %" PRId64
        " contributions taken out (%d of %d partitions)",
        one.linked ? "a merged user, " : "", one.input_partition, one.input_offset, one.actions,
        one.contributions, forget->answers, forget->partitions);
    return true;
}

static int wait_for_receipts(struct forget *forget)
{
    _cleanup_(xfreep) char *topic = client_topic(forget->client, "receipts");
    for (;;) {
        int result =
            scan_topic(forget->wire, topic, -1, /* follow= */ false, take_receipt, forget);
        if (!may_come(forget, forget->wire, result)) {
            return client_fail("%s", wire_why(forget->wire));
        }
        if (forget->answers == forget->partitions &&
            (int64_t)forget->linked_count >= forget->linked_wanted) {
            return 0;
        }
        if (is_late(forget)) { return late("features"); }
        usleep(NAP_US);
    }
}

/* Says whether a group has read all that a partition held, apart from transaction markers, which
 * readers do not get. *end is where it ended, OFFSET_NONE before the first call. Below 0: the wire
 * failed. */
static int is_through(struct wire *wire, const char *topic, int32_t partition, int64_t *end)
{
    int64_t committed = OFFSET_NONE, low = 0, now = 0;
    bool left = true;
    int result = wire_bounds(wire, topic, partition, &low, &now);
    if (result < 0) { return result; }
    *end = *end == OFFSET_NONE ? now : *end;
    result = wire_committed(wire, topic, partition, &committed);
    if (result < 0) { return result; }
    committed = MAX_OF(committed, low);
    if (committed >= *end) { return 1; }
    result = scan_finds(wire, topic, partition, committed, *end, &left);
    return result < 0 ? result : !left;
}

static int wait_for_partition(struct forget *forget, struct wire *wire, const char *worker,
                              const char *topic, int32_t partition)
{
    for (int64_t end = OFFSET_NONE;;) {
        int through = is_through(wire, topic, partition, &end);
        if (!may_come(forget, wire, through)) { return client_fail("%s", wire_why(wire)); }
        if (through > 0) { return 0; }
        if (is_late(forget)) { return late(worker); }
        usleep(NAP_US);
    }
}

/* Waits until a worker has committed all that its input held when the receipts were there. */
static int wait_for_worker(struct forget *forget, size_t worker)
{
    struct wire *wire = forget->wires[worker];
    const char *name = forget_workers[worker].name;
    int32_t partitions;
    _cleanup_(xfreep) char *topic = client_topic(forget->client, forget_workers[worker].input);
    int result = wire_partitions(wire, topic, &partitions);
    while (result == WIRE_RETRY && may_come(forget, wire, result) && !is_late(forget)) {
        usleep(NAP_US);
        result = wire_partitions(wire, topic, &partitions);
    }
    if (result < 0) { return client_fail("%s", wire_why(wire)); }
    for (int32_t p = 0; p < partitions && result == 0; p++) {
        result = wait_for_partition(forget, wire, name, topic, p);
    }
    if (result == 0) { say("%s has read all of %s", name, topic); }
    return result;
}

/* ---- The receipt ---- */

static void print(const struct forget *forget)
{
    const struct forget_receipt *sum = &forget->sum;
    char salt[2 * REQUEST_RANDOM_BYTES + 1];
    digest_hex(forget->salt, sizeof(forget->salt), salt);
    printf("{\"request_id\":\"%s\",\"salt\":\"%s\",\"requested_ms\":%" PRId64
           ",\"done_ms\":%" PRId64 ",\"until_ms\":%" PRId64 ",\"partitions\":%d"
           ",\"actions\":%" PRId64 ",\"archived\":%" PRId64 ",\"contributions\":%" PRId64
           ",\"left_in\":%" PRId64 ",\"merged\":%zu,\"profile\":%s,\"candidates\":%zu}\n",
           forget->request_id, salt, forget->asked_ms, clock_wall_ms(), sum->until_ms,
           forget->partitions, sum->actions, sum->archived, sum->contributions, sum->left_in,
           forget->linked_count, forget->profile_partitions ? "\"deleted\"" : "null",
           forgotten_candidates_count(forget->candidates));
    if (sum->left_in > 0) {
        say("the part of %" PRId64 " actions could not be taken out, because they were not "
            "archived (history.archive); a backfill from `events` would be exact", sum->left_in);
    }
}

/* Erases the user under one name. */
static int run(struct forget *forget)
{
    _cleanup_(xfreep) char *topic = client_topic(forget->client, "events");
    make_id(forget);
    if (client_partitions(forget->wire, topic, &forget->partitions) < 0) {
        return client_fail_topic(forget->client, forget->wire, topic, "events");
    }
    forget->answered = xcalloc((size_t)forget->partitions, sizeof(*forget->answered));
    int result = find_profiles(forget);
    if (result == 0) { result = find_candidates(forget); }
    if (result == 0) { result = ask(forget); }
    if (result == 0) { result = drop_profile(forget); }
    if (result == 0) { result = drop_candidates(forget); }
    if (result == 0) { result = client_flush(forget->wire); }
    if (result == 0) {
        say("request %s is in all %d partitions of %s", forget->request_id, forget->partitions,
            topic);
        result = wait_for_receipts(forget);
    }
    /* The receipts are from features. */
    for (size_t i = 1; i < FORGET_WORKERS && result == 0; i++) {
        result = wait_for_worker(forget, i);
    }
    if (result == 0) { print(forget); }
    codec_free(forget->requests);
    forgotten_candidates_free(forget->candidates);
    free(forget->answered);
    free(forget->linked);
    return result;
}

/* A user with pseudonyms is erased under each of them. */
static int run_all(struct forget *all, const char *user)
{
    struct user_names names = {0};
    int result = user_names_find(all->client, user, &names);
    if (result == 0) { result = connect_workers(all); }
    for (size_t i = 0; i < names.count && result == 0; i++) {
        struct forget one = *all;
        one.user = names.at[i];
        if (names.key_ids[i][0]) { say("under key %s: %s", names.key_ids[i], one.user); }
        result = run(&one);
    }
    user_names_release(&names);
    return result;
}

static bool forget_check(struct invocation *invocation, struct buf *why)
{
    struct forget *forget = invocation->settings;
    const char *user = invocation->arguments[0];
    forget->asked_ms = clock_wall_ms();
    if (forget->until_ms > forget->asked_ms) {
        buf_printf(why, "--until: %" PRId64 " is in the future", forget->until_ms);
        return false;
    }
    if (forget->until_ms > 0 && forget->until_ms < CLOCK_IN_SECONDS_MAX) {
        buf_printf(why, "--until: %" PRId64 " is a time of the early seventies; it is in "
                   "milliseconds", forget->until_ms);
        return false;
    }
    if (!user[0] || strlen(user) > ID_BYTES_MAX) {
        buf_printf(why, "a user id has from 1 to %d bytes", ID_BYTES_MAX);
        return false;
    }
    return true;
}

static int forget_run(struct invocation *invocation)
{
    struct forget *forget = invocation->settings;
    forget->client = &invocation->client;
    forget->wire = invocation->wire;
    if (forget->until_ms == UNTIL_NOW) { forget->until_ms = forget->asked_ms; }
    forget->deadline_ms = forget->asked_ms + forget->timeout_s * 1000;
    forget->sum.until_ms = INT64_MIN;
    forget->schemas = client_schemas(forget->client);
    forget->receipts = codec_new(&forget_receipt_contract, forget->schemas);
    forget->arena = arena_new(RECEIPT_ARENA_BLOCK);
    int result = run_all(forget, invocation->arguments[0]);
    for (size_t i = 0; i < FORGET_WORKERS; i++) { wire_close(forget->wires[i]); }
    arena_free(forget->arena);
    codec_free(forget->receipts);
    schema_cache_free(forget->schemas);
    return result;
}

const struct command forget_command = {
    .name = "forget",
    .group = GROUP_USERS,
    .summary = "erase a user: history, lists, profile, part in the counts",
    .arguments = "USER",
    .arguments_least = 1,
    .arguments_most = 1,
    .about =
        "Erases a user: history, lists, profile, and what the user's actions added to the "
        "counts. There is no way back. Waits until all workers are done and prints a receipt, "
        "one line of JSON; its parts stay in the topic `receipts`. When the command is "
        "interrupted, the request stays and is carried out; asking again does no harm. "
        "docs/operations.md lists what is not reached. With pseudonym.keys (--config, --set) "
        "give the user's own id: the user is erased under every key, with a receipt for each.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .needs = NEEDS_KAFKA,
    .settings_size = sizeof(struct forget),
    .check = forget_check,
    .run = forget_run,
};
