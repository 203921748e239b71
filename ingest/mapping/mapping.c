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
#include "ingest/mapping/mapping_internal.h"
#include "ingest/mapping/nobody.h"
#include "ingest/payload/rendered_times.h"
#include "schemas/forget_request.h"

enum { REQUEST_DIGITS = 32 };

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

static const struct rule *map_record(struct work *work, enum mapped *ret_field);
static void refuse(const struct work *work, const struct rule *rule, enum mapped field,
                   struct refusal *ret_refusal);

static void begin(struct work *work)
{
    const struct mapping *mapping = work->mapping;
    enum target target = (enum target)mapping->settings->target;
    work->fields = &mapping->sets[0];
    work->innermost = PATH_NO_ARRAY;
    work->outcome.target = target;
    work->candidate.limits = &mapping->limits;
    work->candidate.target = target;
    work->candidate.bytes = work->rec->value;
}

static void end(struct work *work)
{
    documents_release(&work->documents);
    json_decref(work->key);
    json_decref(work->timestamp);
    json_decref(work->schema);
    json_decref(work->joined);
    named_headers_clear(work->mapping->headers);
}

/* A key whose schema is not known yet: the record waits for it, whatever else it is. */
static const struct rule *refuse_key(struct work *work, enum mapped *ret_field)
{
    const struct codec_error *error = &work->key_error;
    work->candidate.payload_fault = error->reason;
    work->unknown_id = true;
    work->schema_id = error->schema_id;
    (void)snprintf(work->mapping->where, sizeof(work->mapping->where), "key: %.180s",
                   error->detail);
    return rules_check(STAGE_PAYLOAD, &work->candidate, ret_field);
}

