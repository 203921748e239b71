#include "base/base.h"
#include "schemas/group_profile.h"

static const char schema[] =
#include "group_profile.avsc.inc"
    ;

static const char *const older[] = {
#include "versions/group_profile.1.avsc.inc"
    ,
#include "versions/group_profile.2.avsc.inc"
    ,
    NULL,
};

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
    CONTRACT_FIELD(group_profile, FIELD_LONG, version, 0),
    CONTRACT_FIELD(group_profile, FIELD_INT, clusters, 0),
    CONTRACT_FIELD(group_profile, FIELD_INT, parts, 0),
    CONTRACT_FIELD(group_profile, FIELD_FLOATS, vectors, GROUP_FACTORS_MAX * GROUP_NUMBERS_MAX),
    CONTRACT_FIELD(group_profile, FIELD_INT, user_parts, 0),
    CONTRACT_FIELD(group_profile, FIELD_INTS, user_clusters, GROUP_USERS_MAX),
    CONTRACT_FIELD(group_profile, FIELD_INTS, user_counts, GROUP_USERS_MAX),
    CONTRACT_FIELD(group_profile, FIELD_INTS, user_items, GROUP_USER_ITEMS_MAX),
    CONTRACT_FIELD(group_profile, FIELD_FLOATS, user_strengths, GROUP_USER_ITEMS_MAX),
};

const struct contract group_profile_contract = {
    .name = "freshet.GroupProfile",
    .schema = schema,
    .older = older,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct group_profile),
};

_Static_assert(GROUP_ITEMS_MAX * (ID_BYTES_MAX + 32) + 2 * LIST_OFFSETS_MAX * 10 +
                       GROUP_NUMBERS_MAX * 4 < GROUP_BYTES_MAX,
               "the longest record of a group fits its message");
_Static_assert(GROUP_FACTORS_MAX * (ID_BYTES_MAX + 32 + GROUP_NUMBERS_MAX * 4) +
                       LIST_OFFSETS_MAX * 10 < GROUP_BYTES_MAX,
               "and that of factors");
_Static_assert(GROUP_USER_ITEMS_MAX * 9 + GROUP_USERS_MAX * 10 + LIST_OFFSETS_MAX * 10 <
                   GROUP_BYTES_MAX,
               "and that of users");

static const char *const prefixes[GROUP_KINDS] = {
    [GROUP_SEGMENT] = "segment/",
    [GROUP_CLUSTER] = "cluster/",
    [GROUP_FACTORS] = "factors/",
    [GROUP_TOLD_USERS] = "users/",
};

struct slice group_profile_key(enum group_kind kind, struct slice name,
                               char key[GROUP_KEY_BYTES_MAX])
{
    assert(kind > GROUP_OTHER && kind < GROUP_KINDS);
    size_t prefix = strlen(prefixes[kind]);
    assert(name.size <= GROUP_NAME_BYTES_MAX);
    memcpy(key, prefixes[kind], prefix);
    if (name.size) { memcpy(key + prefix, name.data, name.size); }
    return slice_of(key, prefix + name.size);
}

enum group_kind group_profile_name(struct slice key, struct slice *ret_name)
{
    for (int kind = GROUP_OTHER + 1; kind < GROUP_KINDS; kind++) {
        size_t prefix = strlen(prefixes[kind]);
        if (key.size < prefix || memcmp(key.data, prefixes[kind], prefix) != 0) { continue; }
        *ret_name = slice_of(key.data + prefix, key.size - prefix);
        return (enum group_kind)kind;
    }
    return GROUP_OTHER;
}

int32_t group_profile_part(struct slice name)
{
    int32_t part = 0;
    bool plain = name.size > 0 && name.size <= 4 && (name.size == 1 || name.data[0] != '0');
    for (size_t k = 0; plain && k < name.size; k++) {
        plain = name.data[k] >= '0' && name.data[k] <= '9';
        part = part * 10 + (name.data[k] - '0');
    }
    return plain && part < GROUP_PARTS_MAX ? part : -1;
}

/* ---- What is right ---- */

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

