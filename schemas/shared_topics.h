/* The topics that all generations share. Each generation has its own copy of the other topics. */
#ifndef FRESHET_SCHEMAS_SHARED_TOPICS_H
#define FRESHET_SCHEMAS_SHARED_TOPICS_H

#include "base/base.h"

/* True when a topic, named without its prefix, is shared. The workers' tables must agree. */
bool shared_topic(const char *name);

#endif
