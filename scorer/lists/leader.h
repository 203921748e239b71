/* Leader: which contender of the blend makes a list. Pure. */
#ifndef FRESHET_SCORER_LISTS_LEADER_H
#define FRESHET_SCORER_LISTS_LEADER_H

#include "model/candidate_set.h"
#include "scorer/lists/list_settings.h"

/* Returns the contender that leads in a segment: that of the settings, else the proved one. */
int leader_choose(const struct list_settings *settings, const struct mixture *mixture,
                  enum mixture_segment segment);
/* Returns the member that adds most to a candidate's score under a leader; what aspects add is
 * content's. */
int leader_behind(int leader, const struct mixture *mixture, enum mixture_segment segment,
                  const struct candidate_set *candidates, size_t candidate);
/* Returns the name of a contender of the mixture, as in made_by of lists. */
const char *leader_name(int contender);

#endif
