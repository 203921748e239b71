/* Borrowed bytes. `data == NULL` is Kafka's null (no key, or a tombstone). */
#ifndef FRESHET_BASE_SLICE_H
#define FRESHET_BASE_SLICE_H

#include "base/base.h"

struct slice {
    const char *data;
    size_t size;
};

/* Columns: parallel arrays of a columnar message. The elements are borrowed like a slice's
 * bytes. */
struct slices {
    struct slice *at;
    size_t count;
};
struct longs {
    int64_t *at;
    size_t count;
};
struct ints {
    int32_t *at;
    size_t count;
};
struct doubles {
    double *at;
    size_t count;
};
struct floats {
    float *at;
    size_t count;
};

/* Borrows size bytes at data. */
static inline struct slice slice_of(const void *data, size_t size)
{
    return (struct slice){.data = data, .size = size};
}

/* Borrows a C string without its final NUL. */
static inline struct slice slice_str(const char *text)
{
    return (struct slice){.data = text, .size = text ? strlen(text) : 0};
}

/* Says whether two slices hold the same bytes (null equals only null). */
static inline bool slice_equal(struct slice a, struct slice b)
{
    if (!a.data || !b.data) { return a.data == b.data; }
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* Say whether two columns hold the same. */
static inline bool slices_equal(const struct slices *a, const struct slices *b)
{
    if (a->count != b->count) { return false; }
    for (size_t k = 0; k < a->count; k++) {
        if (!slice_equal(a->at[k], b->at[k])) { return false; }
    }
    return true;
}
static inline bool ints_equal(const struct ints *a, const struct ints *b)
{
    return a->count == b->count &&
           (a->count == 0 || memcmp(a->at, b->at, a->count * sizeof(*a->at)) == 0);
}

static inline bool longs_equal(const struct longs *a, const struct longs *b)
{
    return a->count == b->count &&
           (a->count == 0 || memcmp(a->at, b->at, a->count * sizeof(*a->at)) == 0);
}

/* Orders by bytes, then by length; null first. */
static inline int slice_compare(struct slice a, struct slice b)
{
    size_t shared = MIN_OF(a.size, b.size);
    int order = shared ? memcmp(a.data, b.data, shared) : 0;
    if (order) { return order; }
    return a.size < b.size ? -1 : a.size > b.size;
}

/* printf("%.*s", SLICE_ARGS(s)) */
#define SLICE_ARGS(s) (int)MIN_OF((s).size, (size_t)INT_MAX), ((s).data ? (s).data : "")

#endif
