/* Trust: whether local state may go on from its changelog, must be rebuilt from it, or is the only
 * whole copy left.
 *
 * State that is older than the changelog's tombstones may lack deletions: a user who was forgotten
 * while the disk was away would come back. A changelog whose start was deleted is not whole: state
 * is never rebuilt from it. State that has all of the changelog is trusted at any age.
 */
#ifndef FRESHET_STREAM_STATE_TRUST_H
#define FRESHET_STREAM_STATE_TRUST_H

#include "stream/kafka/topic_settings.h"
#include "stream/state/store.h"

/* What is known of the changelog when local state is opened. */
struct log_facts {
    int64_t low, end;
    const struct topic_settings *settings;
    int64_t control_records; /* that follow our last record unread: 1 for a transaction, or 0 */
    bool expires; /* its rows may have gone by age, as lists of earlier releases: then it is whole
                   * from any offset on */
    int64_t wall_ms;
};

enum trust {
    TRUST_WHOLE,   /* go on from the bookmark, or from the start for a fresh store */
    TRUST_REBUILD, /* delete the state and read the changelog from its start */
    TRUST_LOST,    /* neither state nor changelog is whole; the state must stay as it is */
};

/* Decides about a bookmark (NULL: a fresh store). For all but TRUST_WHOLE, ret_why says why; a
 * constant text. */
enum trust trust_bookmark(const struct bookmark *bookmark, const struct log_facts *facts,
                          const char **ret_why);
/* Returns for how long a bookmark is trusted, given the changelog's settings. */
int64_t trust_age_max_ms(const struct topic_settings *settings);

#endif
