#include "base/base.h"
#include "base/xalloc.h"
#include "cli/client.h"
#include "cli/trial.h"

double trial_cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int trial_takes(const struct trial_wish *wish, const struct recommender *recommender,
                const struct ground *ground)
{
    if (wish->model ? wish->model != recommender : recommender->aside) { return 0; }
    int32_t most = recommender->items_most;
    if (most && ground->items_max > most) {
        if (!wish->model) { return 0; }
        return client_fail("%s takes at most %d items, not %d", recommender->name, most,
                           ground->items_max), -1;
    }
    if (recommender->suits && !recommender->suits(ground)) {
        if (!wish->model) { return 0; }
        return client_fail("%s needs what this run does not have: see `freshet evaluate --help`",
                           recommender->name), -1;
    }
    return 1;
}

int trial_preset(const struct trial_wish *wish, const struct recommender *recommender)
{
    for (size_t at = 0; at < recommender->presets_count; at++) {
        if (strcmp(recommender->presets[at].name, wish->preset) == 0) { return (int)at; }
    }
    client_fail("%s has no preset \"%s\": `freshet evaluate --models` lists them",
                recommender->name, wish->preset);
    return -1;
}

/* Says whether "model.knob=value" is for this model; then the knob's name is behind the dot. */
static const char *knob_of(const char *set, const struct recommender *recommender)
{
    size_t size = strlen(recommender->name);
    bool ours = strncmp(set, recommender->name, size) == 0 && set[size] == '.';
    return ours ? set + size + 1 : NULL;
}

void *trial_settings(const struct trial_wish *wish, const struct recommender *recommender,
                     size_t preset)
{
    void *settings =
        xmemdup(recommender->presets[preset].settings, recommender->settings_size);
    for (size_t at = 0; at < wish->sets_count; at++) {
        const char *knob = knob_of(wish->sets[at], recommender);
        if (!knob) { continue; }
        const char *equals = strchr(knob, '=');
        char *end = NULL;
        double value = equals ? strtod(equals + 1, &end) : 0.0;
        _cleanup_(xfreep) char *name = xstrdup(knob);
        name[equals ? equals - knob : 0] = '\0';
        int rc = !equals || end == equals + 1 || *end
                     ? -EINVAL
                     : recommender_set(recommender, settings, name, value);
        if (rc == 0) { continue; }
        client_fail("--set %s: %s", wish->sets[at],
                    rc == -ENOENT   ? "no such knob: `freshet evaluate --models` lists them"
                    : rc == -ERANGE ? "out of its range: see `freshet evaluate --models`"
                                    : "wanted MODEL.KNOB=NUMBER");
        free(settings);
        return NULL;
    }
    return settings;
}
