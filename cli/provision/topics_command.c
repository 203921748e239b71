/* topics: makes the topics of a broker agree with the table, which is compiled in, so that an
 * installed system needs nothing but this program. `plan` and `apply` go the same way; apply makes
 * a topic, then adds partitions, then changes settings, and stops at the first fault: a second run
 * goes on where it stopped.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/provision/flag_texts.h"
#include "cli/provision/topic_plan.h"
#include "cli/screen.h"
#include "stream/run_settings.h"

enum { PLAN_BYTES_MAX = 1 << 20, PARTITIONS_MAX = 100000, COPIES_MAX = 100 };

static const char table_text[] =
#include "topics.ini.inc"
    ;

struct topics {
    int64_t partitions, copies; /* flags; 0: not given */
    int64_t retention_ms;
    struct flag_texts with, overrides;
};

#define OPTION_SETTINGS struct topics

static bool take_with(void *settings, const char *text, struct buf *why)
{
    return flag_texts_add(&((struct topics *)settings)->with, text, why);
}

static bool take_override(void *settings, const char *text, struct buf *why)
{
    return flag_texts_add(&((struct topics *)settings)->overrides, text, why);
}

static const struct flag flags[] = {
    FLAG('p', "N",
         OPTION("partitions", LONG, partitions, NULL, OPTION_RANGE(1, PARTITIONS_MAX),
                "For every topic that has more than one; of make: for each (default 1)")),
    FLAG(0, "N",
         OPTION("replication", LONG, copies, "0", OPTION_RANGE(0, COPIES_MAX),
                "Replicas of a new topic; 0: as the broker is configured")),
    FLAG_TAKEN('w', "TOPIC", "with", take_with,
               "Also create this optional topic, such as clicks; may be repeated"),
    FLAG_TAKEN('o', "TOPIC.KEY=VALUE", "override", take_override,
               "Another setting than the table's; of make: KEY=VALUE; may be repeated"),
    FLAG(0, "TIME",
         OPTION("retention", DURATION, retention_ms, NULL, OPTION_RANGE(60e3, 36500.0 * 86400e3),
                "Of make: how long records are kept, such as 7d (default: as the broker is "
                "configured)")),
};

static int copies_of(const struct topics *topics)
{
    return topics->copies ? (int)topics->copies : -1;
}

/* ---- The table ---- */

static bool override_one(struct ini *table, const char *text, struct buf *why)
{
    _cleanup_(xfreep) char *where = xstrdup(text);
    char *value = strchr(where, '='), *key = strchr(where, '.');
    if (!value || !key || key > value) {
        buf_printf(why, "--override %s: write TOPIC.KEY=VALUE", text);
        return false;
    }
    *value++ = *key++ = '\0';
    if (!ini_has(table, where)) {
        buf_printf(why, "--override %s: the table has no topic %s", text, where);
        return false;
    }
    ini_put(table, where, key, value);
    return true;
}

/* Reads the table with the overrides; NULL with the reason. */
static struct ini *read_table(const struct topics *topics, struct buf *why)
{
    struct ini *table = ini_read(table_text);
    for (size_t i = 0; i < topics->overrides.count; i++) {
        if (!override_one(table, topics->overrides.at[i], why)) { return ini_free(table); }
    }
    return table;
}

/* ---- plan and apply ---- */

static int look(const struct client *client, struct wire *wire, struct topic_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        struct planned_topic *topic = &plan->topics[i];
        if (!topic->wanted) { continue; }
        _cleanup_(xfreep) char *name = client_topic_of(client, topic->name, "");
        if (admin_topic_look(wire, name, &topic->there) < 0) {
            return client_fail("%s", wire_why(wire));
        }
    }
    return 0;
}

static int make_topic(struct wire *wire, const char *name, const struct topic_form *form)
{
    return wire ? admin_topic_make(wire, name, form) : 0;
}

/* Carries out, or with a NULL wire only prints, what one topic needs. Returns a wire_error. */
static int change_topic(const struct topic_plan *plan, struct planned_topic *topic,
                        const char *name, struct wire *wire, int copies, struct buf *said)
{
    int result = 0;
    if (!topic->there) {
        struct topic_form *form = topic_plan_form(plan, topic, copies);
        result = make_topic(wire, name, form);
        buf_printf(said, "%s   %s: %d partitions\n", wire ? "made" : "make", name,
                   topic->partitions);
        topic_form_free(form);
        return result;
    }
    int32_t before = topic_form_partitions(topic->there);
    if (before != topic->partitions) {
        if (wire) { result = admin_topic_widen(wire, name, topic->partitions); }
        buf_printf(said, "%s %s: partitions %d -> %d\n", wire ? "added  " : "add    ", name,
                   before, topic->partitions);
    }
    _cleanup_(xfreep) char *prefix =
        xprintf("%.*s", (int)(strlen(name) - strlen(topic->name)), name);
    bool differ = topic_plan_settings(plan, topic, wire ? "changed" : "change ", prefix,
                                      wire != NULL, said);
    if (differ && wire && !result) { result = admin_topic_alter(wire, name, topic->there); }
    return result;
}

