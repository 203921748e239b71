#include "base/base.h"
#include "ingest/mapping/nobody.h"

#include <strings.h>

static const char *const words[] = {
    "0",
    "-1",
    "-",
    "n/a",
    "na",
    "nan",
    "nil",
    "null",
    "none",
    "guest",
    "unknown",
    "not set",
    "(not set)",
    "undefined",
    "anonymous",
    "00000000-0000-0000-0000-000000000000",
};

bool nobody_is(struct slice user)
{
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        size_t size = strlen(words[i]);
        if (user.size == size && strncasecmp(user.data, words[i], size) == 0) { return true; }
    }
    return false;
}
