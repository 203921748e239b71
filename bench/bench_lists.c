/* A list from history to columns: counting alone, and with a generation of vectors blended in, in
 * batches of 64, also in a context of seven indicators; and by all members: with content by tags
 * and with 20,000 users among whom those are looked for who act alike, in batches and alone, as for
 * a request. Prints `name value` lines; time is of the processor. */
#include "base/base.h"
#include "base/xalloc.h"
#include "bench/stopwatch.h"
#include "model/rng.h"
#include "scorer/lists/lists.h"
#include "scorer/lists/candidates.h"

enum { ITEMS = 12000, NEIGHBOURS = 100, ACTIONS = 50, USERS = 640, WIDTH = 64, ROUNDS = 5,
       CATALOGUE = 1000000, CLUSTERS = 32, TEXT_WIDTH = 384, CLUSTER_WIDTH = 32, SAMPLED = 20000 };

struct bench {
    uint64_t rng;
    struct list_settings settings;
    struct tables tables;
    struct vectors *vectors;
    char names[ITEMS][16];
    struct user_history histories[USERS];
    struct slice items[USERS][ACTIONS];
    float weights[ACTIONS];
    int64_t offsets[ACTIONS];
    char users[USERS][16];
    const struct request_context *context; /* of the lists; NULL: none */
    bool alone; /* each list is made by itself, as for a request */
};

static void fill_counts(struct bench *bench)
{
    struct slice neighbours[NEIGHBOURS];
    float counts[3][NEIGHBOURS];
    for (size_t i = 0; i < ITEMS; i++) {
        for (size_t k = 0; k < NEIGHBOURS; k++) {
            neighbours[k] = slice_str(bench->names[(i + 1 + k * 97) % ITEMS]);
            for (size_t c = 0; c < 3; c++) {
                counts[c][k] = 1.0F + 50.0F * (float)rng_unit(&bench->rng);
            }
        }
        struct serving_row row = {
            .item_id = slice_str(bench->names[i]), .mass = 900, .actions = 300, .first_users = 2,
            .items = {neighbours, NEIGHBOURS}, .co_ratings = {counts[0], NEIGHBOURS},
            .forwards = {counts[1], NEIGHBOURS}, .backwards = {counts[2], NEIGHBOURS},
        };
        const char *reason = tables_put_row(&bench->tables, &row);
        assert(!reason);
    }
}

static void fill_vectors(struct bench *bench)
{
    int8_t bytes[WIDTH];
    const struct weights_shape shape = {
        .items = ITEMS, .d = WIDTH, .hidden = WIDTH, .blocks = 2, .heads = 1, .length = 50};
    size_t count = transformer_inference_dense_count(&shape);
    float *dense = xcalloc(count, sizeof(*dense));
    for (size_t i = 0; i < count; i++) { dense[i] = .05F * (float)rng_normal(&bench->rng); }
    for (size_t i = 0; i < ITEMS; i++) {
        for (size_t k = 0; k < WIDTH; k++) { bytes[k] = (int8_t)rng_below(&bench->rng, 255); }
        const struct item_vector row = {
            .item_id = slice_str(bench->names[i]), .generation = slice_str("g"),
            .row = (int32_t)i, .scale = .001F, .bytes = slice_of(bytes, WIDTH)};
        const char *reason = vectors_put(bench->vectors, &bench->tables, &row);
        assert(!reason);
    }
    int32_t parts = (int32_t)((count + MODEL_PART_NUMBERS_MAX - 1) / MODEL_PART_NUMBERS_MAX);
    for (int32_t part = 0; part < parts; part++) {
        size_t from = (size_t)part * MODEL_PART_NUMBERS_MAX;
        const struct model_weights weights = {
            .model = slice_str(MODEL_SEQUENCE), .generation = slice_str("g"), .part = part,
            .parts = parts, .items = ITEMS, .d = WIDTH, .hidden = WIDTH, .blocks = 2, .heads = 1,
            .length = 50,
            .weights = {dense + from, MIN_OF(count - from, (size_t)MODEL_PART_NUMBERS_MAX)}};
        const char *reason = vectors_put_weights(bench->vectors, &weights, part);
        assert(!reason);
    }
    assert(vectors_served(bench->vectors));
    free(dense);
}

