#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "model/ids.h"
#include "serve/item_attributes.h"

enum { TAGS_MAX = 10000000, ENTRIES_FIRST = 1024 };

struct attributes {
    int64_t created_ms;
    int32_t *tags;
    uint32_t tags_count;
};

struct item_attributes {
    struct ids *tags;
    struct attributes *at; /* by item number */
    size_t capacity;
};

struct item_attributes *item_attributes_new(void)
{
    struct item_attributes *attributes = xcalloc(1, sizeof(*attributes));
    attributes->tags = ids_new(TAGS_MAX);
    return attributes;
}

struct item_attributes *item_attributes_free(struct item_attributes *attributes)
{
    if (!attributes) { return NULL; }
    for (size_t i = 0; i < attributes->capacity; i++) { free(attributes->at[i].tags); }
    free(attributes->at);
    ids_free(attributes->tags);
    free(attributes);
    return NULL;
}

static struct attributes *reach(struct item_attributes *attributes, size_t number)
{
    ARRAY_RESERVE_ZEROS(attributes->at, attributes->capacity, number + 1, ENTRIES_FIRST);
    return &attributes->at[number];
}

void item_attributes_put(struct item_attributes *attributes, int32_t number,
                         const struct item *item)
{
    if (number < 0) { return; }
    struct attributes *at = reach(attributes, (size_t)number);
    free(at->tags);
    *at = (struct attributes){.created_ms = item->created_ms};
    if (!item->tags.count) { return; }
    at->tags = xcalloc(item->tags.count, sizeof(*at->tags));
    for (size_t k = 0; k < item->tags.count; k++) {
        int32_t tag = ids_put(attributes->tags, item->tags.at[k]);
        if (tag != ID_NONE) { at->tags[at->tags_count++] = tag; }
    }
}

void item_attributes_remove(struct item_attributes *attributes, int32_t number)
{
    if (number < 0 || (size_t)number >= attributes->capacity) { return; }
    free(attributes->at[number].tags);
    attributes->at[number] = (struct attributes){0};
}

int32_t item_attributes_tag(const struct item_attributes *attributes, struct slice tag)
{
    return ids_find(attributes->tags, tag);
}

bool item_attributes_has(const struct item_attributes *attributes, int32_t number, int32_t tag)
{
    if ((size_t)number >= attributes->capacity) { return false; }
    const struct attributes *at = &attributes->at[number];
    for (size_t k = 0; k < at->tags_count; k++) {
        if (at->tags[k] == tag) { return true; }
    }
    return false;
}

int64_t item_attributes_created_ms(const struct item_attributes *attributes, int32_t number)
{
    return (size_t)number < attributes->capacity ? attributes->at[number].created_ms : 0;
}
