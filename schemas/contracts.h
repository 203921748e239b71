/* All contracts in one list. */
#ifndef FRESHET_SCHEMAS_CONTRACTS_H
#define FRESHET_SCHEMAS_CONTRACTS_H

#include "stream/avro/codec.h"

extern const struct contract *const contracts[];
extern const size_t contracts_count;

/* Adds every contract's schema and its earlier versions to the schema cache. */
void contracts_add_all(struct schema_cache *schemas);

#endif
