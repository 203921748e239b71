#include "base/base.h"
#include "base/array.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "cli/provision/right_plan.h"

static const struct {
    const char *word, *name; /* of kafka-acls.sh: --topic */
} ons[RIGHT_ONS] = {
    [RIGHT_ON_TOPIC] = {"topic", "topic"},
    [RIGHT_ON_GROUP] = {"group", "group"},
    [RIGHT_ON_TRANSACTIONAL_ID] = {"transactional_id", "transactional-id"},
};
static const struct {
    const char *key, *word, *name; /* in the table; as told; of kafka-acls.sh */
} tos[RIGHT_TOS] = {
    [RIGHT_TO_READ] = {"read", "READ", "Read"},
    [RIGHT_TO_DESCRIBE] = {"describe", "DESCRIBE", "Describe"},
    [RIGHT_TO_WRITE] = {"write", "WRITE", "Write"},
    [RIGHT_TO_DESCRIBE_CONFIGS] = {"describe_configs", "DESCRIBE_CONFIGS", "DescribeConfigs"},
};

/* What a plan is made of. */
struct planning {
    const struct ini *table;
    const struct right_request *request;
    struct arena *arena;
    struct right_plan *plan;
    const char *worker, *principal; /* whose rights are added */
};

/* ---- Rights ---- */

static const char *join(struct arena *arena, const char *prefix, struct slice name)
{
    size_t size = strlen(prefix);
    char *text = arena_alloc(arena, size + name.size + 1);
    memcpy(text, prefix, size);
    memcpy(text + size, name.data, name.size);
    text[size + name.size] = '\0';
    return text;
}

static void add(struct planning *planning, const struct right *right)
{
    struct right_plan *plan = planning->plan;
    for (size_t i = 0; i < plan->count; i++) {
        const struct right *one = &plan->rights[i];
        if (one->on == right->on && one->to == right->to && one->prefixed == right->prefixed &&
            strcmp(one->name, right->name) == 0 && strcmp(one->principal, right->principal) == 0) {
            return;
        }
    }
    ARRAY_RESERVE(plan->rights, plan->capacity, plan->count + 1, 64);
    plan->rights[plan->count++] = *right;
}

/* Returns the next word of a value, which begins behind it; without data: there is none. */
static struct slice next_word(const char **value)
{
    while (**value == ' ') { ++*value; }
    size_t size = strcspn(*value, " ");
    struct slice word = slice_of(size ? *value : NULL, size);
    *value += size;
    return word;
}

/* Returns what the table has under a key of a worker; "": nothing. */
static const char *words_of(const struct ini *table, const char *worker, const char *key)
{
    const char *words = ini_get(table, worker, key);
    return words ? words : "";
}

static bool is_by_name(const struct ini *table, const char *worker)
{
    return strcmp(words_of(table, worker, "granted"), "by-name") == 0;
}

/* Adds a right on each topic that a key of the table names. */
static void add_topics(struct planning *planning, const char *key, enum right_to to)
{
    const struct right_request *request = planning->request;
    const char *value = words_of(planning->table, planning->worker, key);
    for (struct slice word; (word = next_word(&value)).data;) {
        const struct right right = {
            .on = RIGHT_ON_TOPIC, .to = to, .prefixed = request->generations,
            .name = join(planning->arena, request->prefix, word),
            .principal = planning->principal};
        add(planning, &right);
    }
}

/* The same for a key of all generations, and for one that only several of them need. */
static void add_operation(struct planning *planning, const char *key, enum right_to to)
{
    add_topics(planning, key, to);
    if (!planning->request->generations) { return; }
    _cleanup_(xfreep) char *more = xprintf("generations.%s", key);
    add_topics(planning, more, to);
}

static void add_group(struct planning *planning, const char *key, enum right_on on, bool prefixed)
{
    const struct right_request *request = planning->request;
    const char *value = words_of(planning->table, planning->worker, key);
    const char *name = join(planning->arena, request->group_prefix, slice_str(planning->worker));
    for (struct slice word; (word = next_word(&value)).data;) {
        for (int to = 0; to < RIGHT_TOS; to++) {
            const struct right right = {.on = on, .to = (enum right_to)to, .prefixed = prefixed,
                                        .name = name, .principal = planning->principal};
            if (slice_equal(word, slice_str(tos[to].key))) { add(planning, &right); }
        }
    }
}

/* Groups of other workers, whose progress it shows. */
static void add_other_groups(struct planning *planning)
{
    const struct right_request *request = planning->request;
    const char *value = words_of(planning->table, planning->worker, "groups.describe");
    for (struct slice word; (word = next_word(&value)).data;) {
        const struct right right = {
            .on = RIGHT_ON_GROUP, .to = RIGHT_TO_DESCRIBE, .prefixed = request->generations,
            .name = join(planning->arena, request->group_prefix, word),
            .principal = planning->principal};
        add(planning, &right);
    }
}

