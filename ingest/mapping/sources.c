/* Each source gets a copy of the common settings, over which its own keys are laid, in this order:
 * the names of `sources`, then each key source.NAME.KEY: an option of one value, or one of the
 * prefixes action. and kind., of which the source then has a list of its own. Last, each source's
 * mapping is made. The first fault ends it, with the key that is at fault and the nearest one.
 */
#include "base/base.h"
#include "base/clock.h"
#include "base/message.h"
#include "base/xalloc.h"
#include "base/edit_distance.h"
#include "syntax/action_syntax.h"
#include "ingest/mapping/sources.h"
#include "stream/config/option_hint.h"
#include "stream/config/option_names.h"
#include "stream/config/option_value.h"

enum { HINT_BYTES_MAX = 300 };

struct sources {
    struct source at[SOURCES_MAX];
    size_t count;
    struct properties merged[2 * SOURCES_MAX]; /* those that a source has changed */
    size_t merged_count;
    struct pseudonyms *pseudonyms; /* NULL: none */
};

struct setup {
    struct sources *sources;
    const struct mapping_settings *settings;
    char *why;
    size_t why_size;
};

static const char default_name[] = "clicks";

static _printf_(2, 3) int refuse(struct setup *setup, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    message_write(setup->why, setup->why_size, format, args);
    va_end(args);
    return -EINVAL;
}

/* ---- Names ---- */

static struct source *find_source(struct sources *sources, struct slice name)
{
    for (size_t i = 0; i < sources->count; i++) {
        if (slice_equal(slice_str(sources->at[i].name), name)) { return &sources->at[i]; }
    }
    return NULL;
}

static bool is_name(struct slice name)
{
    if (!name.size || name.size > SOURCE_NAME_BYTES_MAX) { return false; }
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '_') { return false; }
    }
    return true;
}

static bool is_taken(struct slice name)
{
    static const char *const taken[] = {"events", "items", "users", "dead-letters"};
    for (size_t i = 0; i < ARRAY_COUNT(taken); i++) {
        if (slice_equal(name, slice_str(taken[i]))) { return true; }
    }
    return false;
}

static int add_source(struct setup *setup, struct slice name)
{
    struct sources *sources = setup->sources;
    if (!is_name(name)) {
        return refuse(setup, "sources=...%.*s: a name has 1 to %d letters, digits, - and _; "
                      "between names is a comma, and topic.NAME says which topic it is",
                      (int)MIN_OF(name.size, (size_t)80), name.data, SOURCE_NAME_BYTES_MAX);
    }
    if (is_taken(name)) {
        return refuse(setup, "sources=...%.*s: Freshet has a topic %.*s of its own, which no "
                      "source is named like; name it otherwise, as in shop-%.*s, and set "
                      "topic.shop-%.*s",
                      SLICE_ARGS(name), SLICE_ARGS(name), SLICE_ARGS(name), SLICE_ARGS(name));
    }
    if (find_source(sources, name)) {
        return refuse(setup, "sources=...%.*s: twice", (int)name.size, name.data);
    }
    if (sources->count == SOURCES_MAX) {
        return refuse(setup, "sources: at most %d", SOURCES_MAX);
    }
    struct source *source = &sources->at[sources->count++];
    memcpy(source->name, name.data, name.size);
    source->settings = *setup->settings;
    return 0;
}

static int add_sources(struct setup *setup)
{
    const char *at = setup->settings->source_names;
    if (!*at) { return add_source(setup, slice_str(default_name)); }
    for (;;) {
        at += strspn(at, " ");
        size_t size = strcspn(at, ",");
        struct slice name = slice_of(at, size);
        while (name.size && name.data[name.size - 1] == ' ') { name.size--; }
        int rc = add_source(setup, name);
        if (rc) { return rc; }
        if (!at[size]) { return 0; }
        at += size + 1;
    }
}

/* ---- Overrides of a source ---- */

static const struct option *find_option(const char *name)
{
    for (size_t i = 0; i < MAPPING_OPTIONS_COUNT; i++) {
        const struct option *option = &mapping_options[i];
        bool of_source = option->offset < offsetof(struct mapping_settings, source_names);
        if (of_source && option->type != OPTION_PREFIX && strcmp(option->name, name) == 0) {
            return option;
        }
    }
    return NULL;
}

