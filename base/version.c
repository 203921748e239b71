#include "base/base.h"
#include "base/version.h"
#include "version.inc"

const char *version_number(void)
{
    return FRESHET_VERSION;
}

const char *version_commit(void)
{
    return FRESHET_COMMIT[0] ? FRESHET_COMMIT : "unknown";
}