static int change(const struct client *client, struct wire *wire, struct topic_plan *plan,
                  bool writes, int copies)
{
    struct buf said;
    int result = 0;
    size_t changes = 0, wanted = 0;
    buf_init(&said, PLAN_BYTES_MAX);
    for (size_t i = 0; i < plan->count && !result; i++) {
        if (!plan->topics[i].wanted) { continue; }
        _cleanup_(xfreep) char *name = client_topic_of(client, plan->topics[i].name, "");
        wanted++;
        buf_clear(&said);
        result = change_topic(plan, &plan->topics[i], name, writes ? wire : NULL, copies, &said);
        if (result < 0) { result = client_fail("%s", wire_why(wire)); }
        changes += said.size > 0;
        if (!result) { printf("%.*s", SLICE_ARGS(buf_slice(&said))); }
    }
    if (!result && !changes) {
        printf("nothing to change: %zu topics agree with the table\n", wanted);
    }
    buf_release(&said);
    return result;
}

static int reconcile(struct invocation *invocation, const struct ini *table, struct wire *wire)
{
    const struct topics *topics = invocation->settings;
    struct topic_plan plan;
    struct buf refusals;
    bool writes = strcmp(invocation->arguments[0], "apply") == 0;
    topic_plan_init(&plan, table);
    buf_init(&refusals, PLAN_BYTES_MAX);
    for (size_t i = 0; i < topics->with.count; i++) {
        (void)topic_plan_add(&plan, topics->with.at[i]);
    }
    int result = look(&invocation->client, wire, &plan);
    if (!result && !topic_plan_work_out(&plan, (int32_t)topics->partitions, &refusals)) {
        result = client_fail("nothing is changed:\n%.*s", (int)refusals.size - 1, refusals.data);
    }
    if (!result) {
        result = change(&invocation->client, wire, &plan, writes, copies_of(topics));
    }
    buf_release(&refusals);
    topic_plan_release(&plan);
    return result;
}

/* ---- Topics of one's own ---- */

static struct topic_form *own_form(const struct topics *topics)
{
    struct topic_form *form =
        topic_form_new((int32_t)MAX_OF(topics->partitions, (int64_t)1), copies_of(topics));
    if (topics->retention_ms) {
        _cleanup_(xfreep) char *text = xprintf("%" PRId64, topics->retention_ms);
        topic_form_put(form, "retention.ms", text);
    }
    for (size_t i = 0; i < topics->overrides.count; i++) {
        _cleanup_(xfreep) char *key = xstrdup(topics->overrides.at[i]);
        char *value = strchr(key, '=');
        *value++ = '\0';
        topic_form_put(form, key, value);
    }
    return form;
}

/* Says in what a topic that exists differs from what is asked for; an empty text: in nothing. */
static void tell_difference(const struct topics *topics, const struct topic_form *form,
                            const struct topic_form *there, struct buf *ret_text)
{
    if (topics->partitions && topic_form_partitions(form) != topic_form_partitions(there)) {
        buf_printf(ret_text, ", not %d", topic_form_partitions(form));
    }
    for (size_t i = 0; i < topics->overrides.count + 1; i++) {
        const char *key = i ? topics->overrides.at[i - 1] : "retention.ms";
        _cleanup_(xfreep) char *name = xprintf("%.*s", (int)strcspn(key, "="), key);
        const char *asked = topic_form_get(form, name), *has = topic_form_get(there, name);
        if (asked && (!has || strcmp(asked, has) != 0)) {
            buf_printf(ret_text, ", %s=%s, not %s", name, has ? has : "(its default)", asked);
        }
    }
}

static int tell_exists(const struct topics *topics, const char *name,
                       const struct topic_form *form, const struct topic_form *there)
{
    struct buf difference;
    buf_init(&difference, PLAN_BYTES_MAX);
    tell_difference(topics, form, there, &difference);
    bool differs = difference.size > 0;
    screen_line(stdout, "exists %s: %d partitions%.*s", name, topic_form_partitions(there),
                SLICE_ARGS(buf_slice(&difference)));
    buf_release(&difference);
    return !differs ? 0
                    : client_fail("%s is left as it is; hint: kafka-topics.sh --alter adds "
                                  "partitions (keys then go to others), kafka-configs.sh --alter "
                                  "changes settings", name);
}

static int make_own(const struct topics *topics, struct wire *wire, const char *name,
                    const struct topic_form *form)
{
    struct topic_form *there = NULL;
    if (admin_topic_look(wire, name, &there) < 0) { return client_fail("%s", wire_why(wire)); }
    if (there) {
        int result = tell_exists(topics, name, form, there);
        topic_form_free(there);
        return result;
    }
    if (admin_topic_make(wire, name, form) < 0) { return client_fail("%s", wire_why(wire)); }
    screen_line(stdout, "made   %s: %d partitions", name, topic_form_partitions(form));
    return 0;
}

