/* The version of this build. VERSION at the root of the tree holds the number (semantic
 * versioning); the commit comes from git when the tree is a git checkout, or from
 * `make GIT_COMMIT=...`. The same tree and commit give the same bytes.
 */
#ifndef FRESHET_BASE_VERSION_H
#define FRESHET_BASE_VERSION_H

#include "base/base.h"

/* The first release without the former names of options and metrics. */
#define VERSION_WITHOUT_FORMER_NAMES "0.3.0"

/* Returns the version, as "0.2.0" or "0.2.0-dev". */
const char *version_number(void);
/* Returns the abbreviated commit, with "-dirty" when files differed from it, or "unknown". */
const char *version_commit(void);

#endif
