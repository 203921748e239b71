/* A sample goes through the same mapping as in ingest: what a worker would get of Kafka is put
 * together from the line, or from an envelope around it. A line is the text of a message; bytes in
 * hex are read as the record's own. What comes of it is encoded and decoded again before it is
 * printed, so that the output shows what readers of the topic would see.
 */
#include "base/base.h"
#include "base/clock.h"
#include "base/line_file.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "cli/client.h"
#include "cli/samples.h"
#include "cli/screen.h"
#include "ingest/mapping/nobody.h"
#include "ingest/mapping/sources.h"
#include "schemas/contracts.h"
#include "schemas/forget_request.h"
#include "stream/avro/schema.h"
#include "stream/topics.h"

enum {
    SAMPLE_ARENA_BLOCK = 1 << 16,
    MESSAGE_BYTES_MAX = 1 << 20,
    TEXT_BYTES_MAX = 8 << 20,
    WHERE_BYTES = 100,
    ENVELOPE_VALUES_MAX = 20 << 20,
    ENVELOPE_ARENA_BYTES = 4096,
    MISSING_MAX = 64,
};

struct sampling {
    const struct samples *samples;
    struct mapping_settings settings;
    struct run_settings run_settings; /* so that a whole configuration of ingest is understood */
    struct options *options;
    struct schema_cache *schemas;
    struct codec *codecs[TARGETS_COUNT];
    struct sources *sources;
    char *topics[SOURCES_MAX];
    struct arena *arena;
    struct buf message;
    struct buf text;
    int64_t line;
    struct codec *requests;
    int64_t seen, refused, ignored, written, skipped, nobody;
    struct registry *registry; /* NULL: not needed yet */
    uint32_t missing[MISSING_MAX]; /* ids that it does not have */
    size_t missing_count;
};

/* ---- Printing ---- */

static json_t *text_of(struct slice text)
{
    return text.data ? json_stringn(text.data, text.size) : json_null();
}

