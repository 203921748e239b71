/* Sections of `key = value` lines, as deploy/topics.ini and deploy/acls.ini are written: `#` begins
 * a line of comment, and sections keep their order. */
#ifndef FRESHET_CLI_PROVISION_INI_H
#define FRESHET_CLI_PROVISION_INI_H

#include "base/base.h"

struct ini;

/* Reads a text; lines that are none of these are ignored. Free with ini_free(). */
struct ini *ini_read(const char *text);
/* Takes NULL; returns NULL. */
struct ini *ini_free(struct ini *ini);
/* Returns the index-th section's name; NULL beyond the last. */
const char *ini_section(const struct ini *ini, size_t index);
bool ini_has(const struct ini *ini, const char *section);
/* Returns a value, NULL when it is not there. */
const char *ini_get(const struct ini *ini, const char *section, const char *key);
/* Sets a value of a section. */
void ini_put(struct ini *ini, const char *section, const char *key, const char *value);
/* Returns the index-th key of a section and its value; NULL beyond the last. */
const char *ini_key(const struct ini *ini, const char *section, size_t index,
                    const char **ret_value);

#endif
