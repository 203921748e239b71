/* One record passes the stages of rules.h one after the other: bytes, headers, payload (whose
 * result is JSON texts), JSON, kind, elements, fields, object. Each stage fills in a part of the
 * candidate and checks the rules of that stage; the first broken rule refuses the record. A record
 * of several documents repeats all stages from JSON on, one with `[*]` the last two for each
 * element; one that is refused refuses the whole record.
 *
 * Memory: texts and objects live in the caller's arena; the JSON document and the named headers are
 * freed before mapping_apply() returns.
 */
#include "base/base.h"
#include "ingest/mapping/json_value.h"
#include "ingest/mapping/mapping_internal.h"
#include "ingest/payload/rendered_times.h"
#include "ingest/mapping/refusal_text.h"

const struct contract *target_contract(enum target target)
{
    static const struct contract *const contracts[TARGETS_COUNT] = {
        [TARGET_EVENT] = &user_event_contract,
        [TARGET_ITEM] = &item_contract,
        [TARGET_PROFILE] = &user_profile_contract,
    };
    assert(target < TARGETS_COUNT);
    return contracts[target];
}

/* A mapping at work on one record. */
struct work {
    struct mapping *mapping;
    const struct record *rec;
    struct arena *arena;
    bool rendered; /* the value is the text of a message already */
    struct documents documents;
    json_t *document;
    size_t document_index;
    bool id_beside; /* the id in use does not stand in the document */
    json_t *key_text; /* of $key, after its first use */
    json_t *key;      /* of $key.field */
    json_t *timestamp;
    bool key_read;
    bool unknown_id; /* of the schema of an Avro message */
    uint32_t schema_id;
    const char *schema_name; /* of the writer's record; NULL: none */
    json_t *schema;          /* of $schema, after its first use */
    json_t *element; /* the current one; NULL: the record has no [*] */
    size_t index;    /* of the element */
    struct candidate candidate;
    struct outcome outcome;
    size_t outcome_capacity;
    size_t elements_count; /* of all documents so far */
};

static const struct rule *map_record(struct work *work, enum mapped *ret_field);
static void explain(struct work *work, enum mapped field, struct buf *out);
static void refuse(const struct mapping *mapping, const struct rule *rule, enum mapped field,
                   struct slice more, struct refusal *ret_refusal);

static int apply(struct mapping *mapping, const struct record *rec, bool rendered,
                 struct arena *arena, struct outcome *ret_outcome, struct refusal *ret_refusal)
{
    struct work work = {.mapping = mapping, .rec = rec, .arena = arena, .rendered = rendered};
    enum target target = (enum target)mapping->settings->target;
    work.outcome.target = target;
    work.candidate.limits = &mapping->limits;
    work.candidate.target = target;
    work.candidate.bytes = rec->value;
    work.candidate.deletes = target != TARGET_EVENT && !rec->value.data;
    mapping->where[0] = '\0';
    enum mapped field = MAPPED_COUNT;
    uint64_t ids_made = mapping->ids_made;
    const struct rule *broken = map_record(&work, &field);
    struct buf more;
    buf_init(&more, sizeof(ret_refusal->detail));
    if (broken) { explain(&work, field, &more); }
    documents_release(&work.documents);
    json_decref(work.key);
    json_decref(work.key_text);
    json_decref(work.timestamp);
    json_decref(work.schema);
    named_headers_clear(mapping->headers);
    if (broken) {
        mapping->ids_made = ids_made;
        refuse(mapping, broken, field, buf_slice(&more), ret_refusal);
        buf_release(&more);
        ret_refusal->unknown_id = work.unknown_id;
        ret_refusal->schema_id = work.schema_id;
        return -EBADMSG;
    }
    *ret_outcome = work.outcome;
    return 0;
}

int mapping_apply(struct mapping *mapping, const struct record *rec, struct arena *arena,
                  struct outcome *ret_outcome, struct refusal *ret_refusal)
{
    return apply(mapping, rec, /* rendered= */ false, arena, ret_outcome, ret_refusal);
}

