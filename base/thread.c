/* Signals are blocked before the thread is created: it inherits the mask, so there is no moment in
 * which a signal could reach it. The creator's own mask is restored afterwards. A signal that
 * arrives in between stays pending and is delivered then.
 */
#include "base/base.h"
#include "base/clock.h"
#include "base/thread.h"

void thread_block_signals(sigset_t *ret_before)
{
    static const int own_faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    sigset_t blocked;
    (void)sigfillset(&blocked);
    for (size_t i = 0; i < ARRAY_COUNT(own_faults); i++) {
        (void)sigdelset(&blocked, own_faults[i]);
    }
    int error = pthread_sigmask(SIG_SETMASK, &blocked, ret_before);
    assert(error == 0);
}

void thread_restore_signals(const sigset_t *before)
{
    int error = pthread_sigmask(SIG_SETMASK, before, NULL);
    assert(error == 0);
}

int thread_start(pthread_t *ret_thread, const char *name, void *(*work)(void *arg), void *arg)
{
    assert(strlen(name) <= THREAD_NAME_MAX);
    sigset_t before;
    pthread_t thread;
    thread_block_signals(&before);
    int error = pthread_create(&thread, NULL, work, arg);
    thread_restore_signals(&before);
    if (error) { return -error; }
    (void)pthread_setname_np(thread, name); /* fails if the thread has ended already */
    *ret_thread = thread;
    return 0;
}

void thread_join(pthread_t thread)
{
    int error = pthread_join(thread, NULL);
    assert(error == 0);
}

void thread_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    int error = pthread_cond_init(cond, &attributes);
    assert(error == 0);
    (void)pthread_condattr_destroy(&attributes);
}

struct timespec thread_deadline(int64_t ahead_us)
{
    int64_t until_us = clock_monotonic_us() + ahead_us;
    return (struct timespec){.tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000};
}
