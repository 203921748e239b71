#include "base/base.h"
#include "base/xalloc.h"
#include "mapping/action_names.h"
#include "mapping/field_path.h"
#include "mapping/mapping.h"
#include "mapping/timestamp.h"

enum {
    /* Bytes of JSON that one byte of an Avro message can become (\u00xx), and room for names. */
    RENDERED_GROWTH = 6,
    RENDERED_NAMES_BYTES = 1 << 16,
};

struct mapping {
    const struct mapping_settings *settings;
    struct schema_book *book;
    struct rule_limits limits;
    struct field_path *paths[MAPPED_COUNT]; /* NULL: not mapped */
    struct action_names *actions;
    struct buf rendered;
    char where[200]; /* what codec or parser say of the record at hand; cleared for each */
    uint64_t ids_made;
};

static const char *const path_keys[MAPPED_COUNT] = {
    [MAPPED_USER] = "map.user",         [MAPPED_ITEM] = "map.item",
    [MAPPED_ACTION] = "map.action",     [MAPPED_TIME] = "map.time",
    [MAPPED_WEIGHT] = "map.weight",     [MAPPED_ID] = "map.id",
    [MAPPED_SEQUENCE] = "map.sequence",
};

#define MEMBER(member) offsetof(struct mapping_settings, member)
#define PATH_OPTION(key, field, fallback, help)                                                    \
    {                                                                                              \
        key, OPTION_STRING, MEMBER(paths) + (field) * sizeof(const char *), fallback, 0, 0, NULL,  \
            help                                                                                   \
    }

const struct option mapping_options[] = {
    {"source.format", OPTION_CHOICE, MEMBER(source_format), "json", 0, 0, "json|avro",
     "Format of the source topic: JSON objects, or Avro single objects whose schema is known"},
    {"source.record.bytes.max", OPTION_BYTES, MEMBER(record_bytes_max), "1m", 64, 64 << 20, NULL,
     "Largest source record; a larger one goes to dead letters"},
    PATH_OPTION("map.user", MAPPED_USER, "user_id",
                "Path of the user id (a.b[2].c), or a constant after an equals sign (=VALUE)"),
    PATH_OPTION("map.item", MAPPED_ITEM, "item_id", "Path of the item id"),
    PATH_OPTION("map.action", MAPPED_ACTION, "action", "Path of the action's name"),
    PATH_OPTION("map.time", MAPPED_TIME, "event_time_ms", "Path of the time of the action"),
    PATH_OPTION("map.weight", MAPPED_WEIGHT, "weight",
                "Path of the weight; where a record has none, its action's weight holds"),
    PATH_OPTION("map.id", MAPPED_ID, "event_id",
                "Path of the event id; where a record has none, it is made of its origin"),
    PATH_OPTION("map.sequence", MAPPED_SEQUENCE, "sequence",
                "Path of the order among a user's events of the same millisecond"),
    {"time.format", OPTION_CHOICE, MEMBER(time_format), "ms", 0, 0, "ms|s|us|iso8601",
     "Unit of numeric times since 1970, or iso8601 for text (UTC where it names no zone)"},
    {"action.default", OPTION_STRING, MEMBER(action_fallback), "refuse", 0, 0, NULL,
     "What an unlisted or missing action becomes: refuse, or KIND:WEIGHT"},
    {"action.", OPTION_PREFIX, MEMBER(actions), NULL, 0, 0, NULL,
     "Meaning of an action's name, as action.NAME=KIND:WEIGHT (action.buy=PURCHASE:5), or refuse"},
    {"weight.max", OPTION_DOUBLE, MEMBER(weight_max), "1000", 0, 1e9, NULL,
     "Largest weight of an event"},
    {"time.earliest", OPTION_LONG, MEMBER(time_earliest_ms), "631152000000", -62167219200000.0,
     253402300799999.0, NULL, "Earliest believable time of an event, in ms since 1970"},
    {"time.ahead.max", OPTION_DURATION, MEMBER(time_ahead_max_ms), "1d", 0, 3650 * 86400e3, NULL,
     "How far an event may lie after the Kafka timestamp of its own record"},
    {"id.bytes.max", OPTION_BYTES, MEMBER(id_bytes_max), "256", 1, ID_BYTES_MAX, NULL,
     "Longest user, item or event id, in bytes"},
};
_Static_assert(ARRAY_COUNT(mapping_options) == MAPPING_OPTIONS_COUNT, "the header says how many");

/* ---- One record ---- */

