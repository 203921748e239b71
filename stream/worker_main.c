/* From main() to the end of the process: options, slot, metrics server, connection, run.
 *
 * Phases: prepare() does everything that can fail without Kafka; serve() connects and makes the
 * run; work() steps it until a signal, then makes a last commit. Each failure has an exit code
 * (base/exit_code.h), by which a supervisor decides whether to restart the worker.
 *
 * Threads: the worker's thread, the committer, librdkafka's own, and the metrics server's, which
 * reads `status` under its lock. Signals reach the main thread only (base/thread.h). Hazard:
 * librdkafka may wait without end while closing; an alarm then ends the process with its code.
 */
#include "base/base.h"
#include "base/atomic_file.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/descriptors.h"
#include "base/directory.h"
#include "base/memory_limit.h"
#include "base/quote.h"
#include "base/secret.h"
#include "base/version.h"
#include "base/xalloc.h"
#include "stream/config/memory_options.h"
#include "stream/config/option_names.h"
#include "stream/generation.h"
#include "stream/kafka/kafka.h"
#include "stream/kafka/kafka_properties.h"
#include "stream/kafka/kafka_timeouts.h"
#include "stream/reloader.h"
#include "stream/run.h"
#include "stream/state/store.h"
#include "stream/worker_main.h"

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    STEP_MS = 50,
    STATUS_MS = 250,
    PLAN_BYTES_MAX = 1024,
    NOTES_BYTES_MAX = 64 << 10,
    STATUS_BYTES_MAX = 8 << 20, /* 40,000 partitions */
    CLOSE_TIMEOUT_S = 20,
    ARGUMENT_SHOWN_MAX = 200,
    MALLOC_MAP_BYTES = 4 << 20, /* librdkafka's buffers a request are below it */
    MALLOC_TRIM_BYTES = 16 << 20,
    OTHERS_MASK = 0077, /* state holds what users did: it is for the worker's user alone */
};

/* The process around a run. */
struct process {
    const struct worker *worker;
    struct run_settings settings;
    void *worker_settings;
    struct options *options;
    struct reloader reloader;
    struct metrics *metrics;
    struct metrics_server *server;
    int slot_lock;
    char *slot_path;
    bool slot_written, slot_refused; /* its file; it could not be, which the log has said */
    char *name; /* the worker's, with its generation */
    char *group;
    char *member;
    pthread_mutex_t status_lock;
    struct buf status;
    int64_t status_ms;
};

static volatile sig_atomic_t stopping;
static volatile sig_atomic_t reloading; /* SIGHUP came */
static volatile sig_atomic_t closing_code; /* when closing takes too long */

static void on_signal(int number _unused_)
{
    stopping = 1;
}

static void on_reload(int number _unused_)
{
    reloading = 1;
}

static void on_close_timeout(int number _unused_)
{
    _exit(closing_code);
}

static int64_t wall_ms(void *arg _unused_)
{
    return clock_wall_ms();
}

static int64_t monotonic_ms(void *arg _unused_)
{
    return clock_monotonic_ms();
}

static int64_t work_us(void *arg _unused_)
{
    return clock_thread_us();
}

static void write_line(void *arg _unused_, enum log_level level, const char *msg, const char *pairs)
{
    log_line(level, msg, "%s", pairs);
}

static int refuse(int code, const char *what, const char *why)
{
    log_line(LOG_ERROR, what, "why=%s exit=%d", quote_text(why).text, code);
    return code;
}

/* ---- The slot: the number of this copy ---- */

static int lock_slot(struct process *process, int64_t slot)
{
    _cleanup_(xfreep) char *path = xprintf("%s/%s/slot-%" PRId64 ".lock",
                                           process->settings.state_dir, process->name, slot);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) { return -errno; }
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    process->slot_lock = fd;
    process->settings.slot = slot;
    process->slot_path = xprintf("%s/%s/slot-%" PRId64 ".json", process->settings.state_dir,
                                 process->name, slot);
    return 0;
}

/* A lock that another process holds, or a directory that cannot be written: which of the two. */
static int refuse_slot(const struct process *process, int error)
{
    const struct run_settings *settings = &process->settings;
    char number[24] = "all slots";
    if (settings->slot != SLOT_AUTO) {
        (void)snprintf(number, sizeof(number), "slot %" PRId64, settings->slot);
    }
    _cleanup_(xfreep) char *why =
        error == -EWOULDBLOCK
            ? xprintf("%s in state.dir=%s: another copy holds it; hint: slot=-1 takes a free one",
                      number, settings->state_dir)
            : xprintf("state.dir=%s: %s; hint: name a directory that this user may write",
                      settings->state_dir, strerror(-error));
    return refuse(error == -ENOSPC ? EXIT_DISK : EXIT_CONFIG, "cannot start", why);
}

