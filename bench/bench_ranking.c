/* Ranks lists of 20 for users with 20 recent items over rows of 512 neighbours, at the sizes of
 * MovieLens-100k and of a small shop, and beside it the naive ranking of the tests. Prints
 * `name value` lines. Lists differ by history; `fresh` ones come after every row had been replaced,
 * so that they compute their rows' kernels, too. */
#include "base/base.h"
#include "bench/stopwatch.h"
#include "tests/unit/ranking_oracle.h"

enum { NEIGHBOURS_A_ROW = 512, RECENT = 20, LENGTH = 20, HISTORIES = 512 };

static const struct item_table_settings table_settings = {
    .backward_weight = 0.2,
    .shrink = 0.3,
    .source_power = 0.2,
    .target_power = 0.35,
    .kernel_power = 0.45,
    .neighbours_used = NEIGHBOURS_A_ROW,
    .measure = SIMILARITY_COSINE,
};

static const struct ranking_settings ranking_settings = {
    .recent_items = RECENT,
    .recency_decay = 0.85,
    .recency_power = 0.25,
    .directed_weight = 1.0,
    .symmetric_weight = 0.1,
    .popularity_weight = 0.03,
};

struct bench {
    struct world *world;
    struct ids *ids;
    struct item_table *table;
    struct ranking *ranking;
    int32_t histories[HISTORIES][RECENT];
    float weights[RECENT];
    size_t items;
    double ranked; /* keeps the work alive */
};

static double rank_all(struct bench *bench)
{
    double begin = cpu_seconds();
    for (size_t h = 0; h < HISTORIES; h++) {
        const struct ranked *list;
        const struct ranking_request request = {
            .items = bench->histories[h],
            .weights = bench->weights,
            .count = RECENT,
            .length = LENGTH,
            .flags = {.at = bench->world->flags,
                      .count = (int32_t)bench->items,
                      .changes = NULL},
        };
        bench->ranked += (double)ranking_list(bench->ranking, &request, &list);
    }
    return cpu_seconds() - begin;
}

static double rank_naively(struct bench *bench, size_t count)
{
    struct oracle *oracle = oracle_new(bench->world, &table_settings, &ranking_settings);
    double begin = cpu_seconds();
    for (size_t h = 0; h < count; h++) {
        oracle_score(oracle, bench->histories[h], bench->weights, RECENT);
        bench->ranked += isnan(oracle->score[0]) ? 0.0 : 1.0;
    }
    double took = cpu_seconds() - begin;
    oracle_free(oracle);
    return took;
}

static void run(size_t items, uint64_t *rng)
{
    struct bench *bench = xcalloc(1, sizeof(*bench));
    bench->items = items;
    bench->world = world_new(items, NEIGHBOURS_A_ROW, 1, rng);
    bench->ids = ids_new(INT32_MAX);
    bench->table = item_table_new(&table_settings);
    bench->ranking = ranking_new(&ranking_settings, bench->ids, bench->table);
    /* Items get the numbers of their places, so that histories need no look-up. */
    for (size_t k = 0; k < items; k++) { ids_put(bench->ids, slice_str(bench->world->ids[k])); }
    double begin = cpu_seconds();
    for (size_t k = 0; k < items; k++) { world_put(bench->world, k, bench->ids, bench->table); }
    printf("ranking_%zu_rows_put_per_s %.0f\n", items, (double)items / (cpu_seconds() - begin));
    for (size_t r = 0; r < RECENT; r++) { bench->weights[r] = 1.0F; }
    for (size_t h = 0; h < HISTORIES; h++) {
        for (size_t r = 0; r < RECENT; r++) {
            bench->histories[h][r] = (int32_t)rng_below(rng, items);
        }
    }
    double fresh = rank_all(bench), best = rank_all(bench);
    for (int round = 0; round < 4; round++) { best = fmin(best, rank_all(bench)); }
    printf("ranking_%zu_fresh_lists_per_s %.0f\n", items, HISTORIES / fresh);
    printf("ranking_%zu_lists_per_s %.0f\n", items, HISTORIES / best);
    printf("ranking_%zu_us_a_list %.1f\n", items, best / HISTORIES * 1e6);
    printf("ranking_%zu_naive_lists_per_s %.0f\n", items, 40 / rank_naively(bench, 40));
    printf("ranking_%zu_places %.0f\n", items, bench->ranked);
    ranking_free(bench->ranking);
    item_table_free(bench->table);
    ids_free(bench->ids);
    world_free(bench->world);
    free(bench);
}

int main(void)
{
    uint64_t rng = 1;
    run(1682, &rng);
    run(12000, &rng);
    return 0;
}
