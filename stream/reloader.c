/* Whatever a configuration that is read again changes is told twice: each option with its values in
 * a line of its own, and all names in one line at the end, which tools wait for.
 */
#include "base/base.h"
#include "base/memory_limit.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "stream/config/memory_options.h"
#include "stream/kafka/kafka_properties.h"
#include "stream/kafka/kafka_timeouts.h"
#include "stream/reload.h"
#include "stream/reloader.h"

enum {
    NOTES_BYTES_MAX = 64 << 10,
    NAMES_BYTES_MAX = 64 << 10,
    LINES_BYTES_MAX = 1 << 20,
    RELOADS_MAX = 1000, /* each keeps its texts until the end */
};

/* What a reading changes. */
struct changes {
    struct buf taken, kept;             /* names */
    struct buf taken_lines, kept_lines; /* with their values */
};

void reloader_init(struct reloader *reloader, const struct worker *worker,
                   struct run_settings *settings, void *worker_settings, int argc, char **argv)
{
    *reloader = (struct reloader){.worker = worker,
                                  .settings = settings,
                                  .worker_settings = worker_settings,
                                  .argc = argc,
                                  .argv = argv,
                                  .read = xcalloc(RELOADS_MAX, sizeof(struct options *))};
}

void reloader_release(struct reloader *reloader)
{
    for (size_t i = 0; i < reloader->read_count; i++) { options_free(reloader->read[i]); }
    free(reloader->read);
}

static void say_lines(enum log_level level, const char *msg, struct slice lines)
{
    while (lines.size) {
        const char *end = memchr(lines.data, '\n', lines.size);
        assert(end);
        log_line(level, msg, "%.*s", (int)(end - lines.data), lines.data);
        lines = slice_of(end + 1, lines.size - (size_t)(end - lines.data) - 1);
    }
}

void reloader_say_notes(struct slice notes)
{
    while (notes.size) {
        const char *end = memchr(notes.data, '\n', notes.size);
        assert(end);
        _cleanup_(xfreep) char *note = xprintf("%.*s", (int)(end - notes.data), notes.data);
        log_line(LOG_WARN, "check this setting", "why=%s", quote_text(note).text);
        notes = slice_of(end + 1, notes.size - (size_t)(end - notes.data) - 1);
    }
}

void reloader_use_log(const struct reloader *reloader)
{
    log_setup(reloader->worker->name, (enum log_level)reloader->settings->log_level);
    log_set_format((enum log_format)reloader->settings->log_format);
}

char *reloader_fault(const struct worker *worker, const struct run_settings *settings)
{
    char *fault = run_settings_fault(settings);
    if (!fault) { fault = kafka_properties_fault(&settings->kafka); }
    if (!fault && run_needs_transactions(worker, settings)) {
        fault = kafka_commit_timeout_fault(&settings->kafka, worker_delivery_ms(worker),
                                           settings->commit_timeout_ms);
    }
    return fault;
}

/* Says whether the worker has rules: they change by their topic, which nobody has to reload. */
static bool has_rules(const struct worker *worker)
{
    for (size_t i = 0; i < worker->inputs_count; i++) {
        if (worker->inputs[i].name && strcmp(worker->inputs[i].name, "rules") == 0) { return true; }
    }
    return false;
}

static void say_reloaded(const struct reloader *reloader, const struct changes *changes)
{
    static const char hint[] =
        " hint=\"rules are taken from their topic, without a signal: freshet rules apply FILE\"";
    bool none = !changes->taken.size && !changes->kept.size;
    say_lines(LOG_INFO, "an option has changed", buf_slice(&changes->taken_lines));
    say_lines(LOG_WARN, "an option has changed that needs a restart",
              buf_slice(&changes->kept_lines));
    if (changes->kept.size) {
        log_line(LOG_WARN, "options that need a restart have changed", "options=%.*s",
                 SLICE_ARGS(buf_slice(&changes->kept)));
    }
    log_line(LOG_INFO, "configuration reloaded", "options=%.*s%s",
             SLICE_ARGS(changes->taken.size ? buf_slice(&changes->taken) : slice_str("none")),
             none && has_rules(reloader->worker) ? hint : "");
}