static void print(json_t *object)
{
    json_dumpf(object, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
    (void)fputc('\n', stdout);
    json_decref(object);
}

/* The message that would be written, decoded again. */
static json_t *value_of(struct sampling *sampling, enum target target,
                        const struct becoming *becoming)
{
    struct codec_error error;
    const void *object = becoming->object;
    struct codec *codec = becoming->request ? sampling->requests : sampling->codecs[target];
    if (!object) { return json_null(); }
    buf_clear(&sampling->message);
    buf_clear(&sampling->text);
    int rc = codec_encode(codec, object, &sampling->message);
    assert(rc == 0);
    rc =
        codec_json(sampling->schemas, buf_slice(&sampling->message), &sampling->text, NULL, &error);
    assert(rc == 0);
    return json_loadb(sampling->text.data, sampling->text.size, JSON_ALLOW_NUL, NULL);
}

static void print_outcome(struct sampling *sampling, const struct outcome *outcome)
{
    static const char *const names[TARGETS_COUNT] = {"UserEvent", "Item", "UserProfile"};
    for (size_t i = 0; i < outcome->count && !sampling->samples->quiet; i++) {
        const struct becoming *becoming = &outcome->at[i];
        json_t *object = json_object();
        json_object_set_new(object, "line", json_integer(sampling->line));
        json_object_set_new(object, "becomes",
                            json_string(becoming->request ? "ForgetRequest"
                                                          : names[outcome->target]));
        json_object_set_new(object, "key", text_of(becoming->key));
        json_object_set_new(object, "value", value_of(sampling, outcome->target, becoming));
        print(object);
    }
    sampling->written += (int64_t)outcome->count;
    sampling->skipped += (int64_t)outcome->skipped;
    if (outcome->count) { return; }
    sampling->ignored++;
    if (sampling->samples->quiet) { return; }
    json_t *object = json_object();
    json_object_set_new(object, "line", json_integer(sampling->line));
    json_object_set_new(object, "ignored", json_true());
    if (outcome->skipped) {
        json_object_set_new(object, "skipped", json_integer((json_int_t)outcome->skipped));
    }
    print(object);
}

static void print_refusal(struct sampling *sampling, const char *reason, const char *detail)
{
    json_t *object = json_object();
    json_object_set_new(object, "line", json_integer(sampling->line));
    json_object_set_new(object, "refused", json_string(reason));
    json_object_set_new(object, "message", json_string(detail));
    sampling->refused++;
    print(object);
}

/* ---- One sample ---- */

static size_t source_of(const struct sampling *sampling, const char *topic)
{
    for (size_t i = 0; i < sources_count(sampling->sources); i++) {
        const char *wanted = sampling->samples->source;
        if (wanted && strcmp(sources_at(sampling->sources, i)->name, wanted) == 0) { return i; }
        if (!wanted && topic && strcmp(sampling->topics[i], topic) == 0) { return i; }
    }
    return 0;
}

/* raw: the value is the record's own bytes, not the text of a message. */
static void map(struct sampling *sampling, const struct record *sample, bool raw)
{
    struct outcome outcome;
    struct refusal refusal;
    struct record rec = *sample;
    size_t index = source_of(sampling, rec.topic);
    rec.topic = sampling->topics[index];
    arena_reset(sampling->arena);
    sampling->seen++;
    struct mapping *mapping = sources_at(sampling->sources, index)->mapping;
    mapping_set_now(mapping, clock_wall_ms());
    int rc = raw ? mapping_apply(mapping, &rec, sampling->arena, &outcome, &refusal)
                 : mapping_apply_rendered(mapping, &rec, sampling->arena, &outcome, &refusal);
    if (rc) {
        print_refusal(sampling, refusal.reason, refusal.detail);
        return;
    }
    print_outcome(sampling, &outcome);
    if (outcome.nobody.data && !sampling->nobody++) {
        fprintf(stderr, "freshet: line %" PRId64 ": user id %s may stand for no user: %s\n",
                sampling->line, quote_line(outcome.nobody).text, NOBODY_HINT);
    }
}

/* A text as it is, null as null, any other value as its JSON text (freed by the caller). */
static struct slice side_of(json_t *side, char **ret_text)
{
    if (!side || json_is_null(side)) { return (struct slice){0}; }
    if (json_is_string(side)) {
        return slice_of(json_string_value(side), json_string_length(side));
    }
    *ret_text = json_dumps(side, JSON_COMPACT | JSON_ENCODE_ANY);
    return slice_str(*ret_text);
}

static bool is_text_or_null(const json_t *value)
{
    return json_is_string(value) || json_is_null(value);
}

/* Reads bytes from two digits each, null as no bytes; false: there are other characters. */
static bool bytes_of(const json_t *hex, struct arena *arena, struct slice *ret_bytes)
{
    const char *digits = json_string_value(hex);
    *ret_bytes = (struct slice){0};
    if (!digits) { return json_is_null(hex); }
    size_t size = strlen(digits) / 2;
    char *bytes = arena_alloc(arena, size + 1);
    if (strlen(digits) % 2 || strspn(digits, "0123456789abcdefABCDEF") != 2 * size) {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        char pair[3] = {digits[2 * i], digits[2 * i + 1], '\0'};
        bytes[i] = (char)strtoul(pair, NULL, 16);
    }
    *ret_bytes = slice_of(bytes, size);
    return true;
}

/* Reads headers as kcat -J prints them: a list of name, value, name, value. They borrow from the
 * list; the caller frees the array. False when it is not such a list. With an arena the values are
 * hex. */
static bool headers_of(json_t *pairs, struct arena *hex, struct header **ret_headers,
                       size_t *ret_count)
{
    size_t count = json_array_size(pairs);
    if (!pairs || json_is_null(pairs)) { return true; }
    if (!json_is_array(pairs) || count % 2) { return false; }
    struct header *headers = *ret_headers = xcalloc(count / 2 + 1, sizeof(*headers));
    for (size_t i = 0; i < count; i += 2) {
        const json_t *name = json_array_get(pairs, i), *value = json_array_get(pairs, i + 1);
        if (!json_is_string(name) || !is_text_or_null(value)) { return false; }
        struct header *header = &headers[(*ret_count)++];
        *header = (struct header){
            json_string_value(name), slice_of(json_string_value(value), json_string_length(value))};
        if (hex && !bytes_of(value, hex, &header->value)) { return false; }
    }
    return true;
}

/* A line that stands for a record, and what its slices borrow from. */
struct envelope {
    json_t *json;
    struct arena *bytes;
    char *key, *value; /* of values that are no texts */
    struct header_list headers;
    struct header *listed;
    struct record rec;
    bool raw; /* its sides are the bytes of the record */
};

static bool read_headers(struct envelope *envelope)
{
    json_t *hex = json_object_get(envelope->json, "headers_hex");
    bool whole = headers_of(hex ? hex : json_object_get(envelope->json, "headers"),
                            hex ? envelope->bytes : NULL, &envelope->listed,
                            &envelope->headers.count);
    envelope->headers.at = envelope->listed;
    return whole;
}

static bool read_sides(struct envelope *envelope)
{
    json_t *json = envelope->json;
    const json_t *key = json_object_get(json, "key_hex");
    const json_t *value = json_object_get(json, "payload_hex");
    struct record *rec = &envelope->rec;
    envelope->raw = value || key;
    if (!value && !json_object_get(json, "payload")) { return false; }
    if (key && !bytes_of(key, envelope->bytes, &rec->key)) { return false; }
    if (value && !bytes_of(value, envelope->bytes, &rec->value)) { return false; }
    if (!key) { rec->key = side_of(json_object_get(json, "key"), &envelope->key); }
    if (!value) { rec->value = side_of(json_object_get(json, "payload"), &envelope->value); }
    return true;
}

static void release_envelope(struct envelope *envelope)
{
    json_decref(envelope->json);
    arena_free(envelope->bytes);
    free(envelope->listed);
    free(envelope->key);
    free(envelope->value);
}

static void map_envelope(struct sampling *sampling, struct slice line)
{
    static const struct json_rules envelope_rules = {.values_max = ENVELOPE_VALUES_MAX};
    struct envelope envelope = {.bytes = arena_new(ENVELOPE_ARENA_BYTES)};
    char where[WHERE_BYTES];
    (void)json_text_parse(line, &envelope_rules, &envelope.json, where, sizeof(where));
    if (!read_headers(&envelope) || !read_sides(&envelope)) {
        sampling->seen++;
        print_refusal(sampling, "no_envelope",
                     "a line must be an object with a payload, as kcat -J prints it, or with "
                     "payload_hex, as freshet peek --hex does; headers are a list of name, value, "
                     "name, value");
        release_envelope(&envelope);
        return;
    }
    const json_t *time = json_object_get(envelope.json, "ts");
    const json_t *offset = json_object_get(envelope.json, "offset");
    struct record *rec = &envelope.rec;
    rec->topic = json_string_value(json_object_get(envelope.json, "topic"));
    rec->partition = (int32_t)json_integer_value(json_object_get(envelope.json, "partition"));
    rec->offset = offset ? json_integer_value(offset) : sampling->line - 1;
    rec->time_ms = time ? json_integer_value(time) : sampling->samples->time_ms;
    rec->headers = &listed_headers;
    rec->message = &envelope.headers;
    map(sampling, rec, envelope.raw);
    release_envelope(&envelope);
}

static void map_line(struct sampling *sampling, struct slice line)
{
    if (sampling->samples->enveloped) {
        map_envelope(sampling, line);
        return;
    }
    const struct record rec = {.offset = sampling->line - 1,
                               .time_ms = sampling->samples->time_ms,
                               .value = line};
    map(sampling, &rec, /* raw= */ false);
}

/* ---- The whole ---- */

static int map_file(struct sampling *sampling, struct line_file *file)
{
    struct slice line;
    struct reason reason = {0};
    int rc;
    while ((rc = line_file_next(file, &line, &reason)) > 0) {
        sampling->line = line_file_number(file);
        if (line.size) { map_line(sampling, line); }
    }
    if (rc < 0) {
        (void)client_fail("%s", reason.text);
        return EXIT_FAILURE;
    }
    fprintf(stderr, "freshet: %" PRId64 " records: %" PRId64 " written, %" PRId64
            " would be dead letters, %" PRId64 " ignored\n",
            sampling->seen, sampling->written, sampling->refused, sampling->ignored);
    if (sampling->skipped) {
        fprintf(stderr, "freshet: %" PRId64 " elements without an id were skipped\n",
                sampling->skipped);
    }
    return sampling->refused ? EXIT_FAILURE : 0;
}

/* Asks the registry, where there is one, for a schema that schemas.path does not hold; for each id
 * once. */
static void learn(void *arg, struct schema_cache *schemas, uint32_t id)
{
    struct sampling *sampling = arg;
    const struct registry_settings *settings = &sampling->run_settings.registry;
    if (!settings->url[0] || sampling->missing_count == MISSING_MAX) { return; }
    for (size_t i = 0; i < sampling->missing_count; i++) {
        if (sampling->missing[i] == id) { return; }
    }
    if (!sampling->registry) { sampling->registry = registry_new(settings); }
    struct buf schema;
    buf_init(&schema, SCHEMA_BYTES_MAX + 1);
    if (registry_learn(sampling->registry, id, schemas, &schema)) {
        screen_line(stderr, "freshet: schema id %" PRIu32 ": %s", id,
                    registry_why(sampling->registry));
        sampling->missing[sampling->missing_count++] = id;
    }
    buf_release(&schema);
}

static int set_up(struct sampling *sampling)
{
    const struct option_group groups[] = {
        {"ingest", mapping_options, MAPPING_OPTIONS_COUNT, &sampling->settings},
        {"runtime", run_options, run_options_count, &sampling->run_settings},
        {"schema registry", registry_options, registry_options_count,
         &sampling->run_settings.registry},
    };
    const struct samples *samples = sampling->samples;
    if (options_load("freshet", "", groups, ARRAY_COUNT(groups), samples->words_count,
                     samples->words, stderr, &sampling->options, NULL) != OPTIONS_OK) {
        return EXIT_CONFIG;
    }
    client_warn_former(sampling->options);
    schema_cache_ask(sampling->schemas, learn, sampling);
    struct codec_error error;
    char why[600];
    const char *path = sampling->run_settings.schemas_path;
    if (path[0] && schema_cache_add_dir(sampling->schemas, path, &error) < 0) {
        (void)client_fail("schemas.path=%s: %s", path, error.detail);
        return EXIT_CONFIG;
    }
    if (sources_new(&sampling->settings, sampling->schemas, &sampling->sources, why, sizeof(why))) {
        (void)client_fail("%s", why);
        return EXIT_CONFIG;
    }
    bool found = !samples->source;
    for (size_t i = 0; i < sources_count(sampling->sources); i++) {
        const char *name = sources_at(sampling->sources, i)->name;
        sampling->topics[i] = topic_name(&sampling->run_settings, name, /* shared= */ true);
        found = found || strcmp(name, samples->source) == 0;
    }
    if (found) { return 0; }
    (void)client_fail("--source %s: `sources` has no such name", samples->source);
    return EXIT_CONFIG;
}

int samples_map(const struct samples *samples)
{
    struct sampling sampling = {.samples = samples, .schemas = schema_cache_new()};
    for (size_t i = 0; i < TARGETS_COUNT; i++) {
        sampling.codecs[i] = codec_new(target_contract((enum target)i), sampling.schemas);
    }
    sampling.requests = codec_new(&forget_request_contract, sampling.schemas);
    sampling.arena = arena_new(SAMPLE_ARENA_BLOCK);
    buf_init(&sampling.message, MESSAGE_BYTES_MAX);
    buf_init(&sampling.text, TEXT_BYTES_MAX);
    int result = set_up(&sampling);
    struct reason reason = {0};
    struct line_file *file = NULL;
    if (result == 0 && line_file_open(samples->file, &file, &reason)) {
        (void)client_fail("%s", reason.text);
        result = EXIT_FAILURE;
    }
    if (result == 0) { result = map_file(&sampling, file); }
    line_file_close(file);
    sources_free(sampling.sources);
    for (size_t i = 0; i < SOURCES_MAX; i++) { free(sampling.topics[i]); }
    for (size_t i = 0; i < TARGETS_COUNT; i++) { codec_free(sampling.codecs[i]); }
    codec_free(sampling.requests);
    options_free(sampling.options);
    schema_cache_free(sampling.schemas);
    registry_free(sampling.registry);
    arena_free(sampling.arena);
    buf_release(&sampling.message);
    buf_release(&sampling.text);
    return result;
}
