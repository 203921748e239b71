#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/steering.h"

enum { FAULTS_BYTES_MAX = 16 << 10, ARENA_BYTES = 4096 };

void steering_init(struct steering *steering, struct run *run, size_t length)
{
    *steering = (struct steering){.offset = -1, .next_ms = INT64_MAX, .length = length};
    steering->codec = codec_new(&applied_rules_contract, run_schemas(run));
    steering->arena = arena_new(ARENA_BYTES);
    steering->placements = metrics_gauge(run_metrics(run), "freshet_placements", "",
                                         "Placements that the rules define; 0: no rules.");
}

static void drop_counters(struct steering *steering)
{
    free(steering->counters);
    free(steering->told);
    steering->counters = NULL;
    steering->told = NULL;
    steering->counters_count = 0;
}

void steering_release(struct steering *steering)
{
    drop_counters(steering);
    rule_set_free(steering->rules);
    codec_free(steering->codec);
    arena_free(steering->arena);
    *steering = (struct steering){0};
}

/* Takes other rules; text NULL: none. False, with the faults: the former ones stay. */
static bool take(struct steering *steering, struct slice text, int64_t offset,
                 struct tables *tables, struct buf *faults)
{
    struct rule_set *rules = NULL;
    if (text.data) {
        rules = rule_set_parse(text, &tables->columns, PLACEMENT_LENGTH, faults);
        if (!rules) { return false; }
    }
    rule_set_free(steering->rules);
    steering->rules = rules;
    steering->offset = rules ? offset : -1;
    return true;
}

static int64_t next_ms(const struct steering *steering, int64_t as_of_ms)
{
    return steering->rules ? rule_set_next_ms(steering->rules, as_of_ms) : INT64_MAX;
}

/* Registers the counters of a rule. Those of a name that is known go on. */
static void register_rule(struct steering *steering, struct metrics *metrics,
                          const struct placement *placement, size_t rule)
{
    char labels[4 * RULE_NAME_BYTES_MAX], name[2 * RULE_NAME_BYTES_MAX];
    struct metric **counters = steering->counters[steering->counters_count++];
    (void)snprintf(labels, sizeof(labels), "placement=\"%s\",rule=\"%s\"", placement->name,
                   list_cut_rule_name(placement, (int32_t)rule, name, sizeof(name)));
    counters[0] = metrics_counter(metrics, "freshet_rule_moves_total", labels,
                                  "Items that a rule has moved to their place on a list.");
    counters[1] = metrics_counter(metrics, "freshet_rule_removals_total", labels,
                                  "Items that a rule has taken off a list.");
}

static void register_rules(struct steering *steering, struct metrics *metrics)
{
    size_t count = 0;
    metric_set(steering->placements, steering->rules ? (double)steering->rules->count : 0.0);
    if (!steering->rules) { return; }
    for (size_t p = 0; p < steering->rules->count; p++) {
        count += steering->rules->placements[p].rules_count + CUT_IMPLIED;
    }
    steering->counters = xcalloc(count + 1, sizeof(*steering->counters));
    steering->told = xcalloc(2 * count + 1, sizeof(*steering->told));
    for (size_t p = 0; p < steering->rules->count; p++) {
        const struct placement *placement = &steering->rules->placements[p];
        for (size_t r = 0; r < placement->rules_count + CUT_IMPLIED; r++) {
            register_rule(steering, metrics, placement, r);
        }
    }
}

static bool is_among(struct metric *const (*counters)[2], size_t count, const struct metric *metric)
{
    for (size_t i = 0; i < count; i++) {
        if (counters[i][0] == metric || counters[i][1] == metric) { return true; }
    }
    return false;
}

/* Registers the counters of other rules and drops those of names that are gone: names may change
 * with every file that is applied, for years. Two rules may have one name and so one counter. */
static void register_all(struct steering *steering, struct metrics *metrics)
{
    struct metric *(*former)[2] = steering->counters;
    size_t count = steering->counters_count;
    steering->counters = NULL;
    drop_counters(steering);
    register_rules(steering, metrics);
    for (size_t i = 0; i < count; i++) {
        bool again = is_among(former, i, former[i][0]);
        if (again || is_among(steering->counters, steering->counters_count, former[i][0])) {
            continue;
        }
        metrics_drop(metrics, former[i][0]);
        metrics_drop(metrics, former[i][1]);
    }
    free(former);
}

static void tell(struct steering *steering, const struct lists *lists)
{
    const struct placement_lists *placements = lists_placements(lists);
    size_t at = 0;
    if (!steering->rules) { return; }
    for (size_t p = 0; p < steering->rules->count; p++) {
        size_t rules = steering->rules->placements[p].rules_count + CUT_IMPLIED;
        for (size_t r = 0; r < rules; r++, at++) {
            uint64_t now[2] = {placement_lists_moved(placements, p, r),
                               placement_lists_removed(placements, p, r)};
            for (int k = 0; k < 2; k++) {
                uint64_t *told = &steering->told[2 * at + (size_t)k];
                metric_add(steering->counters[at][k], (double)(now[k] - *told));
                *told = now[k];
            }
        }
    }
}

enum verdict steering_observe(struct steering *steering, struct run *run, const struct record *rec,
                              struct tables *tables, struct lists *lists)
{
    struct applied_rules rules = {.text = {0}};
    struct codec_error error;
    struct buf faults;
    if (!rec->key.data || !slice_equal(rec->key, slice_str(APPLIED_RULES_KEY))) {
        return run_refuse_record(run, "bad_key", "want the key %s", APPLIED_RULES_KEY);
    }
    arena_reset(steering->arena);
    if (rec->value.data &&
        codec_decode(steering->codec, rec->value, steering->arena, &rules, &error) < 0) {
        return run_refuse_undecoded(run, &error);
    }
    buf_init(&faults, FAULTS_BYTES_MAX);
    tell(steering, lists); /* what the former rules did since the last time */
    enum verdict verdict = VERDICT_DONE;
    if (take(steering, rules.text, rec->offset, tables, &faults)) {
        lists_set_rules(lists, steering->rules);
        register_all(steering, run_metrics(run));
        steering->next_ms = next_ms(steering, run_wall_ms(run));
        tables->rules_changed = tables_change(tables);
    } else {
        verdict = run_refuse_record(run, "bad_rules", "the former rules stay: %.*s",
                                    SLICE_ARGS(buf_slice(&faults)));
    }
    buf_release(&faults);
    return verdict;
}

size_t steering_length(const struct steering *steering)
{
    if (!steering->rules) { return steering->length; }
    const struct placement *main = rule_set_find(steering->rules, slice_str(PLACEMENT_MAIN));
    return main ? main->length : steering->length;
}

void steering_tick(struct steering *steering, int64_t as_of_ms, struct tables *tables,
                   const struct lists *lists)
{
    bool back = as_of_ms < steering->seen_ms; /* the clock was set back */
    steering->seen_ms = as_of_ms;
    int64_t next = back ? next_ms(steering, as_of_ms) : steering->next_ms;
    if (as_of_ms >= steering->next_ms || next != steering->next_ms) {
        steering->next_ms = next_ms(steering, as_of_ms);
        tables->rules_changed = tables_change(tables);
    }
    tell(steering, lists);
}
