#include "base/base.h"
#include "base/text_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/xalloc.h"
#include "stream/state/store.h"
#include "stream/state/store_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct store_limits limits = {.write_buffer_bytes = 1 << 20,
                                           .block_cache_bytes = 1 << 20};

static struct store *open_it(const char *path)
{
    struct store *store = NULL;
    char *why = NULL;
    assert_int_equal(store_open(path, &limits, &store, &why), 0);
    return store;
}

static int make_path(void **state)
{
    char pattern[] = "/tmp/freshet-store-XXXXXX";
    assert_non_null(mkdtemp(pattern));
    *state = xprintf("%s/0", pattern);
    return 0;
}

static int remove_path(void **state)
{
    char *path = *state;
    assert_int_equal(store_wipe(path), 0);
    *strrchr(path, '/') = '\0';
    assert_int_equal(rmdir(path), 0);
    free(path);
    return 0;
}

static int count_pairs(void *arg, struct slice key, struct slice value _unused_)
{
    int *count = arg;
    assert_memory_equal(key.data, "key", 3);
    return ++*count == 2 ? 77 : 0;
}

/* Writes beyond the buffer are flushed behind the worker's back: nothing of them is lost. */
static void test_large_writes_come_back(void **state)
{
    enum { WRITES = 6, PUTS = 40, VALUE_BYTES = 60000 };
    struct store *store = open_it(*state);
    struct store_batch *batch = store_batch_new();
    char *bytes = xmalloc(VALUE_BYTES);
    char key[24];
    for (int i = 0; i < WRITES * PUTS; i++) {
        (void)snprintf(key, sizeof(key), "key%d", i % (PUTS * 2));
        memset(bytes, i % 251, VALUE_BYTES);
        store_batch_put(batch, slice_str(key), slice_of(bytes, VALUE_BYTES));
        if ((i + 1) % PUTS) { continue; }
        const struct bookmark bookmark = {.changelog_offset = i, .input_offset = i};
        assert_int_equal(store_apply(store, batch, &bookmark), 0);
    }
    for (int round = 0; round < 2; round++) {
        struct bookmark read = {0};
        assert_int_equal(store_bookmark(store, &read), 0);
        assert_int_equal(read.input_offset, WRITES * PUTS - 1);
        for (int i = (WRITES - 2) * PUTS; i < WRITES * PUTS; i++) {
            struct slice value;
            (void)snprintf(key, sizeof(key), "key%d", i % (PUTS * 2));
            memset(bytes, i % 251, VALUE_BYTES);
            assert_int_equal(store_get(store, slice_str(key), &value), 0);
            assert_true(slice_equal(value, slice_of(bytes, VALUE_BYTES)));
        }
        store_close(store);
        store = round == 0 ? open_it(*state) : NULL;
    }
    free(bytes);
    store_batch_free(batch);
}

static void test_state_and_bookmark_go_together(void **state)
{
    struct store *store = open_it(*state);
    struct store_batch *batch = store_batch_new();
    struct bookmark bookmark = {.changelog_offset = 5, .input_offset = 9};
    struct slice value;
    assert_int_equal(store_bookmark(store, &bookmark), -ENOENT);
    for (int i = 0; i < 3; i++) {
        char key[8];
        (void)snprintf(key, sizeof(key), "key%d", i);
        store_batch_put(batch, slice_str(key), slice_str("v"));
    }
    assert_int_equal(store_get(store, slice_str("key0"), &value), -ENOENT);
    assert_int_equal(store_apply(store, batch, &bookmark), 0);
    store_batch_put(batch, slice_str("key0"), slice_of(NULL, 0));
    bookmark.input_offset = 10;
    assert_int_equal(store_apply(store, batch, &bookmark), 0);
    store_close(store);

    store = open_it(*state);
    struct bookmark read = {0};
    int count = 0;
    assert_int_equal(store_bookmark(store, &read), 0);
    assert_int_equal(read.input_offset, 10);
    assert_int_equal(read.changelog_offset, 5);
    assert_int_equal(store_get(store, slice_str("key0"), &value), -ENOENT);
    assert_int_equal(store_get(store, slice_str("key2"), &value), 0);
    assert_true(slice_equal(value, slice_str("v")));
    assert_int_equal(store_scan(store, count_pairs, &count), 77);
    assert_int_equal(count, 2); /* data only, never the bookmark */
    store_batch_free(batch);
    store_close(store);
}

static void test_notes_stay_until_dropped(void **state)
{
    struct store *store = open_it(*state);
    assert_false(store_has_note(store, "told"));
    assert_int_equal(store_put_note(store, "told"), 0);
    assert_false(store_has_note(store, "other"));
    store_close(store);
    store = open_it(*state);
    assert_true(store_has_note(store, "told"));
    assert_int_equal(store_drop_note(store, "told"), 0);
    assert_false(store_has_note(store, "told"));
    store_close(store);
}

