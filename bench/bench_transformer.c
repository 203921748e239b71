/* Without arguments: learning and encoding at the sizes of MovieLens-1M and of Amazon's toys, on
 * drawn sequences; prints `name value` lines. Time is CPU time of all threads.
 *
 * With a file: trains the Transformer on the file's sequences and evaluates it by the strict
 * leave-one-out protocol: learns from all but each user's last two actions, chooses by the last but
 * one, tests on the last with the whole history before it; ranks all items that the user has not
 * had; a tie counts at its mean rank. Prints one line an epoch.
 *
 *   bench_transformer FILE [name=value ...]
 *
 * FILE holds `user item item ...` or `user item` lines, oldest first. Names: the settings below,
 * epochs, every (epochs between evaluations), attributes (a file of `item attribute ...` lines). */
#include "base/base.h"
#include "base/xalloc.h"
#include "bench/stopwatch.h"
#include "model/transformer/transformer.h"

struct run {
    struct transformer_settings settings;
    size_t epochs, every, seed;
    const char *attributes;
    size_t users;
    size_t *starts;
    int32_t *flat;
    struct sequence *sequences; /* what is learned from */
    uint32_t items;
};

/* Reads the next number; sets *ret_ends at the end of a line. */
static bool next_number(FILE *file, long *ret_number)
{
    return fscanf(file, "%ld", ret_number) == 1;
}

static int rest_of_line(FILE *file)
{
    int c;
    do { c = getc(file); } while (c == ' ' || c == '\t' || c == '\r');
    if (c != '\n' && c != EOF) { ungetc(c, file); }
    return c;
}

struct pair {
    long user, item;
};

static int by_user(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    return x->user != y->user ? (x->user < y->user ? -1 : 1) : 0;
}

/* Reads `key value ...` lines as pairs. */
static struct pair *read_pairs(const char *path, size_t *ret_count)
{
    FILE *file = fopen(path, "r");
    if (!file) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(2);
    }
    struct pair *pairs = NULL;
    size_t count = 0, capacity = 0;
    long key, value;
    while (next_number(file, &key)) {
        for (int c = rest_of_line(file); c != '\n' && c != EOF; c = rest_of_line(file)) {
            if (!next_number(file, &value)) { break; }
            if (count == capacity) {
                capacity = capacity ? 2 * capacity : 1 << 16;
                pairs = xreallocarray(pairs, capacity, sizeof(*pairs));
            }
            pairs[count++] = (struct pair){key, value};
        }
    }
    fclose(file);
    *ret_count = count;
    return pairs;
}

/* Users in order, each user's items as they came (the file's lines of a user lie together), items
 * numbered from 0 as they are numbered from 1 in the file. */
static void read_file(struct run *run, const char *path)
{
    size_t count;
    struct pair *pairs = read_pairs(path, &count);
    for (size_t i = 1; i < count; i++) { assert(by_user(&pairs[i - 1], &pairs[i]) <= 0); }
    run->flat = xcalloc(count, sizeof(*run->flat));
    run->starts = xcalloc(count + 1, sizeof(*run->starts));
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || pairs[i].user != pairs[i - 1].user) { run->starts[run->users++] = i; }
        run->flat[i] = (int32_t)pairs[i].item - 1;
        run->items = MAX_OF(run->items, (uint32_t)pairs[i].item);
    }
    run->starts[run->users] = count;
    run->sequences = xcalloc(run->users, sizeof(*run->sequences));
    for (size_t u = 0; u < run->users; u++) {
        run->sequences[u].items = run->flat + run->starts[u];
        run->sequences[u].count = run->starts[u + 1] - run->starts[u] - 2;
    }
    free(pairs);
}

static void give_attributes(const struct run *run, struct transformer *model)
{
    size_t count;
    struct pair *pairs = read_pairs(run->attributes, &count);
    size_t *starts = xcalloc(run->items + 1, sizeof(*starts));
    int32_t *ids = xcalloc(count + 1, sizeof(*ids));
    size_t at = 0;
    qsort(pairs, count, sizeof(*pairs), by_user);
    for (uint32_t item = 0, i = 0; item < run->items; item++) {
        starts[item] = at;
        for (; i < count && pairs[i].user == (long)item + 1; i++) {
            ids[at++] = (int32_t)pairs[i].item;
        }
    }
    starts[run->items] = at;
    transformer_set_attributes(model, starts, ids);
    free(starts);
    free(ids);
    free(pairs);
}

struct validation_score {
    double hr10, ndcg10;
};

