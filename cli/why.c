#include "base/base.h"
#include "base/buf.h"
#include "base/quote.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "cli/user_list.h"
#include "stream/avro/render.h"

enum { WHY_BYTES_MAX = 16 << 20 };

struct why {
    bool json; /* flag */
};

#define OPTION_SETTINGS struct why

static const struct flag flags[] = {
    SWITCH('j', "json", json, "Print JSON"),
};

static const char *const sentences[LIST_CAUSES] = {
    [CAUSE_ACTION] = "the user acted",
    [CAUSE_BARRED] = "an item on it may no longer be recommended",
    [CAUSE_PROVISIONAL] = "the list before it was short or made of unfinished tables",
    [CAUSE_ROWS] = "the counts of the user's items have changed",
    [CAUSE_CATALOGUE] = "the catalogue has changed, or what the platform says of the user or "
                        "brings as candidates",
    [CAUSE_MODEL] = "a new model version or new weights of the mixture are served",
    [CAUSE_AGE] = "the list before it was old",
    [CAUSE_RULES] = "the rules of placements have changed, one began or ended to hold, or an "
                    "item is due again",
};

static const char *sentence_of(const struct recommendation_list *list)
{
    bool known = list->cause >= 0 && list->cause < LIST_CAUSES;
    return known ? sentences[list->cause] : "of a cause that this release does not know";
}

/* Lists of earlier releases do not say when they were made: then they stand since they were
 * published. */
static int64_t since_ms(const struct user_list *user_list)
{
    return user_list->list.as_of_ms ? user_list->list.as_of_ms : user_list->published_ms;
}

/* Returns a time as ISO 8601, or its number outside the years 0 to 9999; in `out`. */
static struct slice time_text(struct buf *out, int64_t time_ms)
{
    buf_clear(out);
    if (render_time(out, LOGICAL_TIMESTAMP_MILLIS, time_ms)) {
        return slice_of(out->data + 1, out->size - 2); /* without its quotes */
    }
    buf_printf(out, "%" PRId64 " ms", time_ms);
    return buf_slice(out);
}

static void put_offsets(struct buf *out, const struct longs *offsets)
{
    for (size_t p = 0; p < offsets->count; p++) {
        buf_printf(out, "%s%" PRId64, p ? ", " : "", offsets->at[p]);
    }
}

/* ---- For people ---- */

static void print_offsets(const char *table, const struct longs *offsets)
{
    struct buf text;
    if (!offsets->count) { return; }
    buf_init(&text, WHY_BYTES_MAX);
    put_offsets(&text, offsets);
    screen_line(stdout, "  %s read up to the offsets %.*s (by partition)", table,
                SLICE_ARGS(buf_slice(&text)));
    buf_release(&text);
}

static void print_head(const struct user_list *user_list)
{
    const struct recommendation_list *list = &user_list->list;
    struct buf time;
    buf_init(&time, WHY_BYTES_MAX);
    struct slice shown = time_text(&time, since_ms(user_list));
    screen_line(stdout, "user %s: this list stands since %.*s, because %s", user_list->user,
                SLICE_ARGS(shown), sentence_of(list));
    shown = time_text(&time, list->event_time_ms);
    screen_line(stdout,
                "  made of the history up to events partition %d offset %" PRId64
                ", action of %.*s",
                list->input_partition, list->input_offset, SLICE_ARGS(shown));
    buf_release(&time);
    screen_line(stdout, "  generation %.*s, ranking %.*s, led by %.*s, model version %.*s",
                SLICE_ARGS(list->generation.size ? list->generation : slice_str("base")),
                SLICE_ARGS(list->model),
                SLICE_ARGS(list->made_by.size ? list->made_by : slice_str("counting")),
                SLICE_ARGS(list->vectors.size ? list->vectors : slice_str("none")));
    if (list->blend.size) {
        screen_line(stdout, "  learned weights of the blend: version %.*s",
                    SLICE_ARGS(list->blend));
    }
    if (list->list_id.size) {
        screen_line(stdout, "  list id %.*s", SLICE_ARGS(list->list_id));
    }
    if (list->rules_offset >= 0) {
        screen_line(stdout, "  rules of placements: those at offset %" PRId64, list->rules_offset);
    }
    print_offsets("serving-rows", &list->row_offsets);
    print_offsets("items", &list->item_offsets);
    print_offsets("item-vectors", &list->vector_offsets);
    print_offsets("models", &list->model_offsets);
    print_offsets("content-vectors", &list->content_offsets);
    print_offsets("candidates", &list->candidate_offsets);
    print_offsets("users", &list->profile_offsets);
    print_offsets("profiles", &list->segment_offsets);
    if (list->provisional) {
        screen_line(stdout, "  it has fewer items than it may have: it is made again when the "
                            "tables have more");
    }
    screen_line(stdout, "  read from %s partition %d offset %" PRId64, user_list->topic,
                user_list->partition, user_list->offset);
}

