/* Three protocols, one table: each has its function in evaluate/ and a printer here. The command
 * reads the data set and its attributes, runs the protocol, and prints a table or one JSON object.
 * The fourth, ips, judges no models but what was served (evaluate_ips.c).
 * Evaluation leaves the reason of a failure in `reason` or in the data set; only this file prints.
 */
#include "base/base.h"
#include "base/clock.h"
#include "base/number.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/action_time.h"
#include "cli/evaluate_ips.h"
#include "cli/named_file.h"
#include "evaluate/evaluation.h"
#include "evaluate/models/models.h"

#include <jansson.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ATTRIBUTES_MAX = 8 };

struct evaluate {
    /* flags */
    const char *attributes[ATTRIBUTES_MAX];
    size_t attributes_count;
    const char *vectors;
    const char *columns;
    const char *separator;
    const char *sets[EVALUATION_SETS_MAX];
    size_t sets_count;
    const char *model;
    const char *preset;
    int32_t protocol_index; /* in protocols */
    int64_t tune, every, seed;
    double min_rating;
    bool json, progress, list_models;
    /* of ips: */
    const char *config, *bootstrap, *prefix, *placement;
    int32_t reward, lists; /* enum drawn_reward; 1: all */
    int64_t since_ms;
    double temperatures[OFF_POLICY_TEMPERATURES_MAX];
    size_t temperatures_count;

    const char *file;
    struct evaluation_request request;
    const struct protocol *protocol;
};

struct protocol {
    const char *name;
    int (*evaluate)(const struct dataset *dataset, const struct evaluation_request *request,
                    struct evaluation *ret_evaluation);
    void (*print)(const struct evaluation *evaluation);
};

static void print_leave_one_out(const struct evaluation *evaluation);
static void print_prequential(const struct evaluation *evaluation);
static void print_rating(const struct evaluation *evaluation);

enum { PROTOCOL_IPS = 3 };

static const struct protocol protocols[] = {
    {"leave-one-out", evaluation_leave_one_out, print_leave_one_out},
    {"prequential", evaluation_prequential, print_prequential},
    {"rating", evaluation_rating, print_rating},
    [PROTOCOL_IPS] = {.name = "ips"},
};

static void list_models(void)
{
    for (size_t m = 0; m < models_count; m++) {
        const struct recommender *model = models[m];
        printf("%s%s: %s\n  presets:", model->name, model->served ? "" : " (not served)",
               model->about);
        for (size_t at = 0; at < model->presets_count; at++) {
            printf(" %s", model->presets[at].name);
        }
        printf("\n");
        for (size_t k = 0; k < model->hyperparameters_count; k++) {
            double value;
            memcpy(&value,
                   (const char *)model->presets[0].settings + model->hyperparameters[k].offset,
                   sizeof(value));
            printf("  %s.%-20s %8g  [%g, %g]  %s\n", model->name, model->hyperparameters[k].name,
                   value, model->hyperparameters[k].min, model->hyperparameters[k].max,
                   model->hyperparameters[k].help);
        }
    }
}

static bool take_attributes(void *arg, const char *text, struct buf *why)
{
    struct evaluate *evaluate = arg;
    if (evaluate->attributes_count == ATTRIBUTES_MAX) {
        buf_printf(why, "at most %d files", ATTRIBUTES_MAX);
        return false;
    }
    evaluate->attributes[evaluate->attributes_count++] = text;
    return true;
}

/* Refuses a setting for a model that does not exist, which would be ignored otherwise, and a wrong
 * one before the data are read. */
static bool take_set(void *arg, const char *text, struct buf *why)
{
    struct evaluate *evaluate = arg;
    struct reason reason = {0};
    _cleanup_(xfreep) char *name = xprintf("%.*s", (int)strcspn(text, ".="), text);
    const struct recommender *model = models_find(name);
    if (!model) {
        buf_printf(why, "there is no model \"%s\"; `freshet evaluate --models` lists them", name);
        return false;
    }
    const struct evaluation_request request = {.sets = {text}, .sets_count = 1, .reason = &reason};
    _cleanup_(xfreep) void *settings = evaluation_settings(&request, model, 0);
    if (!settings) {
        buf_printf(why, "%s", reason.text);
        return false;
    }
    if (evaluate->sets_count == EVALUATION_SETS_MAX) {
        buf_printf(why, "at most %d times", EVALUATION_SETS_MAX);
        return false;
    }
    evaluate->sets[evaluate->sets_count++] = text;
    return true;
}

