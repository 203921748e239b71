#include "base/base.h"
#include "schemas/shared_topics.h"

static const char *const shared[] = {"clicks", "events",          "items",       "redrives",
                                     "users",  "recommendations", "generations", "requests",
                                     "responses", "rules",           "content-vectors",
                                     "recommendations-json", "trials", "served",
                                     "candidates", "given-vectors"};

bool shared_topic(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(shared); i++) {
        if (strcmp(shared[i], name) == 0) { return true; }
    }
    return false;
}
