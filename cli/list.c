#include "base/base.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "cli/user_list.h"

static void print(const struct user_list *user_list)
{
    const struct recommendation_list *list = &user_list->list;
    char reason[LIST_REASON_BYTES];
    screen_line(stdout,
                "user %s: %zu items by %.*s%s%.*s, built from events partition %d offset %" PRId64,
                user_list->user, list->items.count, SLICE_ARGS(list->model),
                list->made_by.size ? ", ranked by " : "", SLICE_ARGS(list->made_by),
                list->input_partition, list->input_offset);
    for (size_t i = 0; i < list->items.count; i++) {
        struct slice title = user_list_title(user_list, i);
        screen_line(stdout, "%3zu. %-8.4f %.*s  (%s)", i + 1, (double)list->scores.at[i],
                    SLICE_ARGS(title), user_list_reason(user_list, i, reason));
    }
}

static int list_run(struct invocation *invocation)
{
    struct user_list user_list;
    int result = user_list_read(&user_list, invocation);
    if (result == 0) { print(&user_list); }
    user_list_release(&user_list);
    return result;
}

const struct command list_command = {
    .name = "list",
    .group = GROUP_RESULTS,
    .summary = "print a user's newest recommendations",
    .arguments = "USER",
    .arguments_least = 1,
    .arguments_most = 1,
    .about = "Prints the newest list for a user, of the live generation or of the one that "
             "--generation names, with reasons, and with titles where the "
             "catalogue has them. With pseudonym.keys (--config, --set) give the user's own id.",
    .needs = NEEDS_KAFKA,
    .run = list_run,
};
