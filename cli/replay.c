/* replay: the lines of a file as records of a topic.
 *
 * Line n is due n / rate seconds after the start; without a rate it is due at once. The wait for
 * that time also receives acknowledgements, so that the client's queue is served at any rate. When
 * the queue is full, producing waits. The command ends when every record is acknowledged; the first
 * line that cannot be sent ends it, and what was sent before stays sent.
 */
#include "base/base.h"
#include "base/clock.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "cli/catalogue_line.h"
#include "cli/client_schemas.h"
#include "cli/commands.h"
#include "cli/named_file.h"
#include "cli/progress.h"
#include "cli/table_lines.h"

#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LINE_ARENA_BLOCK = 1 << 16,
    MESSAGE_BYTES_MAX = 8 << 20,
    KEY_BYTES_MAX = 1024,
    UNKNOWN_TOLD_MAX = 16,
};

/* What a line becomes. */
union line_object {
    struct item item;
    struct user_profile profile;
    struct given_vector vector;
};

enum line_kind { LINE_ITEM, LINE_PROFILE, LINE_VECTOR, LINE_KINDS };

static const struct {
    const char *name;
    const struct contract *contract;
} kinds[LINE_KINDS] = {
    [LINE_ITEM] = {"Item", &item_contract},
    [LINE_PROFILE] = {"UserProfile", &user_profile_contract},
    [LINE_VECTOR] = {"GivenVector", &given_vector_contract},
};

struct replay {
    /* flags */
    const char *topic;
    const char *key_field;
    const char *contract; /* NULL: lines are sent as they are */
    enum line_kind kind;
    double rate;
    int64_t limit;
    int64_t skip;
    const char *columns;
    char separator; /* NUL: as in the first line */

    const struct client *client;
    struct wire *wire;
    const char *file;
    struct table_lines *lines;
    char *told[UNKNOWN_TOLD_MAX]; /* fields that the contract does not have */
    size_t told_count;
    int64_t keyless; /* records without the field that becomes the key */
    struct codec *codec;
    struct schema_cache *schemas;
    struct arena *arena;
    struct buf out;
    char key[KEY_BYTES_MAX];
    char *full_topic;
};

static bool take_contract(void *arg, const char *text, struct buf *why)
{
    struct replay *replay = arg;
    replay->contract = text;
    for (replay->kind = 0; replay->kind < LINE_KINDS; replay->kind++) {
        if (strcmp(text, kinds[replay->kind].name) == 0) { return true; }
    }
    buf_printf(why, "\"%s\" is wrong; it takes Item, UserProfile or GivenVector", text);
    return false;
}

static bool take_separator(void *arg, const char *text, struct buf *why)
{
    struct replay *replay = arg;
    bool tab = strcmp(text, "tab") == 0;
    replay->separator = tab ? '\t' : text[0];
    if (tab || strlen(text) == 1) { return true; }
    buf_printf(why, "\"%s\" is wrong; it takes one character, or tab", text);
    return false;
}

#define OPTION_SETTINGS struct replay

static const struct flag flags[] = {
    FLAG_NEEDED('t', "TOPIC",
                OPTION("topic", STRING, topic, NULL, OPTION_FREE,
                       "Topic to write to; with --contract its name below the prefix")),
    FLAG('r', "N",
         OPTION("rate", DOUBLE, rate, "0", OPTION_RANGE(0, INFINITY),
                "Records a second; 0: full speed")),
    FLAG('k', "NAME",
         OPTION("key-field", STRING, key_field, NULL, OPTION_FREE,
                "Field of the JSON line that becomes the key")),
    FLAG('n', "N",
         OPTION("limit", LONG, limit, "0", OPTION_RANGE(0, INFINITY),
                "Stop after N records; 0: write all")),
    FLAG(0, "N",
         OPTION("skip", LONG, skip, "0", OPTION_RANGE(0, INFINITY), "Leave out the first N lines")),
    FLAG_TAKEN(0, "NAME", "contract", take_contract,
               "Write Avro: Item, UserProfile or GivenVector, from lines with the contract's field "
               "names"),
    FLAG(0, "NAME=COLUMN,...",
         OPTION("columns", STRING, columns, NULL, OPTION_FREE,
                "FILE is CSV or TSV: write objects with these members. A column is named as in the "
                "first line, or by its number from 1; time=COLUMN:UNIT becomes milliseconds; UNIT "
                "is s, ms, us, ns, days, iso8601, or a pattern of strptime")),
    FLAG_TAKEN(0, "C", "separator", take_separator,
               "What stands between columns: one character, or tab"),
};

/* The first one is told, and at the end how many there were. */
static struct slice tell_keyless(struct replay *replay)
{
    if (!replay->keyless++) {
        fprintf(stderr,
                "freshet: %s: line %" PRId64 " has no %s that is a text of at most %d bytes or a "
                "whole number: it is sent without a key\n",
                replay->file, table_lines_number(replay->lines),
                quote_text(replay->key_field).text, KEY_BYTES_MAX - 1);
    }
    return slice_of(NULL, 0);
}

