/* Crash points: named places at which a test can end the process as kill -9 would.
 *
 * They exist only in files that are compiled with FRESHET_CRASH. Everywhere else, and so in every
 * shipped program, CRASH_POINT() does nothing (HACKING.md says how to build programs that have
 * them). Several places may share a name, e.g. the same step on a broker and on the in-process log.
 *
 * A test gets a callback at the nth pass of a point. A program is killed there by
 * `CRASH_AT=name:n` in the environment; `CRASH_AT=list` prints the names. The name `*` means every
 * point except `allocation`, which is passed at every allocation of base/xalloc.h.
 *
 * Threads: any thread may pass a point; one thread arms it, before the others begin.
 */
#ifndef FRESHET_BASE_CRASH_H
#define FRESHET_BASE_CRASH_H

#include "base/base.h"

#ifdef FRESHET_CRASH

/* One place in the source. The linker collects all sites in a section, so that a point's name is
 * known before it is passed. */
struct crash_site {
    const char *name;
    int64_t passed;
};

#define CRASH_POINT(text)                                                                          \
    do {                                                                                           \
        static struct crash_site crash_here = {text, 0};                                           \
        static struct crash_site *const crash_there                                                \
            __attribute__((section("crash_sites"), used)) = &crash_here;                           \
        crash_pass(crash_there);                                                                   \
    } while (0)

/* CRASH_SHELTER(1) and CRASH_SHELTER(-1) enclose code in which passes neither count nor kill: code
 * that plays another process, such as the in-process broker. */
#define CRASH_SHELTER(by) crash_shelter(by)

/* Counts a pass; called by CRASH_POINT() only. */
void crash_pass(struct crash_site *site);
/* Adds `by` to the depth of the calling thread's shelter. */
void crash_shelter(int by);
/* Switches the counting of passes on or off. */
void crash_watch(bool watching);
/* Makes the nth pass from now (1: the next one) of the point call die(), once. A NULL name undoes
 * it. The name is borrowed. */
void crash_arm(const char *name, int64_t nth, void (*die)(void *arg), void *arg);
/* Returns the number of passes of a point since crash_reset(). */
int64_t crash_passed(const char *name);
/* Sets the numbers of passes of all points to 0. */
void crash_reset(void);
/* Returns the name of a point by its place in alphabetical order, each name once; NULL after the
 * last. */
const char *crash_name(size_t index);
/* Arms the point that CRASH_AT in the environment names; exits with an error message when CRASH_AT
 * is malformed. */
void crash_from_environment(void);

#else

#define CRASH_POINT(text) ((void)0)
#define CRASH_SHELTER(by) ((void)0)

#endif

#endif
