/* A user's profile: topic `users`, keyed by user id. See user_profile.avsc. */
#ifndef FRESHET_SCHEMAS_USER_PROFILE_H
#define FRESHET_SCHEMAS_USER_PROFILE_H

#include "schemas/user_event.h"

enum { PROFILE_TAGS_MAX = 256 };

struct user_profile {
    struct slice user_id;
    struct slices tags;
    int32_t birth_year;
    struct slice country;
};

extern const struct contract user_profile_contract;

#endif
