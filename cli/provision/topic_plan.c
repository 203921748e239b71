#include "base/base.h"
#include "base/xalloc.h"
#include "cli/provision/topic_plan.h"

static bool is_setting(const char *key)
{
    static const char *const ours[] = {"doc", "optional", "stateful", "partitions"};
    for (size_t i = 0; i < ARRAY_COUNT(ours); i++) {
        if (strcmp(key, ours[i]) == 0) { return false; }
    }
    return true;
}

static bool is_yes(const struct ini *table, const char *topic, const char *key)
{
    const char *value = ini_get(table, topic, key);
    return value && strcmp(value, "yes") == 0;
}

void topic_plan_init(struct topic_plan *plan, const struct ini *table)
{
    *plan = (struct topic_plan){.table = table};
    while (ini_section(table, plan->count)) { plan->count++; }
    plan->topics = xcalloc(plan->count + 1, sizeof(*plan->topics));
    for (size_t i = 0; i < plan->count; i++) {
        struct planned_topic *topic = &plan->topics[i];
        topic->name = ini_section(table, i);
        topic->wanted = !is_yes(table, topic->name, "optional");
    }
}

void topic_plan_release(struct topic_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) { topic_form_free(plan->topics[i].there); }
    free(plan->topics);
    *plan = (struct topic_plan){0};
}

static struct planned_topic *find(const struct topic_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (strcmp(plan->topics[i].name, name) == 0) { return &plan->topics[i]; }
    }
    return NULL;
}

bool topic_plan_add(struct topic_plan *plan, const char *name)
{
    struct planned_topic *topic = find(plan, name);
    if (topic) { topic->wanted = true; }
    return topic != NULL;
}

/* Follows `partitions = other topic`. */
static int32_t number_of(const struct topic_plan *plan, const char *name, int32_t asked)
{
    const char *word = ini_get(plan->table, name, "partitions");
    for (size_t i = 0; i < plan->count && word && ini_has(plan->table, word); i++) {
        word = ini_get(plan->table, word, "partitions");
    }
    int32_t number = word ? (int32_t)strtol(word, NULL, 10) : 1;
    return asked && number > 1 ? asked : MAX_OF(number, 1);
}

static void plan_partitions(const struct topic_plan *plan, struct planned_topic *topic,
                            int32_t asked, struct buf *refusals)
{
    int32_t number = number_of(plan, topic->name, asked);
    topic->partitions = topic->there ? topic_form_partitions(topic->there) : number;
    if (!topic->there || !asked || topic->partitions == number) { return; }
    const char *why = "keys would leave their state; use a new --prefix and replay";
    if (topic->partitions > number) {
        why = "Kafka cannot remove partitions";
    } else if (!is_yes(plan->table, topic->name, "stateful")) {
        topic->partitions = number;
        return;
    }
    buf_printf(refusals, "%s has %d partitions, %d are asked for: %s\n", topic->name,
               topic->partitions, number, why);
}

static void check_equal(const struct topic_plan *plan, const struct planned_topic *topic,
                        struct buf *refusals)
{
    const struct planned_topic *other =
        find(plan, ini_get(plan->table, topic->name, "partitions"));
    if (!other || !other->wanted || other->partitions == topic->partitions) { return; }
    buf_printf(refusals,
               "%s has %d partitions and %s %d: their numbers must be equal (partition n of one "
               "belongs to partition n of the other)\n",
               topic->name, topic->partitions, other->name, other->partitions);
}

bool topic_plan_work_out(struct topic_plan *plan, int32_t asked, struct buf *refusals)
{
    size_t before = refusals->size;
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->topics[i].wanted) {
            plan_partitions(plan, &plan->topics[i], asked, refusals);
        }
    }
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->topics[i].wanted) { check_equal(plan, &plan->topics[i], refusals); }
    }
    return refusals->size == before;
}

struct topic_form *topic_plan_form(const struct topic_plan *plan, const struct planned_topic *topic,
                                   int copies)
{
    struct topic_form *form = topic_form_new(topic->partitions, copies);
    const char *key, *value;
    for (size_t i = 0; (key = ini_key(plan->table, topic->name, i, &value)); i++) {
        if (is_setting(key)) { topic_form_put(form, key, value); }
    }
    return form;
}

bool topic_plan_settings(const struct topic_plan *plan, const struct planned_topic *topic,
                         const char *verb, const char *prefix, bool put, struct buf *out)
{
    bool differ = false;
    const char *key, *value;
    for (size_t i = 0; (key = ini_key(plan->table, topic->name, i, &value)); i++) {
        const char *old = topic_form_get(topic->there, key);
        if (!is_setting(key) || (old && strcmp(old, value) == 0)) { continue; }
        differ = true;
        buf_printf(out, "%s %s%s: %s %s -> %s\n", verb, prefix, topic->name, key, old ? old : "-",
                   value);
        if (put) { topic_form_put(topic->there, key, value); }
    }
    return differ;
}

static void put_row(const struct ini *table, const char *name, struct buf *out)
{
    const char *key, *value;
    buf_printf(out, "| `%s` | %s |", name, ini_get(table, name, "partitions"));
    for (size_t i = 0; (key = ini_key(table, name, i, &value)); i++) {
        if (is_setting(key)) { buf_printf(out, " `%s=%s`", key, value); }
    }
    buf_printf(out, " | %s |\n", ini_get(table, name, "doc"));
}

void topic_plan_table(const struct ini *table, struct buf *out)
{
    const char *name;
    buf_printf(out, "| topic | partitions | configuration | what |\n|---|---|---|---|\n");
    for (size_t i = 0; (name = ini_section(table, i)); i++) { put_row(table, name, out); }
}
