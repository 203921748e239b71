#include "base/base.h"
#include "model/content_aspects.h"
#include "model/ids.h"

int content_aspect_of_vectors(struct slice name)
{
    if (slice_equal(name, slice_str("text"))) { return ASPECT_TEXT; }
    if (slice_equal(name, slice_str("given"))) { return ASPECT_GIVEN; }
    return ASPECT_NAMED + (int)(ids_fingerprint(name) % (ASPECTS - ASPECT_NAMED));
}

const char *content_aspect_name(int aspect)
{
    static const char *const names[ASPECTS] = {
        [ASPECT_TAGS] = "tags",           [ASPECT_CATEGORY] = "category",
        [ASPECT_BRAND] = "brand",         [ASPECT_PRICE] = "price",
        [ASPECT_WORDS] = "words",         [ASPECT_TEXT] = "text",
        [ASPECT_GIVEN] = "given",         [ASPECT_NAMED] = "vectors_1",
        [ASPECT_NAMED + 1] = "vectors_2", [ASPECT_NAMED + 2] = "vectors_3",
        [ASPECT_NAMED + 3] = "vectors_4", [ASPECT_NAMED + 4] = "vectors_5",
    };
    assert(aspect >= 0 && aspect < ASPECTS);
    return names[aspect];
}
