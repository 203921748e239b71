#include "base/base.h"
#include "base/number.h"
#include "base/xalloc.h"
#include "evaluate/evaluation.h"

double evaluation_cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int evaluation_takes(const struct evaluation_request *request,
                     const struct recommender *recommender, const struct model_context *context)
{
    if (request->model ? request->model != recommender : recommender->aside) { return 0; }
    int32_t most = recommender->items_most;
    if (most && context->items_max > most) {
        if (!request->model) { return 0; }
        return reason_give(request->reason, "%s takes at most %d items, not %d", recommender->name,
                           most, context->items_max);
    }
    if (recommender->suits && !recommender->suits(context)) {
        if (!request->model) { return 0; }
        return reason_give(request->reason,
                           "%s needs what this run does not have: see `freshet evaluate --help`",
                           recommender->name);
    }
    return 1;
}

int evaluation_preset(const struct evaluation_request *request,
                      const struct recommender *recommender)
{
    for (size_t at = 0; at < recommender->presets_count; at++) {
        if (strcmp(recommender->presets[at].name, request->preset) == 0) { return (int)at; }
    }
    return reason_give(request->reason,
                       "%s has no preset \"%s\": `freshet evaluate --models` lists them",
                       recommender->name, request->preset);
}

/* Says whether "model.hyperparameter=value" is for this model; if so, the name of the
 * hyperparameter begins behind the dot. */
static const char *hyperparameter_of(const char *set, const struct recommender *recommender)
{
    size_t size = strlen(recommender->name);
    bool ours = strncmp(set, recommender->name, size) == 0 && set[size] == '.';
    return ours ? set + size + 1 : NULL;
}

void *evaluation_settings(const struct evaluation_request *request,
                          const struct recommender *recommender, size_t preset)
{
    void *settings = xmemdup(recommender->presets[preset].settings, recommender->settings_size);
    for (size_t at = 0; at < request->sets_count; at++) {
        const char *hyperparameter = hyperparameter_of(request->sets[at], recommender);
        if (!hyperparameter) { continue; }
        const char *equals = strchr(hyperparameter, '=');
        double value = 0;
        _cleanup_(xfreep) char *name = xstrdup(hyperparameter);
        name[equals ? equals - hyperparameter : 0] = '\0';
        int rc = !equals || !number_parse_real(equals + 1, &value)
                     ? -EINVAL
                     : recommender_set(recommender, settings, name, value);
        if (rc == 0) { continue; }
        (void)reason_give(request->reason, "%s: %s", request->sets[at],
                          rc == -ENOENT
                              ? "no such hyperparameter: `freshet evaluate --models` lists them"
                          : rc == -ERANGE ? "out of its range: see `freshet evaluate --models`"
                                          : "wanted MODEL.HYPERPARAMETER=NUMBER");
        free(settings);
        return NULL;
    }
    return settings;
}
