#include "base/base.h"
#include "base/buf.h"
#include "base/quote.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "cli/user_list.h"

enum { LIST_BYTES_MAX = 16 << 20 };

struct list {
    bool json; /* flag */
};

#define OPTION_SETTINGS struct list

static const struct flag flags[] = {
    SWITCH('j', "json", json, "Print JSON"),
};

static void print(const struct user_list *user_list)
{
    const struct recommendation_list *list = &user_list->list;
    char reason[LIST_REASON_BYTES];
    screen_line(stdout,
                "user %s: %zu items by %.*s%s%.*s, built from events partition %d offset %" PRId64,
                user_list->user, list->items.count, SLICE_ARGS(list->model),
                list->made_by.size ? ", ranked by " : "", SLICE_ARGS(list->made_by),
                list->input_partition, list->input_offset);
    if (list->list_id.size) {
        screen_line(stdout, "list %.*s", SLICE_ARGS(list->list_id));
    }
    for (size_t i = 0; i < list->items.count; i++) {
        struct slice title = user_list_title(user_list, i);
        screen_line(stdout, "%3zu. %-8.4f %.*s  (%s)", i + 1, (double)list->scores.at[i],
                    SLICE_ARGS(title), user_list_reason(user_list, i, reason));
    }
}

static void put_text(struct buf *out, const char *name, struct slice text)
{
    buf_printf(out, "\"%s\":", name);
    quote_json(out, text, QUOTE_EITHER);
    buf_printf(out, ",");
}

static void print_json(const struct user_list *user_list)
{
    const struct recommendation_list *list = &user_list->list;
    struct buf out;
    buf_init(&out, LIST_BYTES_MAX);
    buf_printf(&out, "{");
    put_text(&out, "user", slice_str(user_list->user));
    put_text(&out, "generation", list->generation);
    put_text(&out, "list_id", list->list_id);
    put_text(&out, "ranking", list->model);
    put_text(&out, "made_by", list->made_by);
    put_text(&out, "model_version", list->vectors);
    buf_printf(&out,
               "\"published_ms\":%" PRId64 ",\"event_time_ms\":%" PRId64
               ",\"input_partition\":%d,\"input_offset\":%" PRId64 ",\"items\":[",
               user_list->published_ms, list->event_time_ms, list->input_partition,
               list->input_offset);
    for (size_t i = 0; i < list->items.count; i++) {
        buf_printf(&out, i ? "," : "");
        user_list_place_json(user_list, i, &out);
    }
    buf_printf(&out, "]}\n");
    fprintf(stdout, "%.*s", SLICE_ARGS(buf_slice(&out)));
    buf_release(&out);
}

static int list_run(struct invocation *invocation)
{
    const struct list *list = invocation->settings;
    struct user_list user_list;
    int result = user_list_read(&user_list, invocation);
    if (result == 0 && list->json) {
        print_json(&user_list);
    } else if (result == 0) {
        print(&user_list);
    }
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
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .needs = NEEDS_KAFKA,
    .settings_size = sizeof(struct list),
    .run = list_run,
};