static int take_slot(struct process *process)
{
    process->name = generation_name(process->worker->name, process->settings.generation);
    _cleanup_(xfreep) char *path = xprintf("%s/%s", process->settings.state_dir, process->name);
    int result = directory_make(path);
    if (result < 0) { return result; }
    if (process->settings.slot != SLOT_AUTO) { return lock_slot(process, process->settings.slot); }
    result = -EWOULDBLOCK;
    for (int64_t slot = 0; slot < SLOTS_MAX && result == -EWOULDBLOCK; slot++) {
        result = lock_slot(process, slot);
    }
    return result;
}

static void name_member(struct process *process)
{
    char host[256] = "";
    const char *instance = process->settings.instance;
    if (!instance[0] && gethostname(host, sizeof(host) - 1) == 0) { instance = host; }
    process->group = xprintf("%s%s", process->settings.group_prefix, process->name);
    process->member =
        xprintf("%s-%s-%" PRId64, process->group, instance, process->settings.slot);
}

static int metrics_port(const struct process *process)
{
    return process->server ? metrics_server_port(process->server) : METRICS_PORT_NONE;
}

/* Writes a file with the metrics address, for tools on this machine. While it cannot be written, as
 * on a full disk, there is none: that of a former process has a port that is another's by now. */
static void publish_slot(struct process *process)
{
    _cleanup_(xfreep) char *text =
        xprintf("{\"worker\":\"%s\",\"slot\":%" PRId64 ",\"pid\":%d,\"metrics_port\":%d}\n",
                process->worker->name, process->settings.slot, (int)getpid(),
                metrics_port(process));
    int result = atomic_file_write(process->slot_path, slice_str(text));
    process->slot_written = result == 0;
    if (result == 0) { return; }
    (void)unlink(process->slot_path);
    if (process->slot_refused) { return; }
    process->slot_refused = true;
    log_line(LOG_WARN, "the file of the slot cannot be written, trying again", "file=%s why=%s",
             quote_text(process->slot_path).text, quote_text(strerror(-result)).text);
}

/* ---- Status ---- */

static void tell_status(void *arg, struct buf *out)
{
    struct process *process = arg;
    pthread_mutex_lock(&process->status_lock);
    struct slice status = buf_slice(&process->status);
    buf_append(out, status.data, status.size);
    pthread_mutex_unlock(&process->status_lock);
}

static void keep_status(struct process *process, struct run *run)
{
    int64_t now_ms = monotonic_ms(NULL);
    if (now_ms - process->status_ms < STATUS_MS) { return; }
    process->status_ms = now_ms;
    if (!process->slot_written) { publish_slot(process); }
    pthread_mutex_lock(&process->status_lock);
    buf_clear(&process->status);
    run_status(run, &process->status);
    pthread_mutex_unlock(&process->status_lock);
    if (process->server) { metrics_server_health(process->server, run_healthy(run)); }
}

/* ---- Phases ---- */

static int work(struct process *process, struct run *run)
{
    while (!stopping && run_step(run, STEP_MS)) {
        keep_status(process, run);
        if (!reloading) { continue; }
        reloading = 0;
        reloader_read(&process->reloader, run);
    }
    int code = EXIT_STOPPED;
    if (stopping && !run_finish(run)) {
        log_line(LOG_WARN, "stopped without a last commit", "%s", "");
    }
    if (run_exit_code(run)) { code = refuse(run_exit_code(run), "cannot go on", run_why(run)); }
    if (run_committing(run)) {
        log_line(LOG_WARN, "a commit is still on its way; the next start finds out", "exit=%d",
                 code ? code : EXIT_BROKEN);
        _exit(code ? code : EXIT_BROKEN);
    }
    /* librdkafka may wait for ever for a lost broker; nothing is undecided any more. */
    closing_code = code ? code : EXIT_BROKEN;
    signal(SIGALRM, on_close_timeout);
    alarm(CLOSE_TIMEOUT_S);
    run_free(run);
    alarm(0);
    log_line(LOG_INFO, "stopped", "exit=%d", code);
    return code;
}

static void say_waiting(void *arg _unused_, const char *why)
{
    log_line(LOG_WARN, "waiting for a broker", "why=%s", quote_text(why).text);
}