static bool take_model(void *arg, const char *text, struct buf *why)
{
    struct evaluate *evaluate = arg;
    evaluate->model = text;
    bool together = strcmp(text, "blend") == 0 || strcmp(text, "mixture") == 0;
    if (models_find(text) || together) { return true; }
    buf_printf(why, "there is no model \"%s\"; `freshet evaluate --models` lists them", text);
    return false;
}

static bool take_temperature(void *arg, const char *text, struct buf *why)
{
    struct evaluate *evaluate = arg;
    double temperature;
    if (!number_parse_real(text, &temperature) || !(temperature >= 0.001) ||
        temperature > 1000.0) {
        buf_printf(why, "\"%s\" is wrong; it takes a number from 0.001 to 1000", text);
        return false;
    }
    if (evaluate->temperatures_count == OFF_POLICY_TEMPERATURES_MAX) {
        buf_printf(why, "at most %d times", OFF_POLICY_TEMPERATURES_MAX);
        return false;
    }
    evaluate->temperatures[evaluate->temperatures_count++] = temperature;
    return true;
}

#define OPTION_SETTINGS struct evaluate

static const struct flag flags[] = {
    FLAG('p', "NAME",
         OPTION("protocol", CHOICE, protocol_index, "leave-one-out",
                OPTION_ONE_OF("leave-one-out|prequential|rating|ips"),
                "How models are evaluated; ips: how places of lists that rules explore do")),
    FLAG_TAKEN('m', "NAME", "model", take_model,
               "A model; or blend: all of them together (default); or mixture, with -p "
               "prequential: the scorer's lists"),
    FLAG_TAKEN('a', "FILE", "attributes", take_attributes,
               "Attributes of items: JSON {item: [attribute, ...]}, or lines of item, tab, words; "
               "may be repeated"),
    FLAG('c', "ROLE=COLUMN,...",
         OPTION("columns", STRING, columns, NULL, OPTION_FREE,
                "What the columns are: user=NAME,item=NAME,rating=NAME,time=NAME:UNIT; a column is "
                "named as in the first line, or by its number from 1; UNIT is s (default), ms, us, "
                "ns, days, iso8601, or a pattern of strptime (%d.%m.%Y %H:%M)")),
    FLAG(0, "C",
         OPTION("separator", STRING, separator, NULL, OPTION_FREE,
                "What stands between columns: one character, or tab")),
    FLAG(0, "FILE",
         OPTION("vectors", STRING, vectors, NULL, OPTION_FREE,
                "Vectors of items from a model of images or texts: lines of item, number, number, "
                "...")),
    FLAG(0, "NAME",
         OPTION("preset", STRING, preset, NULL, OPTION_FREE,
                "The model's preset; by default the one that does best")),
    FLAG_TAKEN('s', "MODEL.HYPERPARAMETER=N", "set", take_set,
               "Change a hyperparameter; may be repeated"),
    FLAG(0, "ROUNDS",
         OPTION("tune", LONG, tune, "0", OPTION_RANGE(0, 1e6),
                "Leave-one-out: tune hyperparameters on validation")),
    FLAG(0, "N",
         OPTION("every", LONG, every, "10", OPTION_RANGE(1, INT32_MAX),
                "Prequential: predict one action in N")),
    FLAG(0, "R",
         OPTION("min-rating", DOUBLE, min_rating, "-1e9", OPTION_RANGE(-1e9, 1e9),
                "Leave out actions rated below R")),
    FLAG(0, "N",
         OPTION("seed", LONG, seed, "1", OPTION_RANGE(0, INFINITY),
                "Seed of all random numbers")),
    FLAG(0, "WHAT",
         OPTION("reward", CHOICE, reward, "clicks",
                OPTION_ONE_OF("clicks|actions|conversions|revenue"),
                "Ips: what a list gains: at least one action of this kind, or a sum")),
    FLAG_TAKEN(0, "T", "temperature", take_temperature,
               "Ips: a policy that draws at this temperature; may be repeated (0.03, 0.1 and 0.3)"),
    FLAG(0, "NAME",
         OPTION("placement", STRING, placement, "", OPTION_FREE,
                "Ips: only lists of this placement")),
    FLAG(0, "WHICH",
         OPTION("lists", CHOICE, lists, "seen", OPTION_ONE_OF("seen|all"),
                "Ips: lists of which an event says that the item was seen, or all")),
    FLAG(0, "TIME",
         OPTION("since", DURATION, since_ms, "0", OPTION_RANGE(0, INFINITY),
                "Ips: only what was written so long ago or later; 0: all")),
    FLAG(0, "FILE",
         OPTION("config", STRING, config, NULL, OPTION_FREE,
                "Ips: a properties file, such as a worker's")),
    FLAG('b', "HOST:PORT",
         OPTION("bootstrap", STRING, bootstrap, NULL, OPTION_FREE, "Ips: Kafka brokers")),
    FLAG(0, "TEXT",
         OPTION("prefix", STRING, prefix, NULL, OPTION_FREE, "Ips: text before topic names")),
    SWITCH('j', "json", json, "Print JSON"),
    SWITCH(0, "progress", progress,
           "Report each epoch of learning on stderr; on a terminal this is the default"),
    SWITCH(0, "models", list_models, "List the models, their presets and hyperparameters"),
};