static void print(const struct user_list *user_list)
{
    char reason[LIST_REASON_BYTES];
    print_head(user_list);
    for (size_t i = 0; i < user_list->list.items.count; i++) {
        struct slice title = user_list_title(user_list, i);
        screen_line(stdout, "%3zu. %.*s: %s", i + 1, SLICE_ARGS(title),
                    user_list_reason(user_list, i, reason));
    }
}

/* ---- For programs ---- */

static void put_text(struct buf *out, const char *name, struct slice text)
{
    buf_printf(out, ",\"%s\":", name);
    quote_json(out, text, QUOTE_EITHER);
}

static void put_named(struct buf *out, const char *name, const struct longs *offsets)
{
    buf_printf(out, ",\"%s\":[", name);
    put_offsets(out, offsets);
    buf_printf(out, "]");
}

static void put_json(struct buf *out, const struct user_list *user_list)
{
    const struct recommendation_list *list = &user_list->list;
    buf_printf(out, "{\"user\":");
    quote_json(out, slice_str(user_list->user), QUOTE_EITHER);
    buf_printf(out, ",\"since_ms\":%" PRId64, since_ms(user_list));
    put_text(out, "cause", slice_str(list_cause_name(list->cause)));
    put_text(out, "cause_words", slice_str(sentence_of(list)));
    put_text(out, "generation", list->generation);
    put_text(out, "list_id", list->list_id);
    put_text(out, "ranking", list->model);
    put_text(out, "made_by", list->made_by);
    put_text(out, "model_version", list->vectors);
    put_text(out, "blend_version", list->blend);
    buf_printf(out,
               ",\"event_time_ms\":%" PRId64 ",\"input_partition\":%d,\"input_offset\":%" PRId64
               ",\"actions\":%" PRId64 ",\"row_offsets\":[",
               list->event_time_ms, list->input_partition, list->input_offset, list->actions);
    put_offsets(out, &list->row_offsets);
    buf_printf(out, "]");
    put_named(out, "item_offsets", &list->item_offsets);
    put_named(out, "vector_offsets", &list->vector_offsets);
    put_named(out, "model_offsets", &list->model_offsets);
    put_named(out, "content_offsets", &list->content_offsets);
    put_named(out, "candidate_offsets", &list->candidate_offsets);
    put_named(out, "profile_offsets", &list->profile_offsets);
    put_named(out, "segment_offsets", &list->segment_offsets);
    buf_printf(out, ",\"provisional\":%s,\"rules_offset\":%" PRId64,
               list->provisional ? "true" : "false", list->rules_offset);
    put_text(out, "topic", slice_str(user_list->topic));
    buf_printf(out, ",\"partition\":%d,\"offset\":%" PRId64 ",\"items\":[", user_list->partition,
               user_list->offset);
    for (size_t i = 0; i < list->items.count; i++) {
        buf_printf(out, i ? "," : "");
        user_list_place_json(user_list, i, out);
    }
    buf_printf(out, "]}\n");
}

static void print_json(const struct user_list *user_list)
{
    struct buf out;
    buf_init(&out, WHY_BYTES_MAX);
    put_json(&out, user_list);
    fprintf(stdout, "%.*s", SLICE_ARGS(buf_slice(&out)));
    buf_release(&out);
}

static int why_run(struct invocation *invocation)
{
    const struct why *why = invocation->settings;
    struct user_list user_list;
    int result = user_list_read(&user_list, invocation);
    if (result == 0 && why->json) {
        print_json(&user_list);
    } else if (result == 0) {
        print(&user_list);
    }
    user_list_release(&user_list);
    return result;
}

const struct command why_command = {
    .name = "why",
    .group = GROUP_RESULTS,
    .summary = "say since when a user's list stands, and why",
    .arguments = "USER",
    .arguments_least = 1,
    .arguments_most = 1,
    .about =
        "Says of the newest list for a user since when it stands, why it was made (own action, "
        "barred item, changed rows, catalogue, model, age), of which history, model version "
        "and offsets of the tables, and for each item why it is there.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .needs = NEEDS_KAFKA,
    .settings_size = sizeof(struct why),
    .run = why_run,
};
