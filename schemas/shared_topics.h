/* Which topics all generations have together; each generation has its own of the others. */
#ifndef FRESHET_SCHEMAS_SHARED_TOPICS_H
#define FRESHET_SCHEMAS_SHARED_TOPICS_H

#include "base/base.h"

/* Says whether a topic, named without a prefix, is shared. The workers' tables say the same. */
bool shared_topic(const char *name);

#endif