static long peak_mb(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
}

static void print_lists(const struct evaluation *evaluation, const char *aside)
{
    printf("%-24s %7s %7s %7s %8s   %-17s %9s %9s %8s\n", "model", "HR@10", "NDCG@10", "R@20",
           "asked", aside, "choose s", "learn s", "scoring s");
    for (size_t at = 0; at < evaluation->count; at++) {
        const struct evaluation_row *row = &evaluation->rows[at];
        const struct ranking_metrics *more = row->fresh.asked ? &row->fresh : &row->validation;
        char beside[32] = "";
        if (more->asked) {
            (void)snprintf(beside, sizeof(beside), "%.4f/%.4f", more->hr10, more->ndcg10);
        }
        printf("%-24s %7.4f %7.4f %7.4f %8" PRId64 "   %-17s %9.2f %9.2f %8.2f  %s%s\n", row->name,
               row->hits.hr10, row->hits.ndcg10, row->hits.r20, row->hits.asked, beside,
               row->choose_seconds, row->learn_seconds, row->scoring_seconds,
               row->preset ? row->preset : "", row->served ? "" : " (not served)");
    }
}

static void print_leave_one_out(const struct evaluation *evaluation)
{
    print_lists(evaluation, "validation");
}

static void print_prequential(const struct evaluation *evaluation)
{
    print_lists(evaluation, "new users");
}

static void print_rating(const struct evaluation *evaluation)
{
    printf("%-24s %7s %7s %8s %9s %8s\n", "model", "RMSE", "MAE", "asked", "learn s",
           "scoring s");
    for (size_t at = 0; at < evaluation->count; at++) {
        const struct evaluation_row *row = &evaluation->rows[at];
        printf("%-24s %7.4f %7.4f %8" PRId64 " %9.2f %8.2f\n", row->name, row->rmse, row->mae,
               row->hits.asked, row->learn_seconds, row->scoring_seconds);
    }
}

static void print_text(const struct evaluate *evaluate, const struct dataset *dataset,
                       const struct evaluation *evaluation)
{
    printf("%s: %zu actions, %d users, %d items; %s\n", evaluate->file, dataset->count,
           ids_count(dataset->users), ids_count(dataset->items), evaluate->protocol->name);
    evaluate->protocol->print(evaluation);
    printf("%.2f s of processor time, at most %ld MB\n", evaluation->seconds, peak_mb());
}

static json_t *json_metrics(const struct ranking_metrics *hits)
{
    return json_pack("{s:f, s:f, s:f, s:I}", "hr10", hits->hr10, "ndcg10", hits->ndcg10, "r20",
                     hits->r20, "asked", (json_int_t)hits->asked);
}

static json_t *json_row(const struct evaluation_row *row)
{
    json_t *object = json_metrics(&row->hits);
    if (row->rmse > 0.0) {
        json_object_set_new(object, "rmse", json_real(row->rmse));
        json_object_set_new(object, "mae", json_real(row->mae));
    }
    json_object_set_new(object, "served", json_boolean(row->served));
    json_object_set_new(object, "preset", json_string(row->preset ? row->preset : ""));
    if (row->validation.asked) {
        json_object_set_new(object, "validation", json_metrics(&row->validation));
    }
    if (row->fresh.asked) { json_object_set_new(object, "new_users", json_metrics(&row->fresh)); }
    json_t *weights = json_array();
    for (size_t s = 0; s < BLEND_SEGMENTS; s++) {
        json_array_append_new(weights, json_real((double)row->weights[s]));
    }
    json_object_set_new(object, "weights", weights);
    json_object_set_new(object, "learn_us", json_real(row->learn_us));
    json_object_set_new(object, "seconds",
                        json_real(row->choose_seconds + row->learn_seconds + row->scoring_seconds));
    return object;
}

