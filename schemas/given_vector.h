/* A vector of an item by a name, of its own topic `given-vectors`. See given_vector.avsc. */
#ifndef FRESHET_SCHEMAS_GIVEN_VECTOR_H
#define FRESHET_SCHEMAS_GIVEN_VECTOR_H

#include "schemas/item.h"

enum { GIVEN_KEY_BYTES_MAX = ITEM_VECTOR_NAME_BYTES_MAX + 1 + ID_BYTES_MAX }; /* name/item_id */

struct given_vector {
    struct slice item_id;
    struct slice name;
    struct floats vector;
};

extern const struct contract given_vector_contract;

/* Splits a key into name and item; false: it is none. */
bool given_vector_key(struct slice key, struct slice *ret_name, struct slice *ret_item);
/* Returns the reason why a record is refused: "bad_key", "key_mismatch", "bad_vectors"; NULL: it is
 * right. */
const char *given_vector_fault(const struct given_vector *given, struct slice key);

#endif
