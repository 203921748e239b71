/* Threads that leave signals to the main thread.
 *
 * A worker ends cleanly because its main thread is interrupted by SIGTERM. Every other thread is
 * therefore started with all signals blocked; only the faults of the thread itself (SIGSEGV,
 * SIGBUS, SIGFPE, SIGILL) stay, so that a sanitizer can report them.
 */
#ifndef FRESHET_BASE_THREAD_H
#define FRESHET_BASE_THREAD_H

#include "base/base.h"

#include <pthread.h>
#include <signal.h>

enum { THREAD_NAME_MAX = 15 };

/* Starts a thread that runs work(arg) with signals blocked. The name (at most THREAD_NAME_MAX
 * bytes) is what `top -H` and a debugger show. Returns 0 or -errno; the caller ends with
 * thread_join(). */
int thread_start(pthread_t *ret_thread, const char *name, void *(*work)(void *arg), void *arg);
/* Waits for the end of a thread that was started and not joined. */
void thread_join(pthread_t thread);
/* Prepares a condition variable whose deadlines use the monotonic clock; destroy it with
 * pthread_cond_destroy(). */
void thread_cond_init(pthread_cond_t *cond);
/* Returns the time `ahead_us` from now, for pthread_cond_timedwait() on such a condition. */
struct timespec thread_deadline(int64_t ahead_us);
/* Blocks signals in the calling thread before a library starts its own threads, which inherit the
 * mask. thread_restore_signals() undoes it. */
void thread_block_signals(sigset_t *ret_before);
void thread_restore_signals(const sigset_t *before);

#endif
