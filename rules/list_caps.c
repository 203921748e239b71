#include "base/base.h"
#include "base/array.h"
#include "rules/list_caps.h"

enum { COUNTS_FIRST = 1024 };

void list_caps_release(struct list_caps *caps)
{
    for (size_t c = 0; c < LIST_CAPS_MAX; c++) { free(caps->at[c].counts); }
    *caps = (struct list_caps){0};
}

void list_caps_begin(struct list_caps *caps)
{
    caps->count = 0;
}

void list_caps_add(struct list_caps *caps, enum cap_by by, size_t number, int32_t rule,
                   const uint8_t *holds)
{
    assert(caps->count < LIST_CAPS_MAX);
    struct list_cap *cap = &caps->at[caps->count++];
    size_t count = (size_t)ids_count(caps->columns->symbols);
    cap->by = by;
    cap->number = number;
    cap->rule = rule;
    cap->holds = holds;
    cap->total = 0;
    if (by == CAP_ALL) { return; }
    ARRAY_RESERVE_ZEROS(cap->counts, cap->counts_capacity, count, COUNTS_FIRST);
}

/* Finds what a cap counts of an item: symbols. */
static const int32_t *values_of(const struct item_columns *columns, enum cap_by by, int32_t item,
                                size_t *ret_count)
{
    const int32_t *one = NULL;
    size_t levels;
    switch (by) {
    case CAP_TAG: return item_columns_tags(columns, item, ret_count);
    case CAP_CATEGORY:
        one = item_columns_levels(columns, item, &levels);
        *ret_count = levels > 0;
        return levels ? one + levels - 1 : one;
    case CAP_BRAND: one = &columns->brands[item]; break;
    case CAP_GROUP: one = &columns->groups[item]; break;
    case CAP_KIND: one = &columns->kinds[item]; break;
    case CAP_ALL: break;
    }
    *ret_count = one && *one != ID_NONE;
    return one;
}

static bool is_over(const struct list_caps *caps, const struct list_cap *cap, size_t candidate,
                    int32_t item)
{
    size_t count;
    if (cap->holds && !cap->holds[candidate]) { return false; }
    if (cap->by == CAP_ALL) { return cap->total >= cap->number; }
    const int32_t *values = values_of(caps->columns, cap->by, item, &count);
    for (size_t v = 0; v < count; v++) {
        if (cap->counts[values[v]] >= cap->number) { return true; }
    }
    return false;
}

int32_t list_caps_over(const struct list_caps *caps, size_t candidate, int32_t item)
{
    for (size_t c = 0; c < caps->count; c++) {
        if (is_over(caps, &caps->at[c], candidate, item)) { return caps->at[c].rule; }
    }
    return CAP_NONE;
}

bool list_caps_has(const struct list_caps *caps, int32_t rule)
{
    for (size_t c = 0; c < caps->count; c++) {
        if (caps->at[c].rule == rule) { return true; }
    }
    return false;
}

void list_caps_count(struct list_caps *caps, size_t candidate, int32_t item)
{
    for (size_t c = 0; c < caps->count; c++) {
        struct list_cap *cap = &caps->at[c];
        size_t count;
        if (cap->holds && !cap->holds[candidate]) { continue; }
        cap->total++;
        const int32_t *values = values_of(caps->columns, cap->by, item, &count);
        for (size_t v = 0; v < count; v++) { cap->counts[values[v]]++; }
    }
}

void list_caps_forget(struct list_caps *caps, int32_t item)
{
    for (size_t c = 0; c < caps->count; c++) {
        size_t count;
        const int32_t *values = values_of(caps->columns, caps->at[c].by, item, &count);
        for (size_t v = 0; v < count; v++) { caps->at[c].counts[values[v]] = 0; }
    }
}
