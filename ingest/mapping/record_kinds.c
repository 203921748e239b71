#include "base/base.h"
#include "base/edit_distance.h"
#include "base/xalloc.h"
#include "ingest/mapping/record_kinds.h"

struct entry {
    struct slice kind;
    enum kind_verdict verdict;
    size_t own; /* number of its own paths, from 1; 0: those of the source */
};

/* A path of one kind, `kind.VALUE.map.FIELD=PATH`. */
struct own_path {
    struct slice kind;
    enum mapped field;
    const char *path; /* borrowed */
};

struct record_kinds {
    struct entry *entries; /* in order of kind */
    size_t count;
    size_t own_count;
    struct own_path *paths;
    size_t paths_count;
    enum kind_verdict fallback;
};

struct filling {
    struct record_kinds *kinds;
    enum target target;
    char *why;
    size_t why_size;
};

static bool may(enum kind_verdict verdict, enum target target)
{
    if (verdict == KIND_DELETE) { return target != TARGET_EVENT; }
    return verdict != KIND_FORGET || target != TARGET_ITEM;
}

static const char *const verdicts[] = {"take", "delete", "ignore", "refuse", "forget"};

/* Returns the verdict that a wrong text means; NULL: none is near, or the target has it not. */
static const char *nearest_verdict(const char *text, enum target target)
{
    char lower[EDIT_TEXT_MAX + 1];
    size_t size = 0;
    for (; text[size] && size < EDIT_TEXT_MAX; size++) {
        char c = text[size];
        lower[size] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    lower[size] = '\0';
    for (size_t i = 0; i < ARRAY_COUNT(verdicts); i++) {
        bool near = edit_is_near(edit_distance(lower, verdicts[i]), strlen(verdicts[i]));
        if (near && may((enum kind_verdict)i, target)) { return verdicts[i]; }
    }
    return NULL;
}

static bool parse_verdict(const char *text, enum target target, enum kind_verdict *ret_verdict)
{
    for (size_t i = 0; i < ARRAY_COUNT(verdicts); i++) {
        if (strcmp(text, verdicts[i]) != 0) { continue; }
        *ret_verdict = (enum kind_verdict)i;
        return may(*ret_verdict, target);
    }
    return false;
}

static int refuse(const struct filling *filling, const char *kind, const char *value)
{
    bool events = filling->target == TARGET_EVENT, items = filling->target == TARGET_ITEM;
    const char *meant = nearest_verdict(value, filling->target);
    (void)snprintf(filling->why, filling->why_size,
                   "kind.%.100s=%.100s: it is take, %signore%s or refuse%s%s%s%s", kind, value,
                   events ? "" : "delete, ", items ? "" : ", forget",
                   events ? "; delete is for becomes=Item and UserProfile" : "",
                   meant ? "; did you mean " : "", meant ? meant : "", meant ? "?" : "");
    return -EINVAL;
}

static int by_kind(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    return slice_compare(a->kind, b->kind);
}

/* Splits `VALUE.map.FIELD`; false when the key is the name of a kind alone. */
static bool names_path(const char *key, struct slice *ret_kind, enum mapped *ret_field)
{
    size_t size = strlen(key);
    for (enum mapped field = 0; field < MAPPED_COUNT; field++) {
        const char *end = mapping_path_key(field);
        size_t end_size = strlen(end);
        if (field == MAPPED_KIND || size < end_size + 2) { continue; }
        size_t kind_size = size - end_size - 1;
        if (key[kind_size] == '.' && strcmp(key + kind_size + 1, end) == 0) {
            *ret_kind = slice_of(key, kind_size);
            *ret_field = field;
            return true;
        }
    }
    return false;
}

static struct entry *entry_of(struct record_kinds *kinds, struct slice kind)
{
    for (size_t i = 0; i < kinds->count; i++) {
        if (slice_equal(kinds->entries[i].kind, kind)) { return &kinds->entries[i]; }
    }
    struct entry *entry = &kinds->entries[kinds->count++];
    *entry = (struct entry){.kind = slice_of(xmemdup(kind.data, kind.size), kind.size),
                            .verdict = KIND_TAKE};
    return entry;
}

static int put(const struct filling *filling, const struct property *property)
{
    struct record_kinds *kinds = filling->kinds;
    struct own_path own = {.path = property->value};
    if (strlen(property->key) > RECORD_KIND_BYTES_MAX) {
        return refuse(filling, property->key, property->value);
    }
    if (names_path(property->key, &own.kind, &own.field)) {
        struct entry *entry = entry_of(kinds, own.kind);
        if (!entry->own) { entry->own = ++kinds->own_count; }
        own.kind = entry->kind;
        kinds->paths[kinds->paths_count++] = own;
        return 0;
    }
    enum kind_verdict verdict;
    if (!parse_verdict(property->value, filling->target, &verdict)) {
        return refuse(filling, property->key, property->value);
    }
    entry_of(kinds, slice_str(property->key))->verdict = verdict;
    return 0;
}

int record_kinds_new(const struct properties *properties, const char *fallback, enum target target,
                     struct record_kinds **ret_kinds, char *why, size_t why_size)
{
    struct record_kinds *kinds = xcalloc(1, sizeof(*kinds));
    const struct filling filling = {
        .kinds = kinds, .target = target, .why = why, .why_size = why_size};
    kinds->entries = xcalloc(properties->count + 1, sizeof(*kinds->entries));
    kinds->paths = xcalloc(properties->count + 1, sizeof(*kinds->paths));
    int rc = 0;
    if (!parse_verdict(fallback, target, &kinds->fallback)) {
        rc = refuse(&filling, "default", fallback);
    } else if (properties->count > RECORD_KINDS_MAX) {
        (void)snprintf(why, why_size, "kind.*: at most %d kinds", RECORD_KINDS_MAX);
        rc = -EINVAL;
    }
    for (size_t i = 0; i < properties->count && !rc; i++) {
        rc = put(&filling, &properties->at[i]);
    }
    if (rc) {
        record_kinds_free(kinds);
        return rc;
    }
    qsort(kinds->entries, kinds->count, sizeof(*kinds->entries), by_kind);
    *ret_kinds = kinds;
    return 0;
}

struct record_kinds *record_kinds_free(struct record_kinds *kinds)
{
    if (!kinds) { return NULL; }
    for (size_t i = 0; i < kinds->count; i++) { free((void *)kinds->entries[i].kind.data); }
    free(kinds->entries);
    free(kinds->paths);
    free(kinds);
    return NULL;
}

static const struct entry *find(const struct record_kinds *kinds, struct slice kind)
{
    struct entry wanted = {.kind = kind};
    return bsearch(&wanted, kinds->entries, kinds->count, sizeof(*kinds->entries), by_kind);
}

enum kind_verdict record_kinds_find(const struct record_kinds *kinds, struct slice kind,
                                    size_t *ret_own)
{
    const struct entry *found = find(kinds, kind);
    *ret_own = found ? found->own : 0;
    return found ? found->verdict : kinds->fallback;
}

enum kind_verdict record_kinds_fallback(const struct record_kinds *kinds)
{
    return kinds->fallback;
}

size_t record_kinds_own(const struct record_kinds *kinds)
{
    return kinds->own_count;
}

void record_kinds_paths(const struct record_kinds *kinds, size_t number,
                        const char *paths[MAPPED_COUNT])
{
    for (size_t i = 0; i < kinds->paths_count; i++) {
        const struct own_path *own = &kinds->paths[i];
        if (find(kinds, own->kind)->own == number) { paths[own->field] = own->path; }
    }
}
