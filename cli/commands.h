/* The list of all commands of `freshet`. Each command's file defines its value. */
#ifndef FRESHET_CLI_COMMANDS_H
#define FRESHET_CLI_COMMANDS_H

#include "cli/command.h"

extern const struct command acls_command, backfill_command, check_command, compare_command,
    completion_command, doctor_command, dump_command, evaluate_command, forget_command,
    list_command, manual_command, map_command, merge_command, outcomes_command, peek_command,
    profile_command, promote_command, pseudonym_command, redrive_command, refusals_command,
    replay_command, reset_command, rollback_command, rules_command, similar_command, size_command,
    status_command, top_command, topics_command, trial_command, why_command;

/* In the order in which `freshet --help` shows the commands of a group. */
extern const struct command *const commands[];
extern const size_t commands_count;

/* Finds a command by one of its names; NULL when there is none. */
const struct command *commands_find(const char *name);
/* Finds the command whose name is nearest to a wrong name; NULL when none is near. */
const struct command *commands_nearest(const char *name);

#endif