static void fill_histories(struct bench *bench)
{
    for (size_t k = 0; k < ACTIONS; k++) { bench->weights[k] = 1.0F; }
    for (size_t u = 0; u < USERS; u++) {
        (void)snprintf(bench->users[u], sizeof(bench->users[u]), "u%zu", u);
        for (size_t k = 0; k < ACTIONS; k++) {
            bench->items[u][k] = slice_str(bench->names[rng_below(&bench->rng, ITEMS)]);
        }
        bench->histories[u] = (struct user_history){
            .user_id = slice_str(bench->users[u]),
            .items = {bench->items[u], ACTIONS},
            .weights = {bench->weights, ACTIONS},
            .offsets = {bench->offsets, ACTIONS},
            .events_total = ACTIONS,
        };
    }
}

/* ---- Contexts ---- */

/* What is counted of each item: so many indicators of each dimension, day and week by groups. */
static const struct {
    enum context_dimension dimension;
    size_t values;
} counted[] = {{CONTEXT_DEVICE, 3}, {CONTEXT_CHANNEL, 3}, {CONTEXT_COUNTRY, 6},
               {CONTEXT_REGION, 8}, {CONTEXT_GEOHASH, 8}, {CONTEXT_DAY, 4}, {CONTEXT_WEEK, 2}};

enum { TURNS = CONTEXT_GROUPS - 1, INDICATORS = 28 + 6 * TURNS, DIMENSION_ACTIONS = 240 };

/* The first value of each dimension is that of the request; a tenth of the items is preferred. */
static const struct request_context request = {
    .device = {"v0", 2}, .channel = {"v0", 2}, .country = {"v0", 2}, .region = {"v0-r", 4},
    .geohash = {"v000", 4}, .hour = 0, .weekday = 6};

static size_t groups_of(size_t dimension)
{
    return context_is_grouped(counted[dimension].dimension) ? TURNS : 1;
}

static struct slice indicator_of(size_t dimension, size_t value, size_t group,
                                 char into[static CONTEXT_ID_BYTES_MAX])
{
    static const char *const days[] = {"night", "morning", "afternoon", "evening"};
    static const char *const weeks[] = {"weekend", "weekday"};
    char text[24];
    switch (counted[dimension].dimension) {
    case CONTEXT_DAY: (void)snprintf(text, sizeof(text), "%s", days[value]); break;
    case CONTEXT_WEEK: (void)snprintf(text, sizeof(text), "%s", weeks[value]); break;
    case CONTEXT_REGION: (void)snprintf(text, sizeof(text), "v%zu-r", value); break;
    case CONTEXT_GEOHASH: (void)snprintf(text, sizeof(text), "v%zu00", value); break;
    default: (void)snprintf(text, sizeof(text), "v%zu", value);
    }
    const struct context_id id = {counted[dimension].dimension, slice_str(text),
                                  groups_of(dimension) > 1 ? 1 + (int32_t)group : 0};
    return context_id_write(&id, into);
}

static void put_context_row(struct bench *bench, struct slice id, double mass,
                            struct slice *items, float *counts, size_t count, bool of_item)
{
    static float zeros[NEIGHBOURS];
    const struct serving_row row = {
        .item_id = id, .version = 1, .mass = mass, .items = {items, count},
        .co_ratings = {zeros, count},
        .forwards = {of_item ? zeros : counts, count},
        .backwards = {of_item ? counts : zeros, count}};
    const char *reason = tables_put_row(&bench->tables, &row);
    assert(!reason);
}

