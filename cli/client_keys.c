#include "base/base.h"
#include "base/edit_distance.h"
#include "base/xalloc.h"
#include "cli/client_keys.h"
#include "ingest/mapping/mapping_settings.h"
#include "stream/config/option_names.h"
#include "stream/run_settings.h"

enum { NEAR_NAME_EDITS = 2 };

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

char *client_keys_fault(const struct properties *others, char *const *words, int words_count)
{
    for (size_t i = 0; i < others->count; i++) {
        const char *key = others->at[i].key;
        struct nearest nearest = {.distance = SIZE_MAX};
        compare(&nearest, run_options, run_options_count, key);
        compare(&nearest, mapping_options, MAPPING_OPTIONS_COUNT, key);
        if (nearest.known) { continue; }
        bool near = nearest.name && nearest.distance <= NEAR_NAME_EDITS &&
                    edit_is_near(nearest.distance, strlen(nearest.name));
        if (near) { return xprintf("%s: unknown; did you mean %s?", key, nearest.name); }
        if (is_set(key, words, words_count)) {
            return xprintf("--set %s: no command and no worker uses this key; %skeys of one "
                           "worker are passed on by `freshet backfill` as WORKER.KEY",
                           key, option_unknown_hint(key, /* colon= */ false));
        }
    }
    return NULL;
}
