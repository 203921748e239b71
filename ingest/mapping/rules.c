/* One predicate a rule, then the table. The table's order is the order of checking within a stage,
 * and the names in it are public: dead letters and metrics carry them, docs/errors.md explains them
 * (tests/deploy/test_errors_page.py compares the two). A new rule is one predicate and one row.
 */
#include "base/base.h"
#include "ingest/mapping/rules.h"
#include "ingest/mapping/tag_sources.h"
#include "syntax/timestamp.h"

#define ITEM_TIME_HINT                                                                             \
    "a time is a number, a text with created.format=iso8601 or a pattern, a number in quotes "     \
    "with numbers.as.text=true"

#define PREDICATE(name)                                                                            \
    static bool name(const struct rule *rule, const struct candidate *candidate,                   \
                     enum mapped *ret_field)

static const enum mapped id_fields[] = {MAPPED_USER, MAPPED_ITEM, MAPPED_ID, MAPPED_ANONYMOUS};

static struct slice id_of(const struct candidate *candidate, enum mapped field)
{
    if (candidate->states[field] != VALUE_FOUND) { return (struct slice){0}; }
    if (candidate->target == TARGET_ITEM) { return candidate->item.item_id; }
    if (candidate->target == TARGET_PROFILE) { return candidate->profile.user_id; }
    if (field == MAPPED_USER) { return candidate->event.user_id; }
    if (field == MAPPED_ITEM) { return candidate->event.item_id; }
    if (field == MAPPED_ANONYMOUS) { return candidate->anonymous; }
    return candidate->event.event_id;
}

static bool is_event(const struct candidate *candidate)
{
    return candidate->target == TARGET_EVENT && !candidate->deletes;
}

static bool absent(const struct candidate *candidate, enum mapped field, enum mapped *ret_field)
{
    if (candidate->states[field] != VALUE_ABSENT) { return false; }
    *ret_field = field;
    return true;
}

PREDICATE(is_empty)
{
    return candidate->bytes.size == 0 && !candidate->deletes;
}

PREDICATE(is_too_large)
{
    return candidate->bytes.size > candidate->limits->record_bytes_max;
}

PREDICATE(is_headers_too_large)
{
    return candidate->headers_fault == HEADERS_TOO_LARGE;
}

PREDICATE(is_header_not_utf8)
{
    return candidate->headers_fault == HEADERS_NOT_UTF8;
}

/* One row for each reason of the payload and the codec: the rule's name is the reason. */
PREDICATE(is_payload_fault)
{
    return candidate->payload_fault && strcmp(candidate->payload_fault, rule->name) == 0;
}

PREDICATE(is_other_payload_fault)
{
    return candidate->payload_fault;
}

PREDICATE(is_not_utf8)
{
    return candidate->json_fault == JSON_NOT_UTF8;
}

PREDICATE(is_too_deep)
{
    return candidate->json_fault == JSON_TOO_DEEP;
}

PREDICATE(is_too_many_values)
{
    return candidate->json_fault == JSON_TOO_MANY_VALUES;
}

PREDICATE(is_duplicate_key)
{
    return candidate->json_fault == JSON_DUPLICATE_KEY;
}

PREDICATE(is_number_too_large)
{
    return candidate->json_fault == JSON_NUMBER_TOO_LARGE;
}

PREDICATE(is_bad_json)
{
    return candidate->json_fault == JSON_BAD_SYNTAX;
}

PREDICATE(is_no_object)
{
    return !candidate->is_object;
}

PREDICATE(is_missing_kind)
{
    return absent(candidate, MAPPED_KIND, ret_field);
}

PREDICATE(is_refused_kind)
{
    *ret_field = MAPPED_KIND;
    return candidate->kind_refused;
}

PREDICATE(is_too_many_elements)
{
    return candidate->elements_count > 0;
}

PREDICATE(is_missing_user)
{
    return candidate->target != TARGET_ITEM && absent(candidate, MAPPED_USER, ret_field);
}

