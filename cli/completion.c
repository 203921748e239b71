/* Completions of commands, flags and choices, as scripts for three shells, made of the same tables
 * as the help. The shells quote differently: bash and fish get their texts in single quotes, and
 * zsh's descriptions stand in brackets, in which ] and : are escaped, too. File names are offered
 * as values of flags that are called FILE, and as arguments of commands that want one.
 */
#include "base/base.h"
#include "cli/client_flags.h"
#include "cli/commands.h"
#include "stream/config/option.h"

enum { ARGUMENT_SHOWN_MAX = 64 };

/* ---- What a shell needs to know of a flag ---- */

static bool is_file(const char *value)
{
    return value && (strcmp(value, "FILE") == 0 || strcmp(value, "DIR") == 0);
}

static bool wants_file(const struct command *command)
{
    return command->arguments && strstr(command->arguments, "FILE") != NULL;
}

static const char *choices_of(const struct flag *flag)
{
    return flag->option.type == OPTION_CHOICE ? flag->option.choices : NULL;
}

/* Prints choices, which have | between them, with another text between. */
static void print_choices(const char *choices, const char *between)
{
    for (const char *at = choices; *at; at += strspn(at, "|")) {
        size_t size = strcspn(at, "|");
        printf("%s%.*s", at == choices ? "" : between, (int)size, at);
        at += size;
    }
}

/* Prints a text inside single quotes of a shell; these letters get a backslash. */
static void print_quoted(const char *text, const char *escaped)
{
    for (const char *at = text; *at; at++) {
        if (*at == '\'') {
            printf("'\\''");
        } else if (*at == '\n') {
            printf(" ");
        } else {
            printf("%s%c", strchr(escaped, *at) ? "\\" : "", *at);
        }
    }
}

static void print_names(const char *between)
{
    for (size_t i = 0; i < commands_count; i++) {
        printf("%s%s", i ? between : "", commands[i]->name);
        if (commands[i]->also) { printf("%s%s", between, commands[i]->also); }
    }
}

/* ---- bash ---- */

static void bash_words(const struct command *command)
{
    const struct flag *flag;
    printf("    %s", command->name);
    if (command->also) { printf("|%s", command->also); }
    printf(") flags='--help");
    for (size_t i = 0; (flag = command_flag(command, i)); i++) {
        printf(" --%s", flag->option.name);
    }
    printf("'");
    if (wants_file(command)) { printf(" files=1"); }
    printf(" ;;\n");
}

/* The values of flags that have some, for `COMMAND --flag`. */
static void bash_values(const struct command *command)
{
    const struct flag *flag;
    for (size_t i = 0; (flag = command_flag(command, i)); i++) {
        const char *choices = choices_of(flag);
        if (!flag->value) { continue; }
        printf("    '%s --%s'", command->name, flag->option.name);
        if (flag->letter) { printf("|'%s -%c'", command->name, flag->letter); }
        printf(") ");
        if (choices) {
            printf("words='");
            print_choices(choices, " ");
            printf("'");
        } else {
            printf(is_file(flag->value) ? "files=1" : "none=1");
        }
        printf(" ;;\n");
    }
}

static void bash(void)
{
    printf("# Completions of freshet for bash; `freshet completion bash` prints them.\n"
           "_freshet() {\n"
           "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
           "    local command=${COMP_WORDS[1]} words='' flags='' files='' none=''\n"
           "    COMPREPLY=()\n"
           "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
           "        COMPREPLY=($(compgen -W '--help --version help ");
    print_names(" ");
    printf("' -- \"$cur\"))\n"
           "        return\n"
           "    fi\n"
           "    [ \"$prev\" = = ] && prev=${COMP_WORDS[COMP_CWORD-2]}\n"
           "    [ \"$cur\" = = ] && prev=${COMP_WORDS[COMP_CWORD-1]} cur=''\n"
           "    case \"$command $prev\" in\n");
    for (size_t i = 0; i < commands_count; i++) { bash_values(commands[i]); }
    printf("    esac\n"
           "    [ \"$command\" = help ] && words='");
    print_names(" ");
    printf("'\n"
           "    if [ -z \"$words$files$none\" ]; then\n"
           "        case $command in\n");
    for (size_t i = 0; i < commands_count; i++) { bash_words(commands[i]); }
    printf("        esac\n"
           "    fi\n"
           "    [ -n \"$words$flags\" ] && "
           "COMPREPLY=($(compgen -W \"$words $flags\" -- \"$cur\"))\n"
           "    [ -n \"$files\" ] && COMPREPLY+=($(compgen -f -- \"$cur\"))\n"
           "    return 0\n"
           "}\n"
           "complete -F _freshet freshet\n");
}

/* ---- zsh ---- */

