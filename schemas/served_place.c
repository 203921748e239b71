#include "base/base.h"
#include "schemas/served_place.h"

static const char schema[] =
#include "served_place.avsc.inc"
    ;

static const struct contract_field fields[] = {
    CONTRACT_FIELD(served_place, FIELD_STRING, list_id, LIST_ID_BYTES_MAX),
    CONTRACT_FIELD(served_place, FIELD_STRING, placement, LIST_ID_BYTES_MAX),
    CONTRACT_FIELD(served_place, FIELD_STRING, generation, LIST_ID_BYTES_MAX),
    CONTRACT_FIELD(served_place, FIELD_INT, place, 0),
    CONTRACT_FIELD(served_place, FIELD_STRING, item_id, ID_BYTES_MAX),
    CONTRACT_FIELD(served_place, FIELD_DOUBLE, probability, 0),
    CONTRACT_FIELD(served_place, FIELD_DOUBLE, temperature, 0),
    CONTRACT_FIELD(served_place, FIELD_STRINGS, items, SERVED_ITEMS_MAX),
    CONTRACT_FIELD(served_place, FIELD_FLOATS, scores, SERVED_ITEMS_MAX),
    CONTRACT_FIELD(served_place, FIELD_FLOATS, probabilities, SERVED_ITEMS_MAX),
    CONTRACT_FIELD(served_place, FIELD_LONG, as_of_ms, 0),
    CONTRACT_FIELD(served_place, FIELD_BOOL, requested, 0),
};

const struct contract served_place_contract = {
    .name = "freshet.ServedPlace",
    .schema = schema,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct served_place),
};

_Static_assert(SERVED_ITEMS_MAX * (ID_BYTES_MAX + 16) + 3 * LIST_ID_BYTES_MAX + 2 * ID_BYTES_MAX <
                   SERVED_PLACE_BYTES_MAX,
               "the longest place fits its message");

int served_place_chosen(const struct served_place *place)
{
    size_t count = place->items.count;
    bool fits = place->scores.count == count && place->probabilities.count == count;
    bool likely = place->probability > 0.0 && place->probability <= 1.0;
    if (!fits || !likely || !(place->temperature > 0.0)) { return -1; }
    for (size_t k = 0; k < count; k++) {
        if (slice_equal(place->items.at[k], place->item_id)) { return (int)k; }
    }
    return -1;
}