PREDICATE(is_missing_item)
{
    bool without = candidate->event.action == ACTION_IDENTIFY ||
                   candidate->event.action == ACTION_SEARCH;
    bool needed = candidate->target == TARGET_ITEM || (is_event(candidate) && !without);
    return needed && absent(candidate, MAPPED_ITEM, ret_field);
}

PREDICATE(is_missing_query)
{
    const struct user_event *ev = &candidate->event;
    bool needed = is_event(candidate) && ev->action == ACTION_SEARCH && !ev->takes_back;
    enum value_state state = candidate->states[MAPPED_QUERY];
    *ret_field = MAPPED_QUERY;
    return needed && (state == VALUE_ABSENT || (state == VALUE_FOUND && !ev->query.size));
}

PREDICATE(is_missing_action)
{
    if (!is_event(candidate) || candidate->action_known) { return false; }
    return absent(candidate, MAPPED_ACTION, ret_field);
}

PREDICATE(is_missing_time)
{
    return is_event(candidate) && absent(candidate, MAPPED_TIME, ret_field);
}

static bool any(const struct candidate *candidate, enum value_state state, enum mapped *ret_field)
{
    for (enum mapped field = 0; field < MAPPED_COUNT; field++) {
        if (candidate->states[field] == state) {
            *ret_field = field;
            return true;
        }
    }
    return false;
}

PREDICATE(is_flawed)
{
    return any(candidate, VALUE_FLAWED, ret_field);
}

PREDICATE(is_wrong_type)
{
    return any(candidate, VALUE_WRONG_TYPE, ret_field);
}

PREDICATE(is_unknown_action)
{
    *ret_field = MAPPED_ACTION;
    return is_event(candidate) && !candidate->action_known;
}

PREDICATE(is_bad_time)
{
    static const enum mapped times[] = {MAPPED_TIME, MAPPED_CREATED, MAPPED_AVAILABLE_FROM,
                                        MAPPED_AVAILABLE_UNTIL};
    for (size_t i = 0; i < ARRAY_COUNT(times); i++) {
        *ret_field = times[i];
        if (candidate->states[times[i]] == VALUE_UNREADABLE) { return true; }
    }
    return false;
}

PREDICATE(is_bad_year)
{
    *ret_field = MAPPED_BIRTH_YEAR;
    return candidate->states[MAPPED_BIRTH_YEAR] == VALUE_UNREADABLE;
}

PREDICATE(is_empty_id)
{
    for (size_t i = 0; i < ARRAY_COUNT(id_fields); i++) {
        *ret_field = id_fields[i];
        struct slice id = id_of(candidate, id_fields[i]);
        if (id.data && id.size == 0) { return true; }
    }
    return false;
}

PREDICATE(is_long_id)
{
    for (size_t i = 0; i < ARRAY_COUNT(id_fields); i++) {
        *ret_field = id_fields[i];
        if (id_of(candidate, id_fields[i]).size > candidate->limits->id_bytes_max) { return true; }
    }
    return false;
}

/* U+0000 to U+001F, U+007F and U+0080 to U+009F (in UTF-8: C2 80 to C2 9F). */
static bool has_control_characters(struct slice id)
{
    for (size_t i = 0; i < id.size; i++) {
        unsigned char c = (unsigned char)id.data[i];
        if (c < 0x20 || c == 0x7f) { return true; }
        if (c == 0xc2 && i + 1 < id.size && (unsigned char)id.data[i + 1] < 0xa0) { return true; }
    }
    return false;
}

PREDICATE(is_id_with_control_characters)
{
    for (size_t i = 0; i < ARRAY_COUNT(id_fields); i++) {
        *ret_field = id_fields[i];
        if (has_control_characters(id_of(candidate, id_fields[i]))) { return true; }
    }
    return false;
}

/* The earlier of two latest times; a moment of 0 bounds nothing. */
static int64_t bounded(int64_t latest_ms, int64_t moment_ms, int64_t ahead_ms)
{
    if (moment_ms <= 0 || moment_ms >= TIMESTAMP_LAST_MS - ahead_ms) { return latest_ms; }
    return MIN_OF(latest_ms, moment_ms + ahead_ms);
}

/* Compares with the record's Kafka timestamp, which a producer may have set to anything, and with
 * the present. */
