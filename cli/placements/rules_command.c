/* The command has four ways: apply, plan and list are about the topic; --try is about one user,
 * whose list says what each rule did when it was made. So what is shown is what happened; with
 * --file, what would.
 */
#include "base/base.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "cli/applied_text.h"
#include "cli/commands.h"
#include "cli/placements/tried_rules.h"
#include "cli/named_file.h"
#include "cli/screen.h"
#include "cli/user_list.h"
#include "schemas/applied_rules.h"

enum { ESCAPED_BYTES = 6 }; /* most bytes in which one byte or character is written */

struct rules {
    const char *user; /* flag */
    const char *file; /* as well: of rules that are not applied */
    /* Of the file, read once: it may be a pipe. */
    char text[RULES_BYTES_MAX];
    size_t text_size;
};

#define OPTION_SETTINGS struct rules

static const struct flag flags[] = {
    FLAG(0, "USER",
         OPTION("try", STRING, user, NULL, OPTION_FREE,
                "Show what each rule moved on this user's lists, and what it took off")),
    FLAG(0, "FILE",
         OPTION("file", STRING, file, NULL, OPTION_FREE,
                "With --try: show what the rules of this file would do, if they were in force")),
};

/* ---- One user ---- */

/* Says whether the columns of placements fit each other: a list may be anybody's. */
static bool fits(const struct recommendation_list *list)
{
    size_t places = 0, removals = 0, items = list->placement_items.count;
    if (list->placement_counts.count != list->placements.count ||
        list->removal_counts.count != list->placements.count ||
        list->placement_ranks.count != items || list->placement_rules.count != items ||
        list->removal_ranks.count != list->removal_items.count ||
        list->removal_rules.count != list->removal_items.count) {
        return false;
    }
    for (size_t p = 0; p < list->placements.count; p++) {
        if (list->placement_counts.at[p] < 0 || list->removal_counts.at[p] < 0) { return false; }
        places += (size_t)list->placement_counts.at[p];
        removals += (size_t)list->removal_counts.at[p];
    }
    return places <= items && removals <= list->removal_items.count;
}

static void print_place(const struct recommendation_list *list, size_t at, int32_t place)
{
    int32_t rank = list->placement_ranks.at[at];
    struct slice rule = list->placement_rules.at[at], item = list->placement_items.at[at];
    char before[32] = "not a candidate";
    if (rank > 0) { (void)snprintf(before, sizeof(before), "place %d", rank); }
    if (rule.size) {
        screen_line(stdout, "%5d. %.*s: %.*s; without rules %s", place, SLICE_ARGS(item),
                    SLICE_ARGS(rule), before);
    } else if (rank != place) {
        screen_line(stdout, "%5d. %.*s: without rules %s", place, SLICE_ARGS(item), before);
    } else {
        screen_line(stdout, "%5d. %.*s", place, SLICE_ARGS(item));
    }
}

static void print_placements(const struct recommendation_list *list)
{
    size_t at = 0, removed = 0;
    for (size_t p = 0; p < list->placements.count; p++) {
        screen_line(stdout, "%.*s: %d items", SLICE_ARGS(list->placements.at[p]),
                    list->placement_counts.at[p]);
        for (int32_t k = 0; k < list->placement_counts.at[p]; k++, at++) {
            print_place(list, at, k + 1);
        }
        for (int32_t k = 0; k < list->removal_counts.at[p]; k++, removed++) {
            screen_line(stdout, "    -  %.*s: taken off by %.*s; without rules place %d",
                        SLICE_ARGS(list->removal_items.at[removed]),
                        SLICE_ARGS(list->removal_rules.at[removed]),
                        list->removal_ranks.at[removed]);
        }
    }
}

static int print_tried(const struct recommendation_list *list)
{
    print_placements(list);
    return 0;
}

/* Rules of a file, on lists that are made now. */
static int try_file(struct invocation *invocation, struct slice user_id)
{
    const struct rules *rules = invocation->settings;
    return tried_rules_make(&invocation->client, invocation->wire, user_id,
                            slice_of(rules->text, rules->text_size), print_tried);
}

static int try_user(struct invocation *invocation, const char *user, const char *file)
{
    struct user_list user_list;
    invocation->arguments[0] = user;
    int result = user_list_read(&user_list, invocation);
    const struct recommendation_list *list = &user_list.list;
    if (result == 0 && file) {
        screen_line(stdout, "user %s: by the rules of %s, which are not in force", user, file);
        result = try_file(invocation, list->user_id);
    } else if (result == 0 && list->rules_offset < 0) {
        screen_line(stdout, "user %s: the list was made without rules", user);
    } else if (result == 0 && !fits(list)) {
        result = client_fail("the list of user \"%s\" has columns that do not fit", user);
    } else if (result == 0) {
        screen_line(stdout, "user %s: made by the rules at offset %" PRId64, user,
                    list->rules_offset);
        print_placements(list);
    }
    user_list_release(&user_list);
    return result;
}

