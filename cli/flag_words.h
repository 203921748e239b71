/* Splits a command line into flags with their values, by getopt_long(): short flags may share a
 * word, long ones may be shortened as long as they stay distinct, arguments may be in between, and
 * `--` ends the flags. */
#ifndef FRESHET_CLI_FLAG_WORDS_H
#define FRESHET_CLI_FLAG_WORDS_H

#include "base/base.h"
#include "base/buf.h"

enum { FLAG_WORDS_MAX = 64 };

struct flag_word {
    const char *name;
    char letter; /* 0: none */
    bool has_value;
};

/* Calls `take` for every flag in order, with its index in the table and its value (NULL: it has
 * none); `take` returns false, with the reason in `why`, to stop. argv[0] is skipped; arguments are
 * moved behind the flags. Returns the index of the first argument in argv (argc: none), or -EINVAL
 * with the reason in `why`. */
int flag_words_read(int argc, char **argv, const struct flag_word *flags, size_t count,
                    bool (*take)(void *arg, size_t flag, const char *value), void *arg,
                    struct buf *why);

#endif