static void test_a_second_opener_is_told_to_wait(void **state)
{
    struct store *store = open_it(*state);
    struct store *second = NULL;
    char *why = NULL;
    assert_int_equal(store_open(*state, &limits, &second, &why), -EAGAIN);
    assert_non_null(why);
    assert_null(second);
    free(why);
    store_close(store);
}

/* RocksDB is not led onto a disk without room, in a write or when it is closed: it might abort the
 * process there. Such a process ends soon; so this one is a child. */
static int write_without_room(const char *path)
{
    const struct store_limits greedy = {.write_buffer_bytes = INT64_C(1) << 50,
                                        .block_cache_bytes = 1 << 20};
    const struct bookmark bookmark = {.changelog_offset = 2, .input_offset = 2};
    struct bookmark found;
    struct store *store = NULL;
    struct store_batch *batch = store_batch_new();
    char *why = NULL;
    if (store_open(path, &greedy, &store, &why) != 0) { return 1; }
    store_batch_put(batch, slice_str("key"), slice_str("value"));
    if (store_apply(store, batch, &bookmark) != -ENOSPC) { return 2; }
    if (!strstr(store_why(store), strerror(ENOSPC))) { return 3; }
    if (store_bookmark(store, &found) != 0 || found.input_offset != 1) { return 4; }
    if (store_apply(store, batch, &bookmark) != -ENOSPC) { return 5; } /* nothing is left of it */
    store_close(store); /* in a process that ends: RocksDB is left alone */
    store_batch_free(batch);
    return 0;
}

static void test_a_full_disk_is_told_before_it_is_met(void **state)
{
    const struct bookmark bookmark = {.changelog_offset = 1, .input_offset = 1};
    struct store_batch *batch = store_batch_new();
    struct store *store = open_it(*state);
    store_batch_put(batch, slice_str("kept"), slice_str("value"));
    assert_int_equal(store_apply(store, batch, &bookmark), 0);
    store_close(store);
    pid_t child = fork();
    if (child == 0) { _exit(write_without_room(*state)); }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    store = open_it(*state);
    assert_int_equal(store_count(store), 1);
    store_close(store);
    store_batch_free(batch);
}

static void test_damage_is_told(void **state)
{
    store_close(open_it(*state));
    _cleanup_(xfreep) char *current = xprintf("%s/CURRENT", (char *)*state);
    FILE *file = fopen(current, "w");
    assert_non_null(file);
    fputs("nonsense", file);
    fclose(file);
    struct store *store = NULL;
    char *why = NULL;
    assert_int_equal(store_open(*state, &limits, &store, &why), -EIO);
    assert_non_null(why);
    free(why);
    assert_int_equal(store_wipe(*state), 0);
    assert_int_equal(store_wipe(*state), 0);
    store_close(open_it(*state));
}

/* Flips one bit in the middle of the oldest table. */
static void flip_bit_in_table(const char *path)
{
    DIR *dir = opendir(path);
    char first[256] = "";
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        if (!strstr(entry->d_name, ".sst")) { continue; }
        if (!first[0] || strcmp(entry->d_name, first) < 0) {
            (void)snprintf(first, sizeof(first), "%s", entry->d_name);
        }
    }
    closedir(dir);
    assert_true(first[0]);
    _cleanup_(xfreep) char *file = xprintf("%s/%s", path, first);
    int fd = open(file, O_RDWR);
    struct stat about;
    char byte;
    assert_true(fd >= 0 && fstat(fd, &about) == 0);
    assert_int_equal(pread(fd, &byte, 1, about.st_size / 4), 1);
    byte ^= 0x10;
    assert_int_equal(pwrite(fd, &byte, 1, about.st_size / 4), 1);
    close(fd);
}

/* A bit that only a compaction reads: writes are refused some time later, and from then on nobody
 * opens the store before it is wiped. Its content is in the changelog. */