/* Takes what may change of a table, and notes it. */
static void take(const struct option *options, size_t count, void *used, const void *before,
                 const void *fresh, bool (*reloads)(const char *), struct changes *changes)
{
    reload_options(options, count, used, fresh, reloads, &changes->taken, &changes->kept);
    reload_changes(options, count, before, used, &changes->taken_lines);
    reload_changes(options, count, used, fresh, &changes->kept_lines);
}

/* Takes what may change of the worker's own settings; returns what is wrong: then none is taken. */
static char *take_worker(struct reloader *reloader, struct run *run, const void *fresh,
                         struct changes *changes)
{
    const struct worker *worker = reloader->worker;
    size_t size = MAX_OF(worker->settings_size, (size_t)1);
    _cleanup_(xfreep) void *before = xmalloc(size);
    struct buf notes;
    memcpy(before, reloader->worker_settings, size);
    take(worker->options, worker->options_count, reloader->worker_settings, before, fresh,
         worker->reloads, changes);
    if (!changes->taken.size) { return NULL; }
    buf_init(&notes, NOTES_BYTES_MAX);
    char *fault = worker->check ? worker->check(reloader->worker_settings, &notes) : NULL;
    if (!fault) { reloader_say_notes(buf_slice(&notes)); }
    buf_release(&notes);
    if (!fault) { fault = run_reload(run); }
    if (fault) { memcpy(reloader->worker_settings, before, size); }
    return fault;
}

static void take_runtime(struct reloader *reloader, struct run *run,
                         const struct run_settings *fresh, struct changes *changes)
{
    const struct run_settings before = *reloader->settings;
    struct run_settings settings = *fresh;
    settings.slot = before.slot; /* the one that was taken */
    take(run_options, run_options_count, reloader->settings, &before, &settings, NULL, changes);
    take(registry_options, registry_options_count, &reloader->settings->registry,
         &before.registry, &settings.registry, NULL, changes);
    run_take_settings(run, reloader->settings);
}

/* The sizes that are auto are cut as at the start, so that they do not look changed. */
static char *load_again(const struct reloader *reloader, struct run_settings *settings,
                        void *worker_settings, struct options **ret_options)
{
    const struct worker *worker = reloader->worker;
    const struct option_group groups[] = {
        {worker->name, worker->options, worker->options_count, worker_settings},
        {"runtime", run_options, run_options_count, settings},
        {"schema registry", registry_options, registry_options_count, &settings->registry},
    };
    struct memory_plan plan;
    char **rest = NULL, *why = NULL, *faults = NULL;
    size_t size;
    FILE *err = open_memstream(&faults, &size);
    assert(err);
    int result = options_load(worker->name, "", groups, ARRAY_COUNT(groups), reloader->argc,
                              reloader->argv, err, ret_options, &rest);
    (void)fclose(err);
    log_faults(faults);
    free(faults);
    if (result != OPTIONS_OK) {
        return xstrdup("the configuration has faults, which the lines before name");
    }
    (void)memory_options_settle(groups, ARRAY_COUNT(groups), memory_limit(""), &plan, &why);
    return why ? why : reloader_fault(worker, settings);
}

void reloader_read(struct reloader *reloader, struct run *run)
{
    struct run_settings settings = {0};
    size_t size = MAX_OF(reloader->worker->settings_size, (size_t)1);
    _cleanup_(xfreep) void *fresh = xcalloc(1, size);
    struct options *options = NULL;
    struct changes changes;
    buf_init(&changes.taken, NAMES_BYTES_MAX);
    buf_init(&changes.kept, NAMES_BYTES_MAX);
    buf_init(&changes.taken_lines, LINES_BYTES_MAX);
    buf_init(&changes.kept_lines, LINES_BYTES_MAX);
    _cleanup_(xfreep) char *fault =
        reloader->read_count == RELOADS_MAX
            ? xprintf("it was reloaded %d times; hint: restart", RELOADS_MAX)
            : load_again(reloader, &settings, fresh, &options);
    if (!fault) { fault = take_worker(reloader, run, fresh, &changes); }
    if (fault) {
        log_line(LOG_ERROR, "configuration not reloaded", "why=%s", quote_text(fault).text);
        options_free(options);
    } else {
        take_runtime(reloader, run, &settings, &changes);
        reloader_use_log(reloader);
        reloader->read[reloader->read_count++] = options;
        say_reloaded(reloader, &changes);
    }
    buf_release(&changes.taken);
    buf_release(&changes.kept);
    buf_release(&changes.taken_lines);
    buf_release(&changes.kept_lines);
}
