#include "base/base.h"
#include "stream/config/placeholder.h"

#include <setjmp.h>
#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[64];

static void write_file(const void *data, size_t size)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    fclose(file);
}

static int begin(void **state)
{
    (void)snprintf(path, sizeof(path), "/tmp/freshet-placeholder-XXXXXX");
    int fd = mkstemp(path);
    if (fd >= 0) { close(fd); }
    return fd < 0;
}

static int end(void **state)
{
    return unlink(path);
}

/* %s in the text stands for the file. */
static void check(const char *form, const char *value, const char *hint_part)
{
    struct buf out, hint;
    char *text = NULL;
    const char *at = strstr(form, "%s");
    int head = at ? (int)(at - form) : (int)strlen(form);
    assert_true(asprintf(&text, "%.*s%s%s", head, form, at ? path : "", at ? at + 2 : "") >= 0);
    buf_init(&out, 100);
    buf_init(&hint, 500);
    int result = placeholder_expand(text, &out, &hint);
    buf_append(&out, "", 1);
    buf_append(&hint, "", 1);
    assert_int_equal(result, value ? 0 : -EINVAL);
    if (value) { assert_string_equal(out.data, value); }
    if (!value && !strstr(hint.data, hint_part)) { fail_msg("%s: no %s", hint.data, hint_part); }
    if (value) { assert_string_equal(hint.data, ""); }
    buf_release(&out);
    buf_release(&hint);
    free(text);
}

static void test_plain(void **state)
{
    check("", "", NULL);
    check("a $b ${c} ${} ${file}$", "a $b ${c} ${} ${file}$", NULL);
    check("${file", "${file", NULL);
}

/* What systemd's LoadCredential= names, in a directory of the service's own. */
static void test_credential(void **state)
{
    static const char directory[] = "/tmp/freshet-placeholder-credentials";
    static const char file[] = "/tmp/freshet-placeholder-credentials/secrets_password";
    unsetenv("CREDENTIALS_DIRECTORY");
    check("${credential:secrets_password}", NULL, "CREDENTIALS_DIRECTORY is not set");
    (void)mkdir(directory, 0700);
    FILE *secret = fopen(file, "w");
    assert_non_null(secret);
    fputs("hunter2\n", secret);
    fclose(secret);
    setenv("CREDENTIALS_DIRECTORY", directory, 1);
    check("a:${credential:secrets_password}", "a:hunter2", NULL);
    check("${credential:other}", NULL, "No such file");
    check("${credential:../secrets_password}", NULL, "no /");
    unsetenv("CREDENTIALS_DIRECTORY");
    unlink(file);
    rmdir(directory);
}

static void test_environment(void **state)
{
    setenv("TEST_PLACEHOLDER", "${env:PATH}", 1);
    unsetenv("TEST_PLACEHOLDER_NOT");
    check("<${env:TEST_PLACEHOLDER}${env:TEST_PLACEHOLDER}>", "<${env:PATH}${env:PATH}>", NULL);
    check("x${env:TEST_PLACEHOLDER_NOT}", NULL, "no variable TEST_PLACEHOLDER_NOT");
    check("${env:TEST", NULL, "closing }");
}

static void test_file(void **state)
{
    write_file("secret\n", 7);
    check("a${file:%s}b", "asecretb", NULL);
    write_file("two\nlines\n\n", 11);
    check("${file:%s}", "two\nlines\n", NULL);
    write_file("dos\r\n", 5);
    check("${file:%s}", "dos", NULL);
    write_file("", 0);
    check("${file:%s}", "", NULL);
    write_file("a\0b", 3);
    check("${file:%s}", NULL, "NUL");
    check("${file:/nonexistent/x}", NULL, "cannot read /nonexistent/x: No such file");
    check("${file:/}", NULL, "cannot read /: ");
}

static void test_limits(void **state)
{
    char *text = malloc(PLACEHOLDER_FILE_MAX + 1);
    memset(text, 'x', PLACEHOLDER_FILE_MAX + 1);
    write_file(text, PLACEHOLDER_FILE_MAX + 1);
    check("${file:%s}", NULL, "too large");
    write_file(text, 101);
    check("${file:%s}", NULL, "longer than 100 bytes");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_credential),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