PREDICATE(is_time_out_of_range)
{
    const struct rule_limits *limits = candidate->limits;
    int64_t ahead_ms = limits->time_ahead_max_ms;
    int64_t latest_ms = bounded(TIMESTAMP_LAST_MS, candidate->event.received_ms, ahead_ms);
    latest_ms = bounded(latest_ms, limits->now_ms, ahead_ms);
    *ret_field = MAPPED_TIME;
    int64_t time_ms = candidate->event.event_time_ms;
    if (!is_event(candidate)) { return false; }
    return time_ms < limits->time_earliest_ms || time_ms > latest_ms;
}

PREDICATE(is_weight_not_finite)
{
    *ret_field = MAPPED_WEIGHT;
    return !isfinite(candidate->event.weight);
}

PREDICATE(is_negative_weight)
{
    *ret_field = MAPPED_WEIGHT;
    return candidate->event.weight < 0;
}

PREDICATE(is_weight_too_large)
{
    *ret_field = MAPPED_WEIGHT;
    return candidate->event.weight > candidate->limits->weight_max;
}

/* A limit of the contracts: a longer text could not be written. */
PREDICATE(is_text_too_long)
{
    const struct {
        enum mapped field;
        size_t size, max;
    } texts[] = {
        {MAPPED_LIST, candidate->event.list_id.size, LIST_ID_BYTES_MAX},
        {MAPPED_RULE, candidate->event.rule.size, EVENT_RULE_BYTES_MAX},
        {MAPPED_TAKEN_BACK, candidate->event.taken_back_id.size, ID_BYTES_MAX},
        {MAPPED_TITLE, candidate->item.title.size, ITEM_TITLE_BYTES_MAX},
        {MAPPED_TEXT, candidate->item.text.size, ITEM_TEXT_BYTES_MAX},
        {MAPPED_BRAND, candidate->item.brand.size, ITEM_WORD_BYTES_MAX},
        {MAPPED_GROUP, candidate->item.group_id.size, ITEM_WORD_BYTES_MAX},
        {MAPPED_ITEM_KIND, candidate->item.kind.size, ITEM_WORD_BYTES_MAX},
        {MAPPED_IMAGE, candidate->item.image.size, ITEM_IMAGE_BYTES_MAX},
        {MAPPED_COUNTRY, candidate->profile.country.size, ID_BYTES_MAX},
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        *ret_field = texts[i].field;
        if (texts[i].size > texts[i].max) { return true; }
    }
    return false;
}

static struct slices tags_of(const struct candidate *candidate)
{
    return candidate->target == TARGET_ITEM ? candidate->item.tags : candidate->profile.tags;
}

PREDICATE(is_too_many_tags)
{
    *ret_field = MAPPED_TAGS;
    size_t most = candidate->target == TARGET_ITEM ? ITEM_TAGS_MAX : PROFILE_TAGS_MAX;
    return tags_of(candidate).count > most;
}

static bool any_too_long(struct slices texts)
{
    for (size_t i = 0; i < texts.count; i++) {
        if (texts.at[i].size > TAG_BYTES_MAX) { return true; }
    }
    return false;
}

PREDICATE(is_tag_too_long)
{
    *ret_field = MAPPED_TAGS;
    if (any_too_long(tags_of(candidate))) { return true; }
    *ret_field = MAPPED_CATEGORY;
    return any_too_long(candidate->item.category);
}

PREDICATE(is_category_too_deep)
{
    *ret_field = MAPPED_CATEGORY;
    return candidate->item.category.count > ITEM_CATEGORY_MAX;
}

/* A number that was not sent is ITEM_NOT_KNOWN, and nothing to complain about. */
PREDICATE(is_number_out_of_range)
{
    const enum value_state *states = candidate->states;
    double price = candidate->item.price;
    *ret_field = MAPPED_PRICE;
    bool priced = states[MAPPED_PRICE] == VALUE_FOUND;
    if (priced && !(isfinite(price) && price >= 0.0 && price <= ITEM_NUMBER_MAX)) { return true; }
    *ret_field = MAPPED_STOCK;
    return states[MAPPED_STOCK] == VALUE_FOUND && candidate->item.stock < 0;
}

