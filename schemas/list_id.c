#include "base/base.h"
#include "schemas/list_id.h"

#include <endian.h>
#include <xxhash.h>

enum { HASH_DIGITS = 16, PLACEMENT_BYTES_MAX = LIST_ID_BYTES_MAX - MODEL_NAME_BYTES_MAX - 18 };

/* Each part is hashed with the hash of those before it as the seed. */
static void add_text(uint64_t *hash, struct slice text)
{
    *hash = XXH3_64bits_withSeed(text.data, text.size, *hash + text.size);
}

static void add_number(uint64_t *hash, int64_t number)
{
    uint64_t bytes = htole64((uint64_t)number);
    *hash = XXH3_64bits_withSeed(&bytes, sizeof(bytes), *hash);
}

static void add_numbers(uint64_t *hash, const struct longs *numbers)
{
    add_number(hash, (int64_t)numbers->count);
    for (size_t k = 0; k < numbers->count; k++) { add_number(hash, numbers->at[k]); }
}

static uint64_t hash_of(const struct recommendation_list *list, struct slice placement)
{
    uint64_t hash = 0;
    add_text(&hash, list->user_id);
    add_text(&hash, placement);
    add_text(&hash, list->generation);
    add_number(&hash, list->input_partition);
    add_number(&hash, list->input_offset);
    add_numbers(&hash, &list->row_offsets);
    add_numbers(&hash, &list->item_offsets);
    add_number(&hash, list->rules_offset);
    add_number(&hash, list->as_of_ms);
    if (!list->row_offsets.count && !list->item_offsets.count) {
        for (size_t k = 0; k < list->items.count; k++) { add_text(&hash, list->items.at[k]); }
    }
    return hash;
}

struct list_id list_id_make(const struct recommendation_list *list, struct slice placement)
{
    struct list_id id;
    assert(placement.size <= PLACEMENT_BYTES_MAX && list->generation.size <= MODEL_NAME_BYTES_MAX);
    int size = snprintf(id.text, sizeof(id.text), "%.*s:%.*s:%016" PRIx64, SLICE_ARGS(placement),
                        SLICE_ARGS(list->generation), hash_of(list, placement));
    assert(size > 0 && (size_t)size < sizeof(id.text));
    id.size = (size_t)size;
    return id;
}

static bool is_hash(struct slice text)
{
    if (text.size != HASH_DIGITS) { return false; }
    for (size_t k = 0; k < text.size; k++) {
        char c = text.data[k];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) { return false; }
    }
    return true;
}

static bool is_name(struct slice text)
{
    for (size_t k = 0; k < text.size; k++) {
        char c = text.data[k];
        bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!letter && c != '_' && c != '-') { return false; }
    }
    return true;
}

void list_ids_set(struct list_ids *ids, struct recommendation_list *list)
{
    assert(list->placements.count <= LIST_PLACEMENTS_MAX);
    ids->own = list_id_make(list, slice_str(LIST_ID_MAIN));
    list->list_id = slice_of(ids->own.text, ids->own.size);
    for (size_t p = 0; p < list->placements.count; p++) {
        ids->placements[p] = list_id_make(list, list->placements.at[p]);
        ids->texts[p] = slice_of(ids->placements[p].text, ids->placements[p].size);
    }
    list->placement_list_ids = (struct slices){ids->texts, list->placements.count};
}

bool list_id_read(struct slice text, struct slice *ret_placement, struct slice *ret_generation)
{
    const char *end = text.data + text.size;
    const char *first = text.size ? memchr(text.data, ':', text.size) : NULL;
    const char *second = first ? memchr(first + 1, ':', (size_t)(end - first - 1)) : NULL;
    if (!second || !is_hash(slice_of(second + 1, (size_t)(end - second - 1)))) { return false; }
    *ret_placement = slice_of(text.data, (size_t)(first - text.data));
    *ret_generation = slice_of(first + 1, (size_t)(second - first - 1));
    return ret_placement->size > 0 && is_name(*ret_placement) && is_name(*ret_generation);
}
