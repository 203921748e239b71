/* Child processes: workers that a command starts, and that end with it. */
#ifndef FRESHET_CLI_GENERATIONS_CHILD_PROCESSES_H
#define FRESHET_CLI_GENERATIONS_CHILD_PROCESSES_H

#include "base/base.h"

#include <sys/types.h>

enum { CHILD_PROCESSES_MAX = 64, CHILD_PROCESSES_WORDS_MAX = 256 };

struct child_process {
    const char *worker; /* borrowed */
    pid_t pid;          /* 0: has ended */
    char *log_path;
};

struct child_processes {
    char *programs; /* the directory of the programs: that of the command itself */
    struct child_process members[CHILD_PROCESSES_MAX];
    size_t count;
};

/* Finds the programs. 0, or EXIT_FAILURE with the fault printed. */
int child_processes_init(struct child_processes *children);
/* Starts a worker with these words (NULL behind the last; argv[0] not among them), its log appended
 * to log_path. 0, or EXIT_FAILURE with the fault printed. */
int child_processes_start(struct child_processes *children, const char *worker,
                          const char *const *words, const char *log_path);
/* Says whether all children still run; prints which one ended and the end of its log. */
bool child_processes_runs(struct child_processes *children);
/* Asks the copies of a worker (NULL: all) to end and waits; true when all exit codes were 0. */
bool child_processes_stop(struct child_processes *children, const char *worker);
/* Stops those that still run and frees what the struct holds. */
void child_processes_release(struct child_processes *children);

#endif