static void print_json(const struct evaluate *evaluate, const struct dataset *dataset,
                       const struct evaluation *evaluation)
{
    json_t *rows = json_object();
    for (size_t at = 0; at < evaluation->count; at++) {
        json_object_set_new(rows, evaluation->rows[at].name, json_row(&evaluation->rows[at]));
    }
    json_t *root =
        json_pack("{s:s, s:s, s:I, s:i, s:i, s:I, s:o, s:f, s:I}", "file", evaluate->file,
                  "protocol", evaluate->protocol->name, "actions", (json_int_t)dataset->count,
                  "users", ids_count(dataset->users), "items", ids_count(dataset->items), "seed",
                  (json_int_t)evaluate->request.seed, "models", rows, "seconds",
                  evaluation->seconds, "peak_mb", (json_int_t)peak_mb());
    json_dumpf(root, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
    printf("\n");
    json_decref(root);
}

static void make_request(struct evaluate *evaluate, struct reason *reason)
{
    evaluate->protocol = &protocols[evaluate->protocol_index];
    evaluate->request = (struct evaluation_request){
        .model = evaluate->model ? models_find(evaluate->model) : NULL,
        .mixture = evaluate->model && strcmp(evaluate->model, "mixture") == 0,
        .preset = evaluate->preset,
        .sets_count = evaluate->sets_count,
        .seed = (uint64_t)evaluate->seed,
        .every = (int32_t)evaluate->every,
        .tune = (int)evaluate->tune,
        .progress = evaluate->progress || isatty(STDERR_FILENO) != 0,
        .reason = reason,
    };
    memcpy(evaluate->request.sets, evaluate->sets, sizeof(evaluate->sets));
}

static char separator_of(const struct evaluate *evaluate)
{
    if (!evaluate->separator) { return '\0'; }
    return strcmp(evaluate->separator, "tab") == 0 ? '\t' : evaluate->separator[0];
}

static int read_dataset(const struct evaluate *evaluate, struct dataset *dataset)
{
    const struct action_format format = {.columns = evaluate->columns,
                                         .separator = separator_of(evaluate),
                                         .read_time = action_time_read};
    int result = dataset_read(dataset, evaluate->file, &format, evaluate->min_rating);
    if (dataset->without_ids) {
        fprintf(stderr, "freshet: %zu lines without a user or an item are left out\n",
                dataset->without_ids);
    }
    for (size_t at = 0; result == 0 && at < evaluate->attributes_count; at++) {
        result = dataset_read_attributes(dataset, evaluate->attributes[at]);
    }
    if (result == 0 && evaluate->vectors) {
        result = dataset_read_vectors(dataset, evaluate->vectors);
    }
    return result;
}

/* Judges what was served. */
static int run_ips(struct invocation *invocation)
{
    const struct evaluate *evaluate = invocation->settings;
    static const double usual[] = {0.03, 0.1, 0.3};
    struct client *client = &invocation->client;
    struct ips_request request = {
        .file = evaluate->file,
        .settings = {.reward = (enum drawn_reward)evaluate->reward,
                     .placement = slice_str(evaluate->placement),
                     .unseen = evaluate->lists == 1},
        .temperatures_count = evaluate->temperatures_count,
        .since_ms = evaluate->since_ms ? clock_wall_ms() - evaluate->since_ms : 0,
        .json = evaluate->json,
    };
    bool own = request.temperatures_count > 0;
    if (!own) { request.temperatures_count = ARRAY_COUNT(usual); }
    memcpy(request.temperatures, own ? evaluate->temperatures : usual,
           request.temperatures_count * sizeof(*usual));
    if (evaluate->config) { client_keep(client, "--config", xstrdup(evaluate->config)); }
    if (evaluate->bootstrap) {
        client_keep(client, "--set", xprintf("bootstrap.servers=%s", evaluate->bootstrap));
    }
    if (evaluate->prefix) {
        client_keep(client, "--set", xprintf("topic.prefix=%s", evaluate->prefix));
    }
    if (!evaluate->file && client_load(client) < 0) { return EXIT_CONFIG; }
    return evaluate_ips(client, &request);
}

static bool evaluate_check(struct invocation *invocation, struct buf *why)
{
    struct evaluate *evaluate = invocation->settings;
    evaluate->file = invocation->arguments[0];
    if (evaluate->protocol_index == PROTOCOL_IPS) {
        if (!evaluate->file || strcmp(evaluate->file, "-") != 0) { return true; }
        buf_printf(why, "FILE is read twice, so it cannot be standard input");
        return false;
    }
    if (!evaluate->list_models && !evaluate->file) {
        buf_printf(why, "FILE is missing");
        return false;
    }
    const char *separator = evaluate->separator;
    if (separator && strlen(separator) != 1 && strcmp(separator, "tab") != 0) {
        buf_printf(why, "--separator %.20s: wanted one character, or tab", separator);
        return false;
    }
    struct reason reason = {0};
    const struct evaluation_request request = {.preset = evaluate->preset, .reason = &reason};
    const struct recommender *model = evaluate->model ? models_find(evaluate->model) : NULL;
    if (!evaluate->preset || !model || evaluation_preset(&request, model) >= 0) { return true; }
    buf_printf(why, "--preset: %s", reason.text);
    return false;
}

static int evaluate_check_files(struct invocation *invocation)
{
    const struct evaluate *evaluate = invocation->settings;
    if (evaluate->list_models) { return 0; }
    int result = named_file_check_again(evaluate->file);
    for (size_t at = 0; result == 0 && at < evaluate->attributes_count; at++) {
        result = named_file_check_again(evaluate->attributes[at]);
    }
    return result ? result : named_file_check_again(evaluate->vectors);
}

static int evaluate_run(struct invocation *invocation)
{
    struct evaluate *evaluate = invocation->settings;
    struct reason reason = {0};
    if (evaluate->list_models) {
        list_models();
        return 0;
    }
    if (evaluate->protocol_index == PROTOCOL_IPS) { return run_ips(invocation); }
    struct dataset dataset;
    struct evaluation *evaluation = xcalloc(1, sizeof(*evaluation));
    make_request(evaluate, &reason);
    int result = read_dataset(evaluate, &dataset);
    if (result == 0) {
        result = evaluate->protocol->evaluate(&dataset, &evaluate->request, evaluation);
    }
    if (result == 0) { (evaluate->json ? print_json : print_text)(evaluate, &dataset, evaluation); }
    if (result < 0) {
        (void)client_fail("%s", reason.text[0] ? reason.text : dataset.reason.text);
    }
    free(evaluation);
    dataset_release(&dataset);
    return result < 0 ? EXIT_FAILURE : 0;
}

const struct command evaluate_command = {
    .name = "evaluate",
    .group = GROUP_EVALUATION,
    .summary = "evaluate models on a file of actions",
    .arguments = "FILE",
    .arguments_most = 1,
    .about =
        "Evaluates models on a file of actions; each ranks all items.\n\n"
        "FILE, plain or gzip, has a line \"user item item ...\" for each user, or a line \"user "
        "item\" for each action, each user's in order of time. It may also have "
        "user::item::rating::seconds (or with tabs, commas or semicolons; fields may be in "
        "quotes), or a first line of names (user, item, rating, ts). Where that would be a guess, "
        "the command asks: say with --columns which column is what.\n\n"
        "leave-one-out: each user's last item is the test, the one before it the validation; "
        "models learn from the rest. Presets and the blend's weights are chosen by validation "
        "alone.\n"
        "prequential: in order of time, each action is predicted before it is learned. Presets "
        "and weights follow the earlier predictions; the mixture is the scorer's, with "
        "transformer-online as its model of sequences.\n"
        "rating: each rating is predicted by a model that has learned from four fifths of the "
        "others.\n"
        "ips: judges the places of lists that rules explore, by what users did there: what they "
        "gain as they were drawn, and what the best candidate, a uniform draw and draws at other "
        "temperatures would gain. It reads the topics `served` and `events` (--config or "
        "--bootstrap), or FILE, which has what `freshet peek` prints of both.\n"
        "Seconds are processor time.\n\n"
        "Models that are not marked \"not served\" are those from which the workers make lists: "
        "`counting` and `mixture` run the workers' own functions with their options, "
        "`transformer` is what `freshet-sequence` trains. All others, and the blend, are there for "
        "comparison.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .settings_size = sizeof(struct evaluate),
    .check = evaluate_check,
    .check_files = evaluate_check_files,
    .run = evaluate_run,
};