/* The wanted item's rank from 0 among those not in the history. */
static double rank_of(float *scores, uint32_t items, const int32_t *history, size_t seen,
                      int32_t wanted)
{
    const float own = scores[wanted];
    double above = 0.0, same = 0.0;
    for (size_t i = 0; i < seen; i++) { scores[history[i]] = -INFINITY; }
    for (uint32_t i = 0; i < items; i++) {
        above += scores[i] > own;
        same += scores[i] == own && (int32_t)i != wanted;
    }
    return above + same / 2.0;
}

/* Evaluates on the action `back` from the end: 1 the test, 2 the validation. */
static struct validation_score validate(const struct run *run, struct transformer *model,
                                        size_t back)
{
    enum { AT_A_TIME = 256 };
    const size_t d = run->settings.shape.d;
    struct sequence histories[AT_A_TIME];
    float *hidden = xcalloc(AT_A_TIME * d, sizeof(*hidden));
    float *scores = xcalloc((size_t)AT_A_TIME * run->items, sizeof(*scores));
    struct validation_score sum = {0};
    for (size_t u = 0; u < run->users; u += AT_A_TIME) {
        const size_t here = MIN_OF((size_t)AT_A_TIME, run->users - u);
        for (size_t i = 0; i < here; i++) {
            histories[i] = run->sequences[u + i];
            histories[i].count += 2 - back;
        }
        transformer_encode(model, histories, here, hidden);
        transformer_scores(model, hidden, here, scores);
        for (size_t i = 0; i < here; i++) {
            const int32_t wanted = histories[i].items[histories[i].count];
            double rank = rank_of(scores + i * run->items, run->items, histories[i].items,
                                  histories[i].count, wanted);
            sum.hr10 += rank < 10.0;
            sum.ndcg10 += rank < 10.0 ? 1.0 / log2(rank + 2.0) : 0.0;
        }
    }
    free(hidden);
    free(scores);
    return (struct validation_score){sum.hr10 / (double)run->users,
                                     sum.ndcg10 / (double)run->users};
}

static bool set(struct run *run, const char *name, double value)
{
    struct transformer_settings *s = &run->settings;
    const struct {
        const char *name;
        uint32_t *at;
    } numbers[] = {
        {"d", &s->shape.d},           {"hidden", &s->shape.hidden}, {"blocks", &s->shape.blocks},
        {"heads", &s->shape.heads},   {"length", &s->shape.length}, {"batch", &s->batch},
        {"negatives", &s->negatives}, {"lanes", &s->lanes},         {"threads", &s->threads},
        {"attribute_ids", &s->shape.attributes},
    };
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        if (strcmp(name, numbers[i].name) == 0) {
            *numbers[i].at = (uint32_t)value;
            return true;
        }
    }
    const struct {
        const char *name;
        float *at;
    } rates[] = {{"dropout", &s->dropout}, {"rate", &s->rate}, {"mask", &s->mask_share}};
    for (size_t i = 0; i < ARRAY_COUNT(rates); i++) {
        if (strcmp(name, rates[i].name) == 0) {
            *rates[i].at = (float)value;
            return true;
        }
    }
    const struct {
        const char *name;
        size_t *at;
    } counts[] = {{"epochs", &run->epochs}, {"every", &run->every}, {"seed", &run->seed}};
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        if (strcmp(name, counts[i].name) == 0) {
            *counts[i].at = (size_t)value;
            return true;
        }
    }
    return false;
}

static void read_arguments(struct run *run, int count, char **arguments)
{
    for (int i = 2; i < count; i++) {
        char *is = strchr(arguments[i], '=');
        if (is && strncmp(arguments[i], "attributes=", 11) == 0) {
            run->attributes = is + 1;
            continue;
        }
        if (is) { *is = '\0'; }
        if (!is || !set(run, arguments[i], strtod(is + 1, NULL))) {
            fprintf(stderr, "bench_transformer: what is \"%s\"?\n", arguments[i]);
            exit(2);
        }
    }
}

static void train(const struct run *run, struct transformer *model)
{
    size_t tokens = 0;
    for (size_t u = 0; u < run->users; u++) {
        const size_t asked = run->sequences[u].count ? run->sequences[u].count - 1 : 0;
        tokens += MIN_OF(asked, (size_t)run->settings.shape.length);
    }
    printf("%zu users, %u items, %zu tokens an epoch\n", run->users, run->items, tokens);
    for (size_t epoch = 1; epoch <= run->epochs; epoch++) {
        double cpu = cpu_seconds(), wall = wall_seconds();
        double loss = transformer_epoch(model, run->sequences, run->users);
        cpu = cpu_seconds() - cpu;
        wall = wall_seconds() - wall;
        printf("epoch %zu loss %.4f cpu %.2f s wall %.2f s, %.0f tokens/CPU s", epoch, loss, cpu,
               wall, (double)tokens / cpu);
        if (run->every && epoch % run->every == 0) {
            struct validation_score chosen = validate(run, model, 2),
                                    test = validate(run, model, 1);
            printf("; validation %.4f/%.4f test %.4f/%.4f", chosen.hr10, chosen.ndcg10, test.hr10,
                   test.ndcg10);
        }
        printf("\n");
        fflush(stdout);
    }
}