static void zsh_flag(const struct flag *flag)
{
    const char *name = flag->option.name;
    printf(" \\\n        ");
    if (flag->letter) {
        printf("{-%c%s,--%s%s}", flag->letter, flag->value ? "+" : "", name,
               flag->value ? "=" : "");
    } else {
        printf("--%s%s", name, flag->value ? "=" : "");
    }
    printf("'[");
    print_quoted(flag->option.help, "\\[]:");
    printf("]");
    if (flag->value) { printf(":%s:", flag->value); }
    if (choices_of(flag)) {
        printf("(");
        print_choices(choices_of(flag), " ");
        printf(")");
    } else if (is_file(flag->value)) {
        printf("_files");
    }
    printf("'");
}

static void zsh(void)
{
    const struct flag *flag;
    printf("#compdef freshet\n"
           "# Completions of freshet for zsh; `freshet completion zsh` prints them.\n"
           "_freshet() {\n"
           "    local -a commands=(\n");
    for (size_t i = 0; i < commands_count; i++) {
        printf("        '%s:", commands[i]->name);
        print_quoted(commands[i]->summary, "\\:");
        printf("'\n");
    }
    printf("    )\n"
           "    if (( CURRENT == 2 )); then\n"
           "        _describe command commands\n"
           "        return\n"
           "    fi\n"
           "    local command=$words[2]\n"
           "    shift words\n"
           "    (( CURRENT-- ))\n"
           "    case $command in\n");
    for (size_t i = 0; i < commands_count; i++) {
        printf("    %s", commands[i]->name);
        if (commands[i]->also) { printf("|%s", commands[i]->also); }
        printf(") _arguments '--help[Print the page]'");
        for (size_t k = 0; (flag = command_flag(commands[i], k)); k++) { zsh_flag(flag); }
        printf(" \\\n        '*:argument:%s' ;;\n", wants_file(commands[i]) ? "_files" : "");
    }
    printf("    esac\n"
           "}\n"
           "_freshet \"$@\"\n");
}

/* ---- fish ---- */

static void fish_flag(const struct command *command, const struct flag *flag)
{
    printf("complete -c freshet -n '__fish_seen_subcommand_from %s%s%s' -l %s", command->name,
           command->also ? " " : "", command->also ? command->also : "", flag->option.name);
    if (flag->letter) { printf(" -s %c", flag->letter); }
    if (flag->value) { printf(is_file(flag->value) ? " -rF" : " -x"); }
    if (choices_of(flag)) {
        printf(" -a '");
        print_choices(choices_of(flag), " ");
        printf("'");
    }
    printf(" -d '");
    print_quoted(flag->option.help, "\\");
    printf("'\n");
}

static void fish(void)
{
    const struct flag *flag;
    printf("# Completions of freshet for fish; `freshet completion fish` prints them.\n"
           "complete -c freshet -f\n");
    for (size_t i = 0; i < commands_count; i++) {
        printf("complete -c freshet -n __fish_use_subcommand -a %s -d '", commands[i]->name);
        print_quoted(commands[i]->summary, "\\");
        printf("'\n");
        if (wants_file(commands[i])) {
            printf("complete -c freshet -n '__fish_seen_subcommand_from %s' -F\n",
                   commands[i]->name);
        }
        for (size_t k = 0; (flag = command_flag(commands[i], k)); k++) {
            fish_flag(commands[i], flag);
        }
    }
}

/* ---- The command ---- */

static const struct {
    const char *name;
    void (*print)(void);
} shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};

static int completion_run(struct invocation *invocation)
{
    for (size_t i = 0; i < ARRAY_COUNT(shells); i++) {
        if (strcmp(invocation->arguments[0], shells[i].name) == 0) { shells[i].print(); }
    }
    return 0;
}

static bool completion_check(struct invocation *invocation, struct buf *why)
{
    for (size_t i = 0; i < ARRAY_COUNT(shells); i++) {
        if (strcmp(invocation->arguments[0], shells[i].name) == 0) { return true; }
    }
    buf_printf(why, "\"%.*s\" is no shell that is known; it takes bash, zsh or fish",
               ARGUMENT_SHOWN_MAX, invocation->arguments[0]);
    return false;
}

const struct command completion_command = {
    .name = "completion",
    .group = GROUP_OPERATION,
    .summary = "print completions for bash, zsh or fish",
    .arguments = "SHELL",
    .arguments_least = 1,
    .arguments_most = 1,
    .about = "Prints a script that completes commands, flags and their values in a shell: bash, "
             "zsh or fish. `make install` puts it where the shell looks for it; for yourself:\n"
             "  source <(freshet completion bash)\n"
             "  freshet completion zsh >DIR/_freshet    (DIR of $fpath)\n"
             "  freshet completion fish >~/.config/fish/completions/freshet.fish",
    .needs = NEEDS_NOTHING,
    .check = completion_check,
    .run = completion_run,
};
