#include "base/base.h"
#include "base/crash.h"

#ifdef FRESHET_CRASH

#include <signal.h>
#include <unistd.h>

enum { NAME_MAX_BYTES = 64, EXIT_MALFORMED = 64 };

extern struct crash_site *const __start_crash_sites[];
extern struct crash_site *const __stop_crash_sites[];

static struct {
    bool watching;
    const char *name;
    int64_t left; /* passes up to the one that kills */
    void (*die)(void *arg);
    void *arg;
} crash;

static __thread int shelter;

static size_t sites_count(void)
{
    return (size_t)(__stop_crash_sites - __start_crash_sites);
}

static bool is_armed(const char *name)
{
    if (strcmp(crash.name, "*") == 0) { return strcmp(name, "allocation") != 0; }
    return strcmp(crash.name, name) == 0;
}

void crash_pass(struct crash_site *site)
{
    if (!crash.watching || shelter) { return; }
    __atomic_add_fetch(&site->passed, 1, __ATOMIC_RELAXED);
    if (!crash.name || !is_armed(site->name)) { return; }
    if (__atomic_sub_fetch(&crash.left, 1, __ATOMIC_RELAXED) == 0) { crash.die(crash.arg); }
}

void crash_shelter(int by)
{
    shelter += by;
    assert(shelter >= 0);
}

void crash_watch(bool watching)
{
    crash.watching = watching;
}

void crash_arm(const char *name, int64_t nth, void (*die)(void *arg), void *arg)
{
    assert(!name || nth > 0);
    crash.name = name;
    crash.left = nth;
    crash.die = die;
    crash.arg = arg;
}

int64_t crash_passed(const char *name)
{
    int64_t passed = 0;
    for (size_t i = 0; i < sites_count(); i++) {
        const struct crash_site *site = __start_crash_sites[i];
        if (strcmp(site->name, name) == 0) { passed += site->passed; }
    }
    return passed;
}

void crash_reset(void)
{
    for (size_t i = 0; i < sites_count(); i++) { __start_crash_sites[i]->passed = 0; }
}

const char *crash_name(size_t index)
{
    const char *last = NULL;
    for (size_t found = 0; found <= index; found++) {
        const char *next = NULL;
        for (size_t i = 0; i < sites_count(); i++) {
            const char *name = __start_crash_sites[i]->name;
            bool behind = !last || strcmp(name, last) > 0;
            if (behind && (!next || strcmp(name, next) < 0)) { next = name; }
        }
        if (!next) { return NULL; }
        last = next;
    }
    return last;
}

/* ---- Programs ---- */

static void kill_process(void *arg _unused_)
{
    (void)kill(getpid(), SIGKILL);
    for (;;) { (void)pause(); }
}

static _noreturn_ void list_points(void)
{
    for (size_t i = 0; crash_name(i); i++) { printf("%s\n", crash_name(i)); }
    exit(0);
}

static bool is_known(const char *name)
{
    if (strcmp(name, "*") == 0) { return true; }
    for (size_t i = 0; crash_name(i); i++) {
        if (strcmp(crash_name(i), name) == 0) { return true; }
    }
    return false;
}

void crash_from_environment(void)
{
    static char name[NAME_MAX_BYTES];
    const char *order = getenv("CRASH_AT");
    if (!order) { return; }
    if (strcmp(order, "list") == 0) { list_points(); }
    size_t size = strcspn(order, ":");
    char *end = NULL;
    int64_t nth = order[size] ? strtoll(order + size + 1, &end, 10) : 1;
    (void)snprintf(name, sizeof(name), "%.*s", (int)size, order);
    if (nth < 1 || (end && *end) || !is_known(name)) {
        fprintf(stderr, "CRASH_AT=%s: expected NAME, NAME:N or list (which prints the names)\n",
                order);
        exit(EXIT_MALFORMED);
    }
    crash_arm(name, nth, kill_process, NULL);
    crash_watch(true);
}

#endif
