/* Builds a mapping from its settings, one part after the other: formats, kinds, actions, the paths
 * of the source and of its kinds, the payload. What would refuse every record is refused here,
 * with the option that is wrong and what it should be.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "ingest/mapping/mapping_internal.h"
#include "ingest/mapping/time_hint.h"

enum { TIME_HINT_BYTES_MAX = 200 };

/* Looks a constant action up once: if it is unknown, every record would be refused. */
static int check_action(const struct mapping *mapping, const struct field_set *set, char *why,
                        size_t why_size)
{
    const struct field_choice *choice = set->choices[MAPPED_ACTION];
    const char *name = choice ? json_string_value(field_choice_constant(choice)) : NULL;
    if (!name || action_names_find(mapping->actions, slice_str(name))) { return 0; }
    (void)snprintf(why, why_size, "map.action==%.100s: unknown; set action.%.100s=KIND:WEIGHT",
                   name, name);
    return -EINVAL;
}

static int parse_layouts(const char *key, const char *text, struct time_layouts *ret_layouts,
                         char *why, size_t why_size)
{
    const char *hint;
    int rc = time_layouts_parse(slice_str(text), ret_layouts, &hint);
    if (!rc) { return 0; }
    struct buf meant;
    buf_init(&meant, TIME_HINT_BYTES_MAX);
    time_hint(text, &meant);
    (void)snprintf(why, why_size, "%s=%.100s: %s%.*s", key, text, hint,
                   SLICE_ARGS(buf_slice(&meant)));
    buf_release(&meant);
    return rc;
}

static bool has_avro(const struct time_layouts *layouts)
{
    for (size_t i = 0; i < layouts->count; i++) {
        if (layouts->at[i].format == TIME_FORMAT_AVRO) { return true; }
    }
    return false;
}

