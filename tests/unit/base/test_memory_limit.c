/* Machines and containers, played by files in a directory. */
#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/directory.h"
#include "base/memory_limit.h"
#include "base/xalloc.h"

struct file {
    const char *path;
    const char *text;
};

static void write_file(const char *root, const struct file *file)
{
    _cleanup_(xfreep) char *path = xprintf("%s%s", root, file->path);
    _cleanup_(xfreep) char *directory = xstrdup(path);
    *strrchr(directory, '/') = '\0';
    assert_int_equal(directory_make(directory), 0);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_true(fputs(file->text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static int64_t limit_of(const struct file *files, size_t count)
{
    char root[] = "/tmp/freshet-memory-limit-XXXXXX";
    assert_non_null(mkdtemp(root));
    for (size_t i = 0; i < count; i++) { write_file(root, &files[i]); }
    int64_t limit = memory_limit(root);
    assert_int_equal(directory_delete(root), 0);
    return limit;
}

static const struct file machine = {"/proc/meminfo",
                                    "MemTotal:       16000000 kB\nMemFree: 5 kB\n"};
enum { MACHINE_KIB = 16000000 };

static void a_machine_without_groups(void **state _unused_)
{
    const struct file files[] = {machine};
    assert_int_equal(limit_of(files, 1), INT64_C(1024) * MACHINE_KIB);
    assert_int_equal(limit_of(files, 0), 0);
}

static void a_container_of_version_2(void **state _unused_)
{
    const struct file files[] = {machine,
                                 {"/proc/self/cgroup", "0::/\n"},
                                 {"/sys/fs/cgroup/memory.max", "536870912\n"}};
    assert_int_equal(limit_of(files, ARRAY_COUNT(files)), 512 << 20);
}

static void the_least_of_the_groups_above(void **state _unused_)
{
    const struct file files[] = {machine,
                                 {"/proc/self/cgroup", "0::/a.slice/b.service\n"},
                                 {"/sys/fs/cgroup/a.slice/memory.max", "1073741824\n"},
                                 {"/sys/fs/cgroup/a.slice/b.service/memory.max", "max\n"}};
    assert_int_equal(limit_of(files, ARRAY_COUNT(files)), 1 << 30);
}

static void a_container_of_version_1(void **state _unused_)
{
    const struct file files[] = {
        machine,
        {"/proc/self/cgroup", "12:cpu,cpuacct:/x\n7:memory:/docker/0123\n0::/docker/0123\n"},
        {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "268435456\n"}};
    assert_int_equal(limit_of(files, ARRAY_COUNT(files)), 256 << 20);
}

static void no_limit_is_none(void **state _unused_)
{
    const struct file files[] = {
        machine,
        {"/proc/self/cgroup", "7:memory:/\n0::/\nnonsense\n"},
        {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"},
        {"/sys/fs/cgroup/memory.max", "max\n"}};
    assert_int_equal(limit_of(files, ARRAY_COUNT(files)), INT64_C(1024) * MACHINE_KIB);
}

static void this_machine_has_some(void **state _unused_)
{
    assert_true(memory_limit("") > 16 << 20);
}

/* Where /proc is hidden, as by ProcSubset=pid in a unit, the kernel says the same. */
static void the_kernel_says_it_too(void **state _unused_)
{
    int64_t bytes = memory_of_kernel();
    assert_true(bytes > 16 << 20 && bytes < INT64_C(1) << 50);
    assert_true(memory_limit("") <= bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_machine_without_groups),
        cmocka_unit_test(a_container_of_version_2),
        cmocka_unit_test(the_least_of_the_groups_above),
        cmocka_unit_test(a_container_of_version_1),
        cmocka_unit_test(no_limit_is_none),
        cmocka_unit_test(this_machine_has_some),
        cmocka_unit_test(the_kernel_says_it_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
