/* Lists come first, from `served`, then the events that say what came of them: from the topics, or
 * from the lines of a file, which is read twice. drawn_lists.h joins and evaluates them; what is
 * left here is reading and printing.
 */
#include "base/base.h"
#include "base/line_file.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "cli/client_schemas.h"
#include "cli/evaluate_ips.h"
#include "cli/scan.h"
#include "cli/screen.h"
#include "syntax/json_text.h"

enum { IPS_ARENA_BLOCK = 1 << 16, IPS_NAME_MAX = 32, IPS_JSON_MAX = 1 << 16 };

struct reading {
    const struct ips_request *request;
    struct drawn_lists *lists;
    struct codec *places, *events;
    struct arena *arena;
    int64_t unreadable;
    bool full;
};

/* ---- From the topics ---- */

static bool take_place(void *arg, const struct record *rec)
{
    struct reading *reading = arg;
    struct served_place place;
    arena_reset(reading->arena);
    if (!rec->value.data) { return true; }
    if (codec_decode(reading->places, rec->value, reading->arena, &place, NULL) < 0) {
        reading->unreadable++;
        return true;
    }
    reading->full = !drawn_lists_put(reading->lists, &place);
    return !reading->full;
}

/* The topic has requests to forget a user as well. */
static bool take_event(void *arg, const struct record *rec)
{
    struct reading *reading = arg;
    struct user_event ev;
    arena_reset(reading->arena);
    if (!rec->value.data || !codec_names(reading->events, rec->value)) { return true; }
    if (codec_decode(reading->events, rec->value, reading->arena, &ev, NULL) < 0) {
        reading->unreadable++;
        return true;
    }
    reading->full = !drawn_lists_see(reading->lists, &ev);
    return !reading->full;
}

static int read_topic(struct reading *reading, const struct client *client, struct wire *wire,
                      const char *name, bool (*take)(void *arg, const struct record *rec))
{
    _cleanup_(xfreep) char *topic = client_topic(client, name);
    if (scan_since(wire, topic, reading->request->since_ms, take, reading) < 0) {
        return client_fail_topic(client, wire, topic, name);
    }
    return 0;
}

static int read_topics(struct reading *reading, const struct client *client)
{
    struct wire *wire = NULL;
    if (client_connect(client, NULL, &wire) < 0) { return EXIT_FAILURE; }
    struct schema_cache *schemas = client_schemas(client);
    reading->places = codec_new(&served_place_contract, schemas);
    reading->events = codec_new(&user_event_contract, schemas);
    int result = read_topic(reading, client, wire, "served", take_place);
    if (result == 0) { result = read_topic(reading, client, wire, "events", take_event); }
    codec_free(reading->places);
    codec_free(reading->events);
    schema_cache_free(schemas);
    wire_close(wire);
    return result;
}

/* ---- From a file ---- */

static struct slice text_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_string(value)) { return slice_str(""); }
    return slice_of(json_string_value(value), json_string_length(value));
}

