#include "base/base.h"
#include "schemas/group_profile.h"

static const char schema[] =
#include "group_profile.avsc.inc"
    ;

static const struct contract_field fields[] = {
    CONTRACT_FIELD(group_profile, FIELD_ENUM, kind, 0),
    CONTRACT_FIELD(group_profile, FIELD_STRING, name, GROUP_NAME_BYTES_MAX),
    CONTRACT_FIELD(group_profile, FIELD_LONG, users, 0),
    CONTRACT_FIELD(group_profile, FIELD_LONG, all_users, 0),
    CONTRACT_FIELD(group_profile, FIELD_INT, sample, 0),
    CONTRACT_FIELD(group_profile, FIELD_STRINGS, items, GROUP_ITEMS_MAX),
    CONTRACT_FIELD(group_profile, FIELD_INTS, item_users, GROUP_ITEMS_MAX),
    CONTRACT_FIELD(group_profile, FIELD_INTS, item_all_users, GROUP_ITEMS_MAX),
    CONTRACT_FIELD(group_profile, FIELD_FLOATS, gains, GROUP_ITEMS_MAX),
    CONTRACT_FIELD(group_profile, FIELD_INT, rest_users, 0),
    CONTRACT_FIELD(group_profile, FIELD_LONGS, history_offsets, LIST_OFFSETS_MAX),
    CONTRACT_FIELD(group_profile, FIELD_LONGS, profile_offsets, LIST_OFFSETS_MAX),
};

const struct contract group_profile_contract = {
    .name = "freshet.GroupProfile",
    .schema = schema,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct group_profile),
};

_Static_assert(GROUP_ITEMS_MAX * (ID_BYTES_MAX + 32) + 2 * LIST_OFFSETS_MAX * 10 < GROUP_BYTES_MAX,
               "the longest record fits its message");

static const char segment_prefix[] = "segment/";

struct slice group_profile_key(struct slice name, char key[GROUP_KEY_BYTES_MAX])
{
    size_t prefix = strlen(segment_prefix);
    assert(name.size <= GROUP_NAME_BYTES_MAX);
    memcpy(key, segment_prefix, prefix);
    if (name.size) { memcpy(key + prefix, name.data, name.size); }
    return slice_of(key, prefix + name.size);
}

bool group_profile_name(struct slice key, struct slice *ret_name)
{
    size_t prefix = strlen(segment_prefix);
    if (key.size < prefix || memcmp(key.data, segment_prefix, prefix) != 0) { return false; }
    *ret_name = slice_of(key.data + prefix, key.size - prefix);
    return true;
}

static bool counts_agree(const struct group_profile *group)
{
    if (group->users < 1 || group->users > group->all_users) { return false; }
    if (group->rest_users < 0 || group->rest_users > group->users) { return false; }
    for (size_t k = 0; k < group->items.count; k++) {
        int64_t users = group->item_users.at[k], all = group->item_all_users.at[k];
        if (users < 1 || users > all || users > group->users || all > group->all_users) {
            return false;
        }
    }
    return true;
}

const char *group_profile_fault(const struct group_profile *group, struct slice key)
{
    char wanted[GROUP_KEY_BYTES_MAX];
    if (group->kind != GROUP_SEGMENT) { return NULL; }
    if (!slice_equal(key, group_profile_key(group->name, wanted))) { return "key_mismatch"; }
    size_t count = group->items.count;
    if (group->item_users.count != count || group->item_all_users.count != count ||
        group->gains.count != count) {
        return "columns_differ";
    }
    return counts_agree(group) ? NULL : "over_limit";
}
