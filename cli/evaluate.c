#include "base/base.h"
#include "base/xalloc.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "evaluate/evaluation.h"
#include "evaluate/models/models.h"

#include <argp.h>
#include <jansson.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ATTRIBUTES_MAX = 8, EVERY_DEFAULT = 10 };

enum {
    KEY_PROTOCOL = 'p',
    KEY_MODEL = 'm',
    KEY_ATTRIBUTES = 'a',
    KEY_SET = 's',
    KEY_JSON = 'j',
    KEY_SEED = 0x2000,
    KEY_PRESET,
    KEY_TUNE,
    KEY_EVERY,
    KEY_MIN_RATING,
    KEY_VECTORS,
    KEY_MODELS,
    KEY_PROGRESS,
};

struct evaluate {
    const char *file;
    const char *attributes[ATTRIBUTES_MAX];
    size_t attributes_count;
    const char *vectors;
    struct evaluation_request request;
    double min_rating;
    const struct protocol *protocol;
    bool json;
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

static const struct protocol protocols[] = {
    {"leave-one-out", evaluation_leave_one_out, print_leave_one_out},
    {"prequential", evaluation_prequential, print_prequential},
    {"rating", evaluation_rating, print_rating},
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

static double number(const char *text, double least, const char *flag, struct argp_state *state)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value >= least)) {
        argp_error(state, "%s wants a number of at least %g, not \"%s\"", flag, least, text);
    }
    return value;
}

static void take_model(struct evaluate *evaluate, const char *name, struct argp_state *state)
{
    evaluate->request.model = models_find(name);
    if (!evaluate->request.model && strcmp(name, "blend") != 0) {
        argp_error(state, "no model \"%s\": --models lists them, and there is `blend`", name);
    }
}

static void take_protocol(struct evaluate *evaluate, const char *name, struct argp_state *state)
{
    evaluate->protocol = NULL;
    for (size_t at = 0; at < ARRAY_COUNT(protocols); at++) {
        if (strcmp(protocols[at].name, name) == 0) { evaluate->protocol = &protocols[at]; }
    }
    if (!evaluate->protocol) {
        argp_error(state, "--protocol is leave-one-out, prequential or rating, not \"%s\"", name);
    }
}

