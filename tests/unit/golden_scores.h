/* What tests/golden/make_factorisations.py has of a model: teaches it the actions, compares all
 * scores. */
#ifndef FRESHET_TESTS_UNIT_GOLDEN_SCORES_H
#define FRESHET_TESTS_UNIT_GOLDEN_SCORES_H

#include "base/base.h"
#include "base/text_file.h"
#include "tests/unit/tiny_world.h"

enum { GOLDEN_USERS = 7, GOLDEN_ITEMS = 9, GOLDEN_SEED = 5, GOLDEN_PAST_MAX = 16 };

struct golden_pasts {
    int32_t items[GOLDEN_USERS][GOLDEN_PAST_MAX];
    size_t counts[GOLDEN_USERS];
};

static inline void golden_learn(const struct recommender *recommender, void *model,
                                struct golden_pasts *pasts, const char *line)
{
    int user, item;
    float rating;
    assert_int_equal(sscanf(line, "action %d %d %f", &user, &item, &rating), 3);
    size_t *count = &pasts->counts[user];
    assert_true(*count < GOLDEN_PAST_MAX);
    recommender->learn(model, &(struct training_example){.user = user,
                                                         .item = item,
                                                         .rating = rating,
                                                         .before = pasts->items[user],
                                                         .before_count = *count});
    pasts->items[user][(*count)++] = item;
}

/* Teaches, settles and compares; by rate() where `rates`, else by score(). */
static inline void golden_scores(const struct recommender *recommender, const void *settings,
                                 bool rates)
{
    struct model_context context = {
        .users_max = GOLDEN_USERS, .items_max = GOLDEN_ITEMS, .seed = GOLDEN_SEED};
    void *model = recommender->make(&context, settings);
    struct golden_pasts pasts = {0};
    struct buf text;
    int compared = 0, user, item;
    double want;
    buf_init(&text, 1 << 20);
    if (text_file_read("tests/golden/factorisations.txt", &text)) { fail_msg("no golden file"); }
    buf_append(&text, "", 1);
    char *next = NULL, name[16];
    for (char *line = strtok_r(text.data, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
        if (memcmp(line, "action ", 7) == 0) {
            golden_learn(recommender, model, &pasts, line);
            continue;
        }
        if (sscanf(line, "%15s %d %d %lf", name, &user, &item, &want) != 4) { fail(); }
        if (strcmp(name, recommender->name) != 0) { continue; }
        if (compared++ == 0 && recommender->settle) { recommender->settle(model); }
        float scores[GOLDEN_ITEMS];
        recommender->score(model, &(struct query){.user = user,
                                                  .history = pasts.items[user],
                                                  .count = pasts.counts[user],
                                                  .items = GOLDEN_ITEMS}, scores);
        assert_near(scores[item], want, 1e-4);
        if (rates) { assert_near(recommender->rate(model, user, item), want, 1e-4); }
    }
    assert_int_equal(compared, GOLDEN_USERS * GOLDEN_ITEMS);
    recommender->free(model);
    buf_release(&text);
}

#endif
