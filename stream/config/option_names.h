/* The names of an option: its own, its former one, an environment variable's, and what is near. */
#ifndef FRESHET_STREAM_CONFIG_OPTION_NAMES_H
#define FRESHET_STREAM_CONFIG_OPTION_NAMES_H

#include "base/base.h"
#include "base/buf.h"
#include "stream/config/option.h"

/* Says whether the key is the option's former name. */
bool option_is_former(const struct option *option, const char *key);
/* Says whether the key is the option's name or its former name. */
bool option_is_named(const struct option *option, const char *key);
/* Returns the name, or the former name, that a variable stands for, else NULL. The variable's text
 * is without FRESHET_ and `size` long; that of a prefix option begins with the prefix. */
const char *option_spelt(const struct option *option, const char *variable, size_t size);
/* Returns how far the key is from the option's name; of a prefix, only its words are compared. */
size_t option_distance(const struct option *option, const char *key);
/* Appends the hint for a former name: "OLD is now called NEW; OLD works until release 0.3.0". */
void option_former_hint(const struct option *option, struct buf *out);

#endif
