#include "base/base.h"
#include "base/edit_distance.h"
#include "cli/commands.h"

const struct command *const commands[] = {
    &replay_command, &peek_command, &map_command, &refusals_command, &redrive_command,
    &list_command, &why_command, &profile_command, &similar_command, &outcomes_command,
    &rules_command,
    &forget_command, &merge_command, &pseudonym_command, &status_command, &top_command,
    &check_command,
    &topics_command, &acls_command, &size_command, &doctor_command, &dump_command,
    &completion_command,
    &manual_command, &backfill_command, &compare_command, &promote_command, &rollback_command,
    &trial_command, &reset_command, &evaluate_command,
};
const size_t commands_count = ARRAY_COUNT(commands);

const struct command *commands_find(const char *name)
{
    for (size_t i = 0; i < commands_count; i++) {
        const char *also = commands[i]->also;
        if (strcmp(name, commands[i]->name) == 0) { return commands[i]; }
        if (also && strcmp(name, also) == 0) { return commands[i]; }
    }
    return NULL;
}

const struct command *commands_nearest(const char *name)
{
    const struct command *best = NULL;
    size_t least = strlen(name);
    for (size_t i = 0; i < commands_count; i++) {
        size_t distance = edit_distance(name, commands[i]->name);
        if (distance >= least || !edit_is_near(distance, strlen(name))) { continue; }
        least = distance;
        best = commands[i];
    }
    return best;
}
