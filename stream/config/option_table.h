/* Macros for the rows of an option table.
 *
 *     #define OPTION_SETTINGS struct scorer_settings
 *     const struct option scorer_options[] = {
 *         OPTION("list.length", LONG, list_length, "20", OPTION_RANGE(1, 99), "Items of a list."),
 *         OPTION("model.name", STRING, model_name, "item-item", OPTION_FREE, "Name of the model."),
 *         OPTION("log.level", CHOICE, log_level, "info", OPTION_ONE_OF("info|error"), "..."),
 *         OPTION("kafka.", PREFIX, kafka, NULL, OPTION_FREE, "Passed to librdkafka."),
 *     };
 *
 * The arguments are: name, kind (of enum option_type), member of OPTION_SETTINGS, default as text,
 * limits, help. The compiler refuses a member whose type does not fit the kind. A renamed option
 * also gives its former name (options.h):
 *
 *         OPTION("list.length", LONG, list_length, "20", OPTION_RANGE(1, 99), "Items of a list.",
 *                OPTION_FORMERLY("items.listed")),
 */
#ifndef FRESHET_STREAM_CONFIG_OPTION_TABLE_H
#define FRESHET_STREAM_CONFIG_OPTION_TABLE_H

#include "stream/config/options.h"

#define OPTION(key, kind, member, preset, limits, ...)                                             \
    {                                                                                              \
        .name = key, .type = OPTION_##kind, .offset = OPTION_OFFSET(OPTION_TYPE_##kind, member),   \
        .fallback = preset, limits, .help = __VA_ARGS__                                            \
    }
#define OPTION_FORMERLY(old) .former = old
/* May change while a worker runs. Whoever uses it reads it from the settings each time, on the
 * worker's thread, or is given it again by the worker's `reload`. */
#define OPTION_LIVE .live = true
/* A size that may be "auto": a part of memory.max. */
#define OPTION_PART(name) .part = MEMORY_##name

/* Limits: none, the least and the greatest value, or the valid words. */
#define OPTION_FREE .min = 0
#define OPTION_RANGE(least, most) .min = least, .max = most
#define OPTION_ONE_OF(words) .choices = words
#define GIB 1073741824.0 /* limits of sizes are multiples of powers of 1024: they print round */

#define OPTION_TYPE_STRING const char *
#define OPTION_TYPE_SECRET const char *
#define OPTION_TYPE_LONG int64_t
#define OPTION_TYPE_DOUBLE double
#define OPTION_TYPE_BOOL bool
#define OPTION_TYPE_BYTES int64_t
#define OPTION_TYPE_DURATION int64_t
#define OPTION_TYPE_CHOICE int32_t
#define OPTION_TYPE_PREFIX struct properties

/* When the types differ, an array of -1 elements stops the compiler. */
#define OPTION_OFFSET(wanted, member)                                                              \
    (offsetof(OPTION_SETTINGS, member) +                                                           \
     0 * sizeof(char[OPTION_SAME_TYPE(wanted, ((OPTION_SETTINGS *)0)->member) ? 1 : -1]))
#define OPTION_SAME_TYPE(wanted, member) __builtin_types_compatible_p(wanted, __typeof__(member))

#endif
