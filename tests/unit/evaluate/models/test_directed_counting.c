#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/models/directed_counting.h"
#include "tests/unit/tiny_world.h"

#include <setjmp.h>
#include <cmocka.h>

enum { USERS = 80, ITEMS = 30, LONGEST = 12 };

/* What the formula of evaluate/models/directed_counting.h sees: all pairs and all content, in
 * plain doubles. */
struct oracle {
    double c[ITEMS][ITEMS];
    double n[ITEMS];
    double s[ITEMS][ITEMS]; /* content; 0 on the diagonal */
    const struct directed_counting_settings *set;
};

static void oracle_count(struct oracle *oracle, const struct sequences *sequences)
{
    memset(oracle->c, 0, sizeof(oracle->c));
    memset(oracle->n, 0, sizeof(oracle->n));
    for (int32_t user = 0; user < sequences->users; user++) {
        size_t count;
        const struct user_action *actions = sequences_of(sequences, user, &count);
        for (int x = 0; x < (int)count; x++) {
            oracle->n[actions[x].item] += 1;
            for (int y = 0; y < (int)count; y++) {
                int d = abs(x - y);
                if (d == 0 || d > (int)oracle->set->window) { continue; }
                oracle->c[actions[x].item][actions[y].item] +=
                    pow(d, -oracle->set->distance_power) * (y > x ? 1 : oracle->set->backward);
            }
        }
    }
}

static double kernel(const struct oracle *oracle, int32_t j, int32_t i)
{
    const struct directed_counting_settings *set = oracle->set;
    double c = oracle->c[j][i];
    if (c <= 0) { return 0; }
    return pow(c * c / (c + set->shrink) * pow(oracle->n[j], -set->source_power) *
                   pow(oracle->n[i], -set->target_power),
               set->kernel_power);
}

/* The j' is among the first ten by content. */
static bool among_ten(const struct oracle *oracle, int32_t j, int32_t other)
{
    int better = 0;
    for (int32_t k = 0; k < ITEMS; k++) {
        better += oracle->s[j][k] > oracle->s[j][other] ||
                  (oracle->s[j][k] == oracle->s[j][other] && k < other);
    }
    return oracle->s[j][other] > 0 && better < 10;
}

static void oracle_score(const struct oracle *oracle, const struct query *query, double *scores)
{
    const struct directed_counting_settings *set = oracle->set;
    double a[ITEMS] = {0}, b[ITEMS] = {0}, a_max = 0, b_max = 0;
    for (int32_t i = 0; i < ITEMS; i++) {
        bool had = false;
        for (size_t at = 0; at < query->count; at++) { had = had || query->history[at] == i; }
        for (size_t r = 1; r <= query->count && !had; r++) {
            int32_t j = query->history[query->count - r];
            double inner = kernel(oracle, j, i);
            for (int32_t other = 0; other < ITEMS; other++) {
                if (!among_ten(oracle, j, other)) { continue; }
                inner += set->expansion * pow(oracle->s[j][other], set->content_power) *
                         kernel(oracle, other, i);
            }
            a[i] += pow(r, -set->recency_power) * pow(set->recency_decay, (double)r - 1) * inner;
            if (oracle->s[j][i] <= 0) { continue; }
            b[i] += pow(set->content_decay, (double)r - 1) *
                    pow(oracle->s[j][i], set->content_power) *
                    pow(oracle->n[i] + 1, set->content_popularity);
        }
        a_max = fmax(a_max, a[i]);
        b_max = fmax(b_max, b[i]);
    }
    for (int32_t i = 0; i < ITEMS; i++) {
        scores[i] = (a_max > 0 ? a[i] / a_max : 0) + set->popularity * sqrt(oracle->n[i]) +
                    (b_max > 0 ? set->content * b[i] / b_max : 0);
    }
}

static struct content *make_content(struct oracle *oracle, uint64_t *rng)
{
    struct content *content = content_new(ITEMS, CONTENT_NEAREST_MAX);
    memset(oracle->s, 0, sizeof(oracle->s));
    for (int32_t item = 0; item < ITEMS; item++) {
        uint32_t features[4];
        for (size_t k = 0; k < 4; k++) { features[k] = (uint32_t)rng_below(rng, 20); }
        assert_int_equal(content_put(content, item, features, 4), 0);
    }
    for (int32_t item = 0; item < ITEMS; item++) {
        size_t count;
        const struct alike *alike = content_nearest(content, item, &count);
        for (size_t k = 0; k < count; k++) {
            oracle->s[item][alike[k].item] = (double)alike[k].cosine;
        }
    }
    return content;
}

static void check(struct oracle *oracle, void *model, uint64_t *rng)
{
    for (int round = 0; round < 20; round++) {
        int32_t history[6];
        struct query query = {.history = history, .count = rng_below(rng, 7), .items = ITEMS};
        int32_t start = (int32_t)rng_below(rng, ITEMS);
        for (size_t at = 0; at < query.count; at++) {
            history[at] = (start + 7 * (int32_t)at) % ITEMS;
        }
        float got[ITEMS];
        double want[ITEMS];
        directed_counting_recommender.score(model, &query, got);
        oracle_score(oracle, &query, want);
        for (int32_t i = 0; i < ITEMS; i++) { assert_near(got[i], want[i], 2e-5); }
    }
}

/* Every preset, with content and without; then the same model with another preset's reading. */
static void test_formula(void **state)
{
    uint64_t rng = 21;
    struct sequences sequences;
    tiny_world(&sequences, USERS, ITEMS, LONGEST, 8);
    struct oracle *oracle = xcalloc(1, sizeof(*oracle));
    struct content *content = make_content(oracle, &rng);
    struct oracle *bare = xcalloc(1, sizeof(*bare));
    for (size_t p = 0; p < directed_counting_recommender.presets_count; p++) {
        struct directed_counting_settings settings;
        memcpy(&settings, directed_counting_recommender.presets[p].settings, sizeof(settings));
        for (int with = 0; with < 2; with++) {
            struct oracle *seen = with ? oracle : bare;
            struct model_context context = {.users_max = USERS, .items_max = ITEMS};
            context.content = with ? content : NULL;
            void *model = directed_counting_recommender.make(&context, &settings);
            tiny_learn(&directed_counting_recommender, model, &sequences);
            seen->set = &settings;
            oracle_count(seen, &sequences);
            check(seen, model, &rng);
            struct directed_counting_settings other = settings;
            other.shrink += .5;
            other.kernel_power *= .7;
            other.target_power += .2;
            other.recency_decay *= .9;
            assert_true(directed_counting_recommender.retune(model, &other));
            seen->set = &other;
            check(seen, model, &rng);
            other.window += 1;
            assert_false(directed_counting_recommender.retune(model, &other));
            directed_counting_recommender.free(model);
        }
    }
    content_free(content);
    free(oracle);
    free(bare);
    sequences_release(&sequences);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_formula)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
