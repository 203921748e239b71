#include "base/base.h"
#include "cli/provision/right_plan.h"

#include <setjmp.h>
#include <cmocka.h>

static const char table_text[] = "[features]\nread = events state\nwrite = state\ngroup = read\n"
                                 "transaction = write\n"
                                 "[scorer]\nread = events\ndescribe = lists\n"
                                 "generations.write = lists\ngroup = read\n"
                                 "groups.describe = features\n"
                                 "[redrive]\ngranted = by-name\nread = clicks\n";

static struct ini *table;
static struct arena *arena;
static struct right_plan plan;
static struct buf out, why;

static int begin(void **state)
{
    table = ini_read(table_text);
    arena = arena_new(4096);
    buf_init(&out, 1 << 16);
    buf_init(&why, 1 << 12);
    return 0;
}

static int end(void **state)
{
    right_plan_release(&plan);
    ini_free(table);
    arena_free(arena);
    buf_release(&out);
    buf_release(&why);
    return 0;
}

static const char *text_of(struct buf *text)
{
    buf_append(text, "", 1);
    return text->data;
}

static bool make(const char *const *principals, size_t count, bool generations, bool settings)
{
    const struct right_request request = {.principals = principals, .principals_count = count,
                                          .prefix = "p.", .group_prefix = "g-",
                                          .generations = generations, .settings = settings};
    bool right = right_plan_make(table, &request, arena, &plan, &why);
    for (size_t i = 0; i < plan.count; i++) {
        right_plan_line(&plan.rights[i], &out);
        buf_append(&out, "\n", 1);
    }
    return right;
}

/* One principal for all workers: rights that two of them share are there once, and those that are
 * granted by name are not. */
static void test_all(void **state)
{
    static const char *const words[] = {"User:f"};
    assert_true(make(words, 1, false, false));
    assert_string_equal(text_of(&out), "User:f: READ on topic p.events\n"
                                       "User:f: READ on topic p.state\n"
                                       "User:f: WRITE on topic p.state\n"
                                       "User:f: READ on group g-features\n"
                                       "User:f: WRITE on transactional_id g-features*\n"
                                       "User:f: DESCRIBE on topic p.lists\n"
                                       "User:f: READ on group g-scorer\n"
                                       "User:f: DESCRIBE on group g-features\n");
}

/* A name of its own counts, wherever it stands; a `=` behind the colon belongs to the name. */
static void test_one_each(void **state)
{
    static const char *const words[] = {"scorer=User:CN=s,O=x", "redrive=User:r"};
    assert_true(make(words, 2, true, false));
    assert_string_equal(text_of(&out), "User:CN=s,O=x: READ on topic p.events*\n"
                                       "User:CN=s,O=x: DESCRIBE on topic p.lists*\n"
                                       "User:CN=s,O=x: WRITE on topic p.lists*\n"
                                       "User:CN=s,O=x: READ on group g-scorer*\n"
                                       "User:CN=s,O=x: DESCRIBE on group g-features*\n"
                                       "User:r: READ on topic p.clicks*\n");
}

static void test_settings(void **state)
{
    static const char *const words[] = {"features=User:f", "redrive=User:r"};
    assert_true(make(words, 2, false, true));
    const char *text = text_of(&out);
    assert_non_null(strstr(text, "User:f: DESCRIBE_CONFIGS on topic p.events\n"));
    assert_non_null(strstr(text, "User:f: DESCRIBE_CONFIGS on topic p.state\n"));
    assert_null(strstr(text, "User:r: DESCRIBE_CONFIGS"));
}

static void test_wrong_words(void **state)
{
    static const struct {
        const char *word, *want;
    } cases[] = {
        {"trainer=User:x", "has no worker 'trainer'; known: features scorer redrive"},
        {"features=x", "want User:NAME"},
        {"x", "want User:NAME"},
    };
    assert_false(make(NULL, 0, false, false));
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        buf_clear(&why);
        assert_false(make(&cases[i].word, 1, false, false));
        assert_non_null(strstr(text_of(&why), cases[i].want));
    }
}

static void test_texts(void **state)
{
    static const struct right right = {.on = RIGHT_ON_TRANSACTIONAL_ID, .to = RIGHT_TO_WRITE,
                                       .prefixed = true, .name = "g-features",
                                       .principal = "User:CN=a b"};
    right_plan_command(&right, "k:9092", &out);
    right_plan_table(table, &out);
    assert_string_equal(
        text_of(&out),
        "kafka-acls.sh --bootstrap-server k:9092 --add --allow-principal 'User:CN=a b' --operation "
        "Write --transactional-id g-features --resource-pattern-type prefixed\n"
        "| worker | Read on topics | Describe | Write | on its group | on transactional ids |\n"
        "|---|---|---|---|---|---|\n"
        "| features | `events` `state` | – | `state` | read | write |\n"
        "| scorer | `events` | `lists` | – | read | – |\n"
        "| redrive | `clicks` | – | – | – | – |\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all, begin, end),
        cmocka_unit_test_setup_teardown(test_one_each, begin, end),
        cmocka_unit_test_setup_teardown(test_settings, begin, end),
        cmocka_unit_test_setup_teardown(test_wrong_words, begin, end),
        cmocka_unit_test_setup_teardown(test_texts, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
