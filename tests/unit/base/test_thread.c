#include "base/base.h"
#include "base/clock.h"
#include "base/thread.h"

#include <setjmp.h>
#include <stdatomic.h>
#include <unistd.h>
#include <cmocka.h>

struct seen {
    sigset_t mask;
    char name[16];
    atomic_bool named;
};

static void *look(void *arg)
{
    struct seen *seen = arg;
    pthread_sigmask(SIG_SETMASK, NULL, &seen->mask);
    while (!atomic_load(&seen->named)) {
    }
    pthread_getname_np(pthread_self(), seen->name, sizeof(seen->name));
    return NULL;
}

/* A thread cannot be interrupted by what ends a worker, and the caller's mask is as before. */
static void test_signals_blocked(void **state)
{
    struct seen seen = {.named = false};
    pthread_t thread;
    assert_int_equal(thread_start(&thread, "a-name-of-15-by", look, &seen), 0);
    atomic_store(&seen.named, true);
    thread_join(thread);
    assert_string_equal(seen.name, "a-name-of-15-by");
    static const int blocked[] = {SIGTERM, SIGINT, SIGALRM, SIGUSR1, SIGCHLD, SIGPIPE, SIGHUP};
    for (size_t i = 0; i < ARRAY_COUNT(blocked); i++) {
        assert_true(sigismember(&seen.mask, blocked[i]));
    }
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    for (size_t i = 0; i < ARRAY_COUNT(faults); i++) {
        assert_false(sigismember(&seen.mask, faults[i]));
    }
    sigset_t mine;
    pthread_sigmask(SIG_SETMASK, NULL, &mine);
    assert_false(sigismember(&mine, SIGTERM));
}

/* A wait ends at its deadline, and not before. */
static void test_deadline(void **state)
{
    enum { WAIT_US = 20000 };
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t cond;
    thread_cond_init(&cond);
    int64_t from_us = clock_monotonic_us();
    struct timespec until = thread_deadline(WAIT_US);
    pthread_mutex_lock(&lock);
    while (pthread_cond_timedwait(&cond, &lock, &until) != ETIMEDOUT) {}
    pthread_mutex_unlock(&lock);
    int64_t spent_us = clock_monotonic_us() - from_us;
    assert_true(spent_us >= WAIT_US && spent_us < 1000 * WAIT_US);
    pthread_cond_destroy(&cond);
}

static volatile sig_atomic_t got;
static pthread_t got_in;

static void on_signal(int number _unused_)
{
    got_in = pthread_self();
    got = 1;
}

static void *wait_until(void *arg)
{
    while (!atomic_load((atomic_bool *)arg)) { usleep(1000); }
    return NULL;
}

/* A signal to the process reaches the main thread, however many others there are. */
static void test_signal_reaches_main(void **state)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    atomic_bool end = false;
    struct sigaction action = {.sa_handler = on_signal}, before;
    sigaction(SIGUSR1, &action, &before);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(thread_start(&threads[i], "waits", wait_until, &end), 0);
    }
    kill(getpid(), SIGUSR1);
    while (!got) { usleep(1000); }
    assert_true(pthread_equal(got_in, pthread_self()));
    atomic_store(&end, true);
    for (size_t i = 0; i < THREADS; i++) { thread_join(threads[i]); }
    sigaction(SIGUSR1, &before, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signals_blocked),
        cmocka_unit_test(test_signal_reaches_main),
        cmocka_unit_test(test_deadline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
