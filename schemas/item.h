/* One item of the catalogue: topic `items`, keyed by item id. See item.avsc. */
#ifndef FRESHET_SCHEMAS_ITEM_H
#define FRESHET_SCHEMAS_ITEM_H

#include "schemas/user_event.h"

enum {
    ITEM_TITLE_BYTES_MAX = 1024,
    ITEM_TAGS_MAX = 256,
    ITEM_TEXT_BYTES_MAX = 65536,
    ITEM_VECTOR_MAX = 4096,
};

struct item {
    struct slice item_id;
    struct slice title;
    struct slices tags;
    struct slice text;
    struct floats vector;
    bool available;
    int64_t created_ms;
};

extern const struct contract item_contract;

#endif
