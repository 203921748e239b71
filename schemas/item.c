#include "base/base.h"
#include "schemas/item.h"

static const char schema[] =
#include "item.avsc.inc"
    ;

static const char *const older[] = {
#include "versions/item.1.avsc.inc"
    ,
#include "versions/item.2.avsc.inc"
    ,
#include "versions/item.3.avsc.inc"
    ,
#include "versions/item.4.avsc.inc"
    ,
    NULL,
};

static const struct contract_field fields[] = {
    CONTRACT_FIELD(item, FIELD_STRING, item_id, ID_BYTES_MAX),
    CONTRACT_FIELD(item, FIELD_STRING, title, ITEM_TITLE_BYTES_MAX),
    CONTRACT_FIELD(item, FIELD_STRINGS, tags, ITEM_TAGS_MAX),
    CONTRACT_FIELD(item, FIELD_STRING, text, ITEM_TEXT_BYTES_MAX),
    CONTRACT_FIELD(item, FIELD_FLOATS, vector, ITEM_VECTOR_MAX),
    CONTRACT_FIELD(item, FIELD_BOOL, available, 0),
    CONTRACT_FIELD(item, FIELD_LONG, created_ms, 0),
    CONTRACT_FIELD(item, FIELD_DOUBLE, price, 0),
    CONTRACT_FIELD(item, FIELD_LONG, stock, 0),
    CONTRACT_FIELD(item, FIELD_STRING, brand, ITEM_WORD_BYTES_MAX),
    CONTRACT_FIELD(item, FIELD_STRINGS, category, ITEM_CATEGORY_MAX),
    CONTRACT_FIELD(item, FIELD_STRING, group_id, ITEM_WORD_BYTES_MAX),
    CONTRACT_FIELD(item, FIELD_STRING, kind, ITEM_WORD_BYTES_MAX),
    CONTRACT_FIELD(item, FIELD_LONG, available_from_ms, 0),
    CONTRACT_FIELD(item, FIELD_LONG, available_until_ms, 0),
    CONTRACT_FIELD(item, FIELD_STRING, image, ITEM_IMAGE_BYTES_MAX),
    CONTRACT_FIELD(item, FIELD_STRINGS, vector_names, ITEM_VECTORS_MAX),
    CONTRACT_FIELD(item, FIELD_INTS, vector_widths, ITEM_VECTORS_MAX),
    CONTRACT_FIELD(item, FIELD_FLOATS, vector_numbers, ITEM_VECTORS_MAX * ITEM_VECTOR_MAX),
};

const struct contract item_contract = {
    .name = "freshet.Item",
    .schema = schema,
    .older = older,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct item),
};

bool item_vector_may_be_named(struct slice name)
{
    bool fine = name.size > 0 && name.size <= ITEM_VECTOR_NAME_BYTES_MAX &&
                !slice_equal(name, slice_str("text")) && !slice_equal(name, slice_str("given"));
    for (size_t k = 0; k < name.size && fine; k++) {
        char c = name.data[k];
        fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    }
    return fine;
}

const char *item_vectors_fault(const struct item *item)
{
    size_t count = item->vector_names.count, sum = 0;
    if (count > ITEM_VECTORS_MAX) { return "an item has at most 6 vectors by name"; }
    if (item->vector_widths.count != count) { return "vectors have as many names as widths"; }
    for (size_t k = 0; k < count; k++) {
        int32_t width = item->vector_widths.at[k];
        if (width < 1 || width > ITEM_VECTOR_MAX) { return "a vector has 1 to 4096 numbers"; }
        if (!item_vector_may_be_named(item->vector_names.at[k])) {
            return "a vector's name has small letters, digits, _ or -, and is not text or given";
        }
        for (size_t i = 0; i < k; i++) {
            bool twice = slice_equal(item->vector_names.at[i], item->vector_names.at[k]);
            if (twice) { return "no two vectors of an item have one name"; }
        }
        sum += (size_t)width;
    }
    return sum == item->vector_numbers.count ? NULL : "the widths are those of all numbers";
}
