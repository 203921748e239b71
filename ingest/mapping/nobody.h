/* Nobody: user ids that shops write where there is no user, such as 0 for all guests.
 *
 * They are ids like any others, because somebody may have such an id. But all who share one are one
 * user to Freshet, whose list is then everybody's; so whoever sets up a source is told.
 */
#ifndef FRESHET_INGEST_MAPPING_NOBODY_H
#define FRESHET_INGEST_MAPPING_NOBODY_H

#include "base/slice.h"

/* What to do about it, for the log and for `freshet map`. */
#define NOBODY_HINT                                                                                \
    "all records with it are of one user; absent.values makes it absent, and map.user=ID|OTHER "   \
    "takes another field then"

/* Says whether a user id, without blanks at its ends, is rather a word for no user. */
bool nobody_is(struct slice user);

#endif
