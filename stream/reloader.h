/* Reloader: reads a worker's configuration again while it runs (SIGHUP), and tells in the log what
 * changed from what to what, and what waits for a restart.
 *
 * Files and --set are read as at the start. With a fault anywhere nothing is taken. All on the
 * worker's thread, between two steps of its run: so the parts that this thread works find either
 * the settings of before or those of after, and what other threads use is given to them by the
 * worker under their locks.
 */
#ifndef FRESHET_STREAM_RELOADER_H
#define FRESHET_STREAM_RELOADER_H

#include "stream/run.h"
#include "stream/run_settings.h"
#include "stream/worker.h"

struct reloader {
    const struct worker *worker; /* borrowed, as the settings and the arguments are */
    struct run_settings *settings;
    void *worker_settings;
    int argc;
    char **argv;
    struct options **read; /* whose texts the settings share */
    size_t read_count;
};

void reloader_init(struct reloader *reloader, const struct worker *worker,
                   struct run_settings *settings, void *worker_settings, int argc, char **argv);
void reloader_release(struct reloader *reloader);
/* Reads the configuration again and takes what may change. */
void reloader_read(struct reloader *reloader, struct run *run);

/* Lets the log have the level and format of the settings. */
void reloader_use_log(const struct reloader *reloader);
/* Logs a warning for each line of the notes. */
void reloader_say_notes(struct slice notes);
/* Returns what is wrong with the settings of the runtime beyond what its table checks; NULL:
 * nothing. The caller frees. */
char *reloader_fault(const struct worker *worker, const struct run_settings *settings);

#endif
