/* Exit codes: how a worker or a command ends; docs/operations.md and `--help` say the same. */
#ifndef FRESHET_BASE_EXIT_CODE_H
#define FRESHET_BASE_EXIT_CODE_H

enum {
    EXIT_STOPPED = 0,
    EXIT_USAGE = 64,
    EXIT_INPUT = 66,  /* a file that the command line names cannot be read */
    EXIT_BROKEN = 70, /* start again */
    EXIT_DISK = 74,   /* make room, then start again */
    EXIT_FENCED = 75, /* start again */
    EXIT_CONFIG = 78, /* needs operator action: starting again ends the same way */
};

#endif
