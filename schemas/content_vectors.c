#include "base/base.h"
#include "schemas/content_vectors.h"

static const char schema[] =
#include "content_vectors.avsc.inc"
    ;

static const char *const older[] = {
#include "versions/content_vectors.1.avsc.inc"
    ,
    NULL,
};

static const struct contract_field fields[] = {
    CONTRACT_FIELD(content_vectors, FIELD_STRING, item_id, ID_BYTES_MAX),
    CONTRACT_FIELD(content_vectors, FIELD_STRING, model, CONTENT_NAME_BYTES_MAX),
    CONTRACT_FIELD(content_vectors, FIELD_STRING, content, CONTENT_DIGEST_BYTES_MAX),
    CONTRACT_FIELD(content_vectors, FIELD_STRINGS, names, CONTENT_VECTORS_MAX),
    CONTRACT_FIELD(content_vectors, FIELD_INTS, widths, CONTENT_VECTORS_MAX),
    CONTRACT_FIELD(content_vectors, FIELD_FLOATS, scales, CONTENT_VECTORS_MAX),
    CONTRACT_FIELD(content_vectors, FIELD_BYTES, bytes, CONTENT_BYTES_MAX),
    CONTRACT_FIELD(content_vectors, FIELD_INT, joined, 0),
};

const struct contract content_vectors_contract = {
    .name = "freshet.ContentVectors",
    .schema = schema,
    .older = older,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct content_vectors),
};

bool content_vectors_agree(const struct content_vectors *row)
{
    size_t count = row->names.count, sum = 0;
    if (row->widths.count != count || row->scales.count != count) { return false; }
    for (size_t i = 0; i < count; i++) {
        if (row->widths.at[i] < 1 || row->widths.at[i] > ITEM_VECTOR_MAX) { return false; }
        sum += (size_t)row->widths.at[i];
    }
    return sum == row->bytes.size && row->joined >= 0 && (size_t)row->joined <= count;
}

bool content_vectors_next(const struct content_vectors *row, size_t *place,
                          struct content_vector *vector)
{
    size_t at = *place;
    if (at == row->names.count) { return false; }
    const int8_t *begin = (const int8_t *)row->bytes.data;
    *vector = (struct content_vector){
        .name = row->names.at[at],
        .scale = row->scales.at[at],
        .numbers = at ? vector->numbers + vector->width : begin,
        .width = (size_t)row->widths.at[at],
    };
    ++*place;
    return true;
}

bool content_vectors_find(const struct content_vectors *row, struct slice name,
                          struct content_vector *ret_vector)
{
    struct content_vector vector;
    for (size_t place = 0; content_vectors_next(row, &place, &vector);) {
        if (!slice_equal(vector.name, name)) { continue; }
        *ret_vector = vector;
        return true;
    }
    return false;
}
