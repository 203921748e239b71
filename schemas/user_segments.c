#include "base/base.h"
#include "schemas/user_segments.h"

static void add(struct user_segments *segments, struct slice name)
{
    if (!name.size || name.size > SEGMENT_NAME_BYTES_MAX) { return; }
    segments->at[segments->count++] = name;
}

static void add_country(struct user_segments *segments, struct slice country)
{
    int size = country.size > sizeof(segments->country)
                   ? -1
                   : snprintf(segments->country, sizeof(segments->country), "country=%.*s",
                              SLICE_ARGS(country));
    bool fits = size > 0 && (size_t)size < sizeof(segments->country);
    if (country.size && fits) { add(segments, slice_of(segments->country, (size_t)size)); }
}

static void add_decade(struct user_segments *segments, int32_t year)
{
    if (year < SEGMENT_YEAR_FIRST || year > SEGMENT_YEAR_LAST) { return; }
    int size = snprintf(segments->born, sizeof(segments->born), "born=%ds", year / 10 * 10);
    add(segments, slice_of(segments->born, (size_t)size));
}

static int by_name(const void *a, const void *b)
{
    return slice_compare(*(const struct slice *)a, *(const struct slice *)b);
}

void user_segments_find(struct slice country, int32_t birth_year, struct slices tags,
                        struct user_segments *ret_segments)
{
    size_t kept = 0;
    assert(tags.count <= PROFILE_TAGS_MAX);
    ret_segments->count = 0;
    add_country(ret_segments, country);
    add_decade(ret_segments, birth_year);
    for (size_t t = 0; t < tags.count; t++) { add(ret_segments, tags.at[t]); }
    qsort(ret_segments->at, ret_segments->count, sizeof(*ret_segments->at), by_name);
    for (size_t k = 0; k < ret_segments->count; k++) {
        if (kept && slice_equal(ret_segments->at[kept - 1], ret_segments->at[k])) { continue; }
        ret_segments->at[kept++] = ret_segments->at[k];
    }
    ret_segments->count = kept;
}
