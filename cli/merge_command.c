/* merge: joins two users who are one.
 *
 * An IDENTIFY event with a random id goes to the partition of the user who is no more, as one of
 * the platform's own would. features takes that user's actions out of the counts and adds them to
 * the other user (features/merge.c), and writes a receipt for each part of them; this command adds
 * the receipts up. It only waits, so it may be interrupted at any point and run again.
 */
#include "base/base.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/message.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "cli/client_schemas.h"
#include "cli/commands.h"
#include "cli/scan.h"
#include "cli/screen.h"
#include "cli/user_names.h"
#include "ingest/mapping/nobody.h"
#include "schemas/merge_receipt.h"
#include "stream/kafka/kafka_admin.h"

#include <unistd.h>

enum {
    REQUEST_RANDOM_BYTES = 16,
    EVENT_BYTES_MAX = 4096,
    RECEIPT_ARENA_BLOCK = 1 << 12,
    NAP_US = 200000,
};

struct merge {
    int64_t timeout_s; /* flag */
    bool real;         /* flag: both ids are users', whatever words they are */

    const struct client *client;
    struct wire *wire;
    const char *from, *to; /* names of the users */
    struct schema_cache *schemas;
    struct codec *receipts;
    struct arena *arena;
    char request_id[2 * REQUEST_RANDOM_BYTES + 8];
    int64_t asked_ms;
    int64_t deadline_ms;
    bool *answered; /* by part; NULL: no receipt has come */
    int32_t parts, answers;
    struct merge_receipt sum;
    char refused[MERGE_REFUSED_BYTES_MAX + 1];
};

#define OPTION_SETTINGS struct merge

static const struct flag flags[] = {
    FLAG('t', "SECONDS",
         OPTION("timeout", LONG, timeout_s, "600", OPTION_RANGE(0, 1e9),
                "How long to wait for the receipts")),
    SWITCH(0, "real-users", real,
           "Both ids are those of users, although one is a word such as 0, null or guest"),
};

static void say(const char *format, ...) _printf_(1, 2);
static void say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char what[MESSAGE_BYTES_MOST];
    message_write(what, sizeof(what), format, args);
    screen_line(stderr, "merge: %s", what);
    va_end(args);
}

/* ---- The request ---- */

static int look_for_features(const struct merge *merge)
{
    int members = 0;
    _cleanup_(xfreep) char *group = client_group(merge->client, "features");
    if (admin_group_members(merge->wire, group, &members) < 0) {
        return client_fail("%s", wire_why(merge->wire));
    }
    if (!members) {
        say("no copy of features runs in group %s: the request waits until one does; hint: start "
            "it, or was another --group-prefix meant?", group);
    }
    return 0;
}

static int ask(struct merge *merge, const char *topic)
{
    struct buf out;
    const struct user_event ev = {.event_id = slice_str(merge->request_id),
                                  .user_id = slice_str(merge->from),
                                  .action = ACTION_IDENTIFY,
                                  .weight = 1.0,
                                  .event_time_ms = merge->asked_ms,
                                  .received_ms = merge->asked_ms,
                                  .known_id = slice_str(merge->to),
                                  .receipt = true};
    struct codec *codec = client_schemas_writer(merge->client, merge->schemas, topic,
                                                &user_event_contract, /* first= */ true);
    if (!codec) { return EXIT_FAILURE; }
    buf_init(&out, EVENT_BYTES_MAX);
    int result = codec_encode(codec, &ev, &out);
    if (result < 0) { result = client_fail("a user id is not valid UTF-8"); }
    const struct message message = {.topic = topic,
                                    .partition = PARTITION_BY_KEY,
                                    .key = ev.user_id,
                                    .value = buf_slice(&out)};
    if (result == 0 && wire_produce(merge->wire, &message, 1) < 0) {
        result = client_fail("%s", wire_why(merge->wire));
    }
    buf_release(&out);
    codec_free(codec);
    return result == 0 ? client_flush(merge->wire) : result;
}

/* ---- The receipts ---- */

static bool take_receipt(void *arg, const struct record *rec)
{
    struct merge *merge = arg;
    struct merge_receipt one;
    arena_reset(merge->arena);
    if (!rec->value.data ||
        codec_decode(merge->receipts, rec->value, merge->arena, &one, NULL) < 0 ||
        !slice_equal(one.request_id, slice_str(merge->request_id))) {
        return true;
    }
    if (!merge->answered) {
        merge->parts = MIN_OF(MAX_OF(one.parts, 1), (int32_t)MOVE_PARTS_MAX);
        merge->answered = xcalloc((size_t)merge->parts, sizeof(*merge->answered));
    }
    if (one.part < 0 || one.part >= merge->parts || merge->answered[one.part]) { return true; }
    merge->answered[one.part] = true;
    merge->answers++;
    merge->sum.actions += one.actions;
    merge->sum.contributions += one.contributions;
    merge->sum.added += one.added;
    merge->sum.repeated += one.repeated;
    merge->sum.too_late += one.too_late;
    merge->sum.dropped += one.dropped;
    if (one.refused.size) {
        (void)snprintf(merge->refused, sizeof(merge->refused), "%.*s", SLICE_ARGS(one.refused));
    }
    return true;
}

static int wait_for_receipts(struct merge *merge)
{
    _cleanup_(xfreep) char *topic = client_topic(merge->client, "receipts");
    for (;;) {
        if (scan_topic(merge->wire, topic, -1, /* follow= */ false, take_receipt, merge) < 0) {
            return client_fail_topic(merge->client, merge->wire, topic, "receipts");
        }
        if (merge->answered && merge->answers == merge->parts) { return 0; }
        if (clock_wall_ms() > merge->deadline_ms) {
            return client_fail("waited too long for features; the request stays and will be "
                               "carried out; hint: `freshet status` tells whether it is behind");
        }
        usleep(NAP_US);
    }
}

