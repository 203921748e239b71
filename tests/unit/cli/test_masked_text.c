#include "base/base.h"
#include "cli/doctor/masked_text.h"

#include <setjmp.h>
#include <cmocka.h>

static void assert_masked(void (*mask)(struct slice, struct buf *), const char *text,
                          const char *wanted)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    mask(slice_str(text), &out);
    buf_append(&out, "", 1);
    assert_string_equal(out.data, wanted);
    buf_release(&out);
}

static void test_properties(void **state)
{
    assert_masked(masked_properties, "topic.prefix=a\n\n# a comment\n",
                  "topic.prefix=a\n\n# a comment\n");
    assert_masked(masked_properties, "kafka.sasl.password=hush\nnext=1",
                  "kafka.sasl.password=****\nnext=1\n");
    assert_masked(masked_properties, " kafka.sasl.jaas.config : x password=\"hush\";",
                  " kafka.sasl.jaas.config : ****\n");
    assert_masked(masked_properties, "Http_Tokens hush hush\r\n", "Http_Tokens ****\n");
    assert_masked(masked_properties, "kafka.sasl.password=${env:KAFKA_PASSWORD}\n",
                  "kafka.sasl.password=${env:KAFKA_PASSWORD}\n");
    assert_masked(masked_properties, "a.password=${env:A}hush}", "a.password=****\n");
    /* A secret that is switched off is a secret. */
    assert_masked(masked_properties, "#kafka.sasl.password=hush\n", "#kafka.sasl.password=****\n");
    assert_masked(masked_properties, "# sasl.password = hush\n", "# sasl.password = ****\n");
}

static void test_continued_lines(void **state)
{
    assert_masked(masked_properties, "a.password=hu\\\n  sh\\\nhush\nnext=1\n",
                  "a.password=****\nnext=1\n");
    assert_masked(masked_properties, "sources=a,\\\n  b\nnext=1\n", "sources=a,\\\n  b\nnext=1\n");
    assert_masked(masked_properties, "a.password=hush\\\\\nnext=1\n", "a.password=****\nnext=1\n");
    assert_masked(masked_properties, "a.password=\\\nhush\nnext=1\n", "a.password=****\nnext=1\n");
}

static void test_urls(void **state)
{
    assert_masked(masked_properties, "registry.url=http://user:hush@host:1/a@b\n",
                  "registry.url=http://****@host:1/a@b\n");
    assert_masked(masked_log, "msg=\"no answer\" url=http://u:p@ss@host http://b\n",
                  "msg=\"no answer\" url=http://****@host http://b\n");
    assert_masked(masked_log, "http://", "http://");
}

static void test_logs(void **state)
{
    assert_masked(masked_log, "level=info msg=\"up\" port=1\n", "level=info msg=\"up\" port=1\n");
    assert_masked(masked_log, "a=1 password=hush b=2\n", "a=1 password=**** b=2\n");
    assert_masked(masked_log, "token=\"hu \\\" sh\" b=2", "token=\"****\" b=2");
    assert_masked(masked_log, "{\"sasl.password\":\"hush\",\"b\":2}",
                  "{\"sasl.password\":\"****\",\"b\":2}");
    assert_masked(masked_log, "password=", "password=****");
    assert_masked(masked_log, "", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_properties),
        cmocka_unit_test(test_continued_lines),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_logs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
