/* Maps sample records without Kafka and prints what each becomes, or why it is refused. */
#ifndef FRESHET_CLI_SAMPLES_H
#define FRESHET_CLI_SAMPLES_H

#include "base/base.h"

struct samples {
    const char *file;   /* JSON lines; "-": standard input */
    const char *source; /* whose mapping is used; NULL: by the line's topic, else the first */
    bool enveloped;     /* lines as kcat -J prints them: topic, key, headers, payload ... */
    bool quiet;           /* print refusals only */
    int64_t time_ms;    /* Kafka timestamp of records without one */
    /* Options as for a worker: argv[0] is any name, then --config FILE and --set KEY=VALUE. */
    char *const *words;
    int words_count;
};

/* Prints one JSON line for each thing that a sample becomes, or the refusal, and a summary to
 * stderr. Returns the exit code: 0, EXIT_FAILURE when there would be dead letters, EXIT_DISK when
 * the file cannot be read, EXIT_CONFIG when the configuration is wrong. */
int samples_map(const struct samples *samples);

#endif