/* ---- The topic ---- */

static void print_piece(struct slice piece)
{
    const size_t room = ESCAPED_BYTES * piece.size + 1;
    _cleanup_(xfreep) char *shown = xmalloc(room);
    quote_screen(piece, shown, room);
    printf("%s", shown);
}

/* Prints the text as it was applied, but for control characters, which steer a terminal: anybody
 * may have written it who may write to the topic. Line ends and tabs stay. */
static void print_text(struct slice text)
{
    for (size_t at = 0, end; at < text.size; at = end + 1) {
        for (end = at; end < text.size && !strchr("\n\t", text.data[end]);) { end++; }
        bool line = end == text.size || text.data[end] != '\t';
        size_t size = end - at;
        if (line && size && text.data[end - 1] == '\r') { size--; }
        print_piece(slice_of(text.data + at, size));
        printf(line ? "\n" : "\t");
    }
}

static int list_rules(struct invocation *invocation)
{
    struct buf text;
    int64_t offset;
    buf_init(&text, RULES_BYTES_MAX);
    int result = applied_text_read(&invocation->client, invocation->wire, &text, &offset);
    if (result == 0 && offset < 0) { screen_line(stderr, "freshet: there are no rules"); }
    if (result == 0 && offset >= 0) {
        screen_line(stdout, "# offset %" PRId64, offset);
        print_text(buf_slice(&text));
    }
    buf_release(&text);
    return result;
}

static int apply_rules(struct invocation *invocation, bool writes)
{
    const struct rules *rules = invocation->settings;
    struct slice after = slice_of(rules->text, rules->text_size);
    struct buf before;
    int64_t offset;
    buf_init(&before, RULES_BYTES_MAX);
    int result = applied_text_read(&invocation->client, invocation->wire, &before, &offset);
    if (result == 0) {
        size_t changes = applied_text_compare(buf_slice(&before), after);
        if (changes == 0) { screen_line(stdout, "no rule changes"); }
        bool same = slice_equal(buf_slice(&before), after);
        if (writes && !same) {
            result = applied_text_write(&invocation->client, invocation->wire, after);
        }
    }
    buf_release(&before);
    return result;
}

/* Reads the file. Its faults are told before anything is connected. */
static int check_files(struct invocation *invocation)
{
    struct rules *rules = invocation->settings;
    const char *file = invocation->arguments_count == 2 ? invocation->arguments[1] : rules->file;
    struct buf text;
    int result = named_file_check(file);
    if (result || !file) { return result; }
    buf_init(&text, RULES_BYTES_MAX);
    result = applied_text_check(strcmp(file, "-") == 0 ? "/dev/stdin" : file, &text);
    if (result == 0) {
        rules->text_size = text.size;
        if (text.size) { memcpy(rules->text, text.data, text.size); }
    }
    buf_release(&text);
    return result ? client_fail(rules->user ? "no rule of %s is tried" : "no rule of %s is applied",
                                file) : 0;
}

static bool check(struct invocation *invocation, struct buf *why)
{
    const struct rules *rules = invocation->settings;
    const char *way = invocation->arguments_count ? invocation->arguments[0] : NULL;
    bool files = way && (strcmp(way, "apply") == 0 || strcmp(way, "plan") == 0);
    if (rules->user && !way) { return true; }
    bool words = !rules->user && !rules->file;
    if (words && files && invocation->arguments_count == 2) { return true; }
    if (words && way && strcmp(way, "list") == 0 && invocation->arguments_count == 1) {
        return true;
    }
    buf_printf(why, "write rules apply FILE, rules plan FILE, rules list or rules --try USER "
               "[--file FILE]");
    return false;
}

static int run(struct invocation *invocation)
{
    const struct rules *rules = invocation->settings;
    if (rules->user) { return try_user(invocation, rules->user, rules->file); }
    if (strcmp(invocation->arguments[0], "list") == 0) { return list_rules(invocation); }
    bool writes = strcmp(invocation->arguments[0], "apply") == 0;
    return apply_rules(invocation, writes);
}

const struct command rules_command = {
    .name = "rules",
    .group = GROUP_RESULTS,
    .summary = "apply rules of placements, and show what they did",
    .arguments = "[apply|plan|list] [FILE]",
    .arguments_least = 0,
    .arguments_most = 2,
    .about = "apply FILE checks a file of rules and puts it in force; plan FILE only checks it and "
             "shows what would change; list prints the rules in force. An empty file takes all "
             "rules away. With --try, shows for each placement of a user's newest list what each "
             "rule moved and what it took off; with --file, what the rules of a file would do if "
             "they were in force: nothing is written. docs/rules.md explains the rules.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .used = tried_rules_options,
    .used_count = LIST_OPTIONS_COUNT,
    .needs = NEEDS_KAFKA,
    .settings_size = sizeof(struct rules),
    .check = check,
    .check_files = check_files,
    .run = run,
};
