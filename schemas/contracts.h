/* All contracts in one list. */
#ifndef FRESHET_SCHEMAS_CONTRACTS_H
#define FRESHET_SCHEMAS_CONTRACTS_H

#include "stream/avro/codec.h"

extern const struct contract *const contracts[];
extern const size_t contracts_count;

/* Adds every contract's schema to a book, and those of its earlier versions. */
void contracts_add_all(struct schema_cache *book);

#endif
