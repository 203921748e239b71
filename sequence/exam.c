#include "base/base.h"
#include "base/xalloc.h"
#include "sequence/exam.h"

enum { CHUNK = 64, SCORES_MAX = 4 << 20 };

void exam_draw(struct exam *exam, struct pool *pool, const struct pool_place *places, size_t count,
               size_t most, size_t length)
{
    *exam = (struct exam){.questions = xcalloc(MIN_OF(most, count) + 1, sizeof(struct question)),
                          .numbers = xcalloc(CHUNK * (length + 1), sizeof(int32_t))};
    int32_t *items = xcalloc(length + 1, sizeof(*items));
    for (size_t i = 0; i < count; i++) {
        /* evenly: as many of the first i as the share says */
        if (i * most / count == (i + 1) * most / count && most < count) { continue; }
        size_t had = pool_read(pool, &places[i], items, length);
        if (had < 2 || exam->count == most) { continue; }
        exam->questions[exam->count++] = (struct question){
            .user = places[i].user,
            .items = xmemdup(items, had * sizeof(*items)),
            .count = had,
        };
    }
    free(items);
}

void exam_release(struct exam *exam)
{
    for (size_t i = 0; i < exam->count; i++) { free(exam->questions[i].items); }
    free(exam->questions);
    free(exam->hidden);
    free(exam->scores);
    free(exam->numbers);
    *exam = (struct exam){0};
}

void exam_again(struct exam *exam)
{
    exam->asked = 0;
    exam->hits = (struct hits){0};
}

const struct question *exam_before(const struct exam *exam, uint64_t user)
{
    size_t from = 0, to = exam->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (exam->questions[middle].user < user) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    bool found = from < exam->count && exam->questions[from].user == user;
    return found ? &exam->questions[from] : NULL;
}

static void rank(struct exam *exam, const struct sequence *history, int32_t target, float *scores,
                 size_t items)
{
    double rank = (double)INFINITY;
    for (size_t k = 0; k < history->count; k++) { scores[history->items[k]] = -INFINITY; }
    if (target != ROLL_NONE) { rank = hits_rank(scores, (int32_t)items, target); }
    hits_count(&exam->hits, rank);
}

static void make_room(struct exam *exam, size_t d, size_t items, size_t chunk)
{
    if (chunk * items <= exam->scores_capacity) { return; }
    exam->scores_capacity = chunk * items;
    exam->scores = xreallocarray(exam->scores, exam->scores_capacity, sizeof(float));
    exam->hidden = xreallocarray(exam->hidden, CHUNK * d, sizeof(float));
}

bool exam_ask(struct exam *exam, const struct roll *roll, struct transformer *model)
{
    const struct weights_shape *shape = &transformer_settings(model)->shape;
    const size_t d = shape->d, items = shape->items;
    const size_t chunk = MAX_OF(MIN_OF((size_t)SCORES_MAX / items, (size_t)CHUNK), (size_t)1);
    struct sequence histories[CHUNK];
    int32_t targets[CHUNK];
    size_t count = 0, used = 0;
    make_room(exam, d, items, chunk);
    while (exam->asked < exam->count && count < chunk) {
        const struct question *question = &exam->questions[exam->asked++];
        int32_t *numbers = exam->numbers + used;
        memcpy(numbers, question->items, (question->count - 1) * sizeof(*numbers));
        size_t known = roll_translate(roll, numbers, question->count - 1);
        targets[count] = roll_number(roll, question->items[question->count - 1]);
        if (!known) { continue; }
        histories[count++] = (struct sequence){.items = numbers, .count = known};
        used += known;
    }
    if (count) {
        transformer_encode(model, histories, count, exam->hidden);
        transformer_scores(model, exam->hidden, count, exam->scores);
    }
    for (size_t i = 0; i < count; i++) {
        rank(exam, &histories[i], targets[i], exam->scores + i * items, items);
    }
    return exam->asked < exam->count;
}