int mapping_apply_rendered(struct mapping *mapping, const struct record *rec, struct arena *arena,
                           struct outcome *ret_outcome, struct refusal *ret_refusal)
{
    return apply(mapping, rec, /* rendered= */ true, arena, ret_outcome, ret_refusal);
}

static const struct rule *read_headers(struct work *work, enum mapped *ret_field);
static const struct rule *read_payload(struct work *work, enum mapped *ret_field);
static const struct rule *map_documents(struct work *work, enum mapped *ret_field);
static const struct rule *read_kind(struct work *work, enum mapped *ret_field, bool *ret_ignored);
static const struct rule *map_elements(struct work *work, enum mapped *ret_field);

static const struct rule *map_record(struct work *work, enum mapped *ret_field)
{
    const struct rule *broken = rules_check(STAGE_BYTES, &work->candidate, ret_field);
    if (!broken) { broken = read_headers(work, ret_field); }
    if (!broken && work->candidate.deletes) { return map_elements(work, ret_field); }
    if (!broken) { broken = read_payload(work, ret_field); }
    return broken ? broken : map_documents(work, ret_field);
}

static const struct rule *read_headers(struct work *work, enum mapped *ret_field)
{
    struct mapping *mapping = work->mapping;
    work->candidate.headers_fault = named_headers_read(mapping->headers, work->rec, mapping->where,
                                                       sizeof(mapping->where));
    if (work->candidate.headers_fault == HEADERS_FINE) { return NULL; }
    return rules_check(STAGE_HEADERS, &work->candidate, ret_field);
}

/* ---- The documents ---- */

static const struct rule *read_payload(struct work *work, enum mapped *ret_field)
{
    struct mapping *mapping = work->mapping;
    struct codec_error error = {0};
    struct payload_value value = {0};
    int rc = work->rendered
                 ? payload_read_rendered(mapping->payload, work->rec->value, &value, &error)
                 : payload_read(mapping->payload, work->rec, &value, &error);
    documents_init(&work->documents, &mapping->json, value.texts, mapping->whole_arrays);
    work->schema_name = value.name;
    if (!rc) { return NULL; }
    work->candidate.payload_fault = error.reason ? error.reason : "bad_avro";
    work->unknown_id = error.unknown_id;
    work->schema_id = error.schema_id;
    (void)snprintf(mapping->where, sizeof(mapping->where), "%s", error.detail);
    return rules_check(STAGE_PAYLOAD, &work->candidate, ret_field);
}

static const struct rule *map_document(struct work *work, enum mapped *ret_field)
{
    bool ignored = false;
    work->element = NULL;
    work->index = 0;
    if (work->rendered && work->mapping->by_logical_type) {
        rendered_times_put(work->mapping->schemas, work->document);
    }
    work->candidate.is_object = json_is_object(work->document) ||
                                (work->mapping->whole_arrays && json_is_array(work->document));
    const struct rule *broken = rules_check(STAGE_JSON, &work->candidate, ret_field);
    if (!broken) { broken = read_kind(work, ret_field, &ignored); }
    return broken || ignored ? broken : map_elements(work, ret_field);
}

/* Maps each document of the record; one that is refused refuses the whole record. */
static const struct rule *map_documents(struct work *work, enum mapped *ret_field)
{
    struct mapping *mapping = work->mapping;
    const struct candidate blank = work->candidate;
    const struct rule *broken = NULL;
    for (; !broken; work->document_index++) {
        work->candidate = blank;
        work->candidate.json_fault = documents_next(&work->documents, &work->document,
                                                    mapping->where, sizeof(mapping->where));
        if (work->candidate.json_fault) {
            return rules_check(STAGE_JSON, &work->candidate, ret_field);
        }
        if (!work->document) { return NULL; }
        broken = map_document(work, ret_field);
    }
    return broken;
}

/* ---- Where values come from ---- */

static json_t *key_text(struct work *work)
{
    if (!work->key_text && work->rec->key.data) {
        work->key_text = json_stringn(work->rec->key.data, work->rec->key.size);
    }
    return work->key_text;
}

