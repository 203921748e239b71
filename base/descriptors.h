/* The process's limit of open files. */
#ifndef FRESHET_BASE_DESCRIPTORS_H
#define FRESHET_BASE_DESCRIPTORS_H

#include "base/base.h"

/* Raises the soft limit to the hard one. systemd and most shells keep the soft limit at 1,024 for
 * programs that use select(); ours do not. At the start of a program. */
void descriptors_raise(void);
/* Returns how many files may be open at a time. */
int64_t descriptors_limit(void);

#endif
