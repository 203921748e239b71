#include "base/base.h"
#include "cli/client_flags.h"
#include "cli/command_help.h"
#include "cli/commands.h"
#include "cli/invocation.h"

#include <setjmp.h>
#include <cmocka.h>

static char *page_of(const struct command *command)
{
    char *page = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&page, &size);
    if (command) {
        command_help(command, out);
    } else {
        command_help_all(out);
    }
    (void)fclose(out);
    return page;
}

static void test_help_lists_every_command(void **state _unused_)
{
    char *page = page_of(NULL);
    for (size_t i = 0; i < commands_count; i++) {
        char line[256];
        (void)snprintf(line, sizeof(line), "\n  %-10s %s\n", commands[i]->name,
                       commands[i]->summary);
        assert_non_null(strstr(page, line));
    }
    free(page);
}

static void test_help_of_a_command_lists_every_flag(void **state _unused_)
{
    for (size_t i = 0; i < commands_count; i++) {
        char *page = page_of(commands[i]);
        for (size_t f = 0; f < commands[i]->flags_count; f++) {
            char flag[64];
            (void)snprintf(flag, sizeof(flag), " --%s", commands[i]->flags[f].option.name);
            assert_non_null(strstr(page, flag));
        }
        for (const char *line = page; *line; line += strcspn(line, "\n") + 1) {
            bool wordy = memchr(line, '{', strcspn(line, "\n")) != NULL; /* a sample of JSON */
            assert_true(strcspn(line, "\n") < 80 || wordy);
        }
        free(page);
    }
}

static void test_commands_are_complete(void **state _unused_)
{
    for (size_t i = 0; i < commands_count; i++) {
        const struct command *command = commands[i];
        assert_ptr_equal(commands_find(command->name), command);
        assert_true(command->summary[0] && command->about[0] && command->run);
        assert_true(command->arguments_least <= command->arguments_most);
        assert_int_equal(command->arguments_most > 0, command->arguments != NULL);
        assert_true(command->flags_count <= COMMAND_FLAGS_MAX);
    }
}

static bool same(const struct flag *a, const struct flag *b)
{
    return strcmp(a->option.name, b->option.name) == 0 || (a->letter && a->letter == b->letter);
}

static void test_flags_are_distinct(void **state _unused_)
{
    for (size_t i = 0; i < commands_count; i++) {
        const struct command *command = commands[i];
        for (size_t f = 0; f < command->flags_count; f++) {
            for (size_t k = 0; k < f; k++) {
                assert_false(same(&command->flags[f], &command->flags[k]));
            }
            for (size_t k = 0; k < client_flags_count(command->needs); k++) {
                assert_false(same(&command->flags[f], &client_flags[k]));
            }
        }
    }
}

/* Every default is one that its flag would take: reading checks it. */
static void test_defaults_are_right(void **state _unused_)
{
    for (size_t i = 0; i < commands_count; i++) {
        struct invocation invocation;
        struct buf why;
        char name[32], flag[] = "--help";
        (void)snprintf(name, sizeof(name), "%s", commands[i]->name);
        char *argv[] = {name, flag, NULL};
        buf_init(&why, 4096);
        assert_int_equal(invocation_read(&invocation, commands[i], 2, argv, &why), INVOCATION_HELP);
        invocation_release(&invocation);
        buf_release(&why);
    }
}

static void test_nearest(void **state _unused_)
{
    assert_ptr_equal(commands_nearest("peeek"), &peek_command);
    assert_ptr_equal(commands_nearest("redrvie"), &redrive_command);
    assert_null(commands_nearest("xylophone"));
    assert_null(commands_nearest("x"));
    assert_null(commands_nearest(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_help_lists_every_command),
        cmocka_unit_test(test_help_of_a_command_lists_every_flag),
        cmocka_unit_test(test_commands_are_complete),
        cmocka_unit_test(test_flags_are_distinct),
        cmocka_unit_test(test_defaults_are_right),
        cmocka_unit_test(test_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