static void add_worker(struct planning *planning)
{
    static const enum right_to order[] = {RIGHT_TO_READ, RIGHT_TO_DESCRIBE, RIGHT_TO_WRITE};
    bool generations = planning->request->generations;
    for (size_t i = 0; i < ARRAY_COUNT(order); i++) {
        add_operation(planning, tos[order[i]].key, order[i]);
    }
    if (planning->request->settings && !is_by_name(planning->table, planning->worker)) {
        for (size_t i = 0; i < ARRAY_COUNT(order); i++) {
            add_operation(planning, tos[order[i]].key, RIGHT_TO_DESCRIBE_CONFIGS);
        }
    }
    add_group(planning, "group", RIGHT_ON_GROUP, generations);
    add_other_groups(planning);
    add_group(planning, "transaction", RIGHT_ON_TRANSACTIONAL_ID, /* prefixed= */ true);
}

/* ---- Principals ---- */

/* Splits "WORKER=User:NAME"; a `=` behind the colon belongs to the name. */
static struct slice worker_of(const char *word, const char **ret_principal)
{
    size_t size = strcspn(word, "=:");
    bool named = word[size] == '=';
    *ret_principal = named ? word + size + 1 : word;
    return named ? slice_of(word, size) : (struct slice){0};
}

/* Returns who a worker is; NULL: nobody says. */
static const char *principal_of(const struct planning *planning, const char *worker)
{
    const char *all = NULL;
    const struct right_request *request = planning->request;
    for (size_t i = request->principals_count; i--;) {
        const char *principal;
        struct slice named = worker_of(request->principals[i], &principal);
        if (named.data && slice_equal(named, slice_str(worker))) { return principal; }
        if (!named.data) { all = principal; }
    }
    return is_by_name(planning->table, worker) ? NULL : all;
}

static bool check_principal(const struct ini *table, const char *word, struct buf *why)
{
    const char *principal;
    struct slice named = worker_of(word, &principal);
    _cleanup_(xfreep) char *worker = xprintf("%.*s", SLICE_ARGS(named));
    if (named.data && !ini_has(table, worker)) {
        buf_printf(why, "--principal %s: the table has no worker '%s'; known:", word, worker);
        for (size_t i = 0; ini_section(table, i); i++) {
            buf_printf(why, " %s", ini_section(table, i));
        }
        return false;
    }
    if (strchr(principal, ':')) { return true; }
    buf_printf(why, "--principal %s: want User:NAME", word);
    return false;
}

bool right_plan_make(const struct ini *table, const struct right_request *request,
                     struct arena *arena, struct right_plan *ret_plan, struct buf *why)
{
    struct planning planning = {
        .table = table, .request = request, .arena = arena, .plan = ret_plan};
    *ret_plan = (struct right_plan){0};
    if (!request->principals_count) {
        buf_printf(why, "--principal [WORKER=]User:NAME is needed");
        return false;
    }
    for (size_t i = 0; i < request->principals_count; i++) {
        if (!check_principal(table, request->principals[i], why)) { return false; }
    }
    for (size_t i = 0; ini_section(table, i); i++) {
        planning.worker = ini_section(table, i);
        planning.principal = principal_of(&planning, planning.worker);
        if (planning.principal) { add_worker(&planning); }
    }
    return true;
}

void right_plan_release(struct right_plan *plan)
{
    free(plan->rights);
    *plan = (struct right_plan){0};
}

/* ---- Texts ---- */

void right_plan_line(const struct right *right, struct buf *out)
{
    buf_printf(out, "%s: %s on %s %s%s", right->principal, tos[right->to].word,
               ons[right->on].word, right->name, right->prefixed ? "*" : "");
}

void right_plan_command(const struct right *right, const char *bootstrap, struct buf *out)
{
    buf_printf(out, "kafka-acls.sh --bootstrap-server ");
    quote_shell(out, slice_str(bootstrap));
    buf_printf(out, " --add --allow-principal ");
    quote_shell(out, slice_str(right->principal));
    buf_printf(out, " --operation %s --%s ", tos[right->to].name, ons[right->on].name);
    quote_shell(out, slice_str(right->name));
    buf_printf(out, " --resource-pattern-type %s\n", right->prefixed ? "prefixed" : "literal");
}

static void put_cell(struct buf *out, const char *value)
{
    const char *blank = "";
    if (!*value) { buf_printf(out, "–"); }
    for (struct slice word; (word = next_word(&value)).data; blank = " ") {
        buf_printf(out, "%s`%.*s`", blank, SLICE_ARGS(word));
    }
    buf_printf(out, " | ");
}

static void put_words(struct buf *out, const char *value, const char *behind)
{
    const char *comma = "";
    if (!*value) { buf_printf(out, "–"); }
    for (struct slice word; (word = next_word(&value)).data; comma = ", ") {
        buf_printf(out, "%s%.*s", comma, SLICE_ARGS(word));
    }
    buf_printf(out, "%s", behind);
}

void right_plan_table(const struct ini *table, struct buf *out)
{
    buf_printf(out, "| worker | Read on topics | Describe | Write | on its group | "
                    "on transactional ids |\n|---|---|---|---|---|---|\n");
    const char *worker;
    for (size_t i = 0; (worker = ini_section(table, i)); i++) {
        buf_printf(out, "| %s | ", worker);
        put_cell(out, words_of(table, worker, "read"));
        put_cell(out, words_of(table, worker, "describe"));
        put_cell(out, words_of(table, worker, "write"));
        put_words(out, words_of(table, worker, "group"), " | ");
        put_words(out, words_of(table, worker, "transaction"), " |\n");
    }
}
