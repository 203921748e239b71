/* Workers as child processes of a command.
 *
 * A child never outlives the command: the kernel sends it SIGTERM when its parent dies. The parent
 * may die between fork() and that request, so the child then compares its parent's id. A child has
 * a process group of its own: Ctrl-C in a terminal reaches only the command, which ends its
 * children with SIGTERM, waits for each, and kills those that take longer than STOP_MS in all.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "cli/client.h"
#include "cli/generations/child_processes.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STOP_MS = 30000, NAP_MS = 20, LOG_END_BYTES = 2000, PATH_BYTES_MAX = 4096 };

int child_processes_init(struct child_processes *children)
{
    char path[PATH_BYTES_MAX];
    *children = (struct child_processes){0};
    ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 1);
    if (size <= 0) { return client_fail("cannot find the programs: %s", strerror(errno)); }
    path[size] = '\0';
    char *slash = strrchr(path, '/');
    assert(slash);
    *slash = '\0';
    children->programs = xstrdup(path);
    return 0;
}

/* In the child: does not return. The child ends when its parent does. */
static void become(const char *program, const char *const *words, int log, pid_t parent)
{
    const char *argv[CHILD_PROCESSES_WORDS_MAX + 2] = {program};
    for (size_t i = 0; words[i]; i++) { argv[i + 1] = words[i]; }
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) { _exit(1); }
    int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    (void)dup2(nothing, STDIN_FILENO);
    (void)dup2(log, STDOUT_FILENO);
    (void)dup2(log, STDERR_FILENO);
    (void)setpgid(0, 0); /* Ctrl-C reaches only the command, which ends its children */
    execv(program, (char *const *)(uintptr_t)argv);
    dprintf(STDERR_FILENO, "cannot run %s: %s\n", program, strerror(errno));
    _exit(1);
}

int child_processes_start(struct child_processes *children, const char *worker,
                          const char *const *words, const char *log_path)
{
    size_t count = 0;
    while (words[count]) { count++; }
    if (children->count == CHILD_PROCESSES_MAX || count > CHILD_PROCESSES_WORDS_MAX) {
        return client_fail("too many workers (at most %d) or words", CHILD_PROCESSES_MAX);
    }
    _cleanup_(xfreep) char *program = xprintf("%s/freshet-%s", children->programs, worker);
    int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0) { return client_fail("%s: %s", log_path, strerror(errno)); }
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) { become(program, words, log, parent); }
    close(log);
    if (pid < 0) { return client_fail("cannot start %s: %s", program, strerror(errno)); }
    children->members[children->count++] =
        (struct child_process){.worker = worker, .pid = pid, .log_path = xstrdup(log_path)};
    return 0;
}

static void print_log_end(const struct child_process *member)
{
    char text[LOG_END_BYTES + 1];
    FILE *file = fopen(member->log_path, "r");
    if (!file) { return; }
    if (fseek(file, -LOG_END_BYTES, SEEK_END) < 0) { rewind(file); }
    text[fread(text, 1, LOG_END_BYTES, file)] = '\0';
    fclose(file);
    fprintf(stderr, "%s\n", text);
}

static void tell_end(const struct child_process *member, int status)
{
    (void)client_fail("%s ended (%s %d); its log, %s, ends with:", member->worker,
                      WIFEXITED(status) ? "exit code" : "signal",
                      WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status),
                      member->log_path);
    print_log_end(member);
}

bool child_processes_runs(struct child_processes *children)
{
    for (size_t i = 0; i < children->count; i++) {
        struct child_process *member = &children->members[i];
        int status;
        if (!member->pid || waitpid(member->pid, &status, WNOHANG) != member->pid) { continue; }
        member->pid = 0;
        tell_end(member, status);
        return false;
    }
    return true;
}

static bool is_meant(const struct child_process *member, const char *worker)
{
    return member->pid && (!worker || strcmp(member->worker, worker) == 0);
}

/* Waits for a child that was asked to end; kills it when it takes too long. */
static bool collect(struct child_process *member, int64_t *left_ms)
{
    int status = 0;
    while (waitpid(member->pid, &status, WNOHANG) == 0) {
        if (*left_ms <= 0) {
            kill(member->pid, SIGKILL);
            waitpid(member->pid, &status, 0);
            break;
        }
        usleep(NAP_MS * 1000);
        *left_ms -= NAP_MS;
    }
    member->pid = 0;
    /* A child that is asked to end before it handles signals dies of SIGTERM: it had begun nothing.
     * */
    bool good = WIFEXITED(status) ? WEXITSTATUS(status) == 0 : WTERMSIG(status) == SIGTERM;
    if (!good) { tell_end(member, status); }
    return good;
}

bool child_processes_stop(struct child_processes *children, const char *worker)
{
    int64_t left_ms = STOP_MS;
    bool good = true;
    for (size_t i = 0; i < children->count; i++) {
        if (is_meant(&children->members[i], worker)) { kill(children->members[i].pid, SIGTERM); }
    }
    for (size_t i = 0; i < children->count; i++) {
        if (!is_meant(&children->members[i], worker)) { continue; }
        good &= collect(&children->members[i], &left_ms);
    }
    return good;
}

void child_processes_release(struct child_processes *children)
{
    (void)child_processes_stop(children, NULL);
    for (size_t i = 0; i < children->count; i++) { free(children->members[i].log_path); }
    free(children->programs);
    *children = (struct child_processes){0};
}
