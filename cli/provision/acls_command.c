/* acls: grants each worker the rights that it needs on a broker, by the table, which is compiled
 * in, so that an installed system needs nothing but this program. `plan` and `apply` go the same
 * way.
 *
 * An older Kafka client cannot name transactional ids. Then both print Kafka's own commands for
 * these rights, of which nothing can be known.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/provision/flag_texts.h"
#include "cli/provision/right_plan.h"

enum { TEXT_BYTES_MAX = 1 << 20, NAMES_ARENA_BYTES = 1 << 16 };

static const char table_text[] =
#include "acls.ini.inc"
    ;

struct acls {
    struct flag_texts principals, overrides;
    bool generations, settings;
};

#define OPTION_SETTINGS struct acls

static bool take_principal(void *settings, const char *text, struct buf *why)
{
    return flag_texts_add(&((struct acls *)settings)->principals, text, why);
}

static bool take_override(void *settings, const char *text, struct buf *why)
{
    return flag_texts_add(&((struct acls *)settings)->overrides, text, why);
}

static const struct flag flags[] = {
    FLAG_TAKEN('p', "[WORKER=]User:NAME", "principal", take_principal,
               "The principal of all workers, or of one; may be repeated"),
    FLAG_TAKEN('o', "WORKER.KEY=NAMES", "override", take_override,
               "Other names than the table's, such as ingest.read=\"shop.clicks redrives\"; may be "
               "repeated"),
    SWITCH(0, "generations", generations,
           "For more than one generation: on names that begin with these, whose topics and groups "
           "carry its name behind, and on its own topics"),
    SWITCH(0, "settings", settings,
           "Also the right to see the settings of the topics, which workers check at their start"),
};

/* ---- The table ---- */

static bool override_one(struct ini *table, const char *text, struct buf *why)
{
    _cleanup_(xfreep) char *where = xstrdup(text);
    char *value = strchr(where, '='), *key = strchr(where, '.');
    if (!value || !key || key > value) {
        buf_printf(why, "--override %s: write WORKER.KEY=NAMES", text);
        return false;
    }
    *value++ = *key++ = '\0';
    if (!ini_get(table, where, key)) {
        buf_printf(why, "--override %s: the table has no %s.%s", text, where, key);
        return false;
    }
    ini_put(table, where, key, value);
    return true;
}

/* Reads the table with the overrides; NULL with the reason. */
static struct ini *read_table(const struct acls *acls, struct buf *why)
{
    struct ini *table = ini_read(table_text);
    for (size_t i = 0; i < acls->overrides.count; i++) {
        if (!override_one(table, acls->overrides.at[i], why)) { return ini_free(table); }
    }
    return table;
}

static struct right_request request_of(const struct invocation *invocation)
{
    const struct acls *acls = invocation->settings;
    return (struct right_request){
        .principals = acls->principals.at,
        .principals_count = acls->principals.count,
        .prefix = client_topic_prefix(&invocation->client),
        .group_prefix = client_group_prefix(&invocation->client),
        .generations = acls->generations,
        .settings = acls->settings,
    };
}

/* ---- What is printed ---- */

static void print(struct buf *text)
{
    printf("%.*s", SLICE_ARGS(buf_slice(text)));
    buf_clear(text);
}

static void print_commands(const struct right_plan *plan, const char *bootstrap, bool unknown)
{
    struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    for (size_t i = 0; i < plan->count; i++) {
        if (unknown && admin_rights_know(plan->rights[i].on)) { continue; }
        right_plan_command(&plan->rights[i], bootstrap, &text);
    }
    print(&text);
    buf_release(&text);
}

/* Prints the rights that were missing, and what this client cannot grant. */
static void tell(const struct right_plan *plan, const bool *missing, const char *verb,
                 const char *bootstrap)
{
    struct buf text;
    size_t known = 0, told = 0;
    buf_init(&text, TEXT_BYTES_MAX);
    for (size_t i = 0; i < plan->count; i++) {
        known += admin_rights_know(plan->rights[i].on);
        if (!missing[i]) { continue; }
        buf_printf(&text, "%s ", verb);
        right_plan_line(&plan->rights[i], &text);
        buf_printf(&text, "\n");
        told++;
    }
    if (!told) { buf_printf(&text, "nothing to change: all %zu rights exist\n", known); }
    print(&text);
    buf_release(&text);
    if (known == plan->count) { return; }
    printf("by hand, as this Kafka client cannot name transactional ids:\n");
    print_commands(plan, bootstrap, /* unknown= */ true);
}