/* A key that is not in the source's format (JSON or Avro) has no fields. */
static json_t *key_document(struct work *work)
{
    char where[JSON_WHERE_MAX];
    if (work->key_read || !work->rec->key.data) { return work->key; }
    work->key_read = true;
    struct slice text = work->rec->key;
    if (!work->rendered) {
        (void)payload_read_key(work->mapping->payload, work->rec, &text, NULL);
    }
    if (json_text_parse(text, &work->mapping->json, &work->key, where, sizeof(where))) {
        work->key = NULL;
    }
    return work->key;
}

static json_t *timestamp(struct work *work)
{
    if (!work->timestamp && work->rec->time_ms >= 0) {
        work->timestamp = json_integer(work->rec->time_ms);
    }
    return work->timestamp;
}

static json_t *schema_name(struct work *work)
{
    if (!work->schema && work->schema_name) { work->schema = json_string(work->schema_name); }
    return work->schema;
}

/* Finds a value outside the document: key, timestamp, header, name of the schema. */
static json_t *follow_beside(void *arg, const struct field_path *path)
{
    struct work *work = arg;
    switch (field_path_root(path)) {
    case PATH_KEY_TEXT:
        return key_text(work);
    case PATH_KEY:
        return field_path_find(path, key_document(work));
    case PATH_TIMESTAMP:
        return timestamp(work);
    case PATH_SCHEMA:
        return schema_name(work);
    case PATH_HEADER:
        return named_headers_find(work->mapping->headers, field_path_header(path));
    default:
        assert(!"a path into the document");
        return NULL;
    }
}

static json_t *follow(struct work *work, const struct field_path *path)
{
    if (field_path_beside(path)) { return follow_beside(work, path); }
    if (!field_path_spreads(path)) { return field_path_find(path, work->document); }
    return work->element ? field_path_in_element(path, work->element) : NULL;
}

static json_t *find(struct work *work, enum mapped field)
{
    const struct field_choice *choice = work->mapping->choices[field];
    const char *absent = work->mapping->settings->absent_values;
    json_t *value = NULL;
    for (size_t i = 0; choice && i < choice->count && !value; i++) {
        value = follow(work, choice->paths[i]);
        if (field == MAPPED_ID) { work->id_beside = field_path_beside(choice->paths[i]); }
        if (*absent && json_value_is_listed(value, absent)) { value = NULL; }
    }
    return value;
}

/* ---- The kind ---- */

static const struct rule *read_kind(struct work *work, enum mapped *ret_field, bool *ret_ignored)
{
    struct candidate *candidate = &work->candidate;
    const struct mapping *mapping = work->mapping;
    if (!mapping->choices[MAPPED_KIND]) { return NULL; }
    struct slice kind = {0};
    json_t *value = find(work, MAPPED_KIND);
    enum value_state state = json_value_text(value, work->arena, &kind);
    if (json_is_boolean(value)) {
        kind = slice_str(json_is_true(value) ? "true" : "false");
        state = VALUE_FOUND;
    }
    candidate->states[MAPPED_KIND] = state;
    if (state == VALUE_FOUND) {
        enum kind_verdict verdict = record_kinds_find(mapping->kinds, kind);
        candidate->kind_refused = verdict == KIND_REFUSE;
        candidate->deletes = verdict == KIND_DELETE;
        *ret_ignored = verdict == KIND_IGNORE;
    }
    return rules_check(STAGE_KIND, candidate, ret_field);
}

/* ---- Fields ---- */

static enum value_state read_time(struct work *work, enum mapped field, enum time_format format,
                                  int64_t *ret_ms)
{
    json_t *value = find(work, field);
    if (value && value == work->timestamp) { format = TIME_FORMAT_MS; }
    return json_value_time(value, format, work->mapping->numbers_as_text, ret_ms);
}

/* False: actions of that name are ignored. */
static bool read_action(struct work *work)
{
    struct candidate *candidate = &work->candidate;
    struct slice name = {0};
    enum value_state state = json_value_text(find(work, MAPPED_ACTION), work->arena, &name);
    candidate->states[MAPPED_ACTION] = state;
    if (state == VALUE_WRONG_TYPE) { return true; }
    const struct action_meaning *meaning = action_names_find(work->mapping->actions, name);
    candidate->action_known = meaning;
    if (!meaning) { return true; }
    candidate->event.action = meaning->kind;
    candidate->event.weight = meaning->weight;
    return !meaning->ignored;
}

