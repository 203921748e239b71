#include "base/base.h"
#include "base/xalloc.h"
#include "ingest/mapping/record_kinds.h"

struct entry {
    struct slice kind;
    enum kind_verdict verdict;
};

struct record_kinds {
    struct entry *entries; /* in order of kind */
    size_t count;
    enum kind_verdict fallback;
};

static bool parse_verdict(const char *text, bool can_delete, enum kind_verdict *ret_verdict)
{
    static const char *const words[] = {"take", "delete", "ignore", "refuse"};
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        if (strcmp(text, words[i]) != 0) { continue; }
        if (i == KIND_DELETE && !can_delete) { return false; }
        *ret_verdict = (enum kind_verdict)i;
        return true;
    }
    return false;
}

static int refuse(const char *kind, const char *value, bool can_delete, char *why, size_t why_size)
{
    (void)snprintf(why, why_size, "kind.%.100s=%.100s: it is take, %signore or refuse%s", kind,
                   value, can_delete ? "delete, " : "",
                   can_delete ? "" : "; delete is for becomes=Item and UserProfile");
    return -EINVAL;
}

static int by_kind(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    return slice_compare(a->kind, b->kind);
}

int record_kinds_new(const struct properties *properties, const char *fallback, bool can_delete,
                     struct record_kinds **ret_kinds, char *why, size_t why_size)
{
    enum kind_verdict verdict;
    if (!parse_verdict(fallback, can_delete, &verdict)) {
        return refuse("default", fallback, can_delete, why, why_size);
    }
    if (properties->count > RECORD_KINDS_MAX) {
        (void)snprintf(why, why_size, "kind.*: at most %d kinds", RECORD_KINDS_MAX);
        return -EINVAL;
    }
    struct record_kinds *kinds = xcalloc(1, sizeof(*kinds));
    kinds->fallback = verdict;
    kinds->entries = xcalloc(properties->count + 1, sizeof(*kinds->entries));
    for (size_t i = 0; i < properties->count; i++) {
        const struct property *property = &properties->at[i];
        size_t size = strlen(property->key);
        if (size > RECORD_KIND_BYTES_MAX ||
            !parse_verdict(property->value, can_delete, &verdict)) {
            record_kinds_free(kinds);
            return refuse(property->key, property->value, can_delete, why, why_size);
        }
        kinds->entries[kinds->count++] = (struct entry){
            .kind = slice_of(xmemdup(property->key, size), size), .verdict = verdict};
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
    free(kinds);
    return NULL;
}

enum kind_verdict record_kinds_find(const struct record_kinds *kinds, struct slice kind)
{
    struct entry wanted = {.kind = kind};
    const struct entry *found =
        bsearch(&wanted, kinds->entries, kinds->count, sizeof(*kinds->entries), by_kind);
    return found ? found->verdict : kinds->fallback;
}
