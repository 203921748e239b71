#include "base/base.h"
#include "schemas/item_list.h"

static const char schema[] =
#include "item_list.avsc.inc"
    ;

static const struct contract_field fields[] = {
    CONTRACT_FIELD(item_list, FIELD_ENUM, kind, 0),
    CONTRACT_FIELD(item_list, FIELD_STRING, about, ID_BYTES_MAX),
    CONTRACT_FIELD(item_list, FIELD_STRING, generation, STEP_TEXT_BYTES_MAX),
    CONTRACT_FIELD(item_list, FIELD_LONG, version, 0),
    CONTRACT_FIELD(item_list, FIELD_STRINGS, items, ITEM_LIST_ITEMS_MAX),
    CONTRACT_FIELD(item_list, FIELD_FLOATS, scores, ITEM_LIST_ITEMS_MAX),
    CONTRACT_FIELD(item_list, FIELD_FLOATS, evidence, ITEM_LIST_ITEMS_MAX),
    CONTRACT_FIELD(item_list, FIELD_LONGS, versions, ITEM_LIST_ITEMS_MAX),
};

const struct contract item_list_contract = {
    .name = "freshet.ItemList",
    .schema = schema,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct item_list),
};

_Static_assert(ITEM_LIST_ITEMS_MAX * (ID_BYTES_MAX + 32) + ID_BYTES_MAX < ITEM_LIST_BYTES_MAX,
               "the longest list fits its message");

struct slice item_list_key(const struct item_list *list, char key[ITEM_LIST_KEY_BYTES_MAX])
{
    static const char *const names[] = {
        [ITEM_LIST_OTHER] = "other",       [ITEM_LIST_SIMILAR] = "similar",
        [ITEM_LIST_TOGETHER] = "together", [ITEM_LIST_POPULAR] = "popular",
        [ITEM_LIST_TRENDING] = "trending", [ITEM_LIST_NEW] = "new",
    };
    assert(list->kind >= 0 && list->kind < ITEM_LIST_KINDS);
    assert(list->about.size <= ID_BYTES_MAX);
    size_t size = strlen(names[list->kind]);
    memcpy(key, names[list->kind], size);
    if (list->about.size) {
        key[size++] = '/';
        memcpy(key + size, list->about.data, list->about.size);
        size += list->about.size;
    }
    return slice_of(key, size);
}