static bool read_event(struct work *work)
{
    const struct mapping_settings *settings = work->mapping->settings;
    struct candidate *candidate = &work->candidate;
    struct user_event *ev = &candidate->event;
    enum value_state *states = candidate->states;
    struct arena *arena = work->arena;
    if (!read_action(work)) { return false; }
    states[MAPPED_USER] = json_value_text(find(work, MAPPED_USER), arena, &ev->user_id);
    states[MAPPED_ITEM] = json_value_text(find(work, MAPPED_ITEM), arena, &ev->item_id);
    states[MAPPED_ID] = json_value_text(find(work, MAPPED_ID), arena, &ev->event_id);
    states[MAPPED_SEQUENCE] = json_value_integer(find(work, MAPPED_SEQUENCE),
                                                 work->mapping->numbers_as_text, &ev->sequence);
    states[MAPPED_TIME] = read_time(work, MAPPED_TIME, (enum time_format)settings->time_format,
                                    &ev->event_time_ms);
    states[MAPPED_WEIGHT] =
        json_value_number(find(work, MAPPED_WEIGHT), work->mapping->numbers_as_text, &ev->weight);
    return true;
}

static struct slices read_tags(struct work *work, size_t max)
{
    const struct mapping *mapping = work->mapping;
    if (!mapping->tags) { return (struct slices){0}; }
    const struct tagged tagged = {.document = work->document,
                                  .array = mapping->spread,
                                  .element = work->element,
                                  .beside = follow_beside,
                                  .arg = work};
    return tag_sources_collect(mapping->tags, &tagged, max, work->arena);
}

static void read_item(struct work *work)
{
    const struct mapping *mapping = work->mapping;
    struct item *item = &work->candidate.item;
    enum value_state *states = work->candidate.states;
    struct arena *arena = work->arena;
    *item = (struct item){
        .title = slice_str(""), .text = slice_str(""), .available = true, .created_ms = 0};
    states[MAPPED_ITEM] = json_value_text(find(work, MAPPED_ITEM), arena, &item->item_id);
    if (work->candidate.deletes) { return; }
    states[MAPPED_TITLE] = json_value_text(find(work, MAPPED_TITLE), arena, &item->title);
    states[MAPPED_TEXT] = json_value_text(find(work, MAPPED_TEXT), arena, &item->text);
    states[MAPPED_VECTOR] =
        json_value_floats(find(work, MAPPED_VECTOR), ITEM_VECTOR_MAX, arena, &item->vector);
    states[MAPPED_AVAILABLE] = json_value_flag(
        find(work, MAPPED_AVAILABLE), mapping->settings->available_values, &item->available);
    states[MAPPED_CREATED] =
        read_time(work, MAPPED_CREATED, mapping->created_format, &item->created_ms);
    item->tags = read_tags(work, ITEM_TAGS_MAX);
}

static void read_profile(struct work *work)
{
    struct user_profile *profile = &work->candidate.profile;
    enum value_state *states = work->candidate.states;
    struct arena *arena = work->arena;
    *profile = (struct user_profile){.country = slice_str("")};
    states[MAPPED_USER] = json_value_text(find(work, MAPPED_USER), arena, &profile->user_id);
    if (work->candidate.deletes) { return; }
    states[MAPPED_BIRTH_YEAR] =
        json_value_year(find(work, MAPPED_BIRTH_YEAR), &profile->birth_year);
    states[MAPPED_COUNTRY] = json_value_text(find(work, MAPPED_COUNTRY), arena, &profile->country);
    profile->tags = read_tags(work, PROFILE_TAGS_MAX);
}

/* False: it becomes no event. */
static bool read_fields(struct work *work)
{
    switch (work->candidate.target) {
    case TARGET_ITEM:
        read_item(work);
        return true;
    case TARGET_PROFILE:
        read_profile(work);
        return true;
    default:
        return read_event(work);
    }
}

/* ---- The object ---- */

