#include "base/base.h"
#include "stream/config/bootstrap.h"

#include <setjmp.h>
#include <cmocka.h>

static void check_as(const char *protocol, const char *servers, const char *fault_part,
                     const char *notes_expected)
{
    char *fault = bootstrap_fault(servers, protocol);
    struct buf notes;
    buf_init(&notes, 1024);
    if (fault_part && (!fault || !strstr(fault, fault_part))) {
        fail_msg("%s: %s", servers, fault ? fault : "taken");
    }
    if (!fault_part && fault) { fail_msg("%s", fault); }
    free(fault);
    if (notes_expected) {
        bootstrap_notes(servers, &notes);
        buf_append(&notes, "", 1);
        assert_string_equal(notes.data, notes_expected);
    }
    buf_release(&notes);
}

static void check(const char *servers, const char *fault_part, const char *notes_expected)
{
    check_as(NULL, servers, fault_part, notes_expected);
}

static void test_addresses(void **state)
{
    check("127.0.0.1:9092", NULL, "");
    check("a:1, b:65535", NULL, "");
    check_as("sasl_ssl", "[::1]:9092,SASL_SSL://a.example:9093", NULL, "");
    check_as("SSL", "ssl://a:9093", NULL, "");
    check("PLAINTEXT://a:9092", NULL, "");
    check("127.0.0.1", NULL, "bootstrap.servers: 127.0.0.1 has no port, so 9092 is taken\n");
    check("a:1,b", NULL, "bootstrap.servers: b has no port, so 9092 is taken\n");
    check("[::1]", NULL, "bootstrap.servers: [::1] has no port, so 9092 is taken\n");
    check("fe80::1", NULL, "bootstrap.servers: fe80::1 has no port, so 9092 is taken\n");
}

static void test_faults(void **state)
{
    check("", "an address is empty", NULL);
    check("a:1,,b:2", "an address is empty", NULL);
    check(":9092", "an address is empty", NULL);
    check("a:", "a port is a number", NULL);
    check("a:kafka", "a port is a number", NULL);
    check("a:70000", "a port is a number", NULL);
    check("http://a:80", "no URL", NULL);
    check("a:9092/topic", "a port is a number", NULL);
    check("a b:9092", "between addresses is a comma", NULL);
    check("[::1:9092", "an IPv6 address stands between", NULL);
    check("::1]:9092", "an IPv6 address stands between", NULL);
    check("[::1]9092", "an IPv6 address stands between", NULL);
    check("a:1,[fe80::2", "an IPv6 address stands between", NULL);
    check("::1:9092", "several colons", NULL);
    check("a:9092:1", "several colons", NULL);
    check("a:1,SSL://a:9093", "an address of ssl, but kafka.security.protocol is plaintext", NULL);
    check_as("ssl", "SASL_SSL://a:9093", "set kafka.security.protocol=sasl_ssl", NULL);
    check("a;b:9092", "between addresses is a comma", NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
