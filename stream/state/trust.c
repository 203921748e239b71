#include "base/base.h"
#include "stream/state/trust.h"

/* A tombstone stays at least delete.retention.ms. A tenth of that is left for clocks that differ
 * and for the time that reading takes. */
int64_t trust_age_max_ms(const struct topic_settings *settings)
{
    int64_t kept_ms = settings->known ? settings->delete_retention_ms : DELETE_RETENTION_DEFAULT_MS;
    return kept_ms - kept_ms / 10;
}

/* A time in the future says nothing: a clock was wrong. */
static bool is_too_old(const struct bookmark *bookmark, const struct log_facts *facts)
{
    int64_t age_max_ms = trust_age_max_ms(facts->settings);
    int64_t age_ms = facts->wall_ms - bookmark->current_ms;
    return age_ms > age_max_ms || age_ms < -age_max_ms / 10;
}

enum trust trust_bookmark(const struct bookmark *bookmark, const struct log_facts *facts,
                          const char **ret_why)
{
    bool whole = facts->low == 0 || facts->expires;
    if (!bookmark) {
        *ret_why = "the changelog's first records were deleted";
        return whole ? TRUST_WHOLE : TRUST_LOST;
    }
    bool complete = bookmark->changelog_offset + facts->control_records >= facts->end;
    if (complete) { return TRUST_WHOLE; }
    if (bookmark->changelog_offset < facts->low) {
        *ret_why = "the changelog begins after it";
        return whole ? TRUST_REBUILD : TRUST_LOST;
    }
    if (!is_too_old(bookmark, facts)) { return TRUST_WHOLE; }
    *ret_why = "it is older than the changelog's tombstones are kept";
    return whole ? TRUST_REBUILD : TRUST_LOST;
}
