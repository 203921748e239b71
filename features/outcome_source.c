#include "base/base.h"
#include "features/outcome_source.h"

/* Placement and generation have no colon. */
bool outcome_source_split(struct slice text, struct placement_outcomes *ret_names)
{
    const char *end = text.data + text.size;
    const char *first = text.size ? memchr(text.data, ':', text.size) : NULL;
    const char *second = first ? memchr(first + 1, ':', (size_t)(end - first - 1)) : NULL;
    if (!second || first == text.data || text.size > OUTCOME_SOURCE_BYTES_MAX) { return false; }
    ret_names->placement = slice_of(text.data, (size_t)(first - text.data));
    ret_names->generation = slice_of(first + 1, (size_t)(second - first - 1));
    ret_names->rule = slice_of(second + 1, (size_t)(end - second - 1));
    return true;
}

bool outcome_source_valid(struct slice text)
{
    struct placement_outcomes names;
    return outcome_source_split(text, &names) && names.placement.size <= LIST_ID_BYTES_MAX &&
           names.generation.size <= LIST_ID_BYTES_MAX && names.rule.size <= EVENT_RULE_BYTES_MAX;
}
