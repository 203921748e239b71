#include "base/base.h"
#include "base/xalloc.h"
#include "ingest/mapping/action_names.h"

enum { WHY_BYTES_MAX = 400 };

struct entry {
    struct slice name;
    struct action_meaning meaning;
};

struct action_names {
    struct entry *entries; /* in order of name */
    size_t entries_count;
    struct action_meaning fallback;
    bool fallback_known;
};

/* Returns the position of a name's entry, or where its entry would be inserted. */
static size_t place_of(const struct action_names *names, struct slice name, bool *ret_found)
{
    size_t low = 0, high = names->entries_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (slice_compare(names->entries[middle].name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *ret_found = low < names->entries_count && slice_equal(names->entries[low].name, name);
    return low;
}

static void put(struct action_names *names, struct slice name, struct action_meaning meaning)
{
    bool found;
    size_t place = place_of(names, name, &found);
    struct entry *entry = &names->entries[place];
    if (!found) {
        memmove(entry + 1, entry, (names->entries_count - place) * sizeof(*entry));
        names->entries_count++;
        entry->name = slice_of(xmemdup(name.data, name.size), name.size);
    }
    entry->meaning = meaning;
}

static void forget(struct action_names *names, struct slice name)
{
    bool found;
    size_t place = place_of(names, name, &found);
    if (!found) { return; }
    struct entry *entry = &names->entries[place];
    free((void *)entry->name.data);
    names->entries_count--;
    memmove(entry, entry + 1, (names->entries_count - place) * sizeof(*entry));
}

static void put_contract_symbols(struct action_names *names)
{
    for (int kind = 0; kind < ACTION_IDENTIFY; kind++) {
        char lower[16];
        const char *name = action_kind_name((enum action_kind)kind);
        size_t size = strlen(name);
        assert(size < sizeof(lower));
        for (size_t i = 0; i < size; i++) { lower[i] = (char)(name[i] + ('a' - 'A')); }
        struct action_meaning meaning = {.kind = kind, .weight = 1.0};
        put(names, slice_of(name, size), meaning);
        put(names, slice_of(lower, size), meaning);
    }
}

static int read_meaning(const char *name, const char *text, double weight_max,
                        struct action_meaning *ret_meaning, bool *ret_known, char *why,
                        size_t why_size)
{
    struct buf fault;
    buf_init(&fault, WHY_BYTES_MAX);
    int rc = action_syntax_parse(text, weight_max, ret_meaning, ret_known, &fault);
    if (rc) {
        (void)snprintf(why, why_size, "action.%s=%.60s: %.*s", name, text,
                       SLICE_ARGS(buf_slice(&fault)));
    }
    buf_release(&fault);
    return rc;
}

static int put_property(struct action_names *names, const struct property *property,
                        double weight_max, char *why, size_t why_size)
{
    size_t size = strlen(property->key);
    struct action_meaning meaning;
    bool known;
    if (size == 0 || size > ACTION_NAME_BYTES_MAX) {
        (void)snprintf(why, why_size, "action.NAME: a name has 1 to %d bytes",
                       ACTION_NAME_BYTES_MAX);
        return -EINVAL;
    }
    if (read_meaning(property->key, property->value, weight_max, &meaning, &known, why,
                     why_size)) {
        return -EINVAL;
    }
    if (known) {
        put(names, slice_of(property->key, size), meaning);
    } else {
        forget(names, slice_of(property->key, size));
    }
    return 0;
}

int action_names_new(const struct properties *properties, const char *fallback, double weight_max,
                     struct action_names **ret_names, char *why, size_t why_size)
{
    assert(fallback);
    if (properties->count > ACTION_NAMES_MAX) {
        (void)snprintf(why, why_size, "action.*: at most %d names", ACTION_NAMES_MAX);
        return -EINVAL;
    }
    struct action_names *names = xcalloc(1, sizeof(*names));
    names->entries = xcalloc(properties->count + 2 * EVENT_KINDS_COUNT, sizeof(*names->entries));
    int rc = read_meaning("default", fallback, weight_max, &names->fallback,
                          &names->fallback_known, why, why_size);
    put_contract_symbols(names);
    for (size_t i = 0; i < properties->count && !rc; i++) {
        rc = put_property(names, &properties->at[i], weight_max, why, why_size);
    }
    if (rc) {
        action_names_free(names);
        return rc;
    }
    *ret_names = names;
    return 0;
}

struct action_names *action_names_free(struct action_names *names)
{
    if (!names) { return NULL; }
    for (size_t i = 0; i < names->entries_count; i++) { free((void *)names->entries[i].name.data); }
    free(names->entries);
    free(names);
    return NULL;
}

bool action_names_mean(const struct action_names *names, enum action_kind kind)
{
    bool any = names->fallback_known && names->fallback.kind == kind;
    for (size_t i = 0; i < names->entries_count; i++) {
        any |= names->entries[i].meaning.kind == kind;
    }
    return any;
}

const struct action_meaning *action_names_find(const struct action_names *names, struct slice name)
{
    bool found = false;
    size_t place = name.data ? place_of(names, name, &found) : 0;
    if (found) { return &names->entries[place].meaning; }
    return names->fallback_known ? &names->fallback : NULL;
}
