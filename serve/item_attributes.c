#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "model/ids.h"
#include "serve/item_attributes.h"

enum { TAGS_MAX = 10000000, ENTRIES_FIRST = 1024 };

struct attributes {
    int64_t created_ms, since_ms;
    int32_t *tags;
    char *title, *image; /* image: NULL: none */
    double price;
    uint32_t tags_count, title_size;
};

struct item_attributes {
    struct ids *tags;
    struct attributes *at; /* by item number */
    size_t capacity;
    uint32_t *tag_items; /* how many items have it, by tag number */
    size_t tag_items_capacity;
    bool images_kept;
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
    for (size_t i = 0; i < attributes->capacity; i++) {
        free(attributes->at[i].tags);
        free(attributes->at[i].title);
        free(attributes->at[i].image);
    }
    free(attributes->at);
    free(attributes->tag_items);
    ids_free(attributes->tags);
    free(attributes);
    return NULL;
}

void item_attributes_keep_images(struct item_attributes *attributes)
{
    attributes->images_kept = true;
}

static struct attributes *reach(struct item_attributes *attributes, size_t number)
{
    ARRAY_RESERVE_ZEROS(attributes->at, attributes->capacity, number + 1, ENTRIES_FIRST);
    return &attributes->at[number];
}

static void count_tag(struct item_attributes *attributes, int32_t tag)
{
    ARRAY_RESERVE_ZEROS(attributes->tag_items, attributes->tag_items_capacity, (size_t)tag + 1,
                        ENTRIES_FIRST);
    attributes->tag_items[tag]++;
}

static void release(struct item_attributes *attributes, struct attributes *at)
{
    for (size_t k = 0; k < at->tags_count; k++) { attributes->tag_items[at->tags[k]]--; }
    free(at->tags);
    free(at->title);
    free(at->image);
}

static void put_tags(struct item_attributes *attributes, struct attributes *at,
                     const struct slices *tags)
{
    if (!tags->count) { return; }
    at->tags = xcalloc(tags->count, sizeof(*at->tags));
    for (size_t k = 0; k < tags->count; k++) {
        int32_t tag = ids_put(attributes->tags, tags->at[k]);
        if (tag == ID_NONE) { continue; }
        at->tags[at->tags_count++] = tag;
        count_tag(attributes, tag);
    }
}

int64_t item_attributes_put(struct item_attributes *attributes, int32_t number,
                            const struct item *item, int64_t since_ms)
{
    if (number < 0) { return since_ms; }
    struct attributes *at = reach(attributes, (size_t)number);
    if (at->since_ms && (!since_ms || at->since_ms < since_ms)) { since_ms = at->since_ms; }
    release(attributes, at);
    *at = (struct attributes){
        .created_ms = item->created_ms, .since_ms = since_ms, .price = item->price};
    at->title_size = (uint32_t)MIN_OF(item->title.size, (size_t)ITEM_TITLE_BYTES_MAX);
    if (at->title_size) {
        at->title = xcalloc(1, at->title_size);
        memcpy(at->title, item->title.data, at->title_size);
    }
    if (attributes->images_kept && item->image.size) {
        at->image = xprintf("%.*s", SLICE_ARGS(item->image));
    }
    put_tags(attributes, at, &item->tags);
    return since_ms;
}

void item_attributes_remove(struct item_attributes *attributes, int32_t number)
{
    if (number < 0 || (size_t)number >= attributes->capacity) { return; }
    release(attributes, &attributes->at[number]);
    attributes->at[number] = (struct attributes){.price = ITEM_NOT_KNOWN};
}

int32_t item_attributes_tag(const struct item_attributes *attributes, struct slice tag)
{
    return ids_find(attributes->tags, tag);
}

struct slice item_attributes_tag_text(const struct item_attributes *attributes, int32_t tag)
{
    assert(tag >= 0);
    return tag < ids_count(attributes->tags) ? ids_text(attributes->tags, tag) : (struct slice){0};
}

bool item_attributes_tag_used(const struct item_attributes *attributes, int32_t tag)
{
    return (size_t)tag < attributes->tag_items_capacity && attributes->tag_items[tag] > 0;
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

struct slice item_attributes_title(const struct item_attributes *attributes, int32_t number)
{
    if (number < 0 || (size_t)number >= attributes->capacity) { return slice_str(""); }
    const struct attributes *at = &attributes->at[number];
    return slice_of(at->title ? at->title : "", at->title_size);
}

void item_attributes_card(const struct item_attributes *attributes, int32_t number,
                          struct item_card *ret_card)
{
    *ret_card = (struct item_card){.title = item_attributes_title(attributes, number),
                                   .image = slice_str(""),
                                   .price = ITEM_NOT_KNOWN};
    if (number < 0 || (size_t)number >= attributes->capacity) { return; }
    const struct attributes *at = &attributes->at[number];
    ret_card->price = at->created_ms || at->title || at->tags ? at->price : ITEM_NOT_KNOWN;
    ret_card->created_ms = at->created_ms;
    ret_card->since_ms = MAX_OF(at->since_ms, (int64_t)0);
    if (at->image) { ret_card->image = slice_str(at->image); }
    ret_card->tags_count = MIN_OF((size_t)at->tags_count, (size_t)CARD_TAGS_MAX);
    for (size_t k = 0; k < ret_card->tags_count; k++) {
        ret_card->tags[k] = ids_text(attributes->tags, at->tags[k]);
    }
}
