/* Secret: which settings hold passwords, tokens and keys, by their names. No program prints the
 * value of one, wherever it was set and however its name was mistyped. */
#ifndef FRESHET_BASE_SECRET_H
#define FRESHET_BASE_SECRET_H

#include "base/slice.h"

/* Says whether a setting of this name may hold a secret: the name contains pass, secret, token,
 * key, credential or the like, in any case. */
bool secret_named(struct slice name);
/* Returns the value of a setting that names a file of secrets, as it may be shown: a path, or
 * `****` for what may be a secret itself, written where its file belongs. Writes into `into`;
 * returns it. */
const char *secret_file(const char *path, char *into, size_t size);
/* Returns a command-line argument as it may be shown: the part before the first `=` (after a
 * secret's name also `:` or a blank), followed by `=****` when there is one; and all of it as
 * `****` when `before`, the argument before it (may be NULL), names a secret without giving its
 * value. Writes into `into`; returns it. */
const char *secret_argument(const char *argument, const char *before, char *into, size_t size);

#endif
