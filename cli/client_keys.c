#include "base/base.h"
#include "base/edit_distance.h"
#include "base/secret.h"
#include "base/xalloc.h"
#include "cli/client_keys.h"
#include "ingest/mapping/mapping_settings.h"
#include "stream/config/option_hint.h"
#include "stream/config/option_names.h"
#include "stream/config/option_owners.h"
#include "stream/config/option_value.h"
#include "stream/run_settings.h"

enum { NEAR_NAME_EDITS = 2, FAULT_BYTES_MAX = 2048 };

struct nearest {
    const char *name;
    size_t distance;
    bool known;
};

static void compare(struct nearest *nearest, const struct option *options, size_t count,
                    const char *key)
{
    for (size_t i = 0; i < count; i++) {
        const char *name = options[i].name;
        bool prefix = options[i].type == OPTION_PREFIX;
        bool same = prefix ? strncmp(name, key, strlen(name)) == 0
                           : option_is_named(&options[i], key);
        nearest->known |= same;
        size_t distance = prefix ? SIZE_MAX : edit_distance(name, key);
        if (distance >= nearest->distance) { continue; }
        nearest->distance = distance;
        nearest->name = name;
    }
}

static bool is_set(const char *key, char *const *words, int count)
{
    size_t size = strlen(key);
    for (int i = 0; i + 1 < count; i++) {
        const char *pair = words[i + 1];
        bool here = strcmp(words[i], "--set") == 0 && strncmp(pair, key, size) == 0;
        if (here && pair[size] == '=') { return true; }
    }
    return false;
}

static const struct option *find(const struct option *options, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++) {
        bool named = options[i].type != OPTION_PREFIX && option_is_named(&options[i], key);
        if (named) { return &options[i]; }
    }
    return NULL;
}

/* Returns what is wrong with the value of a key of the workers. */
static char *value_fault(const struct property *property, const struct option *used,
                         size_t used_count)
{
    struct option_value value;
    struct buf text;
    const struct option *option = find(run_options, run_options_count, property->key);
    if (!option) { option = find(mapping_options, MAPPING_OPTIONS_COUNT, property->key); }
    if (!option) { option = find(used, used_count, property->key); }
    if (!option || option_value_parse(option, property->value, &value) == 0) { return NULL; }
    const bool secret = option->type == OPTION_SECRET || secret_named(slice_str(property->key));
    buf_init(&text, FAULT_BYTES_MAX);
    option_describe(option, &text);
    if (!secret) { option_hint(option, property->value, &text); }
    char *fault = xprintf("%s=%.200s: expected %.*s", property->key,
                          secret ? "****" : property->value, SLICE_ARGS(buf_slice(&text)));
    buf_release(&text);
    return fault;
}

char *client_keys_fault(const struct properties *others, const struct option *used,
                        size_t used_count, char *const *words, int words_count)
{
    for (size_t i = 0; i < others->count; i++) {
        const char *key = others->at[i].key;
        struct nearest nearest = {.distance = SIZE_MAX};
        compare(&nearest, run_options, run_options_count, key);
        compare(&nearest, mapping_options, MAPPING_OPTIONS_COUNT, key);
        compare(&nearest, used, used_count, key);
        char *fault = nearest.known ? value_fault(&others->at[i], used, used_count) : NULL;
        if (fault) { return fault; }
        if (nearest.known) { continue; }
        bool near = nearest.name && nearest.distance <= NEAR_NAME_EDITS &&
                    edit_is_near(nearest.distance, strlen(nearest.name));
        if (near) { return xprintf("%s: unknown; did you mean %s?", key, nearest.name); }
        const char *owners = option_owners(key);
        if (owners && is_set(key, words, words_count)) {
            return xprintf("--set %s: no command uses this key, which is one of %s; `freshet "
                           "backfill` passes it on as WORKER.%s", key, owners, key);
        }
        if (is_set(key, words, words_count)) {
            return xprintf("--set %s: no command and no worker uses this key; %skeys of one "
                           "worker are passed on by `freshet backfill` as WORKER.KEY",
                           key, option_unknown_hint(key, /* colon= */ false));
        }
    }
    return NULL;
}