static void fill_context_items(struct bench *bench)
{
    static char texts[INDICATORS][CONTEXT_ID_BYTES_MAX];
    struct slice indicators[INDICATORS];
    float counts[INDICATORS];
    char into[CONTEXT_ITEM_BYTES_MAX];
    for (size_t i = 0; i < ITEMS; i++) {
        size_t n = 0;
        for (size_t d = 0; d < ARRAY_COUNT(counted); d++) {
            size_t groups = groups_of(d);
            float each = (float)DIMENSION_ACTIONS / (float)(counted[d].values * groups);
            for (size_t k = 0; k < counted[d].values * groups; k++, n++) {
                bool preferred = k / groups == 0 && i % 10 == d;
                indicators[n] = indicator_of(d, k / groups, k % groups, texts[n]);
                counts[n] = each * (preferred ? 2.0F : 0.8F + 0.4F * (float)rng_unit(&bench->rng));
            }
        }
        struct slice id = context_item_write(slice_str(bench->names[i]), into);
        put_context_row(bench, id, DIMENSION_ACTIONS * 7, indicators, counts, n, true);
    }
}

static void fill_indicator(struct bench *bench, size_t dimension, size_t value, size_t group)
{
    static char names[NEIGHBOURS][CONTEXT_ITEM_BYTES_MAX];
    struct slice items[NEIGHBOURS];
    float counts[NEIGHBOURS];
    char text[CONTEXT_ID_BYTES_MAX];
    double all = (double)DIMENSION_ACTIONS * ITEMS / (double)groups_of(dimension);
    double users = all / (double)counted[dimension].values;
    for (size_t k = 0; k < NEIGHBOURS; k++) {
        size_t item = rng_below(&bench->rng, ITEMS);
        items[k] = context_item_write(slice_str(bench->names[item]), names[k]);
        counts[k] = (float)(NEIGHBOURS - k);
    }
    put_context_row(bench, indicator_of(dimension, value, group, text), users, items, counts,
                    NEIGHBOURS, false);
}

static void fill_contexts(struct bench *bench)
{
    char text[CONTEXT_ID_BYTES_MAX];
    fill_context_items(bench);
    for (size_t d = 0; d < ARRAY_COUNT(counted); d++) {
        size_t groups = groups_of(d);
        const struct context_id whole = {.dimension = counted[d].dimension};
        put_context_row(bench, context_id_write(&whole, text), (double)DIMENSION_ACTIONS * ITEMS,
                        NULL, NULL, 0, false);
        for (size_t k = 0; k < counted[d].values * groups; k++) {
            fill_indicator(bench, d, k / groups, k % groups);
        }
    }
}

/* ---- Users who act alike ---- */

static float *draw_floats(struct bench *bench, size_t count)
{
    float *numbers = xcalloc(count, sizeof(*numbers));
    for (size_t k = 0; k < count; k++) { numbers[k] = (float)rng_normal(&bench->rng); }
    return numbers;
}

static void put_group(struct cluster_table *table, const struct group_profile *group)
{
    const char *fault = cluster_table_put(table, group);
    assert(!fault);
}

static void fill_factors(struct bench *bench, struct cluster_table *table,
                         struct group_profile group)
{
    struct slice items[GROUP_FACTORS_MAX];
    char name[16];
    float *factors = draw_floats(bench, (size_t)GROUP_FACTORS_MAX * CLUSTER_WIDTH);
    group.kind = GROUP_FACTORS;
    for (int32_t part = 0; part < group.parts; part++) {
        size_t from = (size_t)part * GROUP_FACTORS_MAX, count = 0;
        for (; count < GROUP_FACTORS_MAX && from + count < ITEMS; count++) {
            items[count] = slice_str(bench->names[from + count]);
        }
        group.name = slice_of(name, (size_t)snprintf(name, sizeof(name), "%d", part));
        group.items = (struct slices){items, count};
        group.vectors = (struct floats){factors, count * CLUSTER_WIDTH};
        put_group(table, &group);
    }
    free(factors);
}

