/* `freshet evaluate` judges the counting that the workers do: the same actions, through features,
 * trainer and scorer with their topics and through the recommender `counting`, make the same
 * lists, bit for bit; and its preset `default` is what the workers' options are by default. */
#include "base/base.h"
#include "evaluate/models/counting_recommender.h"
#include "features/features.h"
#include "model/rng.h"
#include "schemas/recommendation_list.h"
#include "scorer/scorer.h"
#include "tests/topology/answers.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>
#include <cmocka.h>

/* Users act up to 80 times: longer than a history. Fewer items than a list needs for those. */
enum { USERS = 40, ITEMS = 45, ACTIONS = 2000, PARTITIONS = 3, STEP_MS = 600000 };

struct acted {
    int32_t user, item;
};

struct world {
    struct acted acted[ACTIONS];
    int32_t history[USERS][ACTIONS];
    size_t counts[USERS];
};

static void make_world(struct world *world)
{
    uint64_t rng = 12;
    *world = (struct world){0};
    for (size_t n = 0; n < ACTIONS; n++) {
        size_t user = MIN_OF(rng_below(&rng, USERS), rng_below(&rng, USERS));
        size_t count = world->counts[user];
        int32_t item = (int32_t)MIN_OF(rng_below(&rng, ITEMS), rng_below(&rng, ITEMS));
        if (count && rng_below(&rng, 2)) {
            item = (world->history[user][count - 1] + 1) % ITEMS;
        }
        world->history[user][world->counts[user]++] = item;
        world->acted[n] = (struct acted){(int32_t)user, item};
    }
}

static int64_t time_of(size_t n)
{
    return feed_from_ms + (int64_t)n * STEP_MS;
}

static void feed(struct rig *rig, const struct world *world)
{
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&user_event_contract, schemas);
    struct buf out;
    buf_init(&out, 4096);
    for (size_t n = 0; n < ACTIONS; n++) {
        char id[16], user[16], item[16];
        (void)snprintf(id, sizeof(id), "e%zu", n);
        (void)snprintf(user, sizeof(user), "%d", world->acted[n].user);
        (void)snprintf(item, sizeof(item), "%d", world->acted[n].item);
        const struct user_event ev = {.event_id = slice_str(id),
                                      .user_id = slice_str(user),
                                      .item_id = slice_str(item),
                                      .action = ACTION_CLICK,
                                      .weight = 1.0,
                                      .event_time_ms = time_of(n)};
        buf_clear(&out);
        assert(codec_encode(codec, &ev, &out) == 0);
        memlog_append(rig->log, "events", PARTITION_BY_KEY, ev.user_id, buf_slice(&out),
                      time_of(n));
    }
    buf_release(&out);
    codec_free(codec);
    schema_cache_free(schemas);
}

static void *learn_all(const struct world *world)
{
    const struct model_context context = {.users_max = USERS, .items_max = ITEMS};
    void *model = counting_recommender.make(&context, counting_recommender.presets[0].settings);
    for (size_t n = 0; n < ACTIONS; n++) {
        counting_recommender.learn(model, &(struct training_example){
                                              .user = world->acted[n].user,
                                              .item = world->acted[n].item,
                                              .rating = 1.0F,
                                              .time_ms = time_of(n),
                                          });
        const struct ranked *list;
        const struct query query = {.items = ITEMS};
        /* Lists in between change nothing. */
        if (n % 100 == 0) { (void)counting_recommender_list(model, &query, 20, &list); }
    }
    return model;
}

static void check_list(void *model, const struct world *world,
                       const struct recommendation_list *want)
{
    _cleanup_(xfreep) char *text = xprintf("%.*s", SLICE_ARGS(want->user_id));
    int32_t user = (int32_t)strtol(text, NULL, 10);
    const struct query query = {.user = user,
                                .history = world->history[user],
                                .count = world->counts[user],
                                .items = ITEMS};
    const struct ranked *list;
    size_t count = counting_recommender_list(model, &query, 20, &list);
    assert_int_equal(count, want->items.count);
    for (size_t k = 0; k < count; k++) {
        _cleanup_(xfreep) char *item = xprintf("%d", list[k].item);
        assert_true(slice_equal(slice_str(item), want->items.at[k]));
        assert_memory_equal(&list[k].score, &want->scores.at[k], sizeof(list[k].score));
    }
}

static void test_same_lists(void **state)
{
    struct rig rig;
    struct answers answers;
    struct world *world = xcalloc(1, sizeof(*world));
    make_world(world);
    rig_init(&rig, PARTITIONS);
    feed(&rig, world);
    rig_work(&rig, &features_worker);
    rig_work(&rig, &trainer_worker);
    rig_work(&rig, &scorer_worker);
    answers_init(&answers, &rig);
    struct fold *fold = rig_fold(&rig, "recommendations");
    void *model = learn_all(world);
    size_t users = 0;
    for (int user = 0; user < USERS; user++) { users += world->counts[user] > 0; }
    assert_int_equal(fold->count, users);
    for (size_t i = 0; i < fold->count; i++) {
        struct recommendation_list list;
        answers_decode(&answers, answers.lists, fold->at[i].value, &list);
        check_list(model, world, &list);
    }
    counting_recommender.free(model);
    free(fold);
    answers_release(&answers);
    rig_release(&rig);
    free(world);
}

static const struct option *find_option(const struct worker *worker, const char *name)
{
    for (size_t k = 0; k < worker->options_count; k++) {
        if (strcmp(worker->options[k].name, name) == 0) { return &worker->options[k]; }
    }
    return NULL;
}

/* A hyperparameter's help begins with the worker and the option, "scorer: recent.items". */
static const struct option *option_of(const struct hyperparameter *hyperparameter)
{
    const struct worker *const workers[] = {&features_worker, &trainer_worker, &scorer_worker};
    for (size_t w = 0; w < ARRAY_COUNT(workers); w++) {
        size_t size = strlen(workers[w]->name);
        if (strncmp(hyperparameter->help, workers[w]->name, size) != 0) { continue; }
        char name[64];
        assert_int_equal(sscanf(hyperparameter->help + size, ": %63[a-z.]", name), 1);
        return find_option(workers[w], name);
    }
    return NULL;
}

static void test_defaults(void **state)
{
    const struct counting_settings *settings = counting_recommender.presets[0].settings;
    assert_string_equal(counting_recommender.presets[0].name, "default");
    for (size_t k = 0; k < counting_recommender.hyperparameters_count; k++) {
        const struct hyperparameter *hyperparameter = &counting_recommender.hyperparameters[k];
        if (strncmp(hyperparameter->help, "data: ", 6) == 0) { continue; } /* how a file is read */
        const struct option *option = option_of(hyperparameter);
        double is;
        assert_non_null(option);
        memcpy(&is, (const char *)settings + hyperparameter->offset, sizeof(is));
        /* Half-lives are days in both; the first of the choices is 0. */
        assert_true(is == strtod(option->fallback, NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_lists),
        cmocka_unit_test(test_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
