/* The values of a record: where its paths lead, and what the fields make of them.
 *
 * Values are borrowed from the document, which a path that enters a text changes (field_path.h). So
 * nothing is kept from one path to the next: a message about a field follows its paths again.
 */
#include "base/base.h"
#include "base/utf8.h"
#include "ingest/mapping/json_value.h"
#include "ingest/mapping/mapping_internal.h"
#include "ingest/mapping/nobody.h"
#include "ingest/mapping/record_key.h"
#include "ingest/mapping/refusal_text.h"

/* A value, and the path that has found it. */
struct found {
    json_t *value;
    const struct field_path *path;
};

/* ---- Where values come from ---- */

static json_t *key_of(struct work *work)
{
    const struct mapping *mapping = work->mapping;
    if (work->key_read) { return work->key; }
    work->key_read = true;
    work->key = record_key_read((enum key_format)mapping->settings->key_format, mapping->payload,
                                work->rec, work->rendered, &mapping->json, &work->key_error);
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
        return key_of(work);
    case PATH_KEY:
        return field_path_find(path, key_of(work));
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

static json_t *follow_one(struct work *work, const struct field_path *path)
{
    if (field_path_beside(path)) { return follow_beside(work, path); }
    if (!field_path_stars(path)) { return field_path_find(path, work->document); }
    int array = field_path_in_array(path);
    json_t *element = array == PATH_NO_ARRAY ? NULL : work->elements[array];
    return element ? field_path_in_element(path, element) : NULL;
}

/* The texts of all parts, one behind the other; NULL when one is absent or empty. A part that is no
 * text makes the whole none: it is returned. */
static json_t *follow_joined(struct work *work, struct field_path *path)
{
    struct slice texts[PATH_PARTS_MAX];
    size_t size = 0, count = field_path_parts(path);
    for (size_t i = 0; i < count; i++) {
        const struct field_path *part = field_path_part(path, i);
        json_t *value = follow_one(work, part);
        if (json_value_is_listed(value, work->mapping->settings->absent_values, false)) {
            return NULL;
        }
        bool literal = field_path_root(part) == PATH_CONSTANT;
        bool trims = work->mapping->settings->trims && !literal;
        enum value_state state = json_value_text(value, NULL, trims, work->arena, &texts[i]);
        if (state != VALUE_FOUND) { return state == VALUE_ABSENT ? NULL : value; }
        if (!texts[i].size && !literal) { return NULL; }
        size += texts[i].size;
    }
    char *text = arena_alloc(work->arena, size + 1);
    char *at = text;
    for (size_t i = 0; i < count; i++) {
        if (texts[i].size) { memcpy(at, texts[i].data, texts[i].size); }
        at += texts[i].size;
    }
    if (!work->joined) { work->joined = json_array(); }
    json_t *joined = json_stringn_nocheck(text, size);
    (void)json_array_append_new(work->joined, joined);
    return joined;
}

static json_t *follow(struct work *work, struct field_path *path)
{
    return field_path_root(path) == PATH_JOINED ? follow_joined(work, path)
                                                : follow_one(work, path);
}

/* Finds the first value of a choice, from its path `*at` on; `*at` becomes the next path. */
static struct found find_from(struct work *work, enum mapped field, size_t *at)
{
    const struct field_choice *choice = work->fields->choices[field];
    const char *absent = work->mapping->settings->absent_values;
    bool texts_only = field == MAPPED_AVAILABLE;
    struct found blank = {0};
    while (choice && *at < choice->count) {
        struct field_path *path = choice->paths[(*at)++];
        json_t *value = follow(work, path);
        if (!value || json_value_is_listed(value, absent, texts_only)) { continue; }
        if (!json_is_string(value) || *at == choice->count || !json_value_is_blank(value)) {
            return (struct found){value, path};
        }
        if (!blank.value) { blank = (struct found){value, path}; }
    }
    return blank;
}

static struct found find(struct work *work, enum mapped field)
{
    size_t at = 0;
    return find_from(work, field, &at);
}

bool work_finds_null(struct work *work)
{
    const struct field_choice *choice = work->fields->choices[work->fields->main];
    const char *absent = work->mapping->settings->absent_values;
    for (size_t i = 0; i < choice->count; i++) {
        const struct field_path *path = choice->paths[i];
        int array = field_path_in_array(path);
        json_t *around = field_path_stars(path) && array != PATH_NO_ARRAY ? work->elements[array]
                                                                         : work->document;
        if (field_path_parts(path) > 1 || field_path_beside(path) || !around) { continue; }
        if (field_path_finds_null(path, around)) { return true; }
        if (json_value_is_listed(follow_one(work, path), absent, false)) { return true; }
    }
    return false;
}

/* ---- The kind ---- */

enum value_state work_read_kind(struct work *work, struct slice *ret_kind)
{
    json_t *value = find(work, MAPPED_KIND).value;
    if (json_is_boolean(value)) {
        *ret_kind = slice_str(json_is_true(value) ? "true" : "false");
        return VALUE_FOUND;
    }
    return json_value_text(value, NULL, work->mapping->settings->trims, work->arena, ret_kind);
}

/* ---- Fields ---- */

enum value_state work_read_text(struct work *work, enum mapped field, struct slice *ret_text)
{
    struct found found = find(work, field);
    if (!found.value) { return VALUE_ABSENT; }
    return json_value_text(found.value, field_path_format(found.path),
                           work->mapping->settings->trims, work->arena, ret_text);
}

/* The first path whose value is a time, and one that the rules may accept. */
static enum value_state read_time(struct work *work, enum mapped field,
                                  const struct time_layouts *usual, int64_t *ret_ms)
{
    const struct mapping_settings *settings = work->mapping->settings;
    const int64_t earliest_ms =
        field == MAPPED_TIME ? settings->time_earliest_ms : TIMESTAMP_FIRST_MS;
    enum value_state first = VALUE_ABSENT;
    for (size_t at = 0;;) {
        struct found found = find_from(work, field, &at);
        if (!found.value) { return first; }
        const struct path_format *format = field_path_format(found.path);
        struct time_layouts own;
        const struct time_layouts *layouts = usual;
        static const struct time_layouts stamp = {.at = {{.format = TIME_FORMAT_MS}}, .count = 1};
        if (format) {
            own = time_layouts_of(format->time);
            layouts = &own;
        } else if (found.value == work->timestamp) {
            layouts = &stamp;
        }
        int64_t ms;
        enum value_state state =
            json_value_time(found.value, layouts, work->mapping->formats.numbers_as_text, &ms);
        if (state == VALUE_FOUND && (ms >= earliest_ms || first == VALUE_ABSENT)) { *ret_ms = ms; }
        if (state == VALUE_FOUND && ms >= earliest_ms) { return VALUE_FOUND; }
        if (first == VALUE_ABSENT) { first = state; }
    }
}

/* False: actions of that name are ignored. */
static bool read_action(struct work *work)
{
    struct candidate *candidate = &work->candidate;
    struct slice name = {0};
    enum value_state state = work_read_text(work, MAPPED_ACTION, &name);
    candidate->states[MAPPED_ACTION] = state;
    if (state == VALUE_WRONG_TYPE || state == VALUE_FLAWED) { return true; }
    const struct action_meaning *meaning = action_names_find(work->mapping->actions, name);
    candidate->action_known = meaning;
    if (!meaning) { return true; }
    candidate->event.action = meaning->kind;
    candidate->event.weight = meaning->weight;
    candidate->event.takes_back = meaning->takes_back;
    return !meaning->ignored;
}

/* False: an event of such a weight is ignored. */
static bool read_weight(struct work *work)
{
    const struct mapping_settings *settings = work->mapping->settings;
    double *weight = &work->candidate.event.weight;
    struct found found = find(work, MAPPED_WEIGHT);
    if (!found.value) { return true; }
    work->candidate.states[MAPPED_WEIGHT] = json_value_number(
        found.value, field_path_format(found.path), work->mapping->formats.numbers_as_text, weight);
    if (*weight < 0 && settings->weight_negative == NEGATIVE_IGNORE) { return false; }
    if (*weight < 0 && settings->weight_negative == NEGATIVE_CLAMP) { *weight = 0; }
    if (*weight > settings->weight_max && settings->weight_above == ABOVE_CLAMP) {
        *weight = settings->weight_max;
    }
    return true;
}

enum value_state work_read_number(struct work *work, enum mapped field, double *ret_number)
{
    struct found found = find(work, field);
    if (!found.value) { return VALUE_ABSENT; }
    return json_value_number(found.value, field_path_format(found.path),
                             work->mapping->formats.numbers_as_text, ret_number);
}

/* What the action came of. */
static void read_origin(struct work *work, struct user_event *ev)
{
    enum value_state *states = work->candidate.states;
    bool quoted = work->mapping->formats.numbers_as_text;
    int64_t place = 0;
    states[MAPPED_LIST] = work_read_text(work, MAPPED_LIST, &ev->list_id);
    states[MAPPED_RULE] = work_read_text(work, MAPPED_RULE, &ev->rule);
    states[MAPPED_TAKEN_BACK] = work_read_text(work, MAPPED_TAKEN_BACK, &ev->taken_back_id);
    states[MAPPED_VALUE] = work_read_number(work, MAPPED_VALUE, &ev->value);
    states[MAPPED_PLACE] = json_value_integer(find(work, MAPPED_PLACE).value, quoted, &place);
    ev->place = place > 0 && place <= INT32_MAX ? (int32_t)place : 0;
    if (!isfinite(ev->value)) { ev->value = 0.0; }
    if (!ev->takes_back) { ev->taken_back_id = slice_str(""); }
}

/* An IDENTIFY event has two users and no item. False: it says nothing of two users. A word that
 * stands for nobody (`0`, `guest`) is none of them: all guests would become one user for good. */
static bool read_identity(struct work *work)
{
    struct candidate *candidate = &work->candidate;
    enum value_state *states = candidate->states;
    struct slice user = candidate->event.user_id;
    states[MAPPED_ITEM] = VALUE_ABSENT;
    candidate->event.item_id = slice_str("");
    states[MAPPED_ANONYMOUS] = work_read_text(work, MAPPED_ANONYMOUS, &candidate->anonymous);
    bool both = states[MAPPED_USER] != VALUE_ABSENT && states[MAPPED_ANONYMOUS] != VALUE_ABSENT;
    bool found = states[MAPPED_USER] == VALUE_FOUND && states[MAPPED_ANONYMOUS] == VALUE_FOUND;
    if (!both || !found) { return both; }
    return user.size && candidate->anonymous.size && !nobody_is(user) &&
           !nobody_is(candidate->anonymous) && !slice_equal(user, candidate->anonymous);
}

/* A SEARCH has a text and no item; of a longer one the beginning counts. */
static void read_search(struct work *work)
{
    struct user_event *ev = &work->candidate.event;
    enum value_state *states = work->candidate.states;
    struct slice text = slice_str("");
    states[MAPPED_ITEM] = VALUE_ABSENT;
    ev->item_id = slice_str("");
    states[MAPPED_QUERY] = work_read_text(work, MAPPED_QUERY, &text);
    ev->query = utf8_beginning(text, QUERY_BYTES_MAX);
}

static bool read_event(struct work *work)
{
    const struct mapping *mapping = work->mapping;
    struct user_event *ev = &work->candidate.event;
    enum value_state *states = work->candidate.states;
    if (work->candidate.deletes) {
        states[MAPPED_USER] = work_read_text(work, MAPPED_USER, &ev->user_id);
        return true;
    }
    if (!read_action(work)) { return false; }
    states[MAPPED_USER] = work_read_text(work, MAPPED_USER, &ev->user_id);
    states[MAPPED_ITEM] = work_read_text(work, MAPPED_ITEM, &ev->item_id);
    if (ev->action == ACTION_IDENTIFY && !read_identity(work)) { return false; }
    if (ev->action == ACTION_SEARCH) { read_search(work); }
    struct found id = find(work, MAPPED_ID);
    work->id_path = id.path;
    states[MAPPED_ID] = VALUE_ABSENT;
    if (id.value) {
        states[MAPPED_ID] = json_value_text(id.value, field_path_format(id.path),
                                            mapping->settings->trims, work->arena, &ev->event_id);
    }
    struct found sequence = find(work, MAPPED_SEQUENCE);
    work->sequence_of_element = sequence.path && field_path_stars(sequence.path);
    states[MAPPED_SEQUENCE] = json_value_integer(
        sequence.value, mapping->formats.numbers_as_text, &ev->sequence);
    states[MAPPED_TIME] =
        read_time(work, MAPPED_TIME, &mapping->formats.time, &ev->event_time_ms);
    read_origin(work, ev);
    work_read_context(work, ev);
    return read_weight(work);
}

static size_t level_of(void *arg, int array)
{
    const struct work *work = arg;
    return work->fields->spread.arrays[array].star + 1;
}

static struct slices read_tags(struct work *work, size_t max)
{
    if (!work->fields->tags) { return (struct slices){0}; }
    const struct tagged tagged = {.document = work->document,
                                  .elements = work->elements,
                                  .level = level_of,
                                  .beside = follow_beside,
                                  .arg = work};
    return tag_sources_collect(work->fields->tags, &tagged, max, work->arena);
}

/* Adds the levels that a text names, without the blanks around them. */
static void add_levels(struct work *work, struct slice text, struct slices *levels)
{
    const char *separator = work->mapping->settings->category_separator;
    size_t size = strlen(separator), begin = 0;
    for (size_t end = 0; end <= text.size && levels->count <= ITEM_CATEGORY_MAX; end++) {
        bool cut = size && text.size - end >= size && !memcmp(text.data + end, separator, size);
        if (end < text.size && !cut) { continue; }
        struct slice level = slice_of(text.data + begin, end - begin);
        while (level.size && level.data[0] == ' ') { level.data++, level.size--; }
        while (level.size && level.data[level.size - 1] == ' ') { level.size--; }
        if (level.size) { levels->at[levels->count++] = level; }
        if (cut) { end += size - 1; }
        begin = end + 1;
    }
}

/* One level more than may be shows that there are too many. */
static enum value_state read_category(struct work *work, struct slices *ret_levels)
{
    struct found found = find(work, MAPPED_CATEGORY);
    if (!found.value) { return VALUE_ABSENT; }
    bool listed = json_is_array(found.value);
    size_t count = listed ? json_array_size(found.value) : 1;
    struct slices levels = {
        .at = arena_alloc_array(work->arena, ITEM_CATEGORY_MAX + 2, sizeof(struct slice))};
    for (size_t i = 0; i < count && levels.count <= ITEM_CATEGORY_MAX; i++) {
        json_t *value = listed ? json_array_get(found.value, i) : found.value;
        struct slice text;
        enum value_state state = json_value_text(value, NULL, work->mapping->settings->trims,
                                                 work->arena, &text);
        if (json_is_null(value)) { continue; }
        if (state != VALUE_FOUND) { return state; }
        if (listed && text.size) { levels.at[levels.count++] = text; }
        if (!listed) { add_levels(work, text, &levels); }
    }
    *ret_levels = levels;
    return VALUE_FOUND;
}

/* The attributes that rules of placements are about. */
static void read_attributes(struct work *work, struct item *item)
{
    enum value_state *states = work->candidate.states;
    double stock = ITEM_NOT_KNOWN;
    states[MAPPED_PRICE] = work_read_number(work, MAPPED_PRICE, &item->price);
    states[MAPPED_STOCK] = work_read_number(work, MAPPED_STOCK, &stock);
    item->stock = stock >= 0.0 && stock <= ITEM_NUMBER_MAX ? (int64_t)stock : ITEM_NOT_KNOWN;
    states[MAPPED_BRAND] = work_read_text(work, MAPPED_BRAND, &item->brand);
    states[MAPPED_CATEGORY] = read_category(work, &item->category);
    states[MAPPED_GROUP] = work_read_text(work, MAPPED_GROUP, &item->group_id);
    states[MAPPED_ITEM_KIND] = work_read_text(work, MAPPED_ITEM_KIND, &item->kind);
    states[MAPPED_IMAGE] = work_read_text(work, MAPPED_IMAGE, &item->image);
}

static void read_item(struct work *work)
{
    const struct field_formats *formats = &work->mapping->formats;
    struct item *item = &work->candidate.item;
    enum value_state *states = work->candidate.states;
    const struct slice none = slice_str("");
    *item = (struct item){.title = none, .text = none, .available = true,
                          .price = ITEM_NOT_KNOWN, .stock = ITEM_NOT_KNOWN,
                          .brand = none, .group_id = none, .kind = none, .image = none};
    states[MAPPED_ITEM] = work_read_text(work, MAPPED_ITEM, &item->item_id);
    if (work->candidate.deletes) { return; }
    states[MAPPED_TITLE] = work_read_text(work, MAPPED_TITLE, &item->title);
    states[MAPPED_TEXT] = work_read_text(work, MAPPED_TEXT, &item->text);
    states[MAPPED_VECTOR] = json_value_floats(find(work, MAPPED_VECTOR).value, ITEM_VECTOR_MAX,
                                              work->arena, &item->vector);
    states[MAPPED_VECTORS] = json_value_named_floats(
        find(work, MAPPED_VECTORS).value, ITEM_VECTORS_MAX, ITEM_VECTOR_MAX, work->arena,
        &item->vector_names, &item->vector_widths, &item->vector_numbers);
    struct found flag = find(work, MAPPED_AVAILABLE);
    states[MAPPED_AVAILABLE] =
        json_value_flag(flag.value, flag.path ? field_path_format(flag.path) : NULL,
                        &formats->available, &item->available);
    states[MAPPED_CREATED] = read_time(work, MAPPED_CREATED, &formats->created, &item->created_ms);
    states[MAPPED_AVAILABLE_FROM] = read_time(work, MAPPED_AVAILABLE_FROM, &formats->created,
                                              &item->available_from_ms);
    states[MAPPED_AVAILABLE_UNTIL] = read_time(work, MAPPED_AVAILABLE_UNTIL, &formats->created,
                                               &item->available_until_ms);
    item->tags = read_tags(work, ITEM_TAGS_MAX);
    read_attributes(work, item);
}

static void read_profile(struct work *work)
{
    struct user_profile *profile = &work->candidate.profile;
    enum value_state *states = work->candidate.states;
    *profile = (struct user_profile){.country = slice_str("")};
    states[MAPPED_USER] = work_read_text(work, MAPPED_USER, &profile->user_id);
    if (work->candidate.deletes) { return; }
    states[MAPPED_BIRTH_YEAR] =
        json_value_year(find(work, MAPPED_BIRTH_YEAR).value, &profile->birth_year);
    states[MAPPED_COUNTRY] = work_read_text(work, MAPPED_COUNTRY, &profile->country);
    profile->tags = read_tags(work, PROFILE_TAGS_MAX);
}

bool work_read_fields(struct work *work)
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

/* ---- What was found, for people ---- */

void work_describe(struct work *work, enum mapped field)
{
    struct mapping *mapping = work->mapping;
    const struct field_choice *choice =
        field == MAPPED_COUNT ? NULL : work->fields->choices[field];
    struct buf text;
    mapping->found[0] = '\0';
    if (!choice || !work->document) { return; }
    buf_init(&text, FOUND_TEXT_MAX - 1);
    json_t *value = find(work, field).value;
    refusal_text(choice, work->document, value, !mapping->hides_values, &text);
    const struct time_layouts *times = &mapping->formats.time;
    if (field == MAPPED_TIME && times->count == 1) {
        refusal_time_unit(value, times->at[0].format, &text);
    }
    (void)snprintf(mapping->found, sizeof(mapping->found), "%.*s", SLICE_ARGS(buf_slice(&text)));
    buf_release(&text);
}