static void fill_users(struct bench *bench, struct cluster_table *table,
                       struct group_profile group)
{
    static int32_t clusters[GROUP_USERS_MAX], counts[GROUP_USERS_MAX];
    static int32_t items[GROUP_USERS_MAX * ACTIONS];
    char name[16];
    group.kind = GROUP_TOLD_USERS;
    for (int32_t part = 0; part < group.user_parts; part++) {
        size_t users = MIN_OF((size_t)SAMPLED - (size_t)part * GROUP_USERS_MAX,
                              (size_t)GROUP_USERS_MAX);
        size_t told = 0;
        for (size_t u = 0; u < users; u++) {
            clusters[u] = 1 + (int32_t)rng_below(&bench->rng, CLUSTERS);
            counts[u] = 10 + (int32_t)rng_below(&bench->rng, ACTIONS - 10);
            for (int32_t k = 0; k < counts[u]; k++) {
                items[told++] = (int32_t)rng_below(&bench->rng, ITEMS);
            }
        }
        group.name = slice_of(name, (size_t)snprintf(name, sizeof(name), "%d", part));
        group.user_clusters = (struct ints){clusters, users};
        group.user_counts = (struct ints){counts, users};
        group.user_items = (struct ints){items, told};
        put_group(table, &group);
    }
}

static struct cluster_table *fill_clusters(struct bench *bench)
{
    struct cluster_table *table = cluster_table_new(64 << 20, true);
    struct group_profile group = {
        .users = 1, .all_users = SAMPLED, .version = 1, .clusters = CLUSTERS,
        .parts = (ITEMS + GROUP_FACTORS_MAX - 1) / GROUP_FACTORS_MAX,
        .user_parts = (SAMPLED + GROUP_USERS_MAX - 1) / GROUP_USERS_MAX};
    char name[16];
    fill_factors(bench, table, group);
    group.kind = GROUP_CLUSTER;
    for (int c = 1; c <= CLUSTERS; c++) {
        float *centroid = draw_floats(bench, CLUSTER_WIDTH);
        group.name = slice_of(name, (size_t)snprintf(name, sizeof(name), "%d", c));
        group.vectors = (struct floats){centroid, CLUSTER_WIDTH};
        put_group(table, &group);
        free(centroid);
    }
    group.vectors = (struct floats){.count = 0};
    double begin = cpu_seconds();
    fill_users(bench, table, group);
    printf("lists_users_read_ms %.1f\n", (cpu_seconds() - begin) * 1e3);
    const struct user_sample *sample = cluster_space_sample(table->space);
    assert(sample && sample->users == SAMPLED);
    return table;
}

/* Every item has features and the vector of a text. */
static struct content_scores *fill_content(struct bench *bench)
{
    static int8_t text[TEXT_WIDTH];
    struct content_scores *scores =
        content_scores_new(admission_numbers(bench->settings.items_max), 20, bench->tables.ids);
    for (size_t i = 0; i < ITEMS; i++) {
        uint32_t features[4];
        for (size_t k = 0; k < ARRAY_COUNT(features); k++) {
            features[k] = (uint32_t)(k * 1000 + rng_below(&bench->rng, 300));
        }
        int32_t number = ids_find(bench->tables.ids, slice_str(bench->names[i]));
        (void)content_scores_describe(scores, number, features, ARRAY_COUNT(features));
        for (size_t k = 0; k < TEXT_WIDTH; k++) {
            text[k] = (int8_t)(rng_below(&bench->rng, 255) - 127);
        }
        (void)content_scores_set_vector(scores, number, CONTENT_TEXT, text, TEXT_WIDTH);
    }
    return scores;
}

static void make_list(struct bench *bench, struct lists *lists, size_t user,
                      struct recommendation_list *ret_list)
{
    const struct list_scope scope = {.length = (size_t)bench->settings.list_length,
                                     .context = bench->context};
    if (bench->context) {
        lists_make_scoped(lists, &bench->histories[user], &scope, ret_list);
    } else {
        lists_make(lists, &bench->histories[user], ret_list);
    }
}