/* `#007` behind an id that the events of one record share. */
static struct slice numbered(struct work *work, struct slice id, size_t number)
{
    enum { NUMBER_BYTES = 8 };
    char *text = arena_alloc(work->arena, id.size + NUMBER_BYTES);
    memcpy(text, id.data, id.size);
    int size = snprintf(text + id.size, NUMBER_BYTES, "#%03zu", number);
    return slice_of(text, id.size + (size_t)size);
}

static struct slice made_id(struct work *work)
{
    const struct record *rec = work->rec;
    char *id = arena_alloc(work->arena, ID_BYTES_MAX);
    int size = snprintf(id, ID_BYTES_MAX, "%.*s-%" PRId32 "-%012" PRId64, MAPPING_TOPIC_BYTES_MAX,
                        rec->topic, rec->partition, rec->offset);
    assert(size > 0 && size < ID_BYTES_MAX);
    return slice_of(id, (size_t)size);
}

/* Nothing was received later than now. */
static int64_t received(const struct work *work)
{
    const struct rule_limits *limits = &work->mapping->limits;
    int64_t stamp_ms = MAX_OF(work->rec->time_ms, INT64_C(0));
    bool believed = !limits->now_ms || stamp_ms <= limits->now_ms + limits->time_ahead_max_ms;
    return believed ? stamp_ms : limits->now_ms;
}

/* Fills in what the record does not have. */
static void complete(struct work *work)
{
    struct mapping *mapping = work->mapping;
    struct user_event *ev = &work->candidate.event;
    enum value_state *states = work->candidate.states;
    if (work->candidate.target != TARGET_EVENT) { return; }
    ev->received_ms = received(work);
    bool made = states[MAPPED_ID] == VALUE_ABSENT;
    if (made) {
        ev->event_id = made_id(work);
        if (states[MAPPED_SEQUENCE] == VALUE_ABSENT) { ev->sequence = work->rec->offset; }
        mapping->ids_made++;
    }
    if (work->documents.many && (made || work->id_beside)) {
        ev->event_id = numbered(work, ev->event_id, work->document_index);
    }
    if (work->element && !mapping->own_ids) {
        ev->event_id = numbered(work, ev->event_id, work->index);
    }
}

static void *kept(struct work *work, const void *object, size_t size)
{
    return memcpy(arena_alloc(work->arena, size), object, size);
}

static void add(struct work *work, struct slice key, const void *object)
{
    work->outcome.at[work->outcome.count++] = (struct becoming){.key = key, .object = object};
}

/* Replaces the user's id by the pseudonym under the key that the record's time selects. */
static struct slice called(struct work *work, struct slice user)
{
    struct pseudonyms *pseudonyms = work->mapping->pseudonyms;
    if (!pseudonyms) { return user; }
    size_t key = pseudonyms_at(pseudonyms, work->rec->time_ms);
    return pseudonyms_of(pseudonyms, key, user, work->arena);
}

static void keep_profile(struct work *work)
{
    struct user_profile *profile = &work->candidate.profile;
    struct pseudonyms *pseudonyms = work->mapping->pseudonyms;
    struct slice user = profile->user_id;
    profile->user_id = called(work, user);
    if (!work->candidate.deletes) {
        add(work, profile->user_id, kept(work, profile, sizeof(*profile)));
        return;
    }
    if (!pseudonyms) { add(work, user, NULL); }
    /* The profile may be stored under any of the pseudonyms: deletes it under each. */
    for (size_t i = 0; pseudonyms && i < pseudonyms_count(pseudonyms); i++) {
        add(work, pseudonyms_of(pseudonyms, i, user, work->arena), NULL);
    }
}

static void keep(struct work *work)
{
    struct candidate *candidate = &work->candidate;
    if (candidate->target == TARGET_PROFILE) {
        keep_profile(work);
    } else if (candidate->target == TARGET_ITEM) {
        const struct item *item = &candidate->item;
        add(work, item->item_id, candidate->deletes ? NULL : kept(work, item, sizeof(*item)));
    } else {
        struct user_event *ev = &candidate->event;
        ev->user_id = called(work, ev->user_id);
        add(work, ev->user_id, kept(work, ev, sizeof(*ev)));
    }
}