PREDICATE(is_vector_too_long)
{
    const struct ints *widths = &candidate->item.vector_widths;
    *ret_field = MAPPED_VECTOR;
    if (candidate->item.vector.count > ITEM_VECTOR_MAX) { return true; }
    *ret_field = MAPPED_VECTORS;
    for (size_t i = 0; i < widths->count; i++) {
        if (widths->at[i] > ITEM_VECTOR_MAX) { return true; }
    }
    return false;
}

static bool all_finite(const struct floats *numbers)
{
    for (size_t i = 0; i < numbers->count; i++) {
        if (!isfinite(numbers->at[i])) { return false; }
    }
    return true;
}

PREDICATE(is_vector_not_finite)
{
    *ret_field = MAPPED_VECTOR;
    if (!all_finite(&candidate->item.vector)) { return true; }
    *ret_field = MAPPED_VECTORS;
    return !all_finite(&candidate->item.vector_numbers);
}

PREDICATE(is_too_many_vectors)
{
    *ret_field = MAPPED_VECTORS;
    return candidate->item.vector_names.count > ITEM_VECTORS_MAX;
}

PREDICATE(is_bad_vector)
{
    *ret_field = MAPPED_VECTORS;
    return candidate->target == TARGET_ITEM && item_vectors_fault(&candidate->item);
}