static double time_lists(struct bench *bench, struct lists *lists)
{
    struct recommendation_list list;
    double best = INFINITY;
    for (int round = 0; round < ROUNDS; round++) {
        double begin = cpu_seconds();
        for (size_t u = 0; u < USERS; u++) {
            if (u % CANDIDATES_AHEAD == 0 && !bench->alone) {
                const struct user_history *ahead[CANDIDATES_AHEAD];
                for (size_t k = 0; k < CANDIDATES_AHEAD; k++) {
                    ahead[k] = &bench->histories[u + k];
                }
                lists_encode_ahead(lists, ahead, CANDIDATES_AHEAD);
            }
            make_list(bench, lists, u, &list);
            lists_place(lists, &bench->histories[u], &list);
        }
        best = fmin(best, cpu_seconds() - begin);
    }
    return best / USERS * 1e6;
}

/* The list and four placements, of which two have diversity. */
static const char placements[] =
    "main.filter.stock=stock > 0 or stock is unknown\n"
    "home.filter.stock=stock > 0 or stock is unknown\nhome.boost.cheap=1.2 if price < 20\n"
    "home.cap.brand=2 per brand\nhome.diversity=0.3\n"
    "basket.filter.price=price < 50\nbasket.cap.brand=1 per brand\n"
    "mail.length=20\nmail.diversity=0.2\nmail.share.new=20% if age < 14d\n";

static void fill_attributes(struct bench *bench)
{
    char words[3][16];
    struct slice tags[3];
    for (size_t i = 0; i < ITEMS; i++) {
        for (size_t t = 0; t < 3; t++) {
            int size = snprintf(words[t], sizeof(words[t]), "t%zu", rng_below(&bench->rng, 200));
            tags[t] = slice_of(words[t], (size_t)size);
        }
        const struct item item = {
            .item_id = slice_str(bench->names[i]), .available = true, .tags = {tags, 3},
            .price = (double)rng_below(&bench->rng, 100), .stock = 1, .brand = tags[0],
            .created_ms = 1 + (int64_t)i};
        tables_put_item(&bench->tables, &item);
    }
}

static double time_in_context(struct bench *bench, struct lists *lists)
{
    assert(lists_know_context(lists, &request));
    bench->context = &request;
    double us = time_lists(bench, lists);
    bench->context = NULL;
    return us;
}

static double time_placements(struct bench *bench, struct lists *lists)
{
    struct buf faults;
    buf_init(&faults, 4096);
    fill_attributes(bench);
    struct rule_set *rules = rule_set_parse(slice_str(placements), &bench->tables.columns,
                                            PLACEMENT_LENGTH, &faults);
    assert(rules);
    lists_set_rules(lists, rules);
    double us = time_lists(bench, lists);
    lists_set_rules(lists, NULL);
    rule_set_free(rules);
    buf_release(&faults);
    return us;
}

/* The first lists while a large catalogue is read: nothing is known of the user's items, and a few
 * entries come between two lists. */
static double time_growing_catalogue(const struct bench *bench)
{
    struct list_settings settings = bench->settings;
    struct tables tables;
    struct recommendation_list list;
    char name[16];
    settings.items_max = 2 * CATALOGUE;
    tables_init(&tables, &settings);
    struct lists *lists = lists_new(&settings, &tables, NULL, NULL, "");
    struct item item = {.item_id = {.data = name}, .available = true};
    double lists_seconds = 0.0;
    size_t made = 0;
    for (size_t i = 0; i < CATALOGUE; i++) {
        item.item_id.size = (size_t)snprintf(name, sizeof(name), "c%zx", i * 7919 % CATALOGUE);
        tables_put_item(&tables, &item);
        if (i < CATALOGUE - USERS || i % 4) { continue; }
        /* The first list looks at all items. */
        if (!made++) { lists_make(lists, &bench->histories[0], &list); }
        double begin = cpu_seconds();
        lists_make(lists, &bench->histories[made], &list);
        lists_seconds += cpu_seconds() - begin;
        assert(list.items.count == (size_t)settings.list_length);
    }
    lists_free(lists);
    tables_release(&tables);
    return lists_seconds / (double)made * 1e6;
}

