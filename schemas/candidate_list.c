#include "base/base.h"
#include "schemas/candidate_list.h"

static const char schema[] =
#include "candidate_list.avsc.inc"
    ;

static const struct contract_field fields[] = {
    CONTRACT_FIELD(candidate_list, FIELD_STRING, source, CANDIDATE_SOURCE_BYTES_MAX),
    CONTRACT_FIELD(candidate_list, FIELD_STRING, user_id, ID_BYTES_MAX),
    CONTRACT_FIELD(candidate_list, FIELD_STRINGS, items, CANDIDATE_LIST_ITEMS_MAX),
    CONTRACT_FIELD(candidate_list, FIELD_FLOATS, scores, CANDIDATE_LIST_ITEMS_MAX),
    CONTRACT_FIELD(candidate_list, FIELD_LONG, expires_ms, 0),
};

const struct contract candidate_list_contract = {
    .name = "freshet.CandidateList",
    .schema = schema,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct candidate_list),
};

static bool is_source(struct slice name)
{
    for (size_t k = 0; k < name.size; k++) {
        char c = name.data[k];
        bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (!fine) { return false; }
    }
    return name.size > 0 && name.size <= CANDIDATE_SOURCE_BYTES_MAX;
}

bool candidate_list_key(struct slice key, struct slice *ret_source, struct slice *ret_user)
{
    const char *slash = key.size ? memchr(key.data, '/', key.size) : NULL;
    size_t size = slash ? (size_t)(slash - key.data) : key.size;
    *ret_source = slice_of(key.data, size);
    *ret_user = slash ? slice_of(slash + 1, key.size - size - 1) : slice_of("", 0);
    return is_source(*ret_source) && (!slash || ret_user->size > 0) &&
           ret_user->size <= ID_BYTES_MAX;
}

const char *candidate_list_fault(const struct candidate_list *list, struct slice key)
{
    struct slice source, user;
    if (!candidate_list_key(key, &source, &user)) { return "bad_key"; }
    if (!slice_equal(source, list->source) || !slice_equal(user, list->user_id)) {
        return "key_mismatch";
    }
    if (list->scores.count && list->scores.count != list->items.count) { return "columns_differ"; }
    for (size_t k = 0; k < list->scores.count; k++) {
        if (!(list->scores.at[k] >= 0.0F)) { return "negative_score"; }
    }
    return NULL;
}