/* ---- plan and apply ---- */

static int reconcile(const struct invocation *invocation, struct right_plan *plan)
{
    struct wire *wire = NULL;
    bool grants = strcmp(invocation->arguments[0], "apply") == 0;
    _cleanup_(xfreep) bool *missing = xcalloc(plan->count + 1, sizeof(*missing));
    int result = client_connect(&invocation->client, NULL, &wire) < 0 ? EXIT_FAILURE : 0;
    if (!result && admin_rights_look(wire, plan->rights, plan->count) < 0) {
        result = client_fail("%s", wire_why(wire));
    }
    for (size_t i = 0; i < plan->count; i++) {
        missing[i] = !plan->rights[i].there && admin_rights_know(plan->rights[i].on);
    }
    if (!result && grants && admin_rights_grant(wire, plan->rights, plan->count) < 0) {
        result = client_fail("%s", wire_why(wire));
    }
    if (!result) {
        tell(plan, missing, grants ? "granted" : "grant  ",
             client_bootstrap(&invocation->client));
    }
    wire_close(wire);
    return result;
}

/* ---- The command ---- */

static int print_table(const struct ini *table)
{
    struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    right_plan_table(table, &text);
    print(&text);
    buf_release(&text);
    return 0;
}

static bool check(struct invocation *invocation, struct buf *why)
{
    static const char *const verbs[] = {"plan", "apply", "list", "commands"};
    const struct acls *acls = invocation->settings;
    const char *verb = invocation->arguments[0];
    bool known = false;
    for (size_t i = 0; i < ARRAY_COUNT(verbs); i++) {
        known = known || strcmp(verb, verbs[i]) == 0;
    }
    if (!known) {
        buf_printf(why, "\"%.40s\" is none of plan, apply, commands and list", verb);
        return false;
    }
    struct ini *table = read_table(acls, why);
    struct right_plan plan = {0};
    struct arena *arena = arena_new(NAMES_ARENA_BYTES);
    const struct right_request request = {.principals = acls->principals.at,
                                          .principals_count = acls->principals.count,
                                          .prefix = "",
                                          .group_prefix = ""};
    bool right = table && (strcmp(verb, "list") == 0 ||
                           right_plan_make(table, &request, arena, &plan, why));
    right_plan_release(&plan);
    arena_free(arena);
    ini_free(table);
    return right;
}

static int run(struct invocation *invocation)
{
    struct buf why;
    struct right_plan plan = {0};
    struct arena *arena = arena_new(NAMES_ARENA_BYTES);
    buf_init(&why, TEXT_BYTES_MAX);
    struct ini *table = read_table(invocation->settings, &why);
    const char *verb = invocation->arguments[0];
    const struct right_request request = request_of(invocation);
    int result = 0;
    if (strcmp(verb, "list") == 0) {
        result = print_table(table);
    } else if (!right_plan_make(table, &request, arena, &plan, &why)) {
        result = client_fail("%.*s", SLICE_ARGS(buf_slice(&why))); /* check() has seen it */
    } else if (strcmp(verb, "commands") == 0) {
        print_commands(&plan, client_bootstrap(&invocation->client), /* unknown= */ false);
    } else {
        result = reconcile(invocation, &plan);
    }
    right_plan_release(&plan);
    ini_free(table);
    arena_free(arena);
    buf_release(&why);
    return result;
}

const struct command acls_command = {
    .name = "acls",
    .group = GROUP_OPERATION,
    .summary = "grant each worker the rights that it needs on a broker",
    .arguments = "plan|apply|commands|list",
    .arguments_least = 1,
    .arguments_most = 1,
    .about = "plan prints the missing rights, and changes nothing. apply grants them; a second run "
             "finds nothing to do. commands prints Kafka's own commands that grant all of them, "
             "and list the table as Markdown; neither needs a broker. Rights are never removed: "
             "kafka-acls.sh shows what a principal has beyond the table. Rights of commands "
             "(rules, trial, merge, redrive) are granted only by name: "
             "--principal redrive=User:NAME.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .needs = NEEDS_SETTINGS,
    .settings_size = sizeof(struct acls),
    .check = check,
    .run = run,
};
