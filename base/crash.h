/* Crash points: named places at which a test lets the process die as kill -9 would.
 *
 * A file compiled with FRESHET_CRASH defined has them; without, CRASH_POINT() is nothing, and so it
 * is in every program that is shipped (HACKING.md says how to build the others). A point is its
 * name: several places may share one, e.g. the same step on a broker and on the in-process log.
 *
 * In a test a point calls back at its nth pass; in a program `CRASH_AT=name:n` in the environment
 * kills the process there, and `CRASH_AT=list` prints the names. The name `*` is any point but
 * `allocation`, which stands for every allocation of base/xalloc.h.
 *
 * Threads: any may pass; arming is for one thread, before the others begin.
 */
#ifndef FRESHET_BASE_CRASH_H
#define FRESHET_BASE_CRASH_H

#include "base/base.h"

#ifdef FRESHET_CRASH

/* One place in the source. The linker gathers them: a point that exists is known, met or not. */
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

/* Inside, passes are neither counted nor fatal: what is done is not this process's doing. */
#define CRASH_SHELTER(by) crash_shelter(by)

/* Passes a place; called by CRASH_POINT() only. */
void crash_pass(struct crash_site *site);
/* Moves the depth of the calling thread's shelter. */
void crash_shelter(int by);
/* Begins or ends to heed passes. */
void crash_watch(bool watching);
/* Lets die() be called at the nth pass from now (1: the next) of the point, once; a NULL name
 * disarms. The name is borrowed. */
void crash_arm(const char *name, int64_t nth, void (*die)(void *arg), void *arg);
/* Counts the passes of a point since crash_count_anew(). */
int64_t crash_passed(const char *name);
void crash_count_anew(void);
/* Tells the name of the index-th point in the order of names, without repeats; NULL behind the
 * last. */
const char *crash_name(size_t index);
/* Does as CRASH_AT in the environment says; exits when that is no order. */
void crash_from_environment(void);

#else

#define CRASH_POINT(text) ((void)0)
#define CRASH_SHELTER(by) ((void)0)

#endif

#endif
