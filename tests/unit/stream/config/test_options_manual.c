#include "base/base.h"
#include "stream/config/options_internal.h"

#include <setjmp.h>
#include <cmocka.h>

static const struct option options[] = {
    {"batch.records.max", OPTION_LONG, 0, "5000", 1, 100000, .help = ".Bounds a batch"},
    {"http.secret", OPTION_SECRET, 0, "hush", .help = "Keeps quiet"},
    {"kafka.", OPTION_PREFIX, 0, NULL, .help = "Goes on as it is"},
    {"similarity", OPTION_CHOICE, 0, NULL, .choices = "cosine|llr", .help = "Chooses.",
     .former = "measure"},
};
static const struct option_group groups[] = {{"runtime", options, 2, NULL},
                                             {"client", options + 2, 2, NULL}};

static void test_page(void **state)
{
    static char text[1 << 14];
    FILE *out = fmemopen(text, sizeof(text), "w");
    assert_non_null(out);
    options_manual("freshet-x", "Does x.\n\nexit codes:\n  0   stopped\n", groups,
                   ARRAY_COUNT(groups), out);
    fclose(out);
    static const char *const parts[] = {
        ".TH \"FRESHET-X\" 8 ",
        "\nfreshet\\-x \\- does x\n",
        "\n.SH DESCRIPTION\nDoes x.\n.br\n.PP\nexit codes:\n.br\n  0   stopped\n.br\n",
        "\n.SH PROPERTIES: runtime\n.TP\n\\fBbatch.records.max\\fR (number, from 1 to 100000, "
        "default 5000)\n\\&.Bounds a batch\n",
        "\n\\fBhttp.secret\\fR (secret, default ****)\n",
        "\n\\fBkafka.*\\fR (prefix)\n",
        "\n\\fBsimilarity\\fR (choice, cosine or llr, required)\nChooses. Formerly measure.\n",
    };
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) { assert_non_null(strstr(text, parts[i])); }
    assert_null(strstr(text, "hush"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
