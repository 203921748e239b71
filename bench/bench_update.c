/* Measures the cost of one action in every model that learns action by action, all presets of each,
 * as the blend of `freshet evaluate -p prequential` holds them: CPU microseconds an action, one
 * line a model and one for all; a model that takes a step after many actions has a line alone. The
 * stream is drawn: some items are far more popular. */
#include "base/base.h"
#include "base/xalloc.h"
#include "bench/stopwatch.h"
#include "model/rng.h"
#include "evaluate/models/models.h"

enum { USERS = 3000, ITEMS = 3000, ACTIONS = 100000, PAST_MAX = 256, PRESETS_MAX = 32 };

struct stream {
    int32_t users[ACTIONS], items[ACTIONS];
};

struct pasts {
    int32_t items[USERS][PAST_MAX];
    size_t counts[USERS];
};

static void draw(struct stream *stream)
{
    uint64_t rng = 1;
    for (size_t at = 0; at < ACTIONS; at++) {
        const double u = rng_unit(&rng);
        stream->users[at] = (int32_t)rng_below(&rng, USERS);
        stream->items[at] = (int32_t)(ITEMS * u * u * u);
    }
}

static void forget_oldest(struct pasts *pasts, int32_t user)
{
    enum { KEPT = PAST_MAX / 2 };
    int32_t *items = pasts->items[user];
    memmove(items, items + PAST_MAX - KEPT, KEPT * sizeof(*items));
    pasts->counts[user] = KEPT;
}

/* Learns the stream with all presets side by side. */
static double learn(const struct recommender *recommender, void *const *made, size_t count,
                    const struct stream *stream)
{
    struct pasts *pasts = xcalloc(1, sizeof(*pasts));
    const double began = cpu_seconds();
    for (size_t at = 0; at < ACTIONS; at++) {
        const int32_t user = stream->users[at], item = stream->items[at];
        const struct training_example example = {.user = user,
                                                 .item = item,
                                                 .rating = 5,
                                                 .before = pasts->items[user],
                                                 .before_count = pasts->counts[user]};
        for (size_t m = 0; m < count; m++) { recommender->learn(made[m], &example); }
        if (pasts->counts[user] == PAST_MAX) { forget_oldest(pasts, user); }
        pasts->items[user][pasts->counts[user]++] = item;
    }
    const double took = cpu_seconds() - began;
    free(pasts);
    return took * 1e6 / ACTIONS;
}

static double measure(const struct recommender *recommender, const struct stream *stream)
{
    const struct model_context context = {.users_max = USERS, .items_max = ITEMS, .seed = 1};
    void *made[PRESETS_MAX];
    size_t count = 0;
    if (recommender->settle || recommender->aside) { return 0.0; } /* of the blend's members */
    if (recommender->suits && !recommender->suits(&context)) { return 0.0; }
    for (size_t p = 0; p < recommender->presets_count && count < PRESETS_MAX; p++) {
        if (recommender->presets[p].wants_content) { continue; }
        made[count++] = recommender->make(&context, recommender->presets[p].settings);
    }
    const double us = learn(recommender, made, count, stream);
    for (size_t m = 0; m < count; m++) { recommender->free(made[m]); }
    printf("update_%s_us %.2f\n", recommender->name, us);
    return recommender->streams ? 0.0 : us;
}

int main(void)
{
    struct stream *stream = xcalloc(1, sizeof(*stream));
    double all = 0.0;
    draw(stream);
    for (size_t m = 0; m < models_count; m++) { all += measure(models[m], stream); }
    printf("update_us %.2f\n", all);
    free(stream);
    return 0;
}
