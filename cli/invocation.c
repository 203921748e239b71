#include "base/base.h"
#include "base/secret.h"
#include "base/xalloc.h"
#include "cli/client_flags.h"
#include "cli/flag_words.h"
#include "cli/invocation.h"
#include "stream/config/option_value.h"

/* Flags of every command; behind the command's own and the client's. */
enum { HELP_FLAGS = 2, ARGUMENT_SHOWN_MAX = 200 };

struct row {
    const struct flag *flag; /* NULL: asks for help */
    void *settings;
    bool given;
};

struct reading {
    struct row rows[FLAG_WORDS_MAX];
    struct flag_word words[FLAG_WORDS_MAX];
    size_t count;
    bool help;
    struct buf *why;
};

/* ---- The table ---- */

static void add(struct reading *reading, const struct flag *flag, void *settings)
{
    assert(reading->count + HELP_FLAGS < FLAG_WORDS_MAX);
    reading->rows[reading->count] = (struct row){.flag = flag, .settings = settings};
    reading->words[reading->count++] = (struct flag_word){
        .name = flag->option.name, .letter = flag->letter, .has_value = flag->value != NULL};
}

/* -h asks for help where a command has no flag of that letter. */
static void add_help(struct reading *reading)
{
    char letter = 'h';
    for (size_t i = 0; i < reading->count; i++) {
        if (reading->words[i].letter == letter) { letter = 0; }
    }
    reading->words[reading->count++] = (struct flag_word){.name = "help", .letter = '?'};
    reading->words[reading->count++] = (struct flag_word){.name = "usage", .letter = letter};
}

static void add_all(struct reading *reading, struct invocation *invocation)
{
    const struct command *command = invocation->command;
    for (size_t i = 0; i < command->flags_count; i++) {
        add(reading, &command->flags[i], invocation->settings);
    }
    for (size_t i = 0; i < client_flags_count(command->needs); i++) {
        add(reading, &client_flags[i], &invocation->client);
    }
    add_help(reading);
}

/* ---- Values ---- */

static bool keep_value(struct reading *reading, const struct row *row, const char *text)
{
    struct option_value value;
    const struct option *option = &row->flag->option;
    if (row->flag->take) { return row->flag->take(row->settings, text, reading->why); }
    if (option_value_parse(option, text, &value) < 0) {
        buf_printf(reading->why, "\"%s\" is wrong; it takes ", text);
        option_describe(option, reading->why);
        return false;
    }
    option_value_store(option, &value, row->settings);
    return true;
}

static bool take(void *arg, size_t flag, const char *text)
{
    struct reading *reading = arg;
    struct row *row = &reading->rows[flag];
    if (!row->flag) {
        reading->help = true;
        return false;
    }
    row->given = true;
    size_t before = reading->why->size;
    buf_printf(reading->why, "--%s: ", row->flag->option.name);
    bool kept = keep_value(reading, row, text ? text : "true");
    if (kept) { reading->why->size = before; }
    return kept;
}

static void keep_defaults(struct reading *reading)
{
    for (size_t i = 0; i < reading->count; i++) {
        const struct row *row = &reading->rows[i];
        struct option_value value;
        if (!row->flag || row->flag->take || !row->flag->option.fallback) { continue; }
        int rc = option_value_parse(&row->flag->option, row->flag->option.fallback, &value);
        assert(rc == 0);
        option_value_store(&row->flag->option, &value, row->settings);
    }
}

/* ---- The whole ---- */

static bool check_needed(const struct reading *reading)
{
    for (size_t i = 0; i < reading->count; i++) {
        const struct row *row = &reading->rows[i];
        if (!row->flag || !row->flag->needed || row->given) { continue; }
        buf_printf(reading->why, "--%s %s is missing", row->flag->option.name, row->flag->value);
        return false;
    }
    return true;
}

static bool keep_arguments(struct invocation *invocation, int count, char **arguments,
                           struct buf *why)
{
    const struct command *command = invocation->command;
    assert(command->arguments_most <= COMMAND_ARGUMENTS_MAX);
    for (int i = 0; i < count; i++) {
        if ((size_t)i == command->arguments_most) {
            char shown[ARGUMENT_SHOWN_MAX];
            buf_printf(why, "\"%s\" is one argument too many",
                       secret_argument(arguments[i], i ? arguments[i - 1] : NULL, shown,
                                       sizeof(shown)));
            return false;
        }
        invocation->arguments[invocation->arguments_count++] = arguments[i];
    }
    if (invocation->arguments_count < command->arguments_least) {
        buf_printf(why, "%s %s missing", command->arguments,
                   command->arguments_least > 1 ? "are" : "is");
        return false;
    }
    return true;
}

enum invocation_result invocation_read(struct invocation *invocation, const struct command *command,
                                       int argc, char **argv, struct buf *why)
{
    *invocation =
        (struct invocation){.command = command, .settings = xcalloc(1, command->settings_size + 1)};
    client_init(&invocation->client);
    invocation->client.used = command->used;
    invocation->client.used_count = command->used_count;
    struct reading reading = {.why = why};
    add_all(&reading, invocation);
    keep_defaults(&reading);
    int first = flag_words_read(argc, argv, reading.words, reading.count, take, &reading, why);
    if (reading.help) { return INVOCATION_HELP; }
    bool right = first >= 0 && keep_arguments(invocation, argc - first, argv + first, why) &&
                 check_needed(&reading) && (!command->check || command->check(invocation, why));
    return right ? INVOCATION_READY : INVOCATION_WRONG;
}

void invocation_release(struct invocation *invocation)
{
    wire_close(invocation->wire);
    client_release(&invocation->client);
    free(invocation->settings);
    *invocation = (struct invocation){0};
}
