/* Directories on disk. */
#ifndef FRESHET_BASE_DIRECTORY_H
#define FRESHET_BASE_DIRECTORY_H

#include "base/base.h"

/* Makes a directory and those above it, where they are missing; 0 or -errno. */
int directory_make(const char *path);
/* Deletes a directory and all below it, following no links; 0 (also when there is none) or
 * -errno. */
int directory_delete(const char *path);

#endif
