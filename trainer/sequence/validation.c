#include "base/base.h"
#include "base/xalloc.h"
#include "trainer/sequence/validation.h"

enum { CHUNK = 64, SCORES_MAX = 4 << 20 };

void validation_draw(struct validation *validation, struct training_set *training_set,
                     const struct roster_entry *roster, size_t count, size_t most, size_t length)
{
    *validation = (struct validation){
        .examples = xcalloc(MIN_OF(most, count) + 1, sizeof(struct validation_example)),
        .numbers = xcalloc(CHUNK * (length + 1), sizeof(int32_t))};
    int32_t *items = xcalloc(length + 1, sizeof(*items));
    float *weights = xcalloc(length + 1, sizeof(*weights));
    for (size_t i = 0; i < count; i++) {
        /* takes every (count / most)th user on average, so that they are spread evenly */
        if (i * most / count == (i + 1) * most / count && most < count) { continue; }
        size_t had = training_set_read(training_set, &roster[i], items, weights, length);
        while (had && items[had - 1] < 0) { had--; } /* a search is not predicted */
        if (had < 2 || validation->count == most) { continue; }
        validation->examples[validation->count++] = (struct validation_example){
            .user = roster[i].user,
            .items = xmemdup(items, had * sizeof(*items)),
            .weights = xmemdup(weights, had * sizeof(*weights)),
            .count = had,
        };
    }
    free(items);
    free(weights);
}

void validation_release(struct validation *validation)
{
    for (size_t i = 0; i < validation->count; i++) {
        free(validation->examples[i].items);
        free(validation->examples[i].weights);
    }
    free(validation->examples);
    free(validation->hidden);
    free(validation->scores);
    free(validation->numbers);
    *validation = (struct validation){0};
}

void validation_restart(struct validation *validation)
{
    validation->evaluated = 0;
    validation->metrics = (struct ranking_metrics){0};
}

const struct validation_example *validation_find(const struct validation *validation, uint64_t user)
{
    size_t from = 0, to = validation->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (validation->examples[middle].user < user) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    bool found = from < validation->count && validation->examples[from].user == user;
    return found ? &validation->examples[from] : NULL;
}

static void rank(struct validation *validation, const struct sequence *history, int32_t target,
                 float *scores, size_t items)
{
    double rank = (double)INFINITY;
    for (size_t k = 0; k < history->count; k++) {
        if (history->items[k] >= 0) { scores[history->items[k]] = -INFINITY; }
    }
    if (target != VOCABULARY_NONE) { rank = ranking_metrics_rank(scores, (int32_t)items, target); }
    ranking_metrics_count(&validation->metrics, rank);
}

static void make_room(struct validation *validation, size_t d, size_t items, size_t chunk)
{
    if (chunk * items <= validation->scores_capacity) { return; }
    validation->scores_capacity = chunk * items;
    validation->scores =
        xreallocarray(validation->scores, validation->scores_capacity, sizeof(float));
    validation->hidden = xreallocarray(validation->hidden, CHUNK * d, sizeof(float));
}

bool validation_step(struct validation *validation, const struct vocabulary *vocabulary,
                     const struct content_input *content, struct search_input *searches,
                     struct transformer *model)
{
    const struct weights_shape *shape = &transformer_settings(model)->shape;
    const size_t d = shape->d, items = shape->items;
    const size_t chunk = MAX_OF(MIN_OF((size_t)SCORES_MAX / items, (size_t)CHUNK), (size_t)1);
    struct sequence histories[CHUNK];
    int32_t targets[CHUNK];
    size_t count = 0, used = 0;
    make_room(validation, d, items, chunk);
    search_input_clear(searches);
    while (validation->evaluated < validation->count && count < chunk) {
        const struct validation_example *example = &validation->examples[validation->evaluated++];
        int32_t *numbers = validation->numbers + used;
        memcpy(numbers, example->items, (example->count - 1) * sizeof(*numbers));
        size_t known = vocabulary_translate(vocabulary, numbers, NULL, example->count - 1);
        known = search_input_place(searches, content, numbers, NULL, known);
        targets[count] = vocabulary_number(vocabulary, example->items[example->count - 1]);
        if (!known) { continue; }
        histories[count++] = (struct sequence){.items = numbers, .count = known};
        used += known;
    }
    transformer_set_searches(model, searches->rows, searches->count);
    if (count) {
        transformer_encode(model, histories, count, validation->hidden);
        transformer_scores(model, validation->hidden, count, validation->scores);
    }
    transformer_set_searches(model, NULL, 0);
    for (size_t i = 0; i < count; i++) {
        rank(validation, &histories[i], targets[i], validation->scores + i * items, items);
    }
    return validation->evaluated < validation->count;
}