static int make_all(struct invocation *invocation, struct wire *wire)
{
    int result = 0;
    struct topic_form *form = own_form(invocation->settings);
    const char *prefix = client_topic_prefix(&invocation->client);
    for (size_t i = 1; i < invocation->arguments_count && !result; i++) {
        _cleanup_(xfreep) char *name = xprintf("%s%s", prefix, invocation->arguments[i]);
        result = make_own(invocation->settings, wire, name, form);
    }
    topic_form_free(form);
    return result;
}

/* ---- The command ---- */

static int print_table(const struct ini *table)
{
    struct buf text;
    buf_init(&text, PLAN_BYTES_MAX);
    topic_plan_table(table, &text);
    printf("%.*s", SLICE_ARGS(buf_slice(&text)));
    buf_release(&text);
    return 0;
}

static bool check_own(const struct invocation *invocation, const struct ini *table,
                      struct buf *why)
{
    const struct topics *topics = invocation->settings;
    for (size_t i = 1; i < invocation->arguments_count; i++) {
        const char *name = invocation->arguments[i];
        if (!name[0] || !run_topic_text_valid(name)) {
            buf_printf(why, "\"%.60s\": " RUN_TOPIC_TEXT_RULE, name);
            return false;
        }
        if (!ini_has(table, invocation->arguments[i])) { continue; }
        buf_printf(why, "%s is one of Freshet's own: apply --with %s makes it",
                   invocation->arguments[i], invocation->arguments[i]);
        return false;
    }
    for (size_t i = 0; i < topics->overrides.count; i++) {
        if (strchr(topics->overrides.at[i], '=')) { continue; }
        buf_printf(why, "--override %s: write KEY=VALUE", topics->overrides.at[i]);
        return false;
    }
    return true;
}

static bool check_table(const struct topics *topics, struct buf *why)
{
    struct ini *table = read_table(topics, why);
    for (size_t i = 0; table && i < topics->with.count; i++) {
        if (ini_has(table, topics->with.at[i])) { continue; }
        buf_printf(why, "--with %s: the table has no such topic", topics->with.at[i]);
        table = ini_free(table);
    }
    bool right = table != NULL;
    ini_free(table);
    return right;
}

static bool check(struct invocation *invocation, struct buf *why)
{
    const char *verb = invocation->arguments[0];
    bool own = strcmp(verb, "make") == 0;
    if (!own && strcmp(verb, "plan") != 0 && strcmp(verb, "apply") != 0 &&
        strcmp(verb, "list") != 0) {
        buf_printf(why, "\"%.40s\" is none of plan, apply, list and make", verb);
        return false;
    }
    if (own != (invocation->arguments_count > 1)) {
        buf_printf(why, own ? "make wants names of topics"
                            : "only make takes names of topics; --with TOPIC adds an optional one");
        return false;
    }
    if (!own) { return check_table(invocation->settings, why); }
    struct ini *table = ini_read(table_text);
    bool right = check_own(invocation, table, why);
    ini_free(table);
    return right;
}

static int run_on_broker(struct invocation *invocation, const struct ini *table)
{
    struct wire *wire = NULL;
    int result = client_connect(&invocation->client, NULL, &wire) < 0 ? EXIT_FAILURE : 0;
    if (!result) {
        result = strcmp(invocation->arguments[0], "make") == 0
                     ? make_all(invocation, wire)
                     : reconcile(invocation, table, wire);
    }
    wire_close(wire);
    return result;
}

static int run(struct invocation *invocation)
{
    struct buf why;
    buf_init(&why, PLAN_BYTES_MAX);
    bool own = strcmp(invocation->arguments[0], "make") == 0;
    /* The overrides of make are settings without a topic. */
    const struct topics none = {0};
    struct ini *table = read_table(own ? &none : invocation->settings, &why);
    assert(table);
    int result = strcmp(invocation->arguments[0], "list") == 0
                     ? print_table(table)
                     : run_on_broker(invocation, table);
    ini_free(table);
    buf_release(&why);
    return result;
}

const struct command topics_command = {
    .name = "topics",
    .group = GROUP_OPERATION,
    .summary = "make the topics of a broker agree with the table",
    .arguments = "plan|apply|list|make [TOPIC]...",
    .arguments_least = 1,
    .arguments_most = COMMAND_ARGUMENTS_MAX,
    .about = "plan prints what apply would change, and changes nothing. apply changes it; a second "
             "run finds nothing to do. list prints the table as Markdown and needs no broker. make "
             "creates topics of your own, such as the sources of ingest: make shop.orders "
             "--partitions 6 --retention 7d; one that exists is left as it is, with exit code 1 "
             "where it differs. A change is refused where Kafka cannot do it, or where keys would "
             "leave their state; then nothing changes.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .needs = NEEDS_SETTINGS,
    .settings_size = sizeof(struct topics),
    .check = check,
    .run = run,
};