static const struct transformer_settings defaults = {
    .shape = {.d = 64, .blocks = 2, .heads = 1, .length = 200},
    .dropout = 0.2f,
    .rate = 1e-3f,
    .batch = 32,
    .lanes = 2,
    .threads = 2,
    .seed = 1,
};

/* The sizes of a data set. */
struct sizes {
    const char *name;
    uint32_t items, length, batch;
    size_t users, shortest; /* lengths are drawn between shortest and length */
};

static double encode(struct transformer *model, const struct sequence *histories, float *hidden)
{
    enum { ROUNDS = 8, LISTS = 64 };
    double begin = cpu_seconds();
    for (int round = 0; round < ROUNDS; round++) {
        transformer_encode(model, histories, LISTS, hidden);
    }
    return (cpu_seconds() - begin) * 1e6 / (ROUNDS * LISTS);
}

/* CPU microseconds a list to score all items, in batches. */
static void score(struct transformer *model, const char *name, const float *hidden)
{
    enum { LISTS = 64, ROUNDS = 4 };
    const size_t items = transformer_settings(model)->shape.items;
    float *scores = xcalloc(LISTS * items, sizeof(*scores));
    double begin = cpu_seconds();
    for (int round = 0; round < ROUNDS; round++) {
        transformer_scores(model, hidden, LISTS, scores);
    }
    printf("transformer_%s_score_us %.1f\n", name,
           (cpu_seconds() - begin) * 1e6 / (ROUNDS * LISTS));
    free(scores);
}

/* A linear congruence (Numerical Recipes'), without its low bits. */
static size_t draw_below(uint32_t *rng, size_t bound)
{
    *rng = *rng * 1664525u + 1013904223u;
    return (*rng >> 8) % bound;
}

static void measure(const struct sizes *sizes)
{
    struct transformer_settings settings = defaults;
    settings.shape.items = sizes->items;
    settings.shape.hidden = settings.shape.d;
    settings.shape.length = sizes->length;
    settings.batch = sizes->batch;
    struct transformer *model = transformer_new(&settings);
    const size_t each = sizes->length + 1;
    int32_t *flat = xcalloc(sizes->users * each, sizeof(*flat));
    struct sequence *sequences = xcalloc(sizes->users, sizeof(*sequences));
    float *hidden = xcalloc(sizes->users * settings.shape.d, sizeof(*hidden));
    size_t tokens = 0;
    uint32_t rng = 1;
    for (size_t u = 0; u < sizes->users; u++) {
        const size_t lengths = sizes->length - sizes->shortest + 1;
        sequences[u].items = flat + u * each;
        sequences[u].count = 1 + sizes->shortest + draw_below(&rng, lengths);
        tokens += sequences[u].count - 1;
        for (size_t i = 0; i < sequences[u].count; i++) {
            flat[u * each + i] = (int32_t)draw_below(&rng, sizes->items);
        }
    }
    (void)transformer_learn(model, sequences, sizes->batch);
    double begin = cpu_seconds();
    (void)transformer_epoch(model, sequences, sizes->users);
    double took = cpu_seconds() - begin;
    printf("transformer_%s_tokens_per_cpu_s %.0f\n", sizes->name, (double)tokens / took);
    printf("transformer_%s_encode_us %.1f\n", sizes->name, encode(model, sequences, hidden));
    score(model, sizes->name, hidden);
    transformer_free(model);
    free(flat);
    free(sequences);
    free(hidden);
}

int main(int count, char **arguments)
{
    struct run run = {.settings = defaults, .epochs = 1, .every = 1, .seed = 1};
    if (count < 2) {
        measure(&(struct sizes){"ml1m", 3416, 200, 32, 256, 15});
        measure(&(struct sizes){"toys", 11924, 50, 128, 1024, 1});
        return 0;
    }
    read_arguments(&run, count, arguments);
    read_file(&run, arguments[1]);
    run.settings.shape.items = run.items;
    run.settings.seed = run.seed;
    if (!run.settings.shape.hidden) { run.settings.shape.hidden = run.settings.shape.d; }
    const char *why;
    if (!transformer_settings_fit(&run.settings, &why)) {
        fprintf(stderr, "bench_transformer: %s\n", why);
        return 2;
    }
    struct transformer *model = transformer_new(&run.settings);
    if (run.attributes) { give_attributes(&run, model); }
    train(&run, model);
    transformer_free(model);
    free(run.starts);
    free(run.flat);
    free(run.sequences);
    return 0;
}
