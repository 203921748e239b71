/* Stores on a disk that gets full: a file system in memory, so the tests are skipped where none may
 * be mounted. RocksDB, as Debian builds it, aborts a process that uses a file after a failed write;
 * so each case is a program of its own.
 */
#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/rng.h"
#include "base/xalloc.h"
#include "stream/state/store.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STORES = 4, KEYS = 2500, WRITES = 8, VALUE_MAX = 4000, BYTES = 14000 };
enum { RESERVE = 1 << 20, LEFT_MAX = 4 << 20, SEEDS = 40 };

static struct store *open_it(const char *path)
{
    const struct store_limits limits = {.write_buffer_bytes = 256 << 10,
                                        .block_cache_bytes = 1 << 20};
    struct store *store = NULL;
    char *why = NULL;
    if (store_open(path, &limits, &store, &why) != 0) { _exit(9); }
    return store;
}

/* Fills the disk until so many bytes are free. */
static void fill_up(int fd, size_t left)
{
    static const char page[1 << 16];
    struct statvfs disk;
    while (fstatvfs(fd, &disk) == 0 && disk.f_bavail * disk.f_frsize > left) {
        if (write(fd, page, sizeof(page)) <= 0) { return; }
    }
}

static int open_filler(const char *path)
{
    _cleanup_(xfreep) char *filler = xprintf("%s/filler", path);
    return open(filler, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
}

/* A partition is given away on a full disk, after users were deleted: nothing is written. */
static int close_without_room(const char *path)
{
    const struct bookmark bookmark = {.changelog_offset = 1, .input_offset = 1};
    struct store_batch *batch = store_batch_new();
    struct store *store = open_it(path);
    struct slice value;
    for (int turn = 0; turn < 2; turn++) { /* the first deletion is purged at once */
        store_batch_put(batch, slice_str("kept"), slice_str("a state"));
        store_batch_put(batch, slice_str("deleted"), (struct slice){0});
        if (store_apply(store, batch, &bookmark) != 0) { return 1; }
    }
    store_batch_free(batch);
    int fd = open_filler(path);
    fill_up(fd, 0);
    store_close(store);
    if (ftruncate(fd, 0) < 0) { return 2; }
    close(fd);
    store = open_it(path);
    int result = store_get(store, slice_str("kept"), &value) == 0 &&
                 store_get(store, slice_str("deleted"), &value) == -ENOENT ? 0 : 3;
    store_close(store);
    return result;
}

struct filler {
    int fd;
    unsigned wait_us;
    size_t left;
    _Atomic bool over;
};

/* Leaves a little more than a write needs for some time, and then nothing. */
static void *fill_behind(void *arg)
{
    struct filler *filler = arg;
    fill_up(filler->fd, filler->left);
    (void)usleep(filler->wait_us);
    while (!filler->over) {
        fill_up(filler->fd, 0);
        (void)usleep(500);
    }
    return NULL;
}

static void put_some(struct store_batch *batch, uint64_t *rng)
{
    static char bytes[BYTES];
    if (!bytes[0]) {
        for (int i = 0; i < BYTES; i++) { bytes[i] = (char)(1 + rng_below(rng, 255)); }
    }
    for (int i = 0; i < WRITES; i++) {
        char key[24];
        (void)snprintf(key, sizeof(key), "user%d", (int)rng_below(rng, KEYS));
        struct slice value = slice_of(bytes + rng_below(rng, BYTES - VALUE_MAX),
                                      100 + rng_below(rng, VALUE_MAX - 100));
        if (rng_below(rng, 10) == 0) { value = slice_of(NULL, 0); }
        store_batch_put(batch, slice_str(key), value);
    }
}

/* The state of several partitions is written while the disk gets full. The first refusal ends the
 * worker, which closes all of them: RocksDB's threads may have failed in any. */
static int write_until_full(const char *path, uint64_t seed)
{
    struct store *stores[STORES];
    struct store_batch *batch = store_batch_new();
    uint64_t rng = seed;
    pthread_t thread;
    for (int i = 0; i < STORES; i++) {
        _cleanup_(xfreep) char *directory = xprintf("%s/%d", path, i);
        stores[i] = open_it(directory);
    }
    struct filler filler = {.fd = open_filler(path),
                            .wait_us = (unsigned)rng_below(&rng, 100000),
                            .left = RESERVE + rng_below(&rng, LEFT_MAX - RESERVE)};
    if (pthread_create(&thread, NULL, fill_behind, &filler) != 0) { return 1; }
    int result = 0;
    for (int64_t n = 1; result == 0; n++) {
        const struct bookmark bookmark = {.changelog_offset = n, .input_offset = n};
        put_some(batch, &rng);
        result = store_apply(stores[rng_below(&rng, STORES)], batch, &bookmark);
    }
    for (int i = 0; i < STORES; i++) { store_close(stores[i]); }
    filler.over = true;
    (void)pthread_join(thread, NULL);
    return result == -ENOSPC ? 0 : 2;
}

static int make_disk(void **state)
{
    char pattern[] = "/tmp/freshet-disk-XXXXXX";
    assert_non_null(mkdtemp(pattern));
    *state = xstrdup(pattern);
    return 0;
}

static int remove_disk(void **state)
{
    assert_int_equal(rmdir(*state), 0);
    free(*state);
    return 0;
}

/* Returns how the program ended on a disk of its own: as waitpid() says. */
static int run_on(const char *path, const char *size, const char *seed)
{
    if (mount("freshet-test", path, "tmpfs", 0, size) < 0) { skip(); } /* no right to */
    pid_t child = fork();
    if (child == 0) {
        (void)execl("/proc/self/exe", "test_full_disk", path, seed, NULL);
        _exit(127);
    }
    int status = -1;
    pid_t ended = waitpid(child, &status, 0);
    assert_int_equal(umount2(path, MNT_DETACH), 0);
    assert_int_equal(ended, child);
    return status;
}

static void test_a_store_is_closed_on_a_full_disk(void **state)
{
    assert_int_equal(run_on(*state, "size=24m", NULL), 0);
}

static void test_no_store_is_touched_after_one_was_refused(void **state)
{
    for (int seed = 1; seed <= SEEDS; seed++) {
        _cleanup_(xfreep) char *text = xprintf("%d", seed);
        assert_int_equal(run_on(*state, "size=40m", text), 0);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2) { return close_without_room(argv[1]); }
    if (argc == 3) {
        int result = write_until_full(argv[1], strtoul(argv[2], NULL, 10));
        if (store_left_open()) { _exit(result); }
        return result;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_store_is_closed_on_a_full_disk, make_disk,
                                        remove_disk),
        cmocka_unit_test_setup_teardown(test_no_store_is_touched_after_one_was_refused, make_disk,
                                        remove_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
