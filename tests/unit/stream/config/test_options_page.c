#include "base/base.h"
#include "stream/config/options_internal.h"

#include <setjmp.h>
#include <cmocka.h>

static const struct option options[] = {
    {"batch.records.max", OPTION_LONG, 0, "5000", 1, 100000, .help = "Bounds a batch"},
    {"http.secret", OPTION_SECRET, 0, "hush", .help = "Keeps a|b quiet"},
    {"http.empty", OPTION_SECRET, 0, "", .help = "Keeps nothing"},
    {"kafka.", OPTION_PREFIX, 0, NULL, .help = "Goes on as it is"},
    {"similarity", OPTION_CHOICE, 0, NULL, .choices = "cosine|llr", .help = "Chooses a measure.",
     .former = "measure"},
};
static const struct option_group groups[] = {{"runtime", options, 3, NULL},
                                             {"client", options + 3, 2, NULL}};

static const char *shown(bool reference)
{
    static char text[1 << 14];
    FILE *out = fmemopen(text, sizeof(text), "w");
    assert_non_null(out);
    if (reference) {
        options_reference(groups, ARRAY_COUNT(groups), out);
    } else {
        options_help("freshet-x", "Does x.", groups, ARRAY_COUNT(groups), out);
    }
    fclose(out);
    return text;
}

static void test_reference(void **state)
{
    assert_string_equal(
        shown(true),
        "## runtime\n\n"
        "| name | type | default | limits | help |\n|---|---|---|---|---|\n"
        "| `batch.records.max` | number | `5000` | from 1 to 100000 | Bounds a batch |\n"
        "| `http.secret` | secret | `****` |  | Keeps a\\|b quiet |\n"
        "| `http.empty` | secret |  |  | Keeps nothing |\n"
        "\n## client\n\n"
        "| name | type | default | limits | help |\n|---|---|---|---|---|\n"
        "| `kafka.*` | prefix |  |  | Goes on as it is |\n"
        "| `similarity` | choice | (required) | cosine or llr | Chooses a measure. "
        "Formerly measure. |\n");
}

static void test_help(void **state)
{
    const char *text = shown(false);
    static const char *const parts[] = {
        "usage: freshet-x [--config FILE]",
        "\n\nDoes x.\n\n",
        "\nruntime (name, default, meaning):\n  batch",
        "\n  batch.records.max               5000            Bounds a batch\n",
        "\n  http.secret                     ****            Keeps a|b quiet\n",
        "\nclient (name, default, meaning):\n  kafka",
        "\n  kafka.*                                         Goes on as it is\n",
        "\n  --manual ",
        "\n  --version ",
    };
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) { assert_non_null(strstr(text, parts[i])); }
    assert_null(strstr(text, "hush"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
