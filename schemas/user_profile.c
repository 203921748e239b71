#include "base/base.h"
#include "schemas/user_profile.h"

static const char schema[] =
#include "user_profile.avsc.inc"
    ;

static const struct contract_field fields[] = {
    CONTRACT_FIELD(user_profile, FIELD_STRING, user_id, ID_BYTES_MAX),
    CONTRACT_FIELD(user_profile, FIELD_STRINGS, tags, PROFILE_TAGS_MAX),
    CONTRACT_FIELD(user_profile, FIELD_INT, birth_year, 0),
    CONTRACT_FIELD(user_profile, FIELD_STRING, country, ID_BYTES_MAX),
};

const struct contract user_profile_contract = {
    .name = "freshet.UserProfile",
    .schema = schema,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct user_profile),
};