static int set_option(struct setup *setup, struct source *source, const struct option *option,
                      const struct property *property)
{
    struct option_value value;
    struct buf hint;
    buf_init(&hint, HINT_BYTES_MAX);
    bool is_good = option_value_parse(option, property->value, &value) == 0;
    if (is_good && option->type == OPTION_STRING) { option_hint(option, property->value, &hint); }
    if (is_good && hint.size == 0) {
        option_value_store(option, &value, &source->settings);
        return 0;
    }
    if (is_good) {
        int rc = refuse(setup, "source.%.120s=%.100s: %.*s", property->key, property->value,
                        SLICE_ARGS(buf_slice(&hint)));
        buf_release(&hint);
        return rc;
    }
    option_describe(option, &hint);
    option_hint(option, property->value, &hint);
    int rc = refuse(setup, "source.%.120s=%.100s: expected %.*s", property->key, property->value,
                    SLICE_ARGS(buf_slice(&hint)));
    buf_release(&hint);
    return rc;
}

/* Puts a key into a source's own copy of a prefix option. */
static void merge(struct sources *sources, struct properties *properties, struct property property)
{
    struct properties *own = NULL;
    for (size_t i = 0; i < sources->merged_count && !own; i++) {
        if (sources->merged[i].at == properties->at) { own = &sources->merged[i]; }
    }
    if (!own) {
        own = &sources->merged[sources->merged_count++];
        own->at = xcalloc(properties->count + 1, sizeof(*own->at));
        if (properties->count) {
            memcpy(own->at, properties->at, properties->count * sizeof(*own->at));
        }
        own->count = properties->count;
    }
    size_t place = 0;
    while (place < own->count && strcmp(own->at[place].key, property.key) != 0) { place++; }
    if (place == own->count) {
        own->at = xreallocarray(own->at, own->count + 1, sizeof(*own->at));
        own->count++;
    }
    own->at[place] = property;
    *properties = *own;
}

static bool set_prefix(struct sources *sources, struct source *source, const char *key,
                       const char *value)
{
    static const struct {
        const char *prefix;
        size_t offset;
    } known[] = {
        {"action.", offsetof(struct mapping_settings, actions)},
        {"kind.", offsetof(struct mapping_settings, kinds)},
    };
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        size_t size = strlen(known[i].prefix);
        if (strncmp(key, known[i].prefix, size) != 0 || !key[size]) { continue; }
        void *member = (char *)&source->settings + known[i].offset;
        merge(sources, member, (struct property){.key = key + size, .value = value});
        return true;
    }
    return false;
}

static const char *nearest_source(const struct sources *sources, struct slice name)
{
    char text[SOURCE_NAME_BYTES_MAX + 1];
    const char *nearest = NULL;
    size_t least = SIZE_MAX;
    if (name.size >= sizeof(text)) { return NULL; }
    (void)snprintf(text, sizeof(text), "%.*s", SLICE_ARGS(name));
    for (size_t i = 0; i < sources->count; i++) {
        size_t distance = edit_distance(sources->at[i].name, text);
        if (distance >= least || !edit_is_near(distance, strlen(text))) { continue; }
        least = distance;
        nearest = sources->at[i].name;
    }
    return nearest;
}

static const char *nearest_key(const char *key)
{
    const char *nearest = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < MAPPING_OPTIONS_COUNT; i++) {
        const struct option *option = &mapping_options[i];
        if (option->type == OPTION_PREFIX || !find_option(option->name)) { continue; }
        size_t distance = option_distance(option, key);
        if (distance >= least || !edit_is_near(distance, strlen(option->name))) { continue; }
        least = distance;
        nearest = option->name;
    }
    return nearest;
}

static int set_own(struct setup *setup, const struct property *property)
{
    size_t size = strcspn(property->key, ".");
    struct source *source = find_source(setup->sources, slice_of(property->key, size));
    if (!source) {
        const char *meant = nearest_source(setup->sources, slice_of(property->key, size));
        return refuse(setup, "source.%.120s: `sources` names no %.*s%s%s%s", property->key,
                      (int)MIN_OF(size, (size_t)SOURCE_NAME_BYTES_MAX), property->key,
                      meant ? "; did you mean " : "", meant ? meant : "", meant ? "?" : "");
    }
    const char *key = property->key + size + (property->key[size] == '.');
    const struct option *option = find_option(key);
    if (!option) {
        _cleanup_(xfreep) char *longer = xprintf("source.%s", key);
        option = find_option(longer);
    }
    if (option) { return set_option(setup, source, option, property); }
    if (set_prefix(setup->sources, source, key, property->value)) { return 0; }
    const char *meant = nearest_key(key);
    return refuse(setup, "source.%.120s: a source has no key \"%.80s\"; %s%s%s`freshet-ingest "
                  "--options` lists them, and topic.%s=NAME names its topic",
                  property->key, key, meant ? "did you mean " : "", meant ? meant : "",
                  meant ? "? " : "", source->name);
}

