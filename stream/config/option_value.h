/* One option's value: parsed from text, stored in a settings struct, and described for error
 * texts. */
#ifndef FRESHET_STREAM_CONFIG_OPTION_VALUE_H
#define FRESHET_STREAM_CONFIG_OPTION_VALUE_H

#include "base/base.h"
#include "base/buf.h"
#include "stream/config/option.h"

struct option_value {
    const char *text; /* strings and secrets: borrowed from the parsed text */
    int64_t number;   /* long, bytes, duration, choice, bool (0 or 1) */
    double real;
};

/* Parses a text by the option's type, choices and limits; 0 or -EINVAL. A blank may stand before a
 * unit; KB, MB, MiB and so on are read as k, m and g: multiples of 1024. Not for prefix options. */
int option_value_parse(const struct option *option, const char *text,
                       struct option_value *ret_value);
/* Writes a value to the option's member of the settings. */
void option_value_store(const struct option *option, const struct option_value *value,
                        void *settings);
/* Appends the value that the settings have, as one would write it (64k, 10m, cosine); a secret's as
 * ****. Not for prefix options. */
void option_value_print(const struct option *option, const void *settings, struct buf *out);
/* Appends what the pages say of it: its help, whether SIGHUP reads it again, its former name. */
void option_about(const struct option *option, struct buf *out);
/* Returns the type's name in the reference table: "number", "duration". */
const char *option_type_name(enum option_type type);
/* Appends the limits ("from 1 to 64k", "cosine, jaccard or llr"); nothing when there are none. */
void option_limits(const struct option *option, struct buf *out);
/* Appends a description of valid values: "a duration such as 250ms, 5s, 10m,
 * 2h or 30d, at most 1h". */
void option_describe(const struct option *option, struct buf *out);

#endif
