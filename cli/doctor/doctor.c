/* doctor: one archive with what somebody needs who is asked for help. Each file of it is made by a
 * step of its own, and a step that fails leaves its reason in its file: an installation that is
 * broken is the one that is looked at. Everything passes the masks of masked_text.h; nothing of the
 * topics' records is in it.
 */
#include "base/base.h"
#include "base/atomic_file.h"
#include "base/clock.h"
#include "base/directory.h"
#include "base/quote.h"
#include "base/text_file.h"
#include "base/version.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/doctor/masked_text.h"
#include "cli/installation.h"
#include "cli/screen.h"

#include <fcntl.h>
#include <glob.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_BYTES_MAX = 64 << 20, LOG_BYTES = 4 << 20, LINES_MAX = 1000000 };

#define NAME "freshet-doctor"

extern char **environ;

struct doctor {
    const char *output, *logs, *configurations; /* flags */
    int64_t lines;
    char *directory; /* where the files are gathered */
    struct client *client;
};

#define OPTION_SETTINGS struct doctor

static const struct flag flags[] = {
    FLAG('o', "FILE",
         OPTION("output", STRING, output, "", OPTION_FREE,
                "The archive; default: " NAME "-TIME.tar.gz in this directory")),
    FLAG('l', "DIR",
         OPTION("logs", STRING, logs, "", OPTION_FREE,
                "Directory with logs of workers (*.log); default: the journal of systemd")),
    FLAG(0, "DIR",
         OPTION("configurations", STRING, configurations, "/etc/freshet", OPTION_FREE,
                "Directory with the properties files of the workers")),
    FLAG('n', "N",
         OPTION("lines", LONG, lines, "5000", OPTION_RANGE(1, LINES_MAX),
                "Lines of the journal")),
};

/* ---- Files of the archive ---- */

static int write_file(const struct doctor *doctor, const char *name, const struct buf *text)
{
    _cleanup_(xfreep) char *path = xprintf("%s/" NAME "/%s", doctor->directory, name);
    int result = atomic_file_write(path, buf_slice(text));
    if (result == 0) { screen_line(stdout, "%s: %zu bytes", name, text->size); }
    return result < 0 ? client_fail("%s: %s", path, strerror(-result)) : 0;
}

typedef void masking(struct slice text, struct buf *out);

/* Puts what was read of a file in, masked. */
static int add_read(const struct doctor *doctor, const char *path, const char *name,
                    masking *mask, int result, struct buf *text)
{
    struct buf masked;
    buf_init(&masked, 2 * TEXT_BYTES_MAX);
    if (result == 0) { mask(buf_slice(text), &masked); }
    if (result < 0) {
        buf_clear(&masked);
        buf_printf(&masked, "%s: %s\n", path, strerror(-result));
    }
    result = write_file(doctor, name, &masked);
    buf_release(&masked);
    return result;
}

/* Puts a file in that was named, or is one of the configurations, which may be links. */
static int add_named(const struct doctor *doctor, const char *path, const char *name,
                     masking *mask)
{
    struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    int result = text_file_read(path, &text);
    result = add_read(doctor, path, name, mask, result, &text);
    buf_release(&text);
    return result;
}

/* Puts a log in; of a large one the end. No link is followed: root may run this
 * command, and a worker's user may write to the directory of its log. */
static int add_masked(const struct doctor *doctor, const char *path, const char *name,
                      masking *mask)
{
    struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    int result = text_file_read_end(path, LOG_BYTES, &text);
    result = add_read(doctor, path, name, mask, result, &text);
    buf_release(&text);
    return result;
}

typedef int adding(const struct doctor *doctor, const char *path, const char *name, masking *mask);

static int add_matching(const struct doctor *doctor, const char *directory, const char *pattern,
                        const char *prefix, adding *add, masking *mask)
{
    glob_t found;
    int result = 0;
    _cleanup_(xfreep) char *all = xprintf("%s/%s", directory, pattern);
    if (glob(all, 0, NULL, &found) != 0) { return 0; }
    for (size_t i = 0; i < found.gl_pathc && !result; i++) {
        const char *path = found.gl_pathv[i];
        _cleanup_(xfreep) char *name = xprintf("%s%s", prefix, strrchr(path, '/') + 1);
        result = add(doctor, path, name, mask);
    }
    globfree(&found);
    return result;
}

/* ---- Other programs ---- */