/* Reads the key from a line of JSON: a string as it is, an integer in decimal. */
static struct slice read_key(struct replay *replay, struct slice line)
{
    if (!replay->key_field) { return slice_of(NULL, 0); }
    json_t *object = json_loadb(line.data, line.size, 0, NULL);
    const json_t *field = json_object_get(object, replay->key_field);
    int length = -1;
    if (json_is_string(field)) {
        length = snprintf(replay->key, sizeof(replay->key), "%s", json_string_value(field));
    } else if (json_is_integer(field)) {
        length = snprintf(replay->key, sizeof(replay->key), "%lld",
                          (long long)json_integer_value(field));
    }
    json_decref(object);
    if (length < 0 || (size_t)length >= sizeof(replay->key)) { return tell_keyless(replay); }
    return slice_of(replay->key, (size_t)length);
}

/* Tells each field that the contract does not have once. */
static void tell_unknown(struct replay *replay, const char *field)
{
    for (size_t i = 0; i < replay->told_count; i++) {
        if (strcmp(replay->told[i], field) == 0) { return; }
    }
    if (replay->told_count == UNKNOWN_TOLD_MAX) { return; }
    replay->told[replay->told_count++] = xstrdup(field);
    fprintf(stderr, "freshet: %s: line %" PRId64 ": %s has no field %s; it is left out\n",
            replay->file, table_lines_number(replay->lines), replay->contract,
            quote_text(field).text);
}

static int read_line(struct replay *replay, struct slice line, union line_object *ret_object,
                     const char **ret_unknown, struct reason *reason)
{
    struct arena *arena = replay->arena;
    switch (replay->kind) {
    case LINE_ITEM: return catalogue_line_item(line, arena, &ret_object->item, ret_unknown, reason);
    case LINE_PROFILE:
        return catalogue_line_profile(line, arena, &ret_object->profile, ret_unknown, reason);
    default:
        return catalogue_line_vector(line, arena, &ret_object->vector, ret_unknown, reason);
    }
}

static struct slice key_of(struct replay *replay, const union line_object *object)
{
    if (replay->kind == LINE_ITEM) { return object->item.item_id; }
    if (replay->kind == LINE_PROFILE) { return object->profile.user_id; }
    const struct given_vector *vector = &object->vector;
    int length = snprintf(replay->key, sizeof(replay->key), "%.*s/%.*s", SLICE_ARGS(vector->name),
                          SLICE_ARGS(vector->item_id));
    return slice_of(replay->key, MIN_OF((size_t)length, sizeof(replay->key) - 1));
}

static int encode(struct replay *replay, struct slice line, struct message *message)
{
    union line_object object;
    struct reason reason = {0};
    const char *unknown = NULL;
    int64_t number = table_lines_number(replay->lines);
    if (read_line(replay, line, &object, &unknown, &reason) < 0) {
        return client_fail("%s: line %" PRId64 ": %s", replay->file, number, reason.text);
    }
    if (unknown) { tell_unknown(replay, unknown); }
    buf_clear(&replay->out);
    if (codec_encode(replay->codec, &object, &replay->out) < 0) {
        return client_fail("%s: line %" PRId64 ": a field is too long, or a number is not finite",
                           replay->file, number);
    }
    bool gone = replay->kind == LINE_VECTOR && !object.vector.vector.count;
    message->key = key_of(replay, &object);
    message->value = gone ? (struct slice){0} : buf_slice(&replay->out);
    return 0;
}

static int send_line(struct replay *replay, struct slice line, int64_t due_us)
{
    struct message message = {.topic = replay->full_topic,
                              .partition = PARTITION_BY_KEY,
                              .time_ms = due_us / 1000,
                              .value = line};
    arena_reset(replay->arena);
    if (replay->contract) {
        if (encode(replay, line, &message) != 0) { return EXIT_FAILURE; }
    } else {
        message.key = read_key(replay, line);
    }
    if (wire_produce(replay->wire, &message, 1) < 0) {
        return client_fail("%s", wire_why(replay->wire));
    }
    return 0;
}

/* Waits until a record is due and receives acknowledgements meanwhile. */
static int wait_until(struct replay *replay, int64_t due_us)
{
    size_t outstanding;
    for (int64_t left = due_us - clock_wall_us(); left > 0; left = due_us - clock_wall_us()) {
        if (wire_unacked(replay->wire, 1, &outstanding) < 0) {
            return client_fail("%s", wire_why(replay->wire));
        }
        usleep((useconds_t)MIN_OF(left, (int64_t)1000));
    }
    return 0;
}

