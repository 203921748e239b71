/* Loads a program's configuration, which tables of options describe (option.h).
 *
 * A value comes from the last of these sources that sets it:
 *
 *   1. the default in the table
 *   2. --config FILE       properties as Kafka writes them (properties.h); later files win
 *   3. the environment     FRESHET_BATCH_RECORDS_MAX for batch.records.max; other FRESHET_
 *                          variables are ignored, unless they are near misspellings
 *   4. --set KEY=VALUE     later ones win
 *
 * A value may hold `${file:/path}` or `${env:NAME}`, so that secrets stay out of the command line;
 * overridden values are neither expanded nor checked. A *prefix* option (`kafka.`) collects every
 * key that begins with its name, unchecked, from the environment too (FRESHET_KAFKA_SSL_CA_LOCATION
 * for kafka.ssl.ca.location); an exact name wins over a prefix, a long prefix over a short one.
 *
 * A renamed option also accepts its former name. A later source overrides an earlier one under
 * either name. Both names in one source (one file, the environment, or all --set) with different
 * values are a fault.
 *
 * An unknown key, a wrong type, a value out of range, and a key that one file has twice with two
 * values are faults. The message names the key, the source and what would be right (the nearest
 * known key, the range). A key that a prefix would take is unknown, too, when it is a near
 * misspelling of an option. All faults are reported at once.
 */
#ifndef FRESHET_STREAM_CONFIG_OPTIONS_H
#define FRESHET_STREAM_CONFIG_OPTIONS_H

#include "base/base.h"
#include "base/buf.h"
#include "stream/config/option.h"

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

struct options; /* owns all strings in the settings */

/* Loads the groups' settings from a command line. argv[1..] holds --config FILE and --set KEY=VALUE
 * (both repeatable). Arguments that do not begin with `--`, and all arguments after a lone
 * `--`, are returned in ret_rest (argv order, NULL-terminated, owned by *ret_options); with a NULL
 * ret_rest such an argument is a fault. Returns
 *   OPTIONS_OK     the settings are filled;
 *   OPTIONS_SHOWN  --help, --options (reference table, as Markdown), --manual (manual page, as
 *                  roff) or --version was given, and the page was printed to stdout;
 *   OPTIONS_BAD    there are faults; each is printed to `err` as one line `level=error ...` that
 *                  says what is wrong, where, and what to do;
 *   OPTIONS_USAGE  the same, and one of them is an argument that cannot be read.
 * Free with options_free() when the settings are no longer used. */
enum options_result { OPTIONS_OK, OPTIONS_SHOWN, OPTIONS_BAD, OPTIONS_USAGE };
enum options_result options_load(const char *program, const char *about,
                                 const struct option_group *groups, size_t groups_count, int argc,
                                 char *const *argv, FILE *err, struct options **ret_options,
                                 char ***ret_rest);
/* Frees what options_load() made and all strings in the settings; takes NULL; returns NULL. */
struct options *options_free(struct options *options);

/* Returns the index-th option that was set under its former name, NULL beyond the last. A program
 * warns of each (option_names.h has the hint). */
const struct option *options_former(const struct options *options, size_t index);

/* Fills the groups' settings with the defaults and then with `key=value` texts (for tests and the
 * topology driver); 0, or -EINVAL with the faults printed to err. */
int options_fill(const struct option_group *groups, size_t groups_count, const char *const *pairs,
                 size_t pairs_count, FILE *err, struct options **ret_options);

/* Writes the reference table of the groups as Markdown. */
void options_reference(const struct option_group *groups, size_t groups_count, FILE *out);

/* Looks up a key (without the prefix) in the properties of a prefix option; NULL when absent. */
const char *properties_get(const struct properties *properties, const char *key);

#endif
