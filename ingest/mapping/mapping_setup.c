/* Builds a mapping from its settings, one part after the other: formats, paths, tags, the array
 * that spreads a record, headers, kinds, actions. What would refuse every record is refused here,
 * with the option that is wrong and what it should be.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "ingest/mapping/json_value.h"
#include "ingest/mapping/mapping_internal.h"
#include "ingest/mapping/path_hint.h"

enum {
    SETUP_ARENA_BYTES = 512,
    HINT_BYTES_MAX = 1024,
};

#define BIT(field) (1u << (field))

/* The fields that each target has; all others are ignored. */
static const unsigned fields_of[TARGETS_COUNT] = {
    [TARGET_EVENT] = BIT(MAPPED_USER) | BIT(MAPPED_ITEM) | BIT(MAPPED_ACTION) | BIT(MAPPED_TIME) |
                     BIT(MAPPED_WEIGHT) | BIT(MAPPED_ID) | BIT(MAPPED_SEQUENCE) | BIT(MAPPED_KIND),
    [TARGET_ITEM] = BIT(MAPPED_ITEM) | BIT(MAPPED_KIND) | BIT(MAPPED_TITLE) | BIT(MAPPED_TEXT) |
                    BIT(MAPPED_VECTOR) | BIT(MAPPED_AVAILABLE) | BIT(MAPPED_CREATED),
    [TARGET_PROFILE] =
        BIT(MAPPED_USER) | BIT(MAPPED_KIND) | BIT(MAPPED_BIRTH_YEAR) | BIT(MAPPED_COUNTRY),
};
static const unsigned needed_of[TARGETS_COUNT] = {
    [TARGET_EVENT] = BIT(MAPPED_USER) | BIT(MAPPED_ITEM) | BIT(MAPPED_TIME),
    [TARGET_ITEM] = BIT(MAPPED_ITEM),
    [TARGET_PROFILE] = BIT(MAPPED_USER),
};

static enum value_state try_constant(const struct mapping *mapping, enum mapped field,
                                     json_t *constant, struct arena *arena, const char **ret_hint)
{
    const struct mapping_settings *settings = mapping->settings;
    bool as_text = mapping->numbers_as_text;
    struct slice text;
    struct floats floats;
    double number;
    int64_t integer;
    int32_t year;
    bool flag;
    switch (field) {
    case MAPPED_WEIGHT:
        *ret_hint = "a number";
        return json_value_number(constant, as_text, &number);
    case MAPPED_SEQUENCE:
        *ret_hint = "an integer";
        return json_value_integer(constant, as_text, &integer);
    case MAPPED_TIME:
    case MAPPED_CREATED:
        *ret_hint = "a time as time.format says";
        return json_value_time(constant,
                               field == MAPPED_TIME ? (enum time_format)settings->time_format
                                                    : mapping->created_format,
                               as_text, &integer);
    case MAPPED_AVAILABLE:
        *ret_hint = "true or false";
        return json_value_flag(constant, settings->available_values, &flag);
    case MAPPED_BIRTH_YEAR:
        *ret_hint = "a year";
        return json_value_year(constant, &year);
    case MAPPED_VECTOR:
        *ret_hint = "a list of numbers";
        return json_value_floats(constant, ITEM_VECTOR_MAX, arena, &floats);
    default:
        *ret_hint = "a text or an integer";
        return json_value_text(constant, arena, &text);
    }
}

/* Returns what a field's constant should be; NULL when it is valid or there is none. */
static const char *constant_fault(const struct mapping *mapping, enum mapped field)
{
    json_t *constant = field_choice_constant(mapping->choices[field]);
    const char *hint;
    if (!constant) { return NULL; }
    if (field == MAPPED_ID) {
        return "a path: with one id for all, every event would be a repeat of the first";
    }
    struct arena *arena = arena_new(SETUP_ARENA_BYTES);
    enum value_state state = try_constant(mapping, field, constant, arena, &hint);
    arena_free(arena);
    return state == VALUE_FOUND ? NULL : hint;
}

static bool leads_to_header(const struct field_choice *choice)
{
    for (size_t i = 0; i < choice->count; i++) {
        if (field_path_root(choice->paths[i]) == PATH_HEADER) { return true; }
    }
    return false;
}

/* Returns what a field that is not a text needs to be read from a header; NULL: nothing. */
static const char *header_fault(const struct mapping *mapping, enum mapped field)
{
    const struct mapping_settings *settings = mapping->settings;
    if (!leads_to_header(mapping->choices[field])) { return NULL; }
    if (field == MAPPED_VECTOR) { return "a header is a text, never a list of numbers"; }
    if (mapping->numbers_as_text) { return NULL; }
    if (field == MAPPED_WEIGHT || field == MAPPED_SEQUENCE) {
        return "a header is a text: set numbers.as.text=true";
    }
    bool text_time = field == MAPPED_TIME
                         ? time_format_is_text((enum time_format)settings->time_format)
                         : time_format_is_text(mapping->created_format);
    bool timed = field == MAPPED_TIME || field == MAPPED_CREATED;
    return timed && !text_time
               ? "a header is a text: set time.format=iso8601, or numbers.as.text=true"
               : NULL;
}

