/* A crew: workers that a command runs as its own children, and ends with itself. */
#ifndef FRESHET_CLI_CREW_H
#define FRESHET_CLI_CREW_H

#include "base/base.h"

#include <sys/types.h>

enum { CREW_MAX = 64, CREW_WORDS_MAX = 256 };

struct crew_member {
    const char *worker; /* borrowed */
    pid_t pid;          /* 0: has ended */
    char *log_path;
};

struct crew {
    char *programs; /* the directory of the programs: that of the command itself */
    struct crew_member members[CREW_MAX];
    size_t count;
};

/* Finds the programs. 0, or 1 with the fault printed. */
int crew_init(struct crew *crew);
/* Starts a worker with these words (NULL behind the last; argv[0] not among them), its log appended
 * to log_path. 0, or 1 with the fault printed. */
int crew_start(struct crew *crew, const char *worker, const char *const *words,
               const char *log_path);
/* Says whether all that were started run; prints which one ended and its last words. */
bool crew_runs(struct crew *crew);
/* Asks the copies of a worker (NULL: all) to end and waits; true when all ended in good order. */
bool crew_stop(struct crew *crew, const char *worker);
/* Stops who still runs and frees what the crew holds. */
void crew_release(struct crew *crew);

#endif
