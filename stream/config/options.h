/* Configuration as a table: name, type, place, default, limits, help.
 *
 * Properties come, later over earlier, from the defaults, `--config FILE` (Kafka-style properties:
 * `key=value` or `key: value`, # and ! comments, trailing-backslash continuation), the environment
 * (FRESHET_BATCH_RECORDS_MAX for batch.records.max; other FRESHET_ variables are ignored) and
 * `--set key=value`. A value may hold `${file:/path}` or `${env:NAME}` (secrets stay out of the
 * command line); only the values that are not overridden are looked at. Keys of a *prefix* option
 * (`kafka.*`) are collected untouched, from the environment too (FRESHET_KAFKA_SSL_CA_LOCATION for
 * kafka.ssl.ca.location); an exact name wins over a prefix, a long prefix over a short one. An
 * unknown key, a wrong type or a value out of range is an error that names the key, where it was
 * set and what would be right (the nearest known key, the range). All faults are reported at once.
 */
#ifndef FRESHET_STREAM_CONFIG_OPTIONS_H
#define FRESHET_STREAM_CONFIG_OPTIONS_H

#include "base/base.h"
#include "base/buf.h"

enum option_type {
    OPTION_STRING,   /* const char *; owned by the loaded options */
    OPTION_SECRET,   /* the same, printed as **** */
    OPTION_LONG,     /* int64_t */
    OPTION_DOUBLE,   /* double */
    OPTION_BOOL,     /* bool: true/false */
    OPTION_BYTES,    /* int64_t: 64k, 32m, 1g or plain */
    OPTION_DURATION, /* int64_t milliseconds: 250ms, 5s, 10m, 2h, 30d, or plain ms */
    OPTION_CHOICE,   /* int32_t: index into `choices` ("cosine|jaccard|llr") */
    OPTION_PREFIX,   /* struct properties: every key that begins with the name ("kafka.") */
};

struct option {
    const char *name;
    enum option_type type;
    size_t offset;        /* of the member in the settings struct */
    const char *fallback; /* default, as text; NULL: the option must be given */
    double min, max;      /* for numbers, bytes and durations; both 0: no limit */
    const char *choices;  /* for OPTION_CHOICE */
    const char *help;     /* one sentence, its first word a verb or noun, no final newline */
};

/* One table and the struct that it fills. */
struct option_group {
    const char *title; /* "runtime", "features" */
    const struct option *options;
    size_t count;
    void *settings;
};

struct property {
    const char *key; /* for a prefix option: without the prefix */
    const char *value;
};

struct properties {
    struct property *at;
    size_t count;
};

struct options; /* what was loaded: owns all strings in the settings */

/* Loads the groups' settings from a command line: argv[1..] holds --config FILE (repeatable),
 * --set key=value (repeatable); arguments that do not begin with `--` are left to the caller in
 * ret_rest (argv order, NULL-terminated, owned by *ret_options; all arguments behind a lone `--`
 * too). With a NULL ret_rest such an argument is a fault. Returns
 *   OPTIONS_OK     settings are filled;
 *   OPTIONS_SHOWN  --help, --options (reference table, as Markdown) or --version was asked for and
 *                  printed to stdout;
 *   OPTIONS_BAD    what is wrong, where and what to do is printed to `err` in one `level=error ...`
 *                  line per fault.
 * Free with options_free() when the settings are no longer used. */
enum options_result { OPTIONS_OK, OPTIONS_SHOWN, OPTIONS_BAD };
enum options_result options_load(const char *program, const char *about,
                                 const struct option_group *groups, size_t groups_count, int argc,
                                 char *const *argv, FILE *err, struct options **ret_options,
                                 char ***ret_rest);
/* Frees what options_load() made, and with it all strings in the settings; takes NULL. */
struct options *options_free(struct options *options);

/* Fills the groups' settings with the defaults and then with `key=value` texts (tests, the topology
 * driver); 0 or -EINVAL with the fault printed to err. */
int options_fill(const struct option_group *groups, size_t groups_count, const char *const *pairs,
                 size_t pairs_count, FILE *err, struct options **ret_options);

/* Writes the reference table of the groups as Markdown. */
void options_reference(const struct option_group *groups, size_t groups_count, FILE *out);

/* Looks a key up (without the prefix) in the properties of a prefix option; NULL when absent. */
const char *properties_get(const struct properties *properties, const char *key);

#endif