static int read_formats(struct mapping *mapping, char *why, size_t why_size)
{
    const struct mapping_settings *settings = mapping->settings;
    struct field_formats *formats = &mapping->formats;
    const char *created = settings->created_format;
    bool table = settings->source_format == PAYLOAD_CSV || settings->source_format == PAYLOAD_TSV;
    if (strlen(settings->source_separator) != 1) {
        (void)snprintf(why, why_size, "source.separator=%.20s: wanted one character; for tabs set "
                       "source.format=tsv", settings->source_separator);
        return -EINVAL;
    }
    if (strcmp(created, TIME_FORMAT_SAME) == 0) { created = settings->time_format; }
    formats->settings = settings;
    formats->numbers_as_text = settings->numbers_as_text || table;
    formats->available = (struct flag_texts){.yes = settings->available_values,
                                             .no = settings->unavailable_values};
    if (!settings->unavailable_values[0]) {
        bool usual = strcmp(settings->available_values, AVAILABLE_TEXTS) == 0;
        formats->available.no = usual ? UNAVAILABLE_TEXTS : NULL;
    }
    int rc = parse_layouts("time.format", settings->time_format, &formats->time, why, why_size);
    if (!rc) { rc = parse_layouts("created.format", created, &formats->created, why, why_size); }
    if (rc) { return rc; }
    mapping->by_logical_type = has_avro(&formats->time) || has_avro(&formats->created);
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

/* Says whether actions of a kind are named, and nothing leads to the field that they need. */
static bool lacks(const struct mapping *mapping, enum action_kind kind, enum mapped field)
{
    bool mapped = false;
    for (size_t i = 0; i < mapping->sets_count; i++) {
        mapped |= mapping->sets[i].choices[field] != NULL;
    }
    return !mapped && mapping->settings->target == TARGET_EVENT &&
           action_names_mean(mapping->actions, kind);
}

/* Without the other id, or the text, each of these records would be ignored or refused. */
static int check_kinds(const struct mapping *mapping, char *why, size_t why_size)
{
    if (lacks(mapping, ACTION_IDENTIFY, MAPPED_ANONYMOUS)) {
        (void)snprintf(why, why_size, "action.NAME=IDENTIFY: set map.anonymous to where the id is "
                       "under which the user has acted so far");
        return -EINVAL;
    }
    if (lacks(mapping, ACTION_SEARCH, MAPPED_QUERY)) {
        (void)snprintf(why, why_size, "action.NAME=SEARCH: set map.query to where the text is that "
                       "the user searched for");
        return -EINVAL;
    }
    return 0;
}

/* Fills in the paths of the source, and of each kind that has its own. */
static int make_sets(struct mapping *mapping, char *why, size_t why_size)
{
    const struct mapping_settings *settings = mapping->settings;
    size_t count = 1 + record_kinds_own(mapping->kinds);
    mapping->headers = named_headers_new();
    mapping->sets = xcalloc(count, sizeof(*mapping->sets));
    int rc = 0;
    for (; mapping->sets_count < count && !rc; mapping->sets_count++) {
        struct field_set *set = &mapping->sets[mapping->sets_count];
        memcpy(set->paths, settings->paths, sizeof(set->paths));
        if (mapping->sets_count) {
            record_kinds_paths(mapping->kinds, mapping->sets_count, set->paths);
        }
        rc = field_set_init(set, &mapping->formats, mapping->headers, why, why_size);
        mapping->whole_arrays |= set->whole_arrays;
        if (!rc) { rc = check_action(mapping, set, why, why_size); }
    }
    return rc;
}

static int check_tombstones(const struct mapping_settings *settings, char *why, size_t why_size)
{
    bool events = settings->target == TARGET_EVENT, items = settings->target == TARGET_ITEM;
    if (settings->tombstones == TOMBSTONES_DELETE && events) {
        (void)snprintf(why, why_size, "tombstones=delete: an event cannot be deleted; ignore, or "
                       "forget, which erases the user");
        return -EINVAL;
    }
    if (settings->tombstones != TOMBSTONES_FORGET || !items) { return 0; }
    (void)snprintf(why, why_size, "tombstones=forget: an item is not a user; delete");
    return -EINVAL;
}

/* A zone that is not known would leave the hour of every event unknown. */
static int check_zone(const struct mapping *mapping, char *why, size_t why_size)
{
    const char *zone = mapping->settings->time_zone;
    int32_t offset;
    if (!*zone || time_zones_offset(mapping->zones, slice_str(zone), 0, &offset)) { return 0; }
    (void)snprintf(why, why_size, "time.zone=%.64s: unknown; want an offset (+02:00), or a name of "
                   "the tz database (Europe/Berlin), which the package tzdata has", zone);
    return -EINVAL;
}

static int configure(struct mapping *mapping, char *why, size_t why_size)
{
    const struct mapping_settings *settings = mapping->settings;
    int rc = read_formats(mapping, why, why_size);
    if (!rc) { rc = check_tombstones(settings, why, why_size); }
    if (!rc) { rc = check_zone(mapping, why, why_size); }
    if (!rc) {
        rc = record_kinds_new(&settings->kinds, settings->kind_fallback,
                              (enum target)settings->target, &mapping->kinds, why, why_size);
    }
    if (!rc) {
        rc = action_names_new(&settings->actions, settings->action_fallback, settings->weight_max,
                              &mapping->actions, why, why_size);
    }
    if (!rc) { rc = make_sets(mapping, why, why_size); }
    if (!rc) { rc = check_kinds(mapping, why, why_size); }
    return rc ? rc : make_payload(mapping, why, why_size);
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
    mapping->zones = time_zones_new(NULL);
    mapping->hides_values = mapping_drops_bytes(settings);
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
    for (size_t i = 0; i < mapping->sets_count; i++) { field_set_clear(&mapping->sets[i]); }
    free(mapping->sets);
    named_headers_free(mapping->headers);
    action_names_free(mapping->actions);
    record_kinds_free(mapping->kinds);
    payload_free(mapping->payload);
    time_zones_free(mapping->zones);
    free(mapping);
    return NULL;
}