static bool columns_agree(const struct group_profile *group)
{
    size_t count = group->items.count;
    return group->item_users.count == count && group->item_all_users.count == count &&
           group->gains.count == count;
}

/* Says whether clusters and parts of a version are numbers that one may have. */
static bool version_is_whole(const struct group_profile *group)
{
    return group->version > 0 && group->version <= GROUP_VERSION_MAX && group->clusters > 0 &&
           group->clusters <= GROUP_CLUSTERS_MAX && group->parts > 0 &&
           group->parts <= GROUP_PARTS_MAX && group->user_parts >= 0 &&
           group->user_parts <= GROUP_PARTS_MAX;
}

/* NaN is below nothing. */
static bool are_below(const struct floats *numbers, float most)
{
    bool fine = true;
    for (size_t k = 0; k < numbers->count; k++) { fine &= fabsf(numbers->at[k]) < most; }
    return fine;
}

static const char *cluster_fault(const struct group_profile *group)
{
    if (!group->vectors.count || group->vectors.count > GROUP_NUMBERS_MAX) {
        return "columns_differ";
    }
    return version_is_whole(group) && group->name.size ? NULL : "over_limit";
}

static const char *factors_fault(const struct group_profile *group)
{
    size_t items = group->items.count, numbers = group->vectors.count;
    int32_t part = group_profile_part(group->name);
    if (!version_is_whole(group) || part < 0 || part >= group->parts) { return "over_limit"; }
    bool fits = items > 0 && items <= GROUP_FACTORS_MAX && numbers % items == 0 &&
                numbers / items > 0 && numbers / items <= GROUP_NUMBERS_MAX;
    return fits ? NULL : "columns_differ";
}

/* Says whether clusters and items are numbers that a version may have, and strengths are such. */
static bool users_agree(const struct group_profile *group)
{
    int64_t items = 0;
    for (size_t u = 0; u < group->user_counts.count; u++) {
        int32_t cluster = group->user_clusters.at[u], count = group->user_counts.at[u];
        if (cluster < 1 || cluster >= GROUP_PARTS_MAX || count < 1) { return false; }
        items += count;
    }
    if (items != (int64_t)group->user_items.count) { return false; }
    for (size_t k = 0; k < group->user_items.count; k++) {
        int32_t item = group->user_items.at[k];
        if (item < 0 || item >= group->parts * GROUP_FACTORS_MAX) { return false; }
    }
    for (size_t k = 0; k < group->user_strengths.count; k++) {
        float strength = group->user_strengths.at[k];
        if (!(strength > 0.0F) || !(strength <= GROUP_STRENGTH_MAX)) { return false; }
    }
    return true;
}

static const char *users_fault(const struct group_profile *group)
{
    int32_t part = group_profile_part(group->name);
    size_t items = group->user_items.count, strengths = group->user_strengths.count;
    if (!version_is_whole(group) || part < 0 || part >= group->user_parts) { return "over_limit"; }
    if (group->user_counts.count != group->user_clusters.count ||
        (strengths && strengths != items)) {
        return "columns_differ";
    }
    return users_agree(group) ? NULL : "over_limit";
}

const char *group_profile_fault(const struct group_profile *group, struct slice key)
{
    char wanted[GROUP_KEY_BYTES_MAX];
    if (group->kind == GROUP_OTHER) { return NULL; }
    if (!are_below(&group->vectors, GROUP_NUMBER_MAX) || !are_below(&group->gains, INFINITY)) {
        return "over_limit";
    }
    enum group_kind kind = (enum group_kind)group->kind;
    if (!slice_equal(key, group_profile_key(kind, group->name, wanted))) { return "key_mismatch"; }
    if (kind == GROUP_FACTORS) { return factors_fault(group); }
    if (kind == GROUP_TOLD_USERS) { return users_fault(group); }
    if (!columns_agree(group)) { return "columns_differ"; }
    if (!counts_agree(group)) { return "over_limit"; }
    return kind == GROUP_CLUSTER ? cluster_fault(group) : NULL;
}