/* Brokers that do not answer come back: the exit code must not mean a wrong setting. */
static int code_of(int connecting)
{
    if (connecting == WIRE_RETRY) { return EXIT_BROKEN; }
    return connecting == WIRE_ABORTED ? EXIT_FENCED : EXIT_CONFIG;
}

static int serve(struct process *process)
{
    const struct run_settings *settings = &process->settings;
    bool transactional = run_needs_transactions(process->worker, settings);
    const struct kafka_identity identity = {
        .bootstrap = settings->bootstrap_servers,
        .group = process->group,
        .instance = settings->static_member && !process->worker->leaves ? process->member : NULL,
        .transactional = transactional ? process->member : NULL,
        .transaction_ms = worker_delivery_ms(process->worker),
        .properties = &settings->kafka,
        .fetch_bytes_max = settings->fetch_bytes_max,
        .waiting = say_waiting,
    };
    struct run_parts parts = {
        .worker = process->worker,
        .settings = settings,
        .worker_settings = process->worker_settings,
        .metrics = process->metrics,
        .clock = {.now_ms = monotonic_ms, .wall_ms = wall_ms, .work_us = work_us},
        .log = {.line = write_line},
        .threaded = true,
    };
    _cleanup_(xfreep) char *why = NULL;
    int code = EXIT_CONFIG;
    int result = kafka_open(&identity, (int)settings->connect_timeout_ms, &parts.wire, &why);
    if (result < 0) { return refuse(code_of(result), "cannot connect", why); }
    struct run *run = run_new(&parts, &code, &why);
    if (!run) { return refuse(code, "cannot start", why); }
    log_line(LOG_INFO, "started", "slot=%" PRId64 " group=%s metrics_port=%d", settings->slot,
             process->group, metrics_port(process));
    return work(process, run);
}

static void warn_of_former_names(const struct options *options)
{
    const struct option *option;
    struct buf hint;
    buf_init(&hint, 1024);
    for (size_t i = 0; (option = options_former(options, i)) != NULL; i++) {
        buf_clear(&hint);
        option_former_hint(option, &hint);
        log_line(LOG_WARN, "option has a new name", "option=%s hint=\"%.*s\"", option->former,
                 SLICE_ARGS(buf_slice(&hint)));
    }
    buf_release(&hint);
}

static void tell_build(struct metrics *metrics)
{
    struct buf labels;
    buf_init(&labels, 1024);
    metrics_label(&labels, "version", slice_str(version_number()));
    metrics_label(&labels, "commit", slice_str(version_commit()));
    metric_set(metrics_gauge(metrics, "freshet_build_info", labels.data,
                             "1; the labels say which build this is."), 1);
    buf_release(&labels);
}

/* Tells what can be known of the settings before anything is connected. */
static int check_settings(struct process *process)
{
    const struct worker *worker = process->worker;
    struct buf notes;
    buf_init(&notes, NOTES_BYTES_MAX);
    _cleanup_(xfreep) char *fault = reloader_fault(worker, &process->settings);
    if (!fault && worker->check) { fault = worker->check(process->worker_settings, &notes); }
    if (!fault && worker->check_start) {
        fault = worker->check_start(process->worker_settings, &process->settings);
    }
    run_settings_notes(&process->settings, worker, process->worker_settings, &notes);
    reloader_say_notes(buf_slice(&notes));
    buf_release(&notes);
    return fault ? refuse(EXIT_CONFIG, "cannot start", fault) : 0;
}

static int prepare(struct process *process)
{
    if (check_settings(process)) { return EXIT_CONFIG; }
    int result = take_slot(process);
    if (result < 0) { return refuse_slot(process, result); }
    name_member(process);
    process->metrics = metrics_new(process->worker->name);
    tell_build(process->metrics);
    if (process->settings.metrics_port == METRICS_PORT_NONE) { return 0; }
    result = metrics_server_start(process->metrics, process->settings.metrics_address,
                                  (int)process->settings.metrics_port, tell_status, process,
                                  &process->server);
    if (result < 0) {
        _cleanup_(xfreep) char *why = xprintf(
            "metrics port %s:%" PRId64 ": %s; hint: metrics.port=0 takes a free one",
            process->settings.metrics_address, process->settings.metrics_port, strerror(-result));
        return refuse(EXIT_CONFIG, "cannot start", why);
    }
    return 0;
}

static void clean_up(struct process *process)
{
    metrics_server_free(process->server);
    metrics_free(process->metrics);
    if (process->slot_path) { (void)unlink(process->slot_path); }
    if (process->slot_lock >= 0) { close(process->slot_lock); }
    free(process->slot_path);
    free(process->name);
    free(process->group);
    free(process->member);
    free(process->worker_settings);
    buf_release(&process->status);
    pthread_mutex_destroy(&process->status_lock);
    reloader_release(&process->reloader);
    options_free(process->options);
}