static int apply(struct mapping *mapping, const struct record *rec, bool rendered,
                 struct arena *arena, struct outcome *ret_outcome, struct refusal *ret_refusal)
{
    struct work work = {.mapping = mapping, .rec = rec, .arena = arena, .rendered = rendered};
    enum mapped field = MAPPED_COUNT;
    uint64_t ids_made = mapping->ids_made;
    mapping->where[0] = mapping->found[0] = '\0';
    begin(&work);
    const struct rule *broken = map_record(&work, &field);
    if (work.key_error.unknown_id) { broken = refuse_key(&work, &field); }
    end(&work);
    if (broken) {
        mapping->ids_made = ids_made;
        refuse(&work, broken, field, ret_refusal);
        ret_refusal->unknown_id = work.unknown_id;
        ret_refusal->schema_id = work.schema_id;
        return -EBADMSG;
    }
    work.outcome.skipped = work.skipped;
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
static bool ignores_tombstone(struct work *work);
static const struct rule *map_elements(struct work *work, enum mapped *ret_field);

static const struct rule *map_record(struct work *work, enum mapped *ret_field)
{
    if (!work->rec->value.data && ignores_tombstone(work)) { return NULL; }
    const struct rule *broken = rules_check(STAGE_BYTES, &work->candidate, ret_field);
    if (!broken) { broken = read_headers(work, ret_field); }
    if (!broken && work->candidate.deletes) { return map_elements(work, ret_field); }
    if (!broken) { broken = read_payload(work, ret_field); }
    return broken ? broken : map_documents(work, ret_field);
}

/* A record without a value: true when it is ignored; else the candidate says whether it deletes. */
static bool ignores_tombstone(struct work *work)
{
    const struct mapping *mapping = work->mapping;
    bool events = work->candidate.target == TARGET_EVENT;
    bool kinds = work->fields->choices[MAPPED_KIND];
    switch ((enum tombstones)mapping->settings->tombstones) {
    case TOMBSTONES_IGNORE:
        return true;
    case TOMBSTONES_REFUSE:
        return false;
    case TOMBSTONES_FORGET:
        work->forgets = work->candidate.deletes = true;
        return false;
    default:
        work->candidate.deletes = !events;
        return events && kinds && record_kinds_fallback(mapping->kinds) == KIND_IGNORE;
    }
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
    work->index = 0;
    work->unnamed = 0;
    work->empty = 0;
    work->forgets = false;
    work->fields = &work->mapping->sets[0];
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

/* ---- The kind ---- */

static const struct rule *read_kind(struct work *work, enum mapped *ret_field, bool *ret_ignored)
{
    struct candidate *candidate = &work->candidate;
    const struct mapping *mapping = work->mapping;
    if (!work->fields->choices[MAPPED_KIND]) { return NULL; }
    struct slice kind = {0};
    enum value_state state = work_read_kind(work, &kind);
    candidate->states[MAPPED_KIND] = state;
    if (state == VALUE_FOUND) {
        size_t own;
        enum kind_verdict verdict = record_kinds_find(mapping->kinds, kind, &own);
        candidate->kind_refused = verdict == KIND_REFUSE;
        candidate->deletes = verdict == KIND_DELETE || verdict == KIND_FORGET;
        work->forgets = verdict == KIND_FORGET;
        *ret_ignored = verdict == KIND_IGNORE;
        work->fields = &mapping->sets[own];
    }
    const struct rule *broken = rules_check(STAGE_KIND, candidate, ret_field);
    if (broken) { work_describe(work, *ret_field); }
    return broken;
}

/* ---- The object ---- */

/* Nothing was received later than now. */
static int64_t received(const struct work *work)
{
    const struct rule_limits *limits = &work->mapping->limits;
    int64_t stamp_ms = MAX_OF(work->rec->time_ms, INT64_C(0));
    bool believed = !limits->now_ms || stamp_ms <= limits->now_ms + limits->time_ahead_max_ms;
    return believed ? stamp_ms : limits->now_ms;
}

/* Says whether each element has an id of its own: its path leads through the same array, or one
 * beside it. */
static bool has_own_id(const struct work *work)
{
    const struct spread *spread = &work->fields->spread;
    struct field_path *path = (struct field_path *)work->id_path;
    for (size_t i = 0; path && i < field_path_parts(path); i++) {
        int array = field_path_in_array(field_path_part(path, i));
        if (array == PATH_NO_ARRAY) { continue; }
        if (array == work->innermost) { return true; }
        if (spread->arrays[array].parent == spread->arrays[work->innermost].parent) { return true; }
    }
    return false;
}

/* Elements keep their order: their number is added to the record's own sequence or offset. */
static void order(struct work *work, bool made)
{
    struct user_event *ev = &work->candidate.event;
    bool given = work->candidate.states[MAPPED_SEQUENCE] == VALUE_FOUND;
    if (!given) { ev->sequence = made ? work->rec->offset : 0; }
    if (given && (work->innermost == PATH_NO_ARRAY || work->sequence_of_element)) { return; }
    if (ev->sequence > INT64_MAX - (int64_t)work->ordinal) { return; }
    ev->sequence += (int64_t)work->ordinal;
}

/* Fills in what the record does not have. */
static void complete(struct work *work)
{
    struct mapping *mapping = work->mapping;
    struct user_event *ev = &work->candidate.event;
    if (work->candidate.target != TARGET_EVENT || work->candidate.deletes) { return; }
    ev->received_ms = received(work);
    bool made = work->candidate.states[MAPPED_ID] == VALUE_ABSENT;
    bool beside = work->id_path && field_path_beside(work->id_path);
    if (made) {
        ev->event_id = event_id_of_origin(work->rec, work->arena);
        mapping->ids_made++;
    }
    order(work, made);
    if (work->documents.many && (made || beside)) {
        ev->event_id = event_id_numbered(ev->event_id, work->document_index, work->arena);
    }
    if (work->innermost != PATH_NO_ARRAY && !has_own_id(work)) {
        ev->event_id = event_id_numbered(ev->event_id, work->index, work->arena);
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
    if (nobody_is(user)) { work->outcome.nobody = user; }
    if (!pseudonyms) { return user; }
    size_t key = pseudonyms_at(pseudonyms, work->rec->time_ms);
    return pseudonyms_of(pseudonyms, key, user, work->arena);
}

/* A request to forget the user, whose id is the same whenever the record is read. */
static void add_request(struct work *work, struct slice user)
{
    char digest[2 * DIGEST_BYTES + 1];
    event_id_digest(event_id_of_origin(work->rec, work->arena), digest);
    const struct forget_request request = {
        .request_id = arena_copy(work->arena, slice_of(digest, REQUEST_DIGITS)),
        .user_id = user,
        .until_ms = received(work),
        .requested_ms = received(work),
    };
    add(work, user, kept(work, &request, sizeof(request)));
    work->outcome.at[work->outcome.count - 1].request = true;
    work->outcome.at[work->outcome.count - 1].everywhere = true;
}

static void delete_one(struct work *work, struct slice user)
{
    if (work->forgets) { add_request(work, user); }
    if (work->candidate.target != TARGET_PROFILE) { return; }
    add(work, user, NULL);
    work->outcome.at[work->outcome.count - 1].everywhere = work->forgets;
}

/* What is stored of a user may be under any of the pseudonyms: it is deleted under each. */
static void delete_user(struct work *work, struct slice user)
{
    struct pseudonyms *pseudonyms = work->mapping->pseudonyms;
    if (!pseudonyms) { delete_one(work, user); }
    for (size_t i = 0; pseudonyms && i < pseudonyms_count(pseudonyms); i++) {
        delete_one(work, pseudonyms_of(pseudonyms, i, user, work->arena));
    }
}

static void keep_profile(struct work *work)
{
    struct user_profile *profile = &work->candidate.profile;
    if (work->candidate.deletes) {
        delete_user(work, profile->user_id);
        return;
    }
    profile->user_id = called(work, profile->user_id);
    add(work, profile->user_id, kept(work, profile, sizeof(*profile)));
}

static void keep_event(struct work *work)
{
    struct user_event *ev = &work->candidate.event;
    if (work->candidate.deletes) {
        delete_user(work, ev->user_id);
        return;
    }
    bool own = work->candidate.states[MAPPED_ID] == VALUE_FOUND;
    const char *source = work->mapping->source;
    if (own && source) {
        ev->event_id = event_id_of_source(slice_str(source), ev->event_id, work->arena);
    }
    if (ev->taken_back_id.size && source) {
        ev->taken_back_id = event_id_of_source(slice_str(source), ev->taken_back_id, work->arena);
    }
    ev->user_id = called(work, ev->user_id);
    if (ev->action == ACTION_IDENTIFY) {
        ev->known_id = ev->user_id;
        ev->user_id = called(work, work->candidate.anonymous);
    }
    add(work, ev->user_id, kept(work, ev, sizeof(*ev)));
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
        keep_event(work);
    }
}

/* ---- Elements ---- */

/* Makes room for the objects of one more element. */
static void reserve(struct work *work)
{
    const struct pseudonyms *pseudonyms = work->mapping->pseudonyms;
    size_t needed = work->outcome.count + 2 * (pseudonyms ? pseudonyms_count(pseudonyms) : 1);
    if (needed <= work->outcome_capacity) { return; }
    struct becoming *former = work->outcome.at;
    work->outcome_capacity = former ? MAX_OF(needed, 4 * work->outcome_capacity) : needed;
    work->outcome.at =
        arena_alloc_array(work->arena, work->outcome_capacity, sizeof(*work->outcome.at));
    if (former) { memcpy(work->outcome.at, former, work->outcome.count * sizeof(*former)); }
}

/* Says whether the main field is not there, or has an empty text. */
static bool lacks_id(const struct work *work)
{
    const struct candidate *candidate = &work->candidate;
    const struct slice ids[TARGETS_COUNT] = {
        [TARGET_EVENT] = candidate->event.item_id,
        [TARGET_ITEM] = candidate->item.item_id,
        [TARGET_PROFILE] = candidate->profile.user_id,
    };
    enum value_state state = candidate->states[work->fields->main];
    bool searched = candidate->target == TARGET_EVENT && candidate->event.action == ACTION_SEARCH;
    if (searched) { return false; } /* which has no item */
    return state == VALUE_ABSENT || (state == VALUE_FOUND && !ids[candidate->target].size);
}

/* Says whether the element has no id and is left out for that. */
static bool skips(struct work *work)
{
    if (work->innermost == PATH_NO_ARRAY || work->candidate.deletes) { return false; }
    if (!lacks_id(work)) { return false; }
    if (work->mapping->settings->elements_without_id != WITHOUT_ID_SKIP) { return false; }
    work->skipped++;
    bool empty = work->candidate.states[work->fields->main] == VALUE_FOUND;
    work->empty += empty;
    work->unnamed += empty || !work_finds_null(work);
    return true;
}

static const struct rule *check_element(struct work *work, enum mapped *ret_field)
{
    const struct rule *broken = rules_check(STAGE_FIELDS, &work->candidate, ret_field);
    if (broken) { return broken; }
    complete(work);
    broken = rules_check(STAGE_OBJECT, &work->candidate, ret_field);
    if (!broken) { keep(work); }
    return broken;
}

/* Maps the current element, or the document where nothing spreads it. */
static const struct rule *map_element(struct work *work, enum mapped *ret_field)
{
    if (work->ordinal >= (size_t)work->mapping->settings->elements_max) {
        work->candidate.elements_count = work->ordinal + 1;
        return rules_check(STAGE_ELEMENTS, &work->candidate, ret_field);
    }
    reserve(work);
    const struct rule *broken = NULL;
    if (work_read_fields(work) && !skips(work)) { broken = check_element(work, ret_field); }
    if (broken) { work_describe(work, *ret_field); }
    work->index++;
    work->ordinal++;
    return broken;
}

static const struct rule *map_within(struct work *work, int parent, json_t *around,
                                     enum mapped *ret_field);

/* Puts the elements of the arrays beside this one in their places. */
static void take_parallel(struct work *work, size_t array, json_t *around, size_t index)
{
    const struct spread *spread = &work->fields->spread;
    for (size_t i = 0; i < spread->arrays_count; i++) {
        const struct spread_array *beside = &spread->arrays[i];
        if (i == array || beside->of_main || beside->parent != spread->arrays[array].parent) {
            continue;
        }
        json_decref(work->elements[i]);
        json_t *found = field_path_array(beside->path, beside->star, around);
        json_t *list = spread_elements(spread, i, found);
        work->elements[i] = json_incref(json_array_get(list, index));
        json_decref(list);
    }
}

static void leave_arrays(struct work *work, int parent)
{
    const struct spread *spread = &work->fields->spread;
    for (size_t i = 0; i < spread->arrays_count; i++) {
        if (spread->arrays[i].parent != parent) { continue; }
        json_decref(work->elements[i]);
        work->elements[i] = NULL;
    }
}

static const struct rule *map_array(struct work *work, size_t array, json_t *list, json_t *around,
                                    enum mapped *ret_field)
{
    const struct candidate blank = work->candidate;
    const struct rule *broken = NULL;
    int outer = work->innermost;
    for (size_t i = 0; i < json_array_size(list) && !broken; i++) {
        json_t *element = json_array_get(list, i);
        json_t *inside = json_is_string(element) ? json_text_within(element) : NULL;
        work->candidate = blank;
        json_decref(work->elements[array]);
        /* Held: a path that enters a text replaces it in the document. */
        work->elements[array] = inside ? inside : json_incref(element);
        take_parallel(work, array, around, i);
        work->innermost = (int)array;
        broken = map_within(work, (int)array, work->elements[array], ret_field);
    }
    work->innermost = outer;
    leave_arrays(work, work->fields->spread.arrays[array].parent);
    return broken;
}

/* Maps what is within the document, or within an element of the parent: the elements of the first
 * array that is there, or it alone. Arrays of the main field come first. */
static const struct rule *map_within(struct work *work, int parent, json_t *around,
                                     enum mapped *ret_field)
{
    const struct spread *spread = &work->fields->spread;
    for (size_t i = 0; i < spread->arrays_count; i++) {
        const struct spread_array *array = &spread->arrays[i];
        if (array->parent != parent || work->elements[i]) { continue; }
        json_t *found = field_path_array(array->path, array->star, around);
        json_t *list = spread_elements(spread, i, found);
        if (!list) { continue; }
        const struct rule *broken = map_array(work, i, list, around, ret_field);
        json_decref(list);
        return broken;
    }
    return map_element(work, ret_field);
}

/* A record of which no element names an item at all is refused: the path may be wrong. */
static const struct rule *map_elements(struct work *work, enum mapped *ret_field)
{
    const struct candidate blank = work->candidate;
    const struct rule *broken = map_within(work, PATH_NO_ARRAY, work->document, ret_field);
    if (broken || !work->unnamed || work->unnamed < work->index) { return broken; }
    work->candidate = blank;
    work->candidate.states[work->fields->main] = VALUE_ABSENT;
    *ret_field = work->fields->main;
    if (work->empty) { return rules_find("empty_id"); }
    return rules_find(work->fields->main == MAPPED_ITEM ? "missing_item" : "missing_user");
}

static void refuse(const struct work *work, const struct rule *rule, enum mapped field,
                   struct refusal *ret_refusal)
{
    const struct mapping *mapping = work->mapping;
    const char *subject = mapping->where;
    if (field != MAPPED_COUNT) {
        const struct field_choice *choice = work->fields->choices[field];
        subject = choice ? choice->text : mapping_path_key(field);
    }
    ret_refusal->reason = rule->name;
    char *detail = ret_refusal->detail;
    size_t size = sizeof(ret_refusal->detail);
    (void)snprintf(detail, size, "%.150s%s%s", subject, *subject ? ": " : "",
                   rule_hint(rule, field));
    size_t used = strlen(detail);
    bool fits = strlen(mapping->found) < size - used; /* else it would be cut in a character */
    if (fits) { (void)snprintf(detail + used, size - used, "%s", mapping->found); }
}

void mapping_set_source(struct mapping *mapping, const char *source)
{
    mapping->source = source;
}

void mapping_set_now(struct mapping *mapping, int64_t now_ms)
{
    mapping->limits.now_ms = now_ms;
}

uint64_t mapping_ids_made(const struct mapping *mapping)
{
    return mapping->ids_made;
}