static int print(const struct merge *merge)
{
    const struct merge_receipt *sum = &merge->sum;
    if (merge->refused[0]) {
        return client_fail("nothing was merged: %s", merge->refused);
    }
    printf("{\"request_id\":\"%s\",\"requested_ms\":%" PRId64 ",\"done_ms\":%" PRId64
           ",\"parts\":%d,\"actions\":%" PRId64 ",\"contributions\":%" PRId64 ",\"added\":%" PRId64
           ",\"repeated\":%" PRId64 ",\"too_late\":%" PRId64 ",\"dropped\":%" PRId64 "}\n",
           merge->request_id, merge->asked_ms, clock_wall_ms(), merge->parts, sum->actions,
           sum->contributions, sum->added, sum->repeated, sum->too_late, sum->dropped);
    if (sum->too_late > 0) {
        say("%" PRId64 " actions are too old to be added to those of the other user, and count no "
            "more", sum->too_late);
    }
    return 0;
}

static void make_id(struct merge *merge)
{
    unsigned char bytes[REQUEST_RANDOM_BYTES];
    char hex[2 * REQUEST_RANDOM_BYTES + 1];
    digest_random(bytes, sizeof(bytes));
    digest_hex(bytes, sizeof(bytes), hex);
    (void)snprintf(merge->request_id, sizeof(merge->request_id), "merge-%s", hex);
}

static int run(struct merge *merge)
{
    _cleanup_(xfreep) char *topic = client_topic(merge->client, "events");
    int32_t partitions;
    make_id(merge);
    if (client_partitions(merge->wire, topic, &partitions) < 0) {
        return client_fail_topic(merge->client, merge->wire, topic, "events");
    }
    int result = ask(merge, topic);
    if (result == 0) { result = wait_for_receipts(merge); }
    free(merge->answered);
    return result == 0 ? print(merge) : result;
}

/* Users with pseudonyms are merged under each key: what was done while a key was in use is under
 * the pseudonyms of that key. */
static int run_all(const struct merge *all, const char *from, const char *to)
{
    struct user_names froms = {0}, tos = {0};
    int result = user_names_find(all->client, from, &froms);
    if (result == 0) { result = user_names_find(all->client, to, &tos); }
    if (result == 0 && froms.count != tos.count) {
        result = client_fail("one of the ids is a pseudonym and the other is not");
    }
    for (size_t i = 0; i < froms.count && result == 0; i++) {
        struct merge one = *all;
        one.from = froms.at[i];
        one.to = tos.at[i];
        if (froms.key_ids[i][0]) { say("under key %s: %s", froms.key_ids[i], one.from); }
        result = run(&one);
    }
    user_names_release(&froms);
    user_names_release(&tos);
    return result;
}

static bool merge_check(struct invocation *invocation, struct buf *why)
{
    const char *from = invocation->arguments[0], *to = invocation->arguments[1];
    if (!from[0] || !to[0] || strlen(from) > ID_BYTES_MAX || strlen(to) > ID_BYTES_MAX) {
        buf_printf(why, "a user id has from 1 to %d bytes", ID_BYTES_MAX);
        return false;
    }
    if (strcmp(from, to) == 0) {
        buf_printf(why, "a user cannot be merged with itself");
        return false;
    }
    const struct merge *merge = invocation->settings;
    for (size_t i = 0; i < 2 && !merge->real; i++) {
        struct slice id = slice_str(invocation->arguments[i]);
        if (!nobody_is(id)) { continue; }
        buf_printf(why, "\"%s\" is rather a word for no user: who has it would be joined with all "
                        "who have it, for good; if it is a user's, say --real-users",
                   quote_line(id).text);
        return false;
    }
    return true;
}

static int merge_run(struct invocation *invocation)
{
    struct merge *merge = invocation->settings;
    merge->client = &invocation->client;
    merge->wire = invocation->wire;
    merge->asked_ms = clock_wall_ms();
    merge->deadline_ms = merge->asked_ms + merge->timeout_s * 1000;
    merge->schemas = client_schemas(merge->client);
    merge->receipts = codec_new(&merge_receipt_contract, merge->schemas);
    merge->arena = arena_new(RECEIPT_ARENA_BLOCK);
    int result = look_for_features(merge);
    if (result == 0) {
        result = run_all(merge, invocation->arguments[0], invocation->arguments[1]);
    }
    arena_free(merge->arena);
    codec_free(merge->receipts);
    schema_cache_free(merge->schemas);
    return result;
}

const struct command merge_command = {
    .name = "merge",
    .group = GROUP_USERS,
    .summary = "join two users who are one: what the first did becomes the second's",
    .arguments = "ANONYMOUS KNOWN",
    .arguments_least = 2,
    .arguments_most = 2,
    .about =
        "Moves what the first user did to the second, exactly: counts, history and lists become "
        "those of one user. What comes later under the first id goes to the second as well. It is "
        "what an IDENTIFY event does (docs/mapping.md), with a receipt: waits until features has "
        "moved everything and prints one line of JSON; its parts stay in the topic `receipts`. "
        "When the command is interrupted, the request stays and is carried out; asking again does "
        "no harm. There is no way back. docs/guarantees.md lists what does not move.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .needs = NEEDS_KAFKA,
    .settings_size = sizeof(struct merge),
    .check = merge_check,
    .run = merge_run,
};