static int refuse_path(const struct mapping *mapping, enum mapped field, const char *hint,
                       char *why, size_t why_size)
{
    const char *text = mapping->settings->paths[field];
    struct buf meant;
    buf_init(&meant, HINT_BYTES_MAX);
    if (text) { path_hint_write(slice_str(text), &meant); }
    (void)snprintf(why, why_size, "%s=%.100s: %s%s%.*s", mapping_path_key(field),
                   text ? text : "", hint, meant.size ? "; write " : "",
                   SLICE_ARGS(buf_slice(&meant)));
    buf_release(&meant);
    return -EINVAL;
}

static int take_path(struct mapping *mapping, enum mapped field, char *why, size_t why_size)
{
    unsigned target = (unsigned)mapping->settings->target;
    const char *text = mapping->settings->paths[field];
    const char *hint = "there is nothing to write without it";
    if (!(fields_of[target] & BIT(field))) { return 0; }
    if (!text || !*text) {
        if (!(needed_of[target] & BIT(field))) { return 0; }
    } else if (field_choice_new(slice_str(text), &mapping->choices[field], &hint) == 0) {
        hint = constant_fault(mapping, field);
        if (!hint) { hint = header_fault(mapping, field); }
        if (!hint) { return 0; }
    }
    return refuse_path(mapping, field, hint, why, why_size);
}

static int take_tags(struct mapping *mapping, char *why, size_t why_size)
{
    const char *text = mapping->settings->paths[MAPPED_TAGS];
    const char *hint;
    if (mapping->settings->target == TARGET_EVENT || !text || !*text) { return 0; }
    if (tag_sources_new(text, mapping->settings->tags_separator, &mapping->tags, &hint) == 0) {
        return 0;
    }
    return refuse_path(mapping, MAPPED_TAGS, hint, why, why_size);
}

/* All paths with a [*] must lead to the same array. */
static int find_spread(struct mapping *mapping, char *why, size_t why_size)
{
    for (enum mapped field = 0; field < MAPPED_COUNT; field++) {
        const struct field_choice *choice = mapping->choices[field];
        for (size_t i = 0; choice && i < choice->count; i++) {
            const struct field_path *path = choice->paths[i];
            if (!field_path_spreads(path)) { continue; }
            if (field == MAPPED_KIND) {
                return refuse_path(mapping, field, "the kind is the whole record's: no [*] here",
                                   why, why_size);
            }
            if (!mapping->spread) { mapping->spread = path; }
            if (!field_path_same_array(mapping->spread, path)) {
                return refuse_path(mapping, field, "one record is spread by one array: what "
                                   "stands before [*] must be the same in all paths",
                                   why, why_size);
            }
            mapping->own_ids |= field == MAPPED_ID;
        }
    }
    return 0;
}

static bool enters_array(const struct field_choice *choice)
{
    for (size_t i = 0; choice && i < choice->count; i++) {
        if (field_path_enters_array(choice->paths[i])) { return true; }
    }
    return false;
}

/* A document that is an array is several documents, unless a path says what it takes of it. */
static void find_whole_arrays(struct mapping *mapping)
{
    const struct field_choice *choice;
    for (enum mapped field = 0; field < MAPPED_COUNT; field++) {
        mapping->whole_arrays |= enters_array(mapping->choices[field]);
    }
    for (size_t i = 0; mapping->tags && (choice = tag_sources_at(mapping->tags, i)); i++) {
        mapping->whole_arrays |= enters_array(choice);
    }
}

static int name_headers(struct mapping *mapping, const struct field_choice *choice,
                        enum mapped field, char *why, size_t why_size)
{
    const char *hint;
    for (size_t i = 0; choice && i < choice->count; i++) {
        struct slice name = field_path_header(choice->paths[i]);
        if (name.data && named_headers_add(mapping->headers, name, &hint)) {
            return refuse_path(mapping, field, hint, why, why_size);
        }
    }
    return 0;
}

static int find_headers(struct mapping *mapping, char *why, size_t why_size)
{
    const struct field_choice *choice;
    int rc = 0;
    mapping->headers = named_headers_new();
    for (enum mapped field = 0; field < MAPPED_COUNT && !rc; field++) {
        rc = name_headers(mapping, mapping->choices[field], field, why, why_size);
    }
    if (!mapping->tags) { return rc; }
    for (size_t i = 0; !rc && (choice = tag_sources_at(mapping->tags, i)); i++) {
        rc = name_headers(mapping, choice, MAPPED_TAGS, why, why_size);
    }
    return rc;
}