/* By all members, which count alike, and without the users who act alike. */
static void time_all_members(struct bench *bench)
{
    struct mixture mixture;
    mixture_init(&mixture);
    for (size_t m = 0; m < MIXTURE_MEMBERS; m++) { mixture.parts[SEGMENT_LONG].weights[m] = .2F; }
    struct content_scores *content = fill_content(bench);
    struct cluster_table *clusters = fill_clusters(bench);
    struct lists *lists = lists_new(&bench->settings, &bench->tables, bench->vectors, content, "");
    lists_set_mixture(lists, &mixture);
    printf("lists_without_users_us_a_list %.1f\n", time_lists(bench, lists));
    lists_set_clusters(lists, clusters);
    printf("lists_all_members_us_a_list %.1f\n", time_lists(bench, lists));
    lists_set_context(lists, 1);
    printf("lists_all_members_in_context_us_a_list %.1f\n", time_in_context(bench, lists));
    bench->alone = true;
    printf("lists_all_members_in_context_alone_us_a_list %.1f\n", time_in_context(bench, lists));
    bench->alone = false;
    printf("lists_all_members_with_placements_us_a_list %.1f\n", time_placements(bench, lists));
    lists_free(lists);
    cluster_table_free(clusters);
    content_scores_free(content);
}

int main(void)
{
    static struct bench bench = {.rng = 1};
    struct mixture mixture;
    bench.settings = (struct list_settings){
        .list_length = 20, .recent_items = 20, .directed_weight = 1, .symmetric_weight = .1,
        .popularity_weight = .03, .shrink = .3, .source_power = .2, .target_power = .35,
        .kernel_power = .45, .backward_weight = .2, .recency_decay = .85, .recency_power = .25,
        .neighbours_used = 512, .items_max = 100000, .model_name = "m",
        .blend_leader = LEADER_MIXTURE};
    tables_init(&bench.tables, &bench.settings);
    tables_use_contexts(&bench.tables);
    bench.vectors = vectors_new(100000);
    for (size_t i = 0; i < ITEMS; i++) {
        (void)snprintf(bench.names[i], sizeof(bench.names[i]), "i%zu", i);
    }
    fill_counts(&bench);
    fill_histories(&bench);
    mixture_init(&mixture);
    struct lists *alone = lists_new(&bench.settings, &bench.tables, NULL, NULL, "");
    printf("lists_counting_us_a_list %.1f\n", time_lists(&bench, alone));
    struct lists *lists = lists_new(&bench.settings, &bench.tables, bench.vectors, NULL, "");
    lists_set_mixture(lists, &mixture);
    printf("lists_without_generation_us_a_list %.1f\n", time_lists(&bench, lists));
    fill_vectors(&bench);
    printf("lists_blended_us_a_list %.1f\n", time_lists(&bench, lists));
    fill_contexts(&bench);
    lists_set_context(alone, 1);
    lists_set_context(lists, 1);
    printf("lists_counting_in_context_us_a_list %.1f\n", time_in_context(&bench, alone));
    printf("lists_blended_in_context_us_a_list %.1f\n", time_in_context(&bench, lists));
    time_all_members(&bench);
    printf("lists_with_placements_us_a_list %.1f\n", time_placements(&bench, alone));
    printf("lists_blended_with_placements_us_a_list %.1f\n", time_placements(&bench, lists));
    printf("lists_growing_catalogue_us_a_list %.1f\n", time_growing_catalogue(&bench));
    lists_free(alone);
    lists_free(lists);
    vectors_free(bench.vectors);
    tables_release(&bench.tables);
    return 0;
}
