/* The names of an option: its own, its former one, its environment variable, and near
 * misspellings. */
#ifndef FRESHET_STREAM_CONFIG_OPTION_NAMES_H
#define FRESHET_STREAM_CONFIG_OPTION_NAMES_H

#include "base/base.h"
#include "base/buf.h"
#include "stream/config/option.h"

/* True when the key is the option's former name. */
bool option_is_former(const struct option *option, const char *key);
/* True when the key is the option's name or its former name. */
bool option_is_named(const struct option *option, const char *key);
/* Returns the name, or the former name, that an environment variable stands for, else NULL.
 * `variable` is its name without FRESHET_, `size` bytes long. For a prefix option it is enough that
 * the variable begins with the prefix. */
const char *option_spelt(const struct option *option, const char *variable, size_t size);
/* Says whether the value of a key may be a secret, by its option (may be NULL) or its name. */
bool option_is_secret(const struct option *option, const char *key);
/* Returns the edit distance of the key, in small letters, to the option's name; for a prefix
 * option, of the key's first words, as many as the prefix has. */
size_t option_distance(const struct option *option, const char *key);
/* Returns what else may be said of an unknown key, with "; " behind it; empty: nothing. A colon
 * stood behind it when it was not =. */
const char *option_unknown_hint(const char *key, bool colon);
/* Writes the key that a variable stands for (its name without FRESHET_): `head`, which it spells,
 * and the rest in small letters with points. `into` has size + 1 bytes. */
void option_variable_key(const char *head, const char *name, size_t size, char *into);
/* Appends the hint for a former name: "OLD is now called NEW; OLD works until release 0.3.0". */
void option_former_hint(const struct option *option, struct buf *out);

#endif