/* Looks a constant action up once: if it is unknown, every record would be refused. */
static int check_action(const struct mapping *mapping, char *why, size_t why_size)
{
    const struct field_choice *choice = mapping->choices[MAPPED_ACTION];
    const char *name = choice ? json_string_value(field_choice_constant(choice)) : NULL;
    if (!name || action_names_find(mapping->actions, slice_str(name))) { return 0; }
    (void)snprintf(why, why_size, "map.action==%.100s: unknown; set action.%.100s=KIND:WEIGHT",
                   name, name);
    return -EINVAL;
}

static int check_formats(struct mapping *mapping, char *why, size_t why_size)
{
    const struct mapping_settings *settings = mapping->settings;
    bool table = settings->source_format == PAYLOAD_CSV || settings->source_format == PAYLOAD_TSV;
    mapping->numbers_as_text = settings->numbers_as_text || table;
    if (strlen(settings->source_separator) != 1) {
        (void)snprintf(why, why_size, "source.separator=%.20s: wanted one character; for tabs set "
                       "source.format=tsv", settings->source_separator);
        return -EINVAL;
    }
    mapping->created_format = settings->created_format == CREATED_AS_TIME
                                  ? (enum time_format)settings->time_format
                                  : (enum time_format)(settings->created_format - 1);
    mapping->by_logical_type = settings->time_format == TIME_FORMAT_AVRO ||
                               mapping->created_format == TIME_FORMAT_AVRO;
    if (!mapping->by_logical_type || settings->source_format == PAYLOAD_AVRO) { return 0; }
    (void)snprintf(why, why_size, "time.format=avro: only with source.format=avro");
    return -EINVAL;
}

static int make_payload(struct mapping *mapping, char *why, size_t why_size)
{
    const struct mapping_settings *settings = mapping->settings;
    const struct payload_settings payload = {
        .format = (enum payload_format)settings->source_format,
        .frame = (enum frame_style)settings->source_frame,
        .schema = settings->source_schema,
        .message = settings->source_message,
        .columns = settings->source_columns,
        .separator = settings->source_separator[0],
        .times_as_text = mapping->by_logical_type,
        .bytes_max = mapping->limits.record_bytes_max,
    };
    return payload_new(&payload, mapping->schemas, &mapping->payload, why, why_size);
}

static int configure(struct mapping *mapping, char *why, size_t why_size)
{
    const struct mapping_settings *settings = mapping->settings;
    int rc = check_formats(mapping, why, why_size);
    for (enum mapped field = 0; field < MAPPED_COUNT && !rc; field++) {
        rc = take_path(mapping, field, why, why_size);
    }
    if (!rc) { rc = take_tags(mapping, why, why_size); }
    if (!rc) { rc = find_spread(mapping, why, why_size); }
    if (!rc) { rc = find_headers(mapping, why, why_size); }
    if (!rc) { find_whole_arrays(mapping); }
    if (!rc) {
        rc = record_kinds_new(&settings->kinds, settings->kind_fallback,
                              settings->target != TARGET_EVENT, &mapping->kinds, why, why_size);
    }
    if (!rc) {
        rc = action_names_new(&settings->actions, settings->action_fallback, settings->weight_max,
                              &mapping->actions, why, why_size);
    }
    if (!rc) { rc = make_payload(mapping, why, why_size); }
    return rc ? rc : check_action(mapping, why, why_size);
}

int mapping_new(const struct mapping_settings *settings, struct schema_cache *schemas,
                struct pseudonyms *pseudonyms, struct mapping **ret_mapping, char *why,
                size_t why_size)
{
    assert(schemas || settings->source_format == PAYLOAD_JSON);
    assert(settings->id_bytes_max > 0 && settings->id_bytes_max <= ID_BYTES_MAX);
    struct mapping *mapping = xcalloc(1, sizeof(*mapping));
    mapping->settings = settings;
    mapping->schemas = schemas;
    mapping->pseudonyms = pseudonyms;
    mapping->limits = (struct rule_limits){
        .record_bytes_max = (size_t)settings->record_bytes_max,
        .id_bytes_max = (size_t)settings->id_bytes_max,
        .weight_max = settings->weight_max,
        .time_earliest_ms = settings->time_earliest_ms,
        .time_ahead_max_ms = settings->time_ahead_max_ms,
    };
    mapping->json = (struct json_rules){.values_max = (size_t)settings->values_max,
                                        .strict = settings->json_strict};
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
        field_choice_free(mapping->choices[field]);
    }
    named_headers_free(mapping->headers);
    tag_sources_free(mapping->tags);
    action_names_free(mapping->actions);
    record_kinds_free(mapping->kinds);
    payload_free(mapping->payload);
    free(mapping);
    return NULL;
}
