/* An option is one row of a configuration table: name, type, member, default, limits, help. */
#ifndef FRESHET_STREAM_CONFIG_OPTION_H
#define FRESHET_STREAM_CONFIG_OPTION_H

#include "base/base.h"
#include "stream/config/memory_plan.h"

enum option_type {
    OPTION_STRING,   /* const char *; owned by the loaded options */
    OPTION_SECRET,   /* the same, printed as **** */
    OPTION_LONG,     /* int64_t */
    OPTION_DOUBLE,   /* double */
    OPTION_BOOL,     /* bool: true/false */
    OPTION_BYTES,    /* int64_t: 64k, 32m, 1g (also KB, MB, GiB: of 1024) or plain */
    OPTION_DURATION, /* int64_t milliseconds: 250ms, 5s, 10m, 2h, 30d, or plain ms */
    OPTION_CHOICE,   /* int32_t: index into `choices` ("cosine|jaccard|llr") */
    OPTION_PREFIX,   /* struct properties: every key that begins with the name ("kafka.") */
};

struct option {
    const char *name;
    enum option_type type;
    size_t offset;        /* of the member in the settings struct */
    const char *fallback; /* default, as text; NULL: the option is required */
    double min, max;      /* for numbers, bytes and durations; both 0: no limit */
    const char *choices;  /* for OPTION_CHOICE */
    const char *help;     /* one sentence without a final newline */
    const char *former;   /* the name before this one, which is still taken, or NULL; no prefix's */
    bool live;            /* a worker takes it over while it runs (SIGHUP; stream/reload.h) */
    enum memory_part part; /* of a size: "auto" (MEMORY_AUTO) is valid and is cut from memory.max */
};

#endif
