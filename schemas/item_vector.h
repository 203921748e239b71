/* One row of a generation of item vectors: topic `item-vectors`. See item_vector.avsc. */
#ifndef FRESHET_SCHEMAS_ITEM_VECTOR_H
#define FRESHET_SCHEMAS_ITEM_VECTOR_H

#include "schemas/user_event.h"

enum {
    MODEL_VERSION_SLOTS = 2,
    VECTOR_NUMBERS_MAX = 512,
    MODEL_VERSION_NAME_BYTES_MAX = 64,
    VECTOR_KEY_BYTES_MAX = ID_BYTES_MAX + 16, /* slot/item */
};

struct item_vector {
    struct slice item_id;
    struct slice generation;
    int32_t slot;
    int32_t row;
    float scale;
    struct slice bytes;
};

extern const struct contract item_vector_contract;

#endif
