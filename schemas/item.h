/* One item of the catalogue: topic `items`, keyed by item id. See item.avsc. */
#ifndef FRESHET_SCHEMAS_ITEM_H
#define FRESHET_SCHEMAS_ITEM_H

#include "schemas/user_event.h"

enum {
    ITEM_TITLE_BYTES_MAX = 1024,
    ITEM_TAGS_MAX = 256,
    ITEM_TEXT_BYTES_MAX = 65536,
    ITEM_VECTOR_MAX = 4096,
    ITEM_WORD_BYTES_MAX = 256, /* brand, group, kind */
    ITEM_CATEGORY_MAX = 16,    /* levels */
    ITEM_IMAGE_BYTES_MAX = 2048,
    ITEM_VECTORS_MAX = 6, /* by name */
    ITEM_VECTOR_NAME_BYTES_MAX = 64,
};

struct item {
    struct slice item_id;
    struct slice title;
    struct slices tags;
    struct slice text;
    struct floats vector;
    bool available;
    int64_t created_ms;
    double price;  /* below 0: not known */
    int64_t stock; /* below 0: not known */
    struct slice brand;
    struct slices category; /* from the top */
    struct slice group_id;
    struct slice kind;
    int64_t available_from_ms;  /* 0: without a begin */
    int64_t available_until_ms; /* the first moment at which it is not; 0: without an end */
    struct slice image;         /* the address of a picture */
    struct slices vector_names; /* further given vectors; parallel to the next */
    struct ints vector_widths;
    struct floats vector_numbers; /* end to end */
};

/* A price or a stock that is not known. */
#define ITEM_NOT_KNOWN (-1)
/* The largest price or stock that ingest takes. */
#define ITEM_NUMBER_MAX 1e15

extern const struct contract item_contract;

/* Says whether a vector may have a name: small letters, digits, `_` or `-`, and neither `text` nor
 * `given`, which are rows' own. */
bool item_vector_may_be_named(struct slice name);
/* Checks the columns of further vectors: NULL, or what is wrong, in words. */
const char *item_vectors_fault(const struct item *item);

/* An item was created when its record was written, at the latest: a time to come would be the
 * newest one for good. `stamp_ms`: of the record in `items`; 0 or less: it has none. */
static inline void item_bound_created(struct item *item, int64_t stamp_ms)
{
    if (stamp_ms > 0) { item->created_ms = MIN_OF(item->created_ms, stamp_ms); }
}

/* Says whether a time is within an item's dates. */
static inline bool item_dates_hold(int64_t from_ms, int64_t until_ms, int64_t now_ms)
{
    return (!from_ms || now_ms >= from_ms) && (!until_ms || now_ms < until_ms);
}

#endif