const struct rule rules[] = {
    {"empty", STAGE_BYTES, is_empty,
     "the record has no value; only an item or a profile is deleted by a tombstone"},
    {"too_large", STAGE_BYTES, is_too_large,
     "send smaller records or raise source.record.bytes.max"},

    {"headers_too_large", STAGE_HEADERS, is_headers_too_large,
     "where a path leads to a header, a record has at most 128 headers of 65536 bytes together"},
    {"header_not_utf8", STAGE_HEADERS, is_header_not_utf8,
     "write headers that a path leads to as text in UTF-8"},

    {"bad_gzip", STAGE_PAYLOAD, is_payload_fault,
     "the record begins as gzip, but is damaged or ends too early"},
    {"unpacked_too_large", STAGE_PAYLOAD, is_payload_fault,
     "send smaller records or raise source.record.bytes.max, which is also for unpacked bytes"},
    {"too_many_lines", STAGE_PAYLOAD, is_payload_fault,
     "one record holds at most 10000 lines of JSON"},
    {"no_schema_header", STAGE_PAYLOAD, is_payload_fault,
     "source.frame=header wants the schema's id in a header of each record"},
    {"unknown_schema_guid", STAGE_PAYLOAD, is_payload_fault,
     "put the schema into schemas.path as GUID.avsc, or name it with source.schema"},
    {"bad_protobuf", STAGE_PAYLOAD, is_payload_fault,
     "the message is not of the type that its frame, source.schema or source.message says"},
    {"bad_csv", STAGE_PAYLOAD, is_payload_fault,
     "quote fields that hold separators or quotes, and send no more fields than source.columns "
     "names; where records are rows without a row of names, list the names in source.columns"},
    {"bad_avro_file", STAGE_PAYLOAD, is_payload_fault,
     "the record begins as an Avro file, but is none that can be read"},
    {"bad_magic", STAGE_PAYLOAD, is_payload_fault,
     "frame Avro as single objects (C3 01, fingerprint) or as Confluent does (00, schema id); or "
     "set source.frame, source.schema, or source.format=json"},
    {"unknown_schema_id", STAGE_PAYLOAD, is_payload_fault,
     "the schema registry (schema.registry.url) must know it, and all that it refers to"},
    {"unknown_fingerprint", STAGE_PAYLOAD, is_payload_fault,
     "put the writer's .avsc into the directory schemas.path"},
    {"ambiguous_fingerprint", STAGE_PAYLOAD, is_payload_fault,
     "name the schema by a registry's id, or keep one of the two in schemas.path"},
    {"truncated", STAGE_PAYLOAD, is_payload_fault, "the message ends before its schema does"},
    {"bad_length", STAGE_PAYLOAD, is_payload_fault,
     "a length in the message is negative or too long"},
    {"over_limit", STAGE_PAYLOAD, is_payload_fault, "send fewer or shorter fields in one message"},
    {"bad_utf8", STAGE_PAYLOAD, is_payload_fault, "write strings in UTF-8, or as bytes"},
    {"bad_union", STAGE_PAYLOAD, is_payload_fault,
     "a union names a branch that its schema has not"},
    {"bad_enum", STAGE_PAYLOAD, is_payload_fault, "an enum names a symbol that its schema has not"},
    {"not_finite", STAGE_PAYLOAD, is_payload_fault, "leave out numbers that are not finite"},
    {"trailing_bytes", STAGE_PAYLOAD, is_payload_fault,
     "one record holds one message, written with the schema of its fingerprint"},
    {"schema_mismatch", STAGE_PAYLOAD, is_payload_fault, "the writer's schema does not fit"},
    {"bad_avro", STAGE_PAYLOAD, is_other_payload_fault, "the message could not be decoded"},

    {"not_utf8", STAGE_JSON, is_not_utf8, "write JSON in UTF-8"},
    {"too_deep", STAGE_JSON, is_too_deep, "nest objects and arrays at most 64 deep"},
    {"too_many_values", STAGE_JSON, is_too_many_values,
     "send smaller records or raise source.record.values.max"},
    {"duplicate_key", STAGE_JSON, is_duplicate_key, "name each key of an object once"},
    {"number_too_large", STAGE_JSON, is_number_too_large,
     "write ids above 2^63 as strings; other numbers fit a double"},
    {"bad_json", STAGE_JSON, is_bad_json, "send one JSON object a record (RFC 8259)"},
    {"not_an_object", STAGE_JSON, is_no_object, "send one JSON object a record"},

    {"missing_kind", STAGE_KIND, is_missing_kind,
     "send the field, or end map.kind in a constant (|=VALUE)"},
    {"refused_kind", STAGE_KIND, is_refused_kind,
     "name it with kind.VALUE=take, delete, ignore, or set kind.default"},

    {"too_many_elements", STAGE_ELEMENTS, is_too_many_elements,
     "write smaller ones or raise source.record.elements.max"},

    {"flawed_value", STAGE_FIELDS, is_flawed,
     "name each key of an object once, write whole characters, and numbers that fit a double"},
    {"missing_user", STAGE_FIELDS, is_missing_user, "send the field or point map.user at it"},
    {"missing_item", STAGE_FIELDS, is_missing_item, "send the field or point map.item at it"},
    {"missing_query", STAGE_FIELDS, is_missing_query,
     "send the text that was searched for, or point map.query at it"},
    {"missing_action", STAGE_FIELDS, is_missing_action,
     "send the field, set map.action to a constant (=VIEW) or set action.default"},
    {"missing_time", STAGE_FIELDS, is_missing_time, "send the field or point map.time at it"},
    {"wrong_type", STAGE_FIELDS, is_wrong_type,
     "an id or a text is a string or a whole number"},
    {"unknown_action", STAGE_FIELDS, is_unknown_action,
     "name it with action.NAME=KIND:WEIGHT or set action.default"},
    {"bad_time", STAGE_FIELDS, is_bad_time, "write the time as time.format says"},
    {"bad_year", STAGE_FIELDS, is_bad_year,
     "a year is a number from 0 to 9999, or a text that begins with four digits"},

    {"empty_id", STAGE_OBJECT, is_empty_id, "an id has at least one byte"},
    {"id_too_long", STAGE_OBJECT, is_long_id, "shorten or hash ids longer than id.bytes.max"},
    {"id_control_characters", STAGE_OBJECT, is_id_with_control_characters,
     "an id holds no NUL, newline or other control character"},
    {"time_out_of_range", STAGE_OBJECT, is_time_out_of_range,
     "check time.format and the sender's clock; or move time.earliest, or time.ahead.max (after "
     "the record's own timestamp, and after the present)"},
    {"weight_not_finite", STAGE_OBJECT, is_weight_not_finite, "send a finite weight or none"},
    {"negative_weight", STAGE_OBJECT, is_negative_weight,
     "send 0 or more; dislike is an action, not a weight"},
    {"weight_too_large", STAGE_OBJECT, is_weight_too_large,
     "send less than weight.max or raise it"},
    {"text_too_long", STAGE_OBJECT, is_text_too_long,
     "a title has at most 1024 bytes, a text 65536, a country, brand, group, kind, list "
     "id or id of an event 256, a rule 128, the address of a picture 2048"},
    {"too_many_tags", STAGE_OBJECT, is_too_many_tags, "an item or a user has at most 256 tags"},
    {"tag_too_long", STAGE_OBJECT, is_tag_too_long,
     "a tag or category has at most 1024 bytes; should the field be map.text?"},
    {"category_too_deep", STAGE_OBJECT, is_category_too_deep,
     "a category has at most 16 levels; are they tags?"},
    {"number_out_of_range", STAGE_OBJECT, is_number_out_of_range,
     "a price and a stock are from 0 to 1e15; leave the field out where it is not known"},
    {"vector_too_long", STAGE_OBJECT, is_vector_too_long, "an embedding has at most 4096 numbers"},
    {"vector_not_finite", STAGE_OBJECT, is_vector_not_finite,
     "an embedding holds numbers that fit a float"},
    {"too_many_vectors", STAGE_OBJECT, is_too_many_vectors,
     "an item has at most 6 embeddings by name"},
    {"bad_vector", STAGE_OBJECT, is_bad_vector,
     "an embedding has numbers, and a name of small letters, digits, _ or - that is not text or "
     "given"},
};
const size_t rules_count = ARRAY_COUNT(rules);

