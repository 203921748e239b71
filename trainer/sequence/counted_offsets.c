#include "base/base.h"
#include "base/xalloc.h"
#include "schemas/recommendation_list.h"
#include "trainer/sequence/counted_offsets.h"

void counted_offsets_keep(struct counted_offsets *offsets, const struct table_view *view)
{
    struct longs now = table_view_offsets(view);
    offsets->at = xreallocarray(offsets->at, now.count + 1, sizeof(*offsets->at));
    memcpy(offsets->at, now.at, now.count * sizeof(*offsets->at));
    offsets->count = now.count;
}

void counted_offsets_release(struct counted_offsets *offsets)
{
    free(offsets->at);
    *offsets = (struct counted_offsets){0};
}

bool counted_offsets_are(const struct counted_offsets *offsets, const struct table_view *view)
{
    const struct longs now = table_view_offsets(view), then = {offsets->at, offsets->count};
    return offsets->at && longs_equal(&now, &then);
}

struct longs counted_offsets_named(const struct counted_offsets *offsets)
{
    return (struct longs){offsets->at, offsets->count <= LIST_OFFSETS_MAX ? offsets->count : 0};
}
