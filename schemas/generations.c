/* Steps may be applied in any order and more than once: a step counts only when its epoch is newer
 * than what is known for its key. So a compacted topic and a topic with all its records give the
 * same state.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "schemas/generations.h"

struct generation_progress {
    char generation[STEP_NAME_BYTES_MAX + 1];
    int32_t partition;
    int64_t released;
    int64_t taken;
    bool apart;
};

void generations_init(struct generations *generations)
{
    *generations = (struct generations){0};
}

void generations_release(struct generations *generations)
{
    free(generations->progress);
    *generations = (struct generations){0};
}

static struct generation_progress *find(const struct generations *generations,
                                        const char *generation, int32_t partition)
{
    for (size_t i = 0; i < generations->progress_count; i++) {
        struct generation_progress *progress = &generations->progress[i];
        if (progress->partition == partition && strcmp(progress->generation, generation) == 0) {
            return progress;
        }
    }
    return NULL;
}

static void copy_name(char name[STEP_NAME_BYTES_MAX + 1], struct slice from)
{
    if (from.size) { memcpy(name, from.data, from.size); }
    name[from.size] = '\0';
}

/* Finds the entry of the step's generation and partition, or adds one; NULL past the limits. */
static struct generation_progress *find_or_add(struct generations *generations,
                                               const struct generation_step *step)
{
    if (step->partition < 0) { return NULL; }
    struct generation_progress fresh = {.partition = step->partition};
    copy_name(fresh.generation, step->generation);
    struct generation_progress *progress = find(generations, fresh.generation, step->partition);
    if (progress) { return progress; }
    if (generations->progress_count == GENERATION_PROGRESS_MAX) { return NULL; }
    generations->progress = xreallocarray(generations->progress, generations->progress_count + 1,
                                          sizeof(*generations->progress));
    generations->progress[generations->progress_count] = fresh;
    return &generations->progress[generations->progress_count++];
}

static bool makes_sense(const struct generation_step *step)
{
    bool partition = step->kind == STEP_RELEASED || step->kind == STEP_TAKEN;
    return step->epoch >= 0 && step->epoch <= GENERATION_EPOCH_MAX &&
           (!partition || step->partition >= 0) && generation_step_is_name(step->generation) &&
           generation_step_is_name(step->previous);
}

/* Says whether a switch is newer than the one that is known. */
static bool is_newer(const struct generations *generations, int64_t epoch)
{
    if (generations->epoch == GENERATION_EPOCH_MAX) { return epoch && epoch != generations->epoch; }
    return epoch > generations->epoch;
}

int64_t generations_next(const struct generations *generations)
{
    return generations->epoch < GENERATION_EPOCH_MAX ? generations->epoch + 1 : 1;
}

/* Nobody can have released or taken a partition in a switch before it began. */
static void begin_switch(struct generations *generations, const struct generation_step *step)
{
    generations->epoch = step->epoch;
    copy_name(generations->live, step->generation);
    copy_name(generations->previous, step->previous);
    for (size_t i = 0; i < generations->progress_count; i++) {
        struct generation_progress *progress = &generations->progress[i];
        if (progress->released >= step->epoch) { progress->released = 0; }
        if (progress->taken >= step->epoch) { progress->taken = 0; }
    }
}

bool generations_apply(struct generations *generations, const struct generation_step *step)
{
    if (!makes_sense(step)) { return false; }
    if (step->kind == STEP_LIVE && is_newer(generations, step->epoch)) {
        begin_switch(generations, step);
    } else if (step->kind == STEP_RELEASED || step->kind == STEP_TAKEN) {
        struct generation_progress *progress = find_or_add(generations, step);
        if (!progress) { return true; }
        bool released = step->kind == STEP_RELEASED;
        int64_t *newest = released ? &progress->released : &progress->taken;
        bool to_come = *newest > generations->epoch;
        *newest = to_come ? step->epoch : MAX_OF(*newest, step->epoch);
        progress->apart |= released;
    }
    return true;
}

int64_t generations_released(const struct generations *generations, const char *generation,
                             int32_t partition)
{
    const struct generation_progress *progress = find(generations, generation, partition);
    return progress ? progress->released : 0;
}

bool generations_apart(const struct generations *generations, const char *generation,
                       int32_t partition)
{
    const struct generation_progress *progress = find(generations, generation, partition);
    return generation[0] || (progress && progress->apart);
}

int64_t generations_taken(const struct generations *generations, const char *generation,
                          int32_t partition)
{
    const struct generation_progress *progress = find(generations, generation, partition);
    return progress ? progress->taken : 0;
}

enum generation_role generations_role(const struct generations *generations,
                                      const char *generation, int32_t partition)
{
    int64_t epoch = generations->epoch;
    if (strcmp(generations->live, generation) == 0) {
        if (epoch == generations_taken(generations, generation, partition)) { return ROLE_LIVE; }
        bool released =
            generations_released(generations, generations->previous, partition) == epoch;
        return released ? ROLE_TAKE : ROLE_SHADOW;
    }
    if (epoch && strcmp(generations->previous, generation) == 0) {
        bool released = generations_released(generations, generation, partition) == epoch;
        return released ? ROLE_SHADOW : ROLE_RELEASE;
    }
    return ROLE_SHADOW;
}
