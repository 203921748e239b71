/* Children: workers that a command runs as its own, and ends with itself. */
#ifndef FRESHET_CLI_CHILDREN_H
#define FRESHET_CLI_CHILDREN_H

#include "base/base.h"

#include <sys/types.h>

enum { CHILDREN_MAX = 64, CHILDREN_WORDS_MAX = 256 };

struct child {
    const char *worker; /* borrowed */
    pid_t pid;          /* 0: has ended */
    char *log_path;
};

struct children {
    char *programs; /* the directory of the programs: that of the command itself */
    struct child members[CHILDREN_MAX];
    size_t count;
};

/* Finds the programs. 0, or 1 with the fault printed. */
int children_init(struct children *children);
/* Starts a worker with these words (NULL behind the last; argv[0] not among them), its log appended
 * to log_path. 0, or 1 with the fault printed. */
int children_start(struct children *children, const char *worker, const char *const *words,
               const char *log_path);
/* Says whether all that were started run; prints which one ended and its last words. */
bool children_runs(struct children *children);
/* Asks the copies of a worker (NULL: all) to end and waits; true when all ended in good order. */
bool children_stop(struct children *children, const char *worker);
/* Stops who still runs and frees what the struct holds. */
void children_release(struct children *children);

#endif