/* Runs a program, its output into a file; returns its exit code, or -1. */
static int run_program(const char *const *words, const char *path)
{
    pid_t pid;
    int status = -1;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, path, O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    int error =
        posix_spawnp(&pid, words[0], &actions, NULL, (char *const *)(uintptr_t)words, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error) { return -1; }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int add_program(const struct doctor *doctor, const char *name, const char *const *words)
{
    _cleanup_(xfreep) char *path = xprintf("%s/output", doctor->directory);
    if (run_program(words, path) < 0) { return 0; /* this machine does not have it */ }
    return add_masked(doctor, path, name, masked_log);
}

/* ---- What is gathered ---- */

static int add_versions(const struct doctor *doctor)
{
    const char *const words[] = {"sh", "-c",
                           "uname -a; cat /etc/os-release; nproc; free -m; df -h; ulimit -a; "
                           "for p in freshet-ingest freshet-features freshet-trainer "
                           "freshet-sequence freshet-scorer freshet-serve freshet-embed; do "
                           "command -v $p >/dev/null && $p --version; done; "
                           "dpkg-query -W 'freshet*' 'librdkafka*' 'librocksdb*' 2>/dev/null",
                           NULL};
    struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    buf_printf(&text, "freshet %s\n", version_number());
    int result = write_file(doctor, "version.txt", &text);
    buf_release(&text);
    return result ? result : add_program(doctor, "system.txt", words);
}

static int add_configuration(const struct doctor *doctor)
{
    int result = add_matching(doctor, doctor->configurations, "*.properties", "configuration-",
                              add_named, masked_properties);
    for (int i = 0; i + 1 < doctor->client->words_count && !result; i++) {
        if (strcmp(doctor->client->words[i], "--config") != 0) { continue; }
        _cleanup_(xfreep) char *name = xprintf("configuration-given-%d.properties", i);
        result = add_named(doctor, doctor->client->words[i + 1], name, masked_properties);
    }
    return result;
}

static int add_environment(const struct doctor *doctor)
{
    struct buf text, masked;
    buf_init(&text, TEXT_BYTES_MAX);
    buf_init(&masked, 2 * TEXT_BYTES_MAX);
    for (char **at = environ; *at; at++) {
        if (strncmp(*at, "FRESHET_", 8) == 0) { buf_printf(&text, "%s\n", *at); }
    }
    masked_properties(buf_slice(&text), &masked);
    int result = write_file(doctor, "environment.txt", &masked);
    buf_release(&text);
    buf_release(&masked);
    return result;
}

static int add_logs(const struct doctor *doctor)
{
    if (doctor->logs[0]) {
        return add_matching(doctor, doctor->logs, "*.log", "log-", add_masked, masked_log);
    }
    _cleanup_(xfreep) char *lines = xprintf("--lines=%" PRId64, doctor->lines);
    const char *const words[] = {"journalctl", "--no-pager", "--unit=freshet-*", lines, NULL};
    return add_program(doctor, "journal.txt", words);
}

/* As status --json prints it. Without a broker, or with a configuration that is wrong, the file
 * says so. */
static int add_status(const struct doctor *doctor)
{
    struct installation *installation = NULL;
    struct buf text;
    buf_init(&text, TEXT_BYTES_MAX);
    if (client_load(doctor->client) < 0) {
        buf_printf(&text, "{\"why\": \"the configuration is wrong: freshet check says how\"}\n");
    } else if (installation_open(doctor->client, &installation) == 0) {
        json_t *look = installation_look(installation);
        char *json = json_dumps(look, JSON_INDENT(1));
        buf_printf(&text, "%s\n", json ? json : "");
        free(json);
        json_decref(look);
    } else {
        buf_printf(&text, "{\"why\": \"no broker answers at %s\"}\n",
                   quote_line(slice_str(client_bootstrap(doctor->client))).text);
    }
    installation_close(installation);
    int result = write_file(doctor, "status.json", &text);
    buf_release(&text);
    return result;
}

static int gather(const struct doctor *doctor)
{
    static int (*const steps[])(const struct doctor *doctor) = {
        add_versions, add_configuration, add_environment, add_logs, add_status,
    };
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
        int result = steps[i](doctor);
        if (result) { return result; }
    }
    return 0;
}

/* ---- The archive ---- */

static char *output_path(const struct doctor *doctor)
{
    char now[32];
    time_t seconds = (time_t)(clock_wall_ms() / 1000);
    struct tm parts;
    if (doctor->output[0]) { return xstrdup(doctor->output); }
    gmtime_r(&seconds, &parts);
    (void)strftime(now, sizeof(now), "%Y%m%dT%H%M%SZ", &parts);
    return xprintf(NAME "-%s.tar.gz", now);
}

static int pack(const struct doctor *doctor)
{
    _cleanup_(xfreep) char *path = output_path(doctor);
    _cleanup_(xfreep) char *said = xprintf("%s/tar", doctor->directory);
    const char *const words[] = {"tar", "-C", doctor->directory, "-czf", path, NAME, NULL};
    int code = run_program(words, said);
    if (code != 0) { return client_fail("tar could not write %s", path); }
    screen_line(stdout, "%s: look through it, then hand it on; passwords are masked", path);
    return 0;
}

static int run(struct invocation *invocation)
{
    struct doctor *doctor = invocation->settings;
    const char *temporary = getenv("TMPDIR");
    doctor->client = &invocation->client;
    doctor->directory = xprintf("%s/" NAME "-XXXXXX", temporary ? temporary : "/tmp");
    (void)umask(0077);
    int result = 0;
    if (!mkdtemp(doctor->directory)) {
        result = client_fail("%s: %s", doctor->directory, strerror(errno));
    } else {
        _cleanup_(xfreep) char *inner = xprintf("%s/" NAME, doctor->directory);
        (void)directory_make(inner);
        result = gather(doctor);
        if (!result) { result = pack(doctor); }
        (void)directory_delete(doctor->directory);
    }
    free(doctor->directory);
    return result;
}

const struct command doctor_command = {
    .name = "doctor",
    .group = GROUP_OPERATION,
    .summary = "gather what a helper needs to know into one archive",
    .about = "Gathers versions, the system, the workers' configurations and environment, their "
             "logs and the status into a tar.gz. Passwords, tokens and keys are masked by the "
             "names of their settings, and no record of a topic is in it. Works without a broker "
             "and with a configuration that is wrong, too. Give --config as for status; as root, "
             "where the files belong to root.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .needs = NEEDS_WORDS,
    .settings_size = sizeof(struct doctor),
    .run = run,
};