static void test_damage_that_compaction_meets(void **state)
{
    enum { PUTS = 40, VALUE_BYTES = 50000, WRITES_MAX = 500 };
    struct store_batch *batch = store_batch_new();
    char *bytes = xmalloc(VALUE_BYTES), *why = NULL, key[24];
    struct store *store = open_it(*state);
    int result = 0;
    for (int i = 0; result == 0 && i < WRITES_MAX; i++) {
        for (int k = 0; k < PUTS; k++) {
            (void)snprintf(key, sizeof(key), "key%d", k);
            for (int b = 0; b < VALUE_BYTES; b++) { bytes[b] = (char)(b * (i + k + 1) >> 3); }
            store_batch_put(batch, slice_str(key), slice_of(bytes, VALUE_BYTES));
        }
        const struct bookmark bookmark = {.changelog_offset = i, .input_offset = i};
        result = store_apply(store, batch, &bookmark);
        if (i > 0 || result < 0) { continue; }
        store_close(store); /* its first table is on the disk */
        store = open_it(*state);
        flip_bit_in_table(*state);
    }
    assert_int_equal(result, -EIO);
    assert_non_null(strstr(store_why(store), "Corruption"));
    store_close(store);
    store = NULL;
    assert_int_equal(store_open(*state, &limits, &store, &why), -EIO);
    assert_non_null(strstr(why, "damaged"));
    free(why);
    /* RocksDB's threads still run: a store with a failed write is left alone. */
    for (int tries = 100; store_wipe(*state) < 0 && tries > 0; tries--) { usleep(1000); }
    free(bytes);
    store_batch_free(batch);
}

/* Too few descriptors are no damage: the state stays as it is. */
static void test_too_few_descriptors(void **state)
{
    struct store *store = open_it(*state);
    struct store_batch *batch = store_batch_new();
    const struct bookmark bookmark = {.changelog_offset = 1, .input_offset = 1};
    struct rlimit before, few;
    struct slice value;
    char *why = NULL;
    store_batch_put(batch, slice_str("key"), slice_str("value"));
    assert_int_equal(store_apply(store, batch, &bookmark), 0);
    store_close(store);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    int next = dup(STDERR_FILENO);
    close(next);
    for (int more = 0; more < 12; more++) { /* each file that RocksDB opens is the one too many */
        few = (struct rlimit){(rlim_t)(next + more), before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        store = NULL;
        int result = store_open(*state, &limits, &store, &why);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        if (result == 0) { break; }
        assert_int_equal(result, -EMFILE);
        free(why);
        assert_null(store);
    }
    store_close(store);
    store = open_it(*state);
    assert_int_equal(store_get(store, slice_str("key"), &value), 0);
    store_close(store);
    store_batch_free(batch);
}

/* Nor is a directory that may not be read. */
static void test_missing_rights(void **state)
{
    enum { NOBODY = 65534 };
    struct store *store = NULL;
    char *why = NULL;
    uid_t us = geteuid();
    store_close(open_it(*state));
    assert_int_equal(chmod(*state, 0), 0);
    if (us == 0) { assert_int_equal(seteuid(NOBODY), 0); }
    int result = store_open(*state, &limits, &store, &why);
    if (us == 0) { assert_int_equal(seteuid(us), 0); }
    assert_int_equal(result, -EACCES);
    free(why);
    assert_int_equal(chmod(*state, 0700), 0);
    store_close(open_it(*state));
}

static void load_some(struct store *store, struct store_batch *batch, int from, int to)
{
    for (int i = from; i < to; i++) {
        char key[16];
        (void)snprintf(key, sizeof(key), "key%d", i);
        store_batch_put(batch, slice_str(key), slice_str("v"));
    }
    assert_int_equal(store_load(store, batch), 0);
}

/* A load that was not ended leaves the bookmark where it was; one that was brings it along. */
static void test_a_load_ends_with_its_bookmark(void **state)
{
    struct store_batch *batch = store_batch_new();
    struct bookmark bookmark = {.changelog_offset = 3}, read = {0};
    struct slice value;
    struct store *store = open_it(*state);
    store_batch_put(batch, slice_str("key0"), slice_str("v"));
    assert_int_equal(store_apply(store, batch, &bookmark), 0);
    assert_int_equal(store_load_begin(store, 1 << 20), 0);
    load_some(store, batch, 1, 1000);
    store_close(store);

    store = open_it(*state);
    assert_int_equal(store_bookmark(store, &read), 0);
    assert_int_equal(read.changelog_offset, 3);
    assert_int_equal(store_load_begin(store, 1 << 20), 0);
    load_some(store, batch, 1, 1000);
    bookmark.changelog_offset = 1000;
    assert_int_equal(store_load_end(store, &bookmark), 0);
    store_close(store);

    store = open_it(*state);
    assert_int_equal(store_bookmark(store, &read), 0);
    assert_int_equal(read.changelog_offset, 1000);
    assert_int_equal(store_get(store, slice_str("key999"), &value), 0);
    store_batch_free(batch);
    store_close(store);
}

/* Locks the store as RocksDB does, in another process, until told to end. (A child of ours cannot
 * open it: RocksDB's threads are not forked.) */
static pid_t lock_in_child(const char *path, int *ret_end)
{
    int locked[2], end[2];
    char byte;
    _cleanup_(xfreep) char *file = xprintf("%s/LOCK", path);
    assert_int_equal(pipe(locked), 0);
    assert_int_equal(pipe(end), 0);
    pid_t child = fork();
    if (child == 0) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        int fd = open(file, O_RDWR);
        close(end[1]);
        int result = fcntl(fd, F_SETLK, &lock);
        (void)!write(locked[1], "x", 1);
        (void)!read(end[0], &byte, 1);
        _exit(result == 0 ? 0 : 1);
    }
    close(end[0]);
    close(locked[1]);
    assert_int_equal(read(locked[0], &byte, 1), 1);
    close(locked[0]);
    *ret_end = end[1];
    return child;
}