const char *rule_hint(const struct rule *rule, enum mapped field)
{
    static const char *const types[MAPPED_COUNT] = {
        [MAPPED_TIME] = "a time is a number, a text with time.format=iso8601 or a pattern, a "
                        "number in quotes with numbers.as.text=true",
        [MAPPED_CREATED] = ITEM_TIME_HINT,
        [MAPPED_AVAILABLE_FROM] = ITEM_TIME_HINT,
        [MAPPED_AVAILABLE_UNTIL] = ITEM_TIME_HINT,
        [MAPPED_WEIGHT] = "a weight is a number, in quotes only with numbers.as.text=true",
        [MAPPED_PRICE] = "a price is a number, in quotes only with numbers.as.text=true",
        [MAPPED_STOCK] = "a stock is a number, in quotes only with numbers.as.text=true",
        [MAPPED_CATEGORY] = "a category is a text, or a list of texts from the top",
        [MAPPED_SEQUENCE] = "a sequence is an integer, in quotes only with numbers.as.text=true",
        [MAPPED_VECTOR] = "an embedding is a list of numbers",
        [MAPPED_VECTORS] = "embeddings by name are an object of lists of numbers",
        [MAPPED_AVAILABLE] = "write true or false, a number, or a text of available.values or "
                             "unavailable.values",
        [MAPPED_BIRTH_YEAR] = "a year is an integer, or a text that begins with one",
    };
    bool of_type = rule->broken == is_wrong_type && field != MAPPED_COUNT && types[field];
    if (of_type) { return types[field]; }
    bool of_item = rule->broken == is_bad_time && field != MAPPED_TIME;
    return of_item ? "write the time as created.format says" : rule->hint;
}

/* The table is in the order of stages. */
static size_t first_of(enum rule_stage stage)
{
    size_t low = 0, high = rules_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (rules[middle].stage < stage) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct rule *rules_find(const char *name)
{
    size_t i = 0;
    while (i < rules_count && strcmp(rules[i].name, name) != 0) { i++; }
    assert(i < rules_count);
    return &rules[i];
}

const struct rule *rules_check(enum rule_stage stage, const struct candidate *candidate,
                               enum mapped *ret_field)
{
    for (size_t i = first_of(stage); i < rules_count && rules[i].stage == stage; i++) {
        enum mapped field = MAPPED_COUNT;
        if (rules[i].broken(&rules[i], candidate, &field)) {
            *ret_field = field;
            return &rules[i];
        }
    }
    return NULL;
}