/* Sends a line when it is due. */
static int send_due(struct replay *replay, struct slice line, int64_t began_us, int64_t sent)
{
    if (replay->rate <= 0) { return send_line(replay, line, clock_wall_us()); }
    int64_t due_us = began_us + (int64_t)((double)sent * 1e6 / replay->rate);
    int result = wait_until(replay, due_us);
    return result ? result : send_line(replay, line, due_us);
}

static int send_file(struct replay *replay)
{
    struct stat about;
    struct progress progress;
    struct reason reason = {0};
    struct slice line;
    int64_t sent = 0, seen = 0, began_us = clock_wall_us();
    int result = 0, more;
    progress_begin(&progress, replay->full_topic,
                   stat(replay->file, &about) == 0 ? about.st_size : 0);
    progress.records_max = replay->limit;
    while (!result && (more = table_lines_next(replay->lines, &line, &reason)) != 0) {
        if (more < 0) { result = client_fail("%s", reason.text); }
        if (result) { continue; }
        if (seen++ < replay->skip) {
            progress.done_first = table_lines_position(replay->lines);
            continue;
        }
        if (replay->limit && sent == replay->limit) { break; }
        result = send_due(replay, line, began_us, sent);
        sent += !result;
        progress_update(&progress, table_lines_position(replay->lines), sent);
    }
    int flushed = client_flush(replay->wire); /* also what came before a line that is refused */
    if (!result) { result = flushed; }
    progress_end(&progress, sent);
    if (replay->keyless) {
        fprintf(stderr, "freshet: %" PRId64 " of %" PRId64 " records were sent without a key\n",
                replay->keyless, sent);
    }
    return result;
}

static int choose_contract(struct replay *replay)
{
    if (!replay->contract) { return 0; }
    replay->codec =
        client_schemas_writer(replay->client, replay->schemas, replay->full_topic,
                              kinds[replay->kind].contract, /* first= */ true);
    return replay->codec ? 0 : EXIT_FAILURE;
}

static int run(struct replay *replay)
{
    int32_t partitions;
    replay->full_topic = replay->contract ? client_topic(replay->client, replay->topic)
                                          : xstrdup(replay->topic);
    if (choose_contract(replay) != 0) { return EXIT_FAILURE; }
    struct reason reason = {0};
    if (table_lines_open(replay->file, replay->columns, replay->separator, &replay->lines,
                         &reason)) {
        return client_fail("%s", reason.text);
    }
    int result = 0;
    if (named_file_is_table(replay->file) && !replay->columns) {
        (void)client_fail("%s: lines are sent as they are; hint: --columns makes objects of rows",
                          replay->file);
    }
    if (client_partitions(replay->wire, replay->full_topic, &partitions) < 0) {
        result = client_fail_topic(replay->client, replay->wire, replay->full_topic,
                                   replay->topic);
    }
    if (!result) { result = send_file(replay); }
    replay->lines = table_lines_close(replay->lines);
    return result;
}

static int replay_run(struct invocation *invocation)
{
    struct replay *replay = invocation->settings;
    replay->client = &invocation->client;
    replay->wire = invocation->wire;
    replay->file = invocation->arguments[0];
    replay->schemas = client_schemas(replay->client);
    replay->arena = arena_new(LINE_ARENA_BLOCK);
    buf_init(&replay->out, MESSAGE_BYTES_MAX);
    int result = run(replay);
    buf_release(&replay->out);
    arena_free(replay->arena);
    codec_free(replay->codec);
    schema_cache_free(replay->schemas);
    for (size_t i = 0; i < replay->told_count; i++) { free(replay->told[i]); }
    free(replay->full_topic);
    return result;
}

static bool replay_check(struct invocation *invocation, struct buf *why)
{
    const struct replay *replay = invocation->settings;
    for (const char *part = replay->columns; part; part = strchr(part, ',')) {
        part += *part == ',';
        const char *equals = strchr(part, '='), *end = strchr(part, ',');
        if (equals && equals > part && (!end || equals < end)) { continue; }
        buf_printf(why, "--columns %s: want NAME=COLUMN with commas between them",
                   replay->columns);
        return false;
    }
    return true;
}

static int replay_check_files(struct invocation *invocation)
{
    return named_file_check(invocation->arguments[0]);
}

const struct command replay_command = {
    .name = "replay",
    .group = GROUP_RECORDS,
    .summary = "write a file's events or catalogue to a topic",
    .arguments = "FILE",
    .arguments_least = 1,
    .arguments_most = 1,
    .about = "Writes the lines of FILE (plain or gzip; -: standard input) to a topic, one record a "
             "line, with a progress bar; with --columns, the rows of a CSV or TSV file as JSON "
             "objects. A record's timestamp is the time at which it was due. With --contract, a "
             "value of the wrong type ends the command with its line and field; a field that the "
             "contract does not have is told once and left out; a GivenVector without numbers "
             "takes the former one back.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .needs = NEEDS_KAFKA,
    .settings_size = sizeof(struct replay),
    .check = replay_check,
    .check_files = replay_check_files,
    .run = replay_run,
};