static void test_what_another_process_holds_stays(void **state)
{
    int end, status;
    assert_false(store_in_use(*state));
    store_close(open_it(*state));
    pid_t child = lock_in_child(*state, &end);
    assert_true(store_in_use(*state));
    struct store *store = NULL;
    char *why = NULL;
    assert_int_equal(store_open(*state, &limits, &store, &why), -EAGAIN);
    free(why);
    assert_int_equal(store_discard(*state), -EAGAIN);
    close(end);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_false(store_in_use(*state));
    assert_int_equal(store_discard(*state), 0);
    assert_int_equal(access(*state, F_OK), -1);
    assert_int_equal(store_discard(*state), 0);
}

/* Says whether a file of the store whose name ends so holds these bytes. */
static bool is_in_files(const char *path, const char *ending, const char *bytes)
{
    bool found = false;
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        size_t size = strlen(entry->d_name), end = strlen(ending);
        if (size < end || strcmp(entry->d_name + size - end, ending) != 0) { continue; }
        struct buf text;
        _cleanup_(xfreep) char *file = xprintf("%s/%s", path, entry->d_name);
        buf_init(&text, 64 << 20);
        assert_int_equal(text_file_read(file, &text), 0);
        found |= memmem(text.data, text.size, bytes, strlen(bytes)) != NULL;
        buf_release(&text);
    }
    closedir(dir);
    return found;
}

/* RocksDB's log holds what was written until it is flushed; a small store might never be. */
static void test_deleted_keys_leave_the_log(void **state)
{
    struct store *store = open_it(*state);
    struct store_batch *batch = store_batch_new();
    const struct bookmark bookmark = {.changelog_offset = 1, .input_offset = 1};
    store_batch_put(batch, slice_str("anna.schmidt"), slice_str("her state"));
    store_batch_put(batch, slice_str("ben"), slice_str("his state"));
    assert_int_equal(store_apply(store, batch, &bookmark), 0);
    assert_true(is_in_files(*state, ".log", "anna.schmidt"));
    store_batch_put(batch, slice_str("anna.schmidt"), slice_of(NULL, 0));
    assert_int_equal(store_apply(store, batch, &bookmark), 0);
    store = store_close(store);
    assert_false(is_in_files(*state, ".log", "anna.schmidt"));
    struct slice value;
    store = open_it(*state);
    assert_int_equal(store_get(store, slice_str("anna.schmidt"), &value), -ENOENT);
    assert_int_equal(store_get(store, slice_str("ben"), &value), 0);
    assert_true(slice_equal(value, slice_str("his state")));
    /* More keys than are kept for this: the rest waits for RocksDB. */
    for (int i = 0; i < 20000; i++) {
        char key[16];
        (void)snprintf(key, sizeof(key), "key %d", i);
        store_batch_put(batch, slice_str(key), slice_of(NULL, 0));
    }
    assert_int_equal(store_apply(store, batch, &bookmark), 0);
    store_batch_free(batch);
    store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_large_writes_come_back, make_path, remove_path),
        cmocka_unit_test_setup_teardown(test_state_and_bookmark_go_together, make_path,
                                        remove_path),
        cmocka_unit_test_setup_teardown(test_notes_stay_until_dropped, make_path, remove_path),
        cmocka_unit_test_setup_teardown(test_a_second_opener_is_told_to_wait, make_path,
                                        remove_path),
        cmocka_unit_test_setup_teardown(test_a_full_disk_is_told_before_it_is_met, make_path,
                                        remove_path),
        cmocka_unit_test_setup_teardown(test_damage_is_told, make_path, remove_path),
        cmocka_unit_test_setup_teardown(test_damage_that_compaction_meets, make_path,
                                        remove_path),
        cmocka_unit_test_setup_teardown(test_too_few_descriptors, make_path, remove_path),
        cmocka_unit_test_setup_teardown(test_missing_rights, make_path, remove_path),
        cmocka_unit_test_setup_teardown(test_a_load_ends_with_its_bookmark, make_path,
                                        remove_path),
        cmocka_unit_test_setup_teardown(test_what_another_process_holds_stays, make_path,
                                        remove_path),
        cmocka_unit_test_setup_teardown(test_deleted_keys_leave_the_log, make_path, remove_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