static void handle_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    action.sa_handler = on_reload;
    sigaction(SIGHUP, &action, NULL);
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, NULL);
}

/* Cuts the sizes that are not given from the budget, and tells the plan in the first line. */
static int plan_memory(const struct option_group *groups, size_t count)
{
    struct memory_plan plan;
    struct buf text;
    _cleanup_(xfreep) char *why = NULL;
    int result = memory_options_settle(groups, count, memory_limit(""), &plan, &why);
    if (result < 0) { return refuse(EXIT_CONFIG, "cannot start", why); }
    buf_init(&text, PLAN_BYTES_MAX);
    memory_plan_print(&plan, &text);
    log_line(LOG_INFO, "starting", "version=%s commit=%s %.*s", version_number(), version_commit(),
             SLICE_ARGS(buf_slice(&text)));
    if (memory_plan_peak(&plan) > plan.at[MEMORY_BUDGET]) {
        log_line(LOG_WARN, "the sizes that are set need more memory than memory.max",
                 "hint=\"leave them out, or set memory.max\"");
    }
    buf_release(&text);
    return 0;
}

static const char exit_codes[] =
    "exit codes:\n"
    "  0   stopped by SIGTERM or SIGINT after a last commit (SIGHUP reloads the configuration)\n"
    "  64  wrong command line\n"
    "  70  cannot continue; start it again\n"
    "  74  the disk of state.dir is full; free some space, then start it again\n"
    "  75  fenced, a commit's outcome is unknown, or the coordinator of transactions did not\n"
    "      answer at the start; start it again\n"
    "  78  needs operator action first: configuration, topics, rights, lost records";

int worker_main(const struct worker *worker, int argc, char **argv)
{
    struct process process = {.worker = worker, .slot_lock = -1};
#ifdef FRESHET_CRASH
    crash_from_environment();
#endif
    /* Large blocks go back to the system when freed, and threads share few heaps. What each request
     * takes and returns stays: fresh pages for it were a third of a worker's system time. */
    descriptors_raise();
    (void)umask(OTHERS_MASK);
    (void)mallopt(M_ARENA_MAX, 2);
    (void)mallopt(M_MMAP_THRESHOLD, MALLOC_MAP_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, MALLOC_TRIM_BYTES);
    pthread_mutex_init(&process.status_lock, NULL);
    buf_init(&process.status, STATUS_BYTES_MAX);
    process.worker_settings = xcalloc(1, MAX_OF(worker->settings_size, (size_t)1));
    reloader_init(&process.reloader, worker, &process.settings, process.worker_settings, argc,
                  argv);
    log_setup(worker->name, LOG_INFO);
    const struct option_group groups[] = {
        {worker->name, worker->options, worker->options_count, process.worker_settings},
        {"runtime", run_options, run_options_count, &process.settings},
        {"schema registry", registry_options, registry_options_count,
         &process.settings.registry},
    };
    _cleanup_(xfreep) char *program = xprintf("freshet-%s", worker->name);
    _cleanup_(xfreep) char *about = xprintf("%s\n\n%s", worker->about, exit_codes);
    char **rest = NULL;
    int code = EXIT_STOPPED;
    enum options_result loaded = options_load(program, about, groups, ARRAY_COUNT(groups),
                                              argc, argv, stderr, &process.options, &rest);
    if (loaded == OPTIONS_OK && rest && rest[0]) {
        char shown[ARGUMENT_SHOWN_MAX];
        _cleanup_(xfreep) char *why =
            xprintf("%s; hint: a file is given by --config FILE, an option by --set KEY=VALUE",
                    secret_argument(rest[0], NULL, shown, sizeof(shown)));
        code = refuse(EXIT_USAGE, "unexpected argument", why);
    } else if (loaded == OPTIONS_OK) {
        reloader_use_log(&process.reloader);
        handle_signals();
        code = plan_memory(groups, ARRAY_COUNT(groups));
        warn_of_former_names(process.options);
        if (!code) { code = prepare(&process); }
        if (!code) { publish_slot(&process); }
        if (!code) { code = serve(&process); }
    } else if (loaded != OPTIONS_SHOWN) {
        code = loaded == OPTIONS_USAGE ? EXIT_USAGE : EXIT_CONFIG;
    }
    clean_up(&process);
    if (store_left_open()) {
        (void)fflush(NULL);
        _exit(code);
    }
    return code;
}