static error_t parse_number(int key, char *arg, struct argp_state *state)
{
    struct evaluate *evaluate = state->input;
    switch (key) {
    case KEY_SEED:
        evaluate->request.seed = (uint64_t)number(arg, 0, "--seed", state);
        return 0;
    case KEY_TUNE:
        evaluate->request.tune = (int)number(arg, 0, "--tune", state);
        return 0;
    case KEY_EVERY:
        evaluate->request.every = (int32_t)number(arg, 1, "--every", state);
        return 0;
    case KEY_MIN_RATING:
        evaluate->min_rating = number(arg, -1e9, "--min-rating", state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct evaluate *evaluate = state->input;
    switch (key) {
    case KEY_PROTOCOL:
        take_protocol(evaluate, arg, state);
        return 0;
    case KEY_MODEL:
        take_model(evaluate, arg, state);
        return 0;
    case KEY_ATTRIBUTES:
        if (evaluate->attributes_count == ATTRIBUTES_MAX) {
            argp_error(state, "at most %d files of attributes", ATTRIBUTES_MAX);
        }
        evaluate->attributes[evaluate->attributes_count++] = arg;
        return 0;
    case KEY_SET:
        if (evaluate->request.sets_count == EVALUATION_SETS_MAX) {
            argp_error(state, "at most %d times --set", EVALUATION_SETS_MAX);
        }
        evaluate->request.sets[evaluate->request.sets_count++] = arg;
        return 0;
    case KEY_VECTORS:
        evaluate->vectors = arg;
        return 0;
    case KEY_PRESET:
        evaluate->request.preset = arg;
        return 0;
    case KEY_JSON:
        evaluate->json = true;
        return 0;
    case KEY_PROGRESS:
        evaluate->request.progress = true;
        return 0;
    case KEY_MODELS:
        list_models();
        exit(0);
    case ARGP_KEY_ARG:
        if (evaluate->file) { argp_error(state, "one FILE only"); }
        evaluate->file = arg;
        return 0;
    case ARGP_KEY_END:
        if (!evaluate->file) { argp_error(state, "FILE is needed"); }
        return 0;
    default:
        return parse_number(key, arg, state);
    }
}

static const struct argp_option flags[] = {
    {"protocol", KEY_PROTOCOL, "NAME", 0, "leave-one-out (default), prequential or rating", 0},
    {"model", KEY_MODEL, "NAME", 0, "A model, or blend (default): all of them together", 0},
    {"attributes", KEY_ATTRIBUTES, "FILE", 0,
     "What items are like: JSON {item: [attribute, ...]}, or lines of item, tab, words; "
     "repeatable",
     0},
    {"vectors", KEY_VECTORS, "FILE", 0,
     "What a model of images or texts says of items: lines of item, number, number, ...", 0},
    {"preset", KEY_PRESET, "NAME", 0, "The model's preset, instead of the one that does best", 0},
    {"set", KEY_SET, "MODEL.HYPERPARAMETER=N", 0, "Change a setting; repeatable", 0},
    {"tune", KEY_TUNE, "ROUNDS", 0, "Leave-one-out: tune hyperparameters on validation (default 0)",
     0},
    {"every", KEY_EVERY, "N", 0, "Prequential: one action in N is a question (default 10)", 0},
    {"min-rating", KEY_MIN_RATING, "R", 0, "Leave out actions rated below R", 0},
    {"seed", KEY_SEED, "N", 0, "Seed of models and questions (default 1)", 0},
    {"json", KEY_JSON, NULL, 0, "Print JSON", 0},
    {"progress", KEY_PROGRESS, NULL, 0,
     "Tell each round of learning on stderr; on a terminal it does so anyway", 0},
    {"models", KEY_MODELS, NULL, 0, "List the models, their presets and hyperparameters, and exit",
     0},
    {0},
};
static const struct argp argp = {
    .options = flags,
    .parser = parse,
    .args_doc = "FILE",
    .doc =
        "Judges models on a file of actions, ranking all items.\v"
        "FILE, or FILE.gz, is \"user item item ...\" a line, or \"user item\", each user's in "
        "order of time; or user::item::rating::seconds (tabs or commas do as well), or "
        "comma-separated with a line of names (user, item, rating, ts).\n\n"
        "leave-one-out: a user's last item is the test, the one before it the validation; models "
        "learn the rest; presets and the blend's weights are chosen by validation alone. "
        "prequential: in order of time, each action is a question before it is learned; presets "
        "and weights follow the answers so far. rating: foretold ratings, each by a model that has "
        "learned four fifths of the others. Seconds are of the processor.\n\n"
        "Models that are not marked \"not served\" are those of which the workers make lists: "
        "`counting` runs the workers' own functions with their options, `transformer` is what "
        "`freshet-sequence` trains. All others, and the blend, are there for comparison.",
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
        char told[32] = "";
        if (more->asked) {
            (void)snprintf(told, sizeof(told), "%.4f/%.4f", more->hr10, more->ndcg10);
        }
        printf("%-24s %7.4f %7.4f %7.4f %8" PRId64 "   %-17s %9.2f %9.2f %8.2f  %s%s\n", row->name,
               row->hits.hr10, row->hits.ndcg10, row->hits.r20, row->hits.asked, told,
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

int evaluate_command(int argc, char **argv)
{
    struct reason reason = {0};
    struct evaluate evaluate = {
        .request = {.seed = 1,
                    .every = EVERY_DEFAULT,
                    .progress = isatty(STDERR_FILENO) != 0,
                    .reason = &reason},
        .min_rating = -INFINITY,
        .protocol = &protocols[0],
    };
    argp_parse(&argp, argc, argv, 0, NULL, &evaluate);
    struct dataset dataset;
    struct evaluation *evaluation = xcalloc(1, sizeof(*evaluation));
    int result = dataset_read(&dataset, evaluate.file, evaluate.min_rating);
    for (size_t at = 0; result == 0 && at < evaluate.attributes_count; at++) {
        result = dataset_read_attributes(&dataset, evaluate.attributes[at]);
    }
    if (result == 0 && evaluate.vectors) {
        result = dataset_read_vectors(&dataset, evaluate.vectors);
    }
    if (result == 0) {
        result = evaluate.protocol->evaluate(&dataset, &evaluate.request, evaluation);
    }
    if (result == 0) { (evaluate.json ? print_json : print_text)(&evaluate, &dataset, evaluation); }
    if (result < 0) { client_fail("%s", reason.text[0] ? reason.text : dataset.reason.text); }
    free(evaluation);
    dataset_release(&dataset);
    return result < 0 ? 1 : 0;
}
