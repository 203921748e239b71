#include "base/base.h"
#include "base/xalloc.h"
#include "stream/generation.h"
#include "stream/run_internal.h"

char *run_topic_name(const struct run_settings *settings, const char *name, bool shared)
{
    const char *named = properties_get(&settings->topics, name);
    _cleanup_(xfreep) char *plain =
        named ? xstrdup(named) : xprintf("%s%s", settings->topic_prefix, name);
    return generation_name(plain, shared ? "" : settings->generation);
}

int run_count_partitions(struct run *run)
{
    for (size_t i = 0; i < run->worker->outputs_count; i++) {
        if (run->worker->uses_output && !run->worker->uses_output(run, (int)i)) { continue; }
        int result = wire_partitions(run->wire, run->output_topics[i], &run->output_partitions[i]);
        if (result < 0) { return result; }
    }
    int32_t inputs = 0, dead;
    int result = 0;
    for (size_t i = 0; i < run->sources_count && result == 0; i++) {
        result = wire_partitions(run->wire, run->sources[i], &inputs);
    }
    if (result == 0) { result = wire_partitions(run->wire, run->dead_letters_topic, &dead); }
    if (result < 0) { return result; }
    int32_t changelog =
        run_has_changelog(run) ? run->output_partitions[run->worker->changelog] : inputs;
    if (changelog != inputs) {
        run_break(run, EXIT_CONFIG,
                  "topic %s has %d partitions but %s, its state's changelog, has %d; hint: they "
                  "must be equal; make both anew",
                  run->sources[0], inputs,
                  run->output_topics[run->worker->changelog], changelog);
        return WIRE_FATAL;
    }
    return 0;
}

void run_name_topics(struct run *run)
{
    const struct worker *worker = run->worker;
    run->input = -1;
    run->input_topics = xcalloc(worker->inputs_count, sizeof(char *));
    for (size_t i = 0; i < worker->inputs_count; i++) {
        run->input_topics[i] = run_topic_name(&run->settings, worker->inputs[i].name,
                                               worker->inputs[i].shared);
        if (worker->inputs[i].kind != INPUT_PARTITIONED) { continue; }
        assert(run->input == -1 && "a worker has exactly one partitioned input");
        run->input = (int)i;
    }
    assert(run->input >= 0);
    run->output_topics = xcalloc(worker->outputs_count, sizeof(char *));
    for (size_t i = 0; i < worker->outputs_count; i++) {
        run->output_topics[i] = run_topic_name(&run->settings, worker->outputs[i].name,
                                                worker->outputs[i].shared);
    }
    run->output_partitions = xcalloc(worker->outputs_count, sizeof(int32_t));
    run->dead_letters_topic = run_topic_name(&run->settings, "dead-letters", false);
}

const char *run_read_from(struct run *run, const char *name)
{
    run->sources = xreallocarray(run->sources, run->sources_count + 1, sizeof(*run->sources));
    run->sources[run->sources_count] =
        run_topic_name(&run->settings, name, run->worker->inputs[run->input].shared);
    return run->sources[run->sources_count++];
}

const char *run_find_source(const struct run *run, const char *topic)
{
    for (size_t i = 0; i < run->sources_count; i++) {
        if (strcmp(run->sources[i], topic) == 0) { return run->sources[i]; }
    }
    return NULL;
}

/* What is read twice, or at once written, would go round. */
static int check_sources(struct run *run)
{
    for (size_t i = 0; i < run->sources_count; i++) {
        const char *topic = run->sources[i];
        bool twice = run_find_source(run, topic) != topic;
        for (size_t k = 0; k < run->worker->outputs_count && run->worker->name_inputs; k++) {
            twice |= strcmp(run->output_topics[k], topic) == 0;
        }
        if (!twice) { continue; }
        run_refuse(run, "topic %s is named twice, as two sources or as source and output", topic);
        return -EINVAL;
    }
    if (run->sources_count == 1 || !run->settings.input_end[0]) { return 0; }
    run_refuse(run, "input.end: only with one source topic");
    return -EINVAL;
}

int run_name_sources(struct run *run)
{
    int result = 0;
    if (run->worker->name_inputs) {
        result = run->worker->name_inputs(run);
    } else {
        (void)run_read_from(run, run->worker->inputs[run->input].name);
    }
    if (result == 0) { result = check_sources(run); }
    if (result == 0) {
        assert(run->sources_count == 1 || (run->sources_count && !run_has_changelog(run)));
        return 0;
    }
    if (!run->refusal[0]) { run_refuse(run, "%s", strerror(-result)); }
    run->broken = true;
    run->exit_code = EXIT_CONFIG;
    return result;
}

int run_changelog(struct run *run, int32_t partition)
{
    assert(run_has_changelog(run));
    const struct worker *worker = run->worker;
    return worker->choose_changelog ? worker->choose_changelog(run, partition) : worker->changelog;
}

char *run_store_path(const struct run *run, int32_t partition, int changelog)
{
    if (changelog == run->worker->changelog) {
        return xprintf("%s/%d", run->state_path, partition);
    }
    return xprintf("%s/%d-%s", run->state_path, partition, run->worker->outputs[changelog].name);
}
