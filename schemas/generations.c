#include "base/base.h"
#include "base/xalloc.h"
#include "schemas/generations.h"

struct generation_mark {
    char generation[STEP_NAME_BYTES_MAX + 1];
    int32_t partition;
    int64_t released;
    int64_t taken;
};

void generations_init(struct generations *generations)
{
    *generations = (struct generations){0};
}

void generations_release(struct generations *generations)
{
    free(generations->marks);
    *generations = (struct generations){0};
}

static struct generation_mark *find(const struct generations *generations, const char *generation,
                                    int32_t partition)
{
    for (size_t i = 0; i < generations->marks_count; i++) {
        struct generation_mark *mark = &generations->marks[i];
        if (mark->partition == partition && strcmp(mark->generation, generation) == 0) {
            return mark;
        }
    }
    return NULL;
}

static void copy_name(char name[STEP_NAME_BYTES_MAX + 1], struct slice from)
{
    if (from.size) { memcpy(name, from.data, from.size); }
    name[from.size] = '\0';
}

/* The step's mark, made where there is none; NULL past the limits. */
static struct generation_mark *mark_of(struct generations *generations,
                                       const struct generation_step *step)
{
    if (step->partition < 0) { return NULL; }
    struct generation_mark fresh = {.partition = step->partition};
    copy_name(fresh.generation, step->generation);
    struct generation_mark *mark = find(generations, fresh.generation, step->partition);
    if (mark) { return mark; }
    if (generations->marks_count == GENERATION_MARKS_MAX) { return NULL; }
    generations->marks = xreallocarray(generations->marks, generations->marks_count + 1,
                                       sizeof(*generations->marks));
    generations->marks[generations->marks_count] = fresh;
    return &generations->marks[generations->marks_count++];
}

void generations_take(struct generations *generations, const struct generation_step *step)
{
    if (MAX_OF(step->generation.size, step->previous.size) > STEP_NAME_BYTES_MAX) { return; }
    if (step->kind == STEP_LIVE && step->epoch > generations->epoch) {
        generations->epoch = step->epoch;
        copy_name(generations->live, step->generation);
        copy_name(generations->previous, step->previous);
    } else if (step->kind == STEP_RELEASED) {
        struct generation_mark *mark = mark_of(generations, step);
        if (mark) { mark->released = MAX_OF(mark->released, step->epoch); }
    } else if (step->kind == STEP_TAKEN) {
        struct generation_mark *mark = mark_of(generations, step);
        if (mark) { mark->taken = MAX_OF(mark->taken, step->epoch); }
    }
}

int64_t generations_released(const struct generations *generations, const char *generation,
                             int32_t partition)
{
    const struct generation_mark *mark = find(generations, generation, partition);
    return mark ? mark->released : 0;
}

int64_t generations_taken(const struct generations *generations, const char *generation,
                          int32_t partition)
{
    const struct generation_mark *mark = find(generations, generation, partition);
    return mark ? mark->taken : 0;
}

enum generation_role generations_role(const struct generations *generations,
                                      const char *generation, int32_t partition)
{
    int64_t epoch = generations->epoch;
    if (strcmp(generations->live, generation) == 0) {
        if (epoch == generations_taken(generations, generation, partition)) { return ROLE_LIVE; }
        bool released =
            generations_released(generations, generations->previous, partition) >= epoch;
        return released ? ROLE_TAKE : ROLE_SHADOW;
    }
    if (epoch && strcmp(generations->previous, generation) == 0) {
        bool released = generations_released(generations, generation, partition) >= epoch;
        return released ? ROLE_SHADOW : ROLE_RELEASE;
    }
    return ROLE_SHADOW;
}