static int make(struct setup *setup, struct schema_cache *schemas)
{
    int rc = add_sources(setup);
    const char *keys = setup->settings->pseudonym_keys;
    if (!rc && keys[0]) {
        rc = pseudonyms_load(keys, &setup->sources->pseudonyms, setup->why, setup->why_size);
    }
    for (size_t i = 0; i < setup->settings->named.count && !rc; i++) {
        rc = set_own(setup, &setup->settings->named.at[i]);
    }
    for (size_t i = 0; i < setup->sources->count && !rc; i++) {
        struct source *source = &setup->sources->at[i];
        char why[400];
        rc = mapping_new(&source->settings, schemas, setup->sources->pseudonyms, &source->mapping,
                         why, sizeof(why));
        bool named = setup->settings->source_names[0] != '\0';
        if (!rc && named && !source->settings.ids_shared) {
            mapping_set_source(source->mapping, source->name);
        }
        if (rc) {
            rc = refuse(setup, "%s%s%s%s", named ? "source " : "", named ? source->name : "",
                        named ? ": " : "", why);
        }
    }
    return rc;
}

int sources_new(const struct mapping_settings *settings, struct schema_cache *schemas,
                struct sources **ret_sources, char *why, size_t why_size)
{
    struct sources *sources = xcalloc(1, sizeof(*sources));
    struct setup setup = {
        .sources = sources, .settings = settings, .why = why, .why_size = why_size};
    int rc = make(&setup, schemas);
    if (rc) {
        sources_free(sources);
        return rc;
    }
    *ret_sources = sources;
    return 0;
}

struct sources *sources_free(struct sources *sources)
{
    if (!sources) { return NULL; }
    for (size_t i = 0; i < sources->count; i++) { mapping_free(sources->at[i].mapping); }
    for (size_t i = 0; i < sources->merged_count; i++) { free(sources->merged[i].at); }
    pseudonyms_free(sources->pseudonyms);
    free(sources);
    return NULL;
}

size_t sources_count(const struct sources *sources)
{
    return sources->count;
}

const struct source *sources_at(const struct sources *sources, size_t index)
{
    assert(index < sources->count);
    return &sources->at[index];
}

/* Returns the source's own `becomes`, or the common one. */
static int32_t target_of(const struct mapping_settings *settings, struct slice name)
{
    char key[SOURCE_NAME_BYTES_MAX + sizeof(".becomes")];
    struct option_value value;
    if (name.size > SOURCE_NAME_BYTES_MAX) { return settings->target; }
    (void)snprintf(key, sizeof(key), "%.*s.becomes", SLICE_ARGS(name));
    const char *own = properties_get(&settings->named, key);
    bool known = own && option_value_parse(find_option("becomes"), own, &value) == 0;
    return known ? (int32_t)value.number : settings->target;
}

bool sources_become(const struct mapping_settings *settings, enum target target)
{
    const char *at = settings->source_names[0] ? settings->source_names : default_name;
    for (;;) {
        at += strspn(at, " ,");
        size_t size = strcspn(at, " ,");
        if (!size) { return false; }
        if (target_of(settings, slice_of(at, size)) == (int32_t)target) { return true; }
        at += size;
    }
}

static void note_weight(const char *head, const struct property *property, struct buf *notes)
{
    if (!action_syntax_unweighted(property->value)) { return; }
    buf_printf(notes, "%s%s=%s has no weight, so 1 is taken; %s%s=%s:1 says so\n", head,
               property->key, property->value, head, property->key, property->value);
}

void sources_notes(const struct mapping_settings *settings, struct buf *notes)
{
    for (size_t i = 0; i < settings->actions.count; i++) {
        note_weight("action.", &settings->actions.at[i], notes);
    }
    for (size_t i = 0; i < settings->named.count; i++) {
        const struct property *property = &settings->named.at[i];
        if (strstr(property->key, ".action.")) { note_weight("source.", property, notes); }
    }
    const struct property fallback = {"default", settings->action_fallback};
    note_weight("action.", &fallback, notes);
    if (settings->time_earliest_ms > 0 && settings->time_earliest_ms < CLOCK_IN_SECONDS_MAX) {
        buf_printf(notes, "time.earliest=%" PRId64 " is a time of the early seventies, as it is in "
                   "milliseconds; are seconds meant?\n", settings->time_earliest_ms);
    }
}

static bool has_value(const struct properties *properties, const char *value)
{
    for (size_t i = 0; i < properties->count; i++) {
        if (strcmp(properties->at[i].value, value) == 0) { return true; }
    }
    return false;
}

bool sources_forget(const struct mapping_settings *settings)
{
    static const char forget[] = "forget";
    return settings->tombstones == TOMBSTONES_FORGET || has_value(&settings->kinds, forget) ||
           has_value(&settings->named, forget) || strcmp(settings->kind_fallback, forget) == 0;
}
