#include "base/base.h"
#include "base/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void test_names(void **state)
{
    static const char *const secret[] = {
        "kafka.sasl.password", "kafka.sasl.passwrd", "SASL_PASSWORD", "ssl.key.password",
        "pseudonym.keys", "schema.registry.bearer.auth.token", "basic.auth.user.info",
        "client_secret", "sasl.jaas.config", "ssl.key.pem", "AWS-Credentials"};
    static const char *const plain[] = {"bootstrap.servers", "metrics.port", "sasl.mechanism",
                                        "kafka.ssl.ca.location", "", "user"};
    for (size_t i = 0; i < ARRAY_COUNT(secret); i++) {
        if (!secret_named(slice_str(secret[i]))) { fail_msg("%s", secret[i]); }
    }
    for (size_t i = 0; i < ARRAY_COUNT(plain); i++) {
        if (secret_named(slice_str(plain[i]))) { fail_msg("%s", plain[i]); }
    }
}

static void check(const char *argument, const char *before, const char *shown)
{
    char into[64];
    assert_string_equal(secret_argument(argument, before, into, sizeof(into)), shown);
}

static void test_arguments(void **state)
{
    check("--kafka.sasl.password=hunter2", NULL, "--kafka.sasl.password=****");
    check("kafka.sasl.password:hunter2", NULL, "kafka.sasl.password:****");
    check("kafka.sasl.password hunter2=", NULL, "kafka.sasl.password ****");
    check("--registry.auth\thunter2", NULL, "--registry.auth\t****");
    check("C:\\a b.properties", NULL, "C:\\a b.properties");
    check("hunter2", "kafka.sasl.password", "****");
    check("hunter2", "--password", "****");
    check("hunter2", "kafka.sasl.password=x", "hunter2");
    check("conf/ingest.properties", NULL, "conf/ingest.properties");
    check("=hunter2", NULL, "=****");
    check("", NULL, "");
}

static void check_file(const char *path, const char *want)
{
    char into[64];
    assert_string_equal(secret_file(path, into, sizeof(into)), want);
}

/* The key itself where the path of its file belongs. */
static void test_files(void **state)
{
    check_file("/etc/freshet/no-such-keys", "/etc/freshet/no-such-keys");
    check_file("./keys", "./keys");
    check_file("../keys", "../keys");
    check_file("hunter2", "****");
    check_file("k1 2026-01-01 00ff", "****");
    check_file("", "****");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