/* A mapping at work on one record. */
struct work {
    struct mapping *mapping;
    const struct record *rec;
    struct arena *arena;
    json_t *document;
    json_t *values[MAPPED_COUNT];
    struct candidate candidate;
};

static const struct rule *map_record(struct work *work, enum mapped *ret_field);
static void refuse(const struct mapping *mapping, const struct rule *rule, enum mapped field,
                   struct refusal *ret_refusal);

int mapping_apply(struct mapping *mapping, const struct record *rec, struct arena *arena,
                  struct user_event *ret_event, struct refusal *ret_refusal)
{
    struct work work = {.mapping = mapping, .rec = rec, .arena = arena};
    work.candidate.limits = &mapping->limits;
    work.candidate.bytes = rec->value;
    mapping->where[0] = '\0';
    enum mapped field = MAPPED_COUNT;
    const struct rule *broken = map_record(&work, &field);
    json_decref(work.document);
    if (broken) {
        refuse(mapping, broken, field, ret_refusal);
        return -EBADMSG;
    }
    mapping->ids_made += work.candidate.states[MAPPED_ID] == VALUE_ABSENT;
    *ret_event = work.candidate.event;
    return 0;
}

static void read_avro(struct work *work);
static void read_json(struct work *work);
static void read_fields(struct work *work);
static void complete(struct work *work);

static const struct rule *map_record(struct work *work, enum mapped *ret_field)
{
    struct candidate *candidate = &work->candidate;
    const struct rule *broken = rules_check(STAGE_BYTES, candidate, ret_field);
    if (broken) { return broken; }
    if (work->mapping->settings->source_format == SOURCE_AVRO) {
        read_avro(work);
        broken = rules_check(STAGE_AVRO, candidate, ret_field);
        if (broken) { return broken; }
    }
    read_json(work);
    broken = rules_check(STAGE_JSON, candidate, ret_field);
    if (broken) { return broken; }
    read_fields(work);
    broken = rules_check(STAGE_FIELDS, candidate, ret_field);
    if (broken) { return broken; }
    complete(work);
    return rules_check(STAGE_EVENT, candidate, ret_field);
}

static void read_avro(struct work *work)
{
    struct mapping *mapping = work->mapping;
    struct codec_error error = {0};
    buf_clear(&mapping->rendered);
    int rc = codec_json(mapping->book, work->rec->value, &mapping->rendered, NULL, &error);
    if (!rc && buf_failed(&mapping->rendered)) {
        rc = -EBADMSG;
        error.reason = "over_limit";
    }
    if (!rc) { return; }
    work->candidate.avro_fault = error.reason ? error.reason : "bad_avro";
    (void)snprintf(mapping->where, sizeof(mapping->where), "%s", error.detail);
}

static void read_json(struct work *work)
{
    struct mapping *mapping = work->mapping;
    bool avro = mapping->settings->source_format == SOURCE_AVRO;
    struct slice text = avro ? buf_slice(&mapping->rendered) : work->rec->value;
    work->candidate.json_fault =
        json_text_parse(text, &work->document, mapping->where, sizeof(mapping->where));
    work->candidate.is_object = json_is_object(work->document);
}

/* ---- Fields ---- */

