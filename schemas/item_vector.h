/* One row of a model version: an item's vector, in topic `item-vectors`. See item_vector.avsc.
 *
 * Model versions alternate between two slots (trainer/sequence/publisher.h). The contract's field
 * `generation` holds the name of the model version; its name is older than that word.
 */
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
    struct slice generation; /* name of the model version */
    int32_t slot;
    int32_t row;
    float scale;
    struct slice bytes;
};

extern const struct contract item_vector_contract;

#endif