static int64_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static double real_of(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

static struct slices texts_of(const json_t *object, const char *name, struct arena *arena)
{
    const json_t *array = json_object_get(object, name);
    struct slices texts = {0};
    texts.at = arena_alloc_array(arena, json_array_size(array) + 1, sizeof(*texts.at));
    for (; texts.count < json_array_size(array); texts.count++) {
        const json_t *value = json_array_get(array, texts.count);
        texts.at[texts.count] = json_is_string(value) ? slice_of(json_string_value(value),
                                                                 json_string_length(value))
                                                      : slice_str("");
    }
    return texts;
}

static struct floats floats_of(const json_t *object, const char *name, struct arena *arena)
{
    const json_t *array = json_object_get(object, name);
    struct floats floats = {0};
    floats.at = arena_alloc_array(arena, json_array_size(array) + 1, sizeof(*floats.at));
    for (; floats.count < json_array_size(array); floats.count++) {
        floats.at[floats.count] = (float)json_number_value(json_array_get(array, floats.count));
    }
    return floats;
}

static bool floats_are_finite(const struct floats *floats)
{
    for (size_t k = 0; k < floats->count; k++) {
        if (!isfinite(floats->at[k])) { return false; }
    }
    return true;
}

/* False: it is none, or has what no message may have. */
static bool read_place(const json_t *value, struct arena *arena, struct served_place *ret_place)
{
    *ret_place = (struct served_place){
        .list_id = text_of(value, "list_id"),
        .placement = text_of(value, "placement"),
        .generation = text_of(value, "generation"),
        .place = (int32_t)number_of(value, "place"),
        .item_id = text_of(value, "item_id"),
        .probability = real_of(value, "probability"),
        .temperature = real_of(value, "temperature"),
        .items = texts_of(value, "items", arena),
        .scores = floats_of(value, "scores", arena),
        .probabilities = floats_of(value, "probabilities", arena),
    };
    return ret_place->list_id.size <= LIST_ID_BYTES_MAX &&
           ret_place->placement.size <= LIST_ID_BYTES_MAX &&
           ret_place->item_id.size <= ID_BYTES_MAX && ret_place->items.count <= SERVED_ITEMS_MAX &&
           floats_are_finite(&ret_place->scores);
}

static int32_t kind_of(struct slice name)
{
    static const char *const names[EVENT_KINDS_COUNT] = {
        [ACTION_OTHER] = "OTHER",       [ACTION_VIEW] = "VIEW",
        [ACTION_CLICK] = "CLICK",       [ACTION_LIKE] = "LIKE",
        [ACTION_CART] = "CART",         [ACTION_PURCHASE] = "PURCHASE",
        [ACTION_RATING] = "RATING",     [ACTION_DISLIKE] = "DISLIKE",
        [ACTION_EXPOSURE] = "EXPOSURE", [ACTION_IDENTIFY] = "IDENTIFY",
        [ACTION_SEARCH] = "SEARCH",
    };
    for (int32_t k = 0; k < EVENT_KINDS_COUNT; k++) {
        if (slice_equal(name, slice_str(names[k]))) { return k; }
    }
    return ACTION_OTHER;
}

static bool read_event(const json_t *value, struct arena *arena, struct user_event *ret_event)
{
    *ret_event = (struct user_event){
        .event_id = text_of(value, "event_id"),
        .user_id = text_of(value, "user_id"),
        .item_id = text_of(value, "item_id"),
        .action = kind_of(text_of(value, "action")),
        .event_time_ms = number_of(value, "event_time_ms"),
        .list_id = text_of(value, "list_id"),
        .value = real_of(value, "value"),
        .items = texts_of(value, "items", arena),
        .takes_back = json_is_true(json_object_get(value, "takes_back")),
        .taken_back_id = text_of(value, "taken_back_id"),
    };
    return ret_event->event_id.size <= ID_BYTES_MAX && ret_event->user_id.size <= ID_BYTES_MAX &&
           ret_event->item_id.size <= ID_BYTES_MAX &&
           ret_event->taken_back_id.size <= ID_BYTES_MAX && isfinite(ret_event->value);
}

static void take_line(struct reading *reading, struct slice line, bool places)
{
    static const struct json_rules rules = {.values_max = JSON_VALUES_MAX, .strict = true};
    char where[128];
    json_t *object = NULL;
    struct served_place place;
    struct user_event ev;
    arena_reset(reading->arena);
    if (!line.size) { return; }
    if (json_text_parse(line, &rules, &object, where, sizeof(where)) != JSON_FINE) {
        reading->unreadable += places;
        return;
    }
    const json_t *value = json_object_get(object, "value");
    value = json_is_object(value) ? value : object;
    bool is_place = json_object_get(value, "probability") && json_object_get(value, "items");
    bool is_event = json_object_get(value, "event_id") != NULL;
    if (places && is_place && read_place(value, reading->arena, &place)) {
        reading->full = !drawn_lists_put(reading->lists, &place);
    } else if (!places && is_event && read_event(value, reading->arena, &ev)) {
        reading->full = !drawn_lists_see(reading->lists, &ev);
    } else if (places && !is_event) {
        reading->unreadable++;
    }
    json_decref(object);
}

/* All lists come before the first event, so the file is read twice. */
static int read_file(struct reading *reading)
{
    for (int pass = 0; pass < 2; pass++) {
        struct line_file *file = NULL;
        struct reason reason = {0};
        struct slice line;
        int result = line_file_open(reading->request->file, &file, &reason);
        if (result == 0) {
            while (!reading->full && (result = line_file_next(file, &line, &reason)) > 0) {
                take_line(reading, line, pass == 0);
            }
        }
        line_file_close(file);
        if (result < 0) { return client_fail("%s", reason.text); }
    }
    return 0;
}

/* ---- The result ---- */

static const char *policy_name(const struct off_policy_result *result, size_t policy, char *into)
{
    static const char *const names[] = {
        [POLICY_LOGGED] = "logged", [POLICY_GREEDY] = "greedy", [POLICY_UNIFORM] = "uniform"};
    if (policy < POLICY_SOFTMAX) { return names[policy]; }
    (void)snprintf(into, IPS_NAME_MAX, "softmax %g", result->temperature);
    return into;
}

static const char *const reward_names[] = {
    [REWARD_CLICKS] = "clicked", [REWARD_ACTIONS] = "acted on", [REWARD_CONVERSIONS] = "bought",
    [REWARD_REVENUE] = "with revenue"};

static void print_estimate(const struct off_policy_estimate *estimate)
{
    if (isnan(estimate->lower)) {
        printf(" %10.5f %23s", estimate->value, "");
    } else {
        printf(" %10.5f  %9.5f .. %8.5f", estimate->value, estimate->lower, estimate->upper);
    }
}

static void print_place(const struct drawn_place *place, enum drawn_reward reward)
{
    const struct off_policy *policies = place->policies;
    char name[IPS_NAME_MAX];
    screen_line(stdout, "%.*s, place %d: %zu lists drawn, %zu of them count, of %zu users; %zu %s",
                SLICE_ARGS(place->placement), place->place, place->made,
                off_policy_lists(policies), off_policy_users(policies),
                off_policy_gains(policies), reward_names[reward]);
    if (!off_policy_lists(policies)) {
        printf("  no event names one of them: is EXPOSURE sent with list_id? (--lists all counts "
               "them as not seen)\n");
        return;
    }
    printf("  %-16s %10s  %-21s %10s  %-21s %10s\n", "policy", "IPS", "95 %", "SNIPS", "95 %",
           "effective");
    for (size_t p = 0; p < off_policy_count(policies); p++) {
        const struct off_policy_result result = off_policy_estimate(policies, p);
        printf("  %-16s", policy_name(&result, p, name));
        print_estimate(&result.ips);
        print_estimate(&result.snips);
        printf(" %10.1f\n", result.effective);
    }
    if (off_policy_gains(policies) < OFF_POLICY_GAINS_MIN) {
        printf("  fewer than %d: the intervals mean little yet\n", OFF_POLICY_GAINS_MIN);
    }
}

static void put_estimate(struct buf *out, const char *name,
                         const struct off_policy_estimate *estimate)
{
    buf_printf(out, "\"%s\":%.9g", name, estimate->value);
    if (isnan(estimate->lower)) { return; }
    buf_printf(out, ",\"%s_lower\":%.9g,\"%s_upper\":%.9g", name, estimate->lower, name,
               estimate->upper);
}

/* A line for each policy. */
static void print_json(const struct drawn_place *place)
{
    char name[IPS_NAME_MAX];
    struct buf out;
    buf_init(&out, IPS_JSON_MAX);
    for (size_t p = 0; off_policy_lists(place->policies) && p < off_policy_count(place->policies);
         p++) {
        const struct off_policy_result result = off_policy_estimate(place->policies, p);
        buf_clear(&out);
        buf_printf(&out, "{\"placement\":");
        quote_json(&out, place->placement, QUOTE_EITHER);
        buf_printf(&out, ",\"place\":%d,\"policy\":\"%s\",", place->place,
                   policy_name(&result, p, name));
        put_estimate(&out, "ips", &result.ips);
        buf_printf(&out, ",");
        put_estimate(&out, "snips", &result.snips);
        buf_printf(&out,
                   ",\"effective\":%.9g,\"lists\":%zu,\"drawn\":%zu,\"users\":%zu,\"gains\":%zu}\n",
                   result.effective, off_policy_lists(place->policies), place->made,
                   off_policy_users(place->policies), off_policy_gains(place->policies));
        printf("%.*s", SLICE_ARGS(buf_slice(&out)));
    }
    buf_release(&out);
}

static void print(const struct reading *reading)
{
    const struct ips_request *request = reading->request;
    const struct drawn_place *places;
    size_t count = drawn_lists_evaluate(reading->lists, request->temperatures,
                                        request->temperatures_count, &places);
    for (size_t p = 0; p < count; p++) {
        if (request->json) {
            print_json(&places[p]);
        } else {
            print_place(&places[p], request->settings.reward);
        }
    }
    if (!count) { fprintf(stderr, "freshet: no place of a list was drawn; see docs/explore.md\n"); }
    size_t left_out = drawn_lists_refused(reading->lists) + (size_t)reading->unreadable;
    if (left_out) { fprintf(stderr, "freshet: %zu records cannot be read\n", left_out); }
}

int evaluate_ips(const struct client *client, const struct ips_request *request)
{
    struct reading reading = {.request = request};
    reading.lists = drawn_lists_new(&request->settings);
    reading.arena = arena_new(IPS_ARENA_BLOCK);
    int result = request->file ? read_file(&reading) : read_topics(&reading, client);
    if (result == 0 && reading.full) { result = client_fail("there are too many lists or events"); }
    if (result == 0) { print(&reading); }
    drawn_lists_free(reading.lists);
    arena_free(reading.arena);
    return result;
}