static enum value_state read_text(json_t *value, struct arena *arena, struct slice *ret_text)
{
    if (!value) { return VALUE_ABSENT; }
    if (json_is_string(value)) {
        *ret_text = arena_copy(
            arena, slice_of(json_string_value(value), json_string_length(value)));
        return VALUE_FOUND;
    }
    if (!json_is_integer(value)) { return VALUE_WRONG_TYPE; }
    enum { DIGITS = 24 };
    char *digits = arena_alloc(arena, DIGITS);
    int size = snprintf(digits, DIGITS, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    *ret_text = slice_of(digits, (size_t)size);
    return VALUE_FOUND;
}

/* What other JSON writers make of a double that JSON cannot say. */
static bool names_no_number(json_t *value)
{
    static const char *const names[] = {"NaN", "nan", "Infinity", "-Infinity", "inf", "-inf"};
    for (size_t i = 0; json_is_string(value) && i < ARRAY_COUNT(names); i++) {
        if (strcmp(json_string_value(value), names[i]) == 0) { return true; }
    }
    return false;
}

static enum value_state read_weight(json_t *value, double *ret_weight)
{
    if (!value) { return VALUE_ABSENT; }
    if (names_no_number(value)) {
        *ret_weight = NAN;
        return VALUE_FOUND;
    }
    if (!json_is_number(value)) { return VALUE_WRONG_TYPE; }
    *ret_weight = json_number_value(value) + 0.0;
    return VALUE_FOUND;
}

static enum value_state read_time(json_t *value, enum time_format format, int64_t *ret_ms,
                                  bool *ret_readable)
{
    if (!value) { return VALUE_ABSENT; }
    int rc;
    if (format == TIME_FORMAT_ISO8601) {
        if (!json_is_string(value)) { return VALUE_WRONG_TYPE; }
        rc = timestamp_from_iso8601(
            slice_of(json_string_value(value), json_string_length(value)), ret_ms);
    } else if (json_is_integer(value)) {
        rc = timestamp_from_integer(format, json_integer_value(value), ret_ms);
    } else {
        if (!json_is_real(value)) { return VALUE_WRONG_TYPE; }
        rc = timestamp_from_real(format, json_real_value(value), ret_ms);
    }
    *ret_readable = rc == 0;
    return VALUE_FOUND;
}

static enum value_state read_sequence(json_t *value, int64_t *ret_sequence)
{
    if (!value) { return VALUE_ABSENT; }
    if (!json_is_integer(value)) { return VALUE_WRONG_TYPE; }
    *ret_sequence = json_integer_value(value);
    return VALUE_FOUND;
}

static void read_action(struct work *work)
{
    struct candidate *candidate = &work->candidate;
    struct slice name = {0};
    enum value_state state = read_text(work->values[MAPPED_ACTION], work->arena, &name);
    candidate->states[MAPPED_ACTION] = state;
    if (state == VALUE_WRONG_TYPE) { return; }
    const struct action_meaning *meaning = action_names_find(work->mapping->actions, name);
    candidate->action_known = meaning;
    if (!meaning) { return; }
    candidate->event.action = meaning->kind;
    candidate->event.weight = meaning->weight;
}

static void read_fields(struct work *work)
{
    const struct mapping *mapping = work->mapping;
    struct candidate *candidate = &work->candidate;
    struct user_event *ev = &candidate->event;
    enum value_state *states = candidate->states;
    for (enum mapped field = 0; field < MAPPED_COUNT; field++) {
        if (!mapping->paths[field]) { continue; }
        work->values[field] = field_path_find(mapping->paths[field], work->document);
    }
    states[MAPPED_USER] = read_text(work->values[MAPPED_USER], work->arena, &ev->user_id);
    states[MAPPED_ITEM] = read_text(work->values[MAPPED_ITEM], work->arena, &ev->item_id);
    states[MAPPED_ID] = read_text(work->values[MAPPED_ID], work->arena, &ev->event_id);
    states[MAPPED_SEQUENCE] = read_sequence(work->values[MAPPED_SEQUENCE], &ev->sequence);
    states[MAPPED_TIME] = read_time(work->values[MAPPED_TIME], mapping->settings->time_format,
                                    &ev->event_time_ms, &candidate->time_readable);
    read_action(work);
    states[MAPPED_WEIGHT] = read_weight(work->values[MAPPED_WEIGHT], &ev->weight);
}

/* Adds what the record does not say itself. */
static void complete(struct work *work)
{
    const struct record *rec = work->rec;
    struct user_event *ev = &work->candidate.event;
    ev->received_ms = MAX_OF(rec->time_ms, INT64_C(0));
    if (work->candidate.states[MAPPED_ID] == VALUE_FOUND) { return; }
    char *id = arena_alloc(work->arena, ID_BYTES_MAX);
    int size = snprintf(id, ID_BYTES_MAX, "%.*s-%" PRId32 "-%012" PRId64, MAPPING_TOPIC_BYTES_MAX,
                        rec->topic, rec->partition, rec->offset);
    assert(size > 0 && size < ID_BYTES_MAX);
    ev->event_id = slice_of(id, (size_t)size);
    if (work->candidate.states[MAPPED_SEQUENCE] == VALUE_ABSENT) { ev->sequence = rec->offset; }
}

static void refuse(const struct mapping *mapping, const struct rule *rule, enum mapped field,
                   struct refusal *ret_refusal)
{
    ret_refusal->reason = rule->name;
    const char *subject = mapping->where;
    if (field != MAPPED_COUNT) {
        subject = mapping->paths[field] ? field_path_text(mapping->paths[field]) : path_keys[field];
    }
    (void)snprintf(ret_refusal->detail, sizeof(ret_refusal->detail), "%.150s%s%s", subject,
                   *subject ? ": " : "", rule->hint);
}

uint64_t mapping_ids_made(const struct mapping *mapping)
{
    return mapping->ids_made;
}

/* ---- Configuration ---- */

/* Says what the constant of a field should have been; NULL when it serves or there is none. */
static const char *constant_fault(const struct mapping *mapping, enum mapped field)
{
    json_t *constant = field_path_constant(mapping->paths[field]);
    double weight;
    int64_t number;
    bool readable = true;
    enum value_state state = VALUE_FOUND;
    const char *hint = "a text or an integer";
    switch (constant ? field : MAPPED_COUNT) {
    case MAPPED_WEIGHT:
        state = read_weight(constant, &weight);
        hint = "a number";
        break;
    case MAPPED_SEQUENCE:
        state = read_sequence(constant, &number);
        hint = "an integer";
        break;
    case MAPPED_TIME:
        state = read_time(constant, mapping->settings->time_format, &number, &readable);
        hint = "a time as time.format says";
        break;
    case MAPPED_ID:
        return "a path: with one id for all, every event would be a repeat of the first";
    case MAPPED_COUNT:
        break;
    default:
        readable = json_is_string(constant) || json_is_integer(constant);
        break;
    }
    return state == VALUE_FOUND && readable ? NULL : hint;
}

static int take_path(struct mapping *mapping, enum mapped field, char *why, size_t why_size)
{
    const char *text = mapping->settings->paths[field];
    bool needed = field == MAPPED_USER || field == MAPPED_ITEM || field == MAPPED_TIME;
    const char *hint = "an event has none without it";
    if (!text || !*text) {
        if (!needed) { return 0; }
    } else if (field_path_new(text, &mapping->paths[field], &hint) == 0) {
        hint = constant_fault(mapping, field);
        if (!hint) { return 0; }
    }
    (void)snprintf(why, why_size, "%s=%.100s: %s", path_keys[field], text ? text : "", hint);
    return -EINVAL;
}

/* Looks the constant action up once: if it is unknown, so is every record's. */
static int check_action(const struct mapping *mapping, char *why, size_t why_size)
{
    const struct field_path *path = mapping->paths[MAPPED_ACTION];
    const char *name = path ? json_string_value(field_path_constant(path)) : NULL;
    if (!name || action_names_find(mapping->actions, slice_str(name))) { return 0; }
    (void)snprintf(why, why_size, "map.action==%.100s: unknown; set action.%.100s=KIND:WEIGHT",
                   name, name);
    return -EINVAL;
}

static int configure(struct mapping *mapping, char *why, size_t why_size)
{
    const struct mapping_settings *settings = mapping->settings;
    for (enum mapped field = 0; field < MAPPED_COUNT; field++) {
        int rc = take_path(mapping, field, why, why_size);
        if (rc) { return rc; }
    }
    int rc = action_names_new(&settings->actions, settings->action_fallback, settings->weight_max,
                              &mapping->actions, why, why_size);
    return rc ? rc : check_action(mapping, why, why_size);
}

int mapping_new(const struct mapping_settings *settings, struct schema_book *book,
                struct mapping **ret_mapping, char *why, size_t why_size)
{
    assert(book || settings->source_format == SOURCE_JSON);
    assert(settings->id_bytes_max > 0 && settings->id_bytes_max <= ID_BYTES_MAX);
    struct mapping *mapping = xcalloc(1, sizeof(*mapping));
    mapping->settings = settings;
    mapping->book = book;
    mapping->limits = (struct rule_limits){
        .record_bytes_max = (size_t)settings->record_bytes_max,
        .id_bytes_max = (size_t)settings->id_bytes_max,
        .weight_max = settings->weight_max,
        .time_earliest_ms = settings->time_earliest_ms,
        .time_ahead_max_ms = settings->time_ahead_max_ms,
    };
    buf_init(&mapping->rendered,
             mapping->limits.record_bytes_max * RENDERED_GROWTH + RENDERED_NAMES_BYTES);
    int rc = configure(mapping, why, why_size);
    if (rc) {
        mapping_free(mapping);
        return rc;
    }
    *ret_mapping = mapping;
    return 0;
}

struct mapping *mapping_free(struct mapping *mapping)
{
    if (!mapping) { return NULL; }
    for (enum mapped field = 0; field < MAPPED_COUNT; field++) {
        field_path_free(mapping->paths[field]);
    }
    action_names_free(mapping->actions);
    buf_release(&mapping->rendered);
    free(mapping);
    return NULL;
}
