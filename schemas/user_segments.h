/* The segments that a user's profile puts the user into, by name:
 *
 *     country=DE     the country
 *     born=1980s     the decade of birth
 *     sex=F, vip     each tag as it is
 *
 * Each name is there once; a text beyond SEGMENT_NAME_BYTES_MAX names no segment.
 */
#ifndef FRESHET_SCHEMAS_USER_SEGMENTS_H
#define FRESHET_SCHEMAS_USER_SEGMENTS_H

#include "schemas/user_profile.h"

enum {
    SEGMENT_NAME_BYTES_MAX = 128,
    USER_SEGMENTS_MAX = PROFILE_TAGS_MAX + 2,
    SEGMENT_YEAR_FIRST = 1850, /* years of birth outside of these say nothing */
    SEGMENT_YEAR_LAST = 2200,
};

/* The names, in their own order; country and decade are written here, tags are borrowed. */
struct user_segments {
    struct slice at[USER_SEGMENTS_MAX];
    size_t count;
    char country[SEGMENT_NAME_BYTES_MAX], born[16];
};

/* Finds the segments of a user of this country (empty: not known), year of birth (0: not known) and
 * with these tags, at most PROFILE_TAGS_MAX. */
void user_segments_find(struct slice country, int32_t birth_year, struct slices tags,
                        struct user_segments *ret_segments);

#endif
