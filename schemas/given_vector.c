#include "base/base.h"
#include "schemas/given_vector.h"

static const char schema[] =
#include "given_vector.avsc.inc"
    ;

static const struct contract_field fields[] = {
    CONTRACT_FIELD(given_vector, FIELD_STRING, item_id, ID_BYTES_MAX),
    CONTRACT_FIELD(given_vector, FIELD_STRING, name, ITEM_VECTOR_NAME_BYTES_MAX),
    CONTRACT_FIELD(given_vector, FIELD_FLOATS, vector, ITEM_VECTOR_MAX),
};

const struct contract given_vector_contract = {
    .name = "freshet.GivenVector",
    .schema = schema,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct given_vector),
};

bool given_vector_key(struct slice key, struct slice *ret_name, struct slice *ret_item)
{
    const char *slash = key.size ? memchr(key.data, '/', key.size) : NULL;
    if (!slash) { return false; }
    *ret_name = slice_of(key.data, (size_t)(slash - key.data));
    *ret_item = slice_of(slash + 1, key.size - ret_name->size - 1);
    return item_vector_may_be_named(*ret_name) && ret_item->size > 0 &&
           ret_item->size <= ID_BYTES_MAX;
}

const char *given_vector_fault(const struct given_vector *given, struct slice key)
{
    struct slice name, item;
    bool zero = true;
    if (!given_vector_key(key, &name, &item)) { return "bad_key"; }
    if (!slice_equal(name, given->name) || !slice_equal(item, given->item_id)) {
        return "key_mismatch";
    }
    for (size_t i = 0; i < given->vector.count; i++) { zero &= given->vector.at[i] == 0.0F; }
    return zero ? "bad_vectors" : NULL;
}