static const struct rule *map_element(struct work *work, enum mapped *ret_field)
{
    struct candidate *candidate = &work->candidate;
    if (!read_fields(work)) { return NULL; }
    const struct rule *broken = rules_check(STAGE_FIELDS, candidate, ret_field);
    if (broken) { return broken; }
    complete(work);
    broken = rules_check(STAGE_OBJECT, candidate, ret_field);
    if (!broken) { keep(work); }
    return broken;
}

/* Makes room for the objects of `count` more elements. */
static void reserve(struct work *work, size_t count)
{
    const struct pseudonyms *pseudonyms = work->mapping->pseudonyms;
    size_t each = pseudonyms ? pseudonyms_count(pseudonyms) : 1;
    size_t needed = work->outcome.count + count * each;
    if (needed <= work->outcome_capacity) { return; }
    struct becoming *former = work->outcome.at;
    work->outcome_capacity = former ? MAX_OF(needed, 2 * work->outcome_capacity) : needed;
    work->outcome.at =
        arena_alloc_array(work->arena, work->outcome_capacity, sizeof(*work->outcome.at));
    if (former) { memcpy(work->outcome.at, former, work->outcome.count * sizeof(*former)); }
}

/* A record without the array, or with an empty one, is mapped once: paths without [*] may do. */
static const struct rule *map_elements(struct work *work, enum mapped *ret_field)
{
    const struct field_path *spread = work->mapping->spread;
    json_t *array = spread ? field_path_find(spread, work->document) : NULL;
    size_t count = json_array_size(array);
    work->elements_count += MAX_OF(count, (size_t)1);
    if (work->elements_count > (size_t)work->mapping->settings->elements_max) {
        work->candidate.elements_count = work->elements_count;
        return rules_check(STAGE_ELEMENTS, &work->candidate, ret_field);
    }
    reserve(work, MAX_OF(count, (size_t)1));
    if (!count) { return map_element(work, ret_field); }
    const struct candidate blank = work->candidate;
    const struct rule *broken = NULL;
    json_incref(array);
    for (; work->index < count && !broken; work->index++) {
        work->candidate = blank;
        /* Held: a path that enters a text replaces it in the document. */
        work->element = json_incref(json_array_get(array, work->index));
        broken = map_element(work, ret_field);
        json_decref(work->element);
    }
    json_decref(array);
    return broken;
}

/* Says what was found instead, or which path finds something. An element is fetched again: a path
 * that enters a text may have replaced it. */
static void explain(struct work *work, enum mapped field, struct buf *out)
{
    const struct mapping *mapping = work->mapping;
    const struct mapping_settings *settings = mapping->settings;
    const struct field_choice *choice = field == MAPPED_COUNT ? NULL : mapping->choices[field];
    bool told = !mapping->pseudonyms && settings->dead_letter_bytes != DEAD_LETTERS_DROP;
    if (!choice || !work->document) { return; }
    if (work->element && work->index > 0) {
        json_t *array = field_path_find(mapping->spread, work->document);
        work->element = json_array_get(array, work->index - 1);
    }
    json_t *value = find(work, field);
    refusal_text(choice, work->document, value, told, out);
    if (field == MAPPED_TIME) {
        refusal_time_unit(value, (enum time_format)settings->time_format, out);
    }
}

static void refuse(const struct mapping *mapping, const struct rule *rule, enum mapped field,
                   struct slice more, struct refusal *ret_refusal)
{
    ret_refusal->reason = rule->name;
    const char *subject = mapping->where;
    if (field != MAPPED_COUNT) {
        const struct field_choice *choice = mapping->choices[field];
        subject = choice ? choice->text : mapping_path_key(field);
    }
    char *detail = ret_refusal->detail;
    size_t size = sizeof(ret_refusal->detail);
    (void)snprintf(detail, size, "%.150s%s%s", subject, *subject ? ": " : "", rule->hint);
    size_t used = strlen(detail);
    bool fits = more.size < size - used; /* else it would be cut, perhaps in a character */
    if (fits) { (void)snprintf(detail + used, size - used, "%.*s", SLICE_ARGS(more)); }
}

void mapping_set_now(struct mapping *mapping, int64_t now_ms)
{
    mapping->limits.now_ms = now_ms;
}

uint64_t mapping_ids_made(const struct mapping *mapping)
{
    return mapping->ids_made;
}
