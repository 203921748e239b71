/* The crash sweep: a worker dies at every crash point, and the tables are those of a run in which
 * nothing happened.
 *
 *     make sweep      every worker x point x three seeds x with and without local state, and at
 *                     several allocations, sends, store writes and commits; `make test` tries one
 *                     seed, each point once
 *     SWEEP=sequence make sweep       one subject
 *     SWEEP="features commit.sent 3 2 kept" make sweep
 *                     one case again: subject, point, pass, seed, what is left of the state
 *
 * One case: the workers before it have done their work. The worker does a part of its own, dies,
 * and finds of its three states one kept, one damaged and one from a world that never was. Now it
 * is watched: it restores, works, shares with a second copy, is taken for dead, is told that a
 * commit failed, and somewhere there, at the chosen pass of the chosen point, it stops as kill -9
 * stops a process. It starts again with what lies on its disk, or with nothing, and goes on.
 *
 * With delivery=at_least_once the same is tried at a few points: users' states are equal, and no
 * count is less than in the undisturbed run.
 *
 * The sequence trainer's table is a model. After each round a slot is whole, once there was one; in
 * the end the newest has every item, and the histories it keeps and has counted are the topic's.
 * Where no second copy comes, so that no round ends early, it is that of the undisturbed run.
 *
 * Every case is a process of its own. What it abandons stays as it was: no store is closed, no lock
 * released, no message taken back. Since a store's lock is held as long as the process lives, the
 * copy that starts again gets a copy of the directory, as the dead one left it.
 */
#include "base/base.h"
#include "base/crash.h"
#include "features/features.h"
#include "ingest/ingest.h"
#include "scorer/scorer.h"
#include "trainer/sequence/sequence.h"
#include "stream/sim/memlog_internal.h"
#include "stream/run_internal.h"
#include "tests/topology/answers.h"
#include "tests/topology/local_state.h"
#include "tests/topology/slots.h"
#include "trainer/similarity/trainer.h"

#include <fcntl.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <cmocka.h>

enum {
    EVENTS = 220,
    PARTITIONS = 3,
    SEEDS = 3,
    POINTS_MAX = 128,
    TEXT_MAX = 2 << 20,
    JOBS = 4,
    SPREAD_SHORT = 2, /* passes tried of each of the `spread` points */
    SPREAD_ALL = 12,
    NEVER_DIED = 3, /* exit code of a case that never came to its point */
};

/* Rounds after the watched start at which things happen. */
enum { SECOND_COPY_COMES = 6, TAKEN_FOR_DEAD = 14, SECOND_COPY_GOES = 22, CALM = 30, SETTLING = 5 };

static const struct worker *const order[] = {&ingest_worker, &features_worker, &trainer_worker,
                                             &scorer_worker, &sequence_worker};
enum { INGEST, FEATURES, TRAINER, SCORER, SEQUENCE };

/* Who dies: a worker of the order, how it delivers, and whether no second copy comes. */
static const struct subject {
    const char *name;
    size_t worker;
    bool at_least_once;
    bool alone;
} subjects[] = {
    {"ingest", INGEST, false, false},
    {"features", FEATURES, false, false},
    {"trainer", TRAINER, false, false},
    {"scorer", SCORER, false, false},
    {"features-at-least-once", FEATURES, true, false},
    {"trainer-at-least-once", TRAINER, true, false},
    {"sequence", SEQUENCE, false, false},
    {"sequence-alone", SEQUENCE, false, true},
};
enum { SUBJECTS = ARRAY_COUNT(subjects) };

/* Where those that deliver at least once die. */
static const char *const in_order[] = {"processed",      "commit.send_one", "commit.added",
                                       "commit.drained", "commit.send",     "commit.sent",
                                       "commit.logged",  "commit.applied_one"};

/* These are crossed so often that one pass stands for little: several are tried. */
static const char *const spread[] = {"allocation", "send", "txn.produce", "store.write",
                                     "commit.send", "commit.send_one"};

/* What an undisturbed run says, and how often a disturbed one without a crash passes each point;
 * shared with the processes that find it out. */
struct truth {
    char text[TEXT_MAX];
    int64_t passes[POINTS_MAX];
};

static struct truth *truths[SUBJECTS][SEEDS];

enum remains { KEPT, DELETED };
static const char *const remains_names[] = {"kept", "deleted"};

struct crash_case {
    size_t subject;
    const char *point;
    int64_t nth;
    int seed; /* from 1 */
    enum remains remains;
};

/* ---- The dying ---- */

struct sweep {
    struct rig rig;
    struct crash_case what;
    struct copy *target;
    jmp_buf out;
    bool crashed;
    struct slots slots;
    bool spoilt; /* there was a round after which no slot was whole */
};

static void die(void *arg)
{
    struct sweep *sweep = arg;
    longjmp(sweep->out, 1);
}

/* Leaves the process as it is and prepares another one, with what is left of the state. */
static void abandon(struct sweep *sweep, enum remains remains)
{
    struct copy *copy = sweep->target;
    if (copy->wire) { memlog_kill(sweep->rig.log, copy->wire); }
    copy->run = NULL;
    copy->wire = NULL;
    copy->metrics = NULL;
    char *left = copy->state_path;
    copy->state_path = xprintf("%s-again", left);
    if (remains == KEPT) {
        copy_remains(left, copy->state_path);
    } else {
        assert_int_equal(mkdir(copy->state_path, 0777), 0);
    }
    copy->state_pair = xprintf("state.dir=%s", copy->state_path);
    copy->pairs[1] = copy->state_pair;
    options_free(copy->options);
    copy_fill(copy);
    free(left);
}

static void crash(struct sweep *sweep)
{
    crash_watch(false);
    crash_arm(NULL, 0, NULL, NULL);
    sweep->crashed = true;
    abandon(sweep, sweep->what.remains);
}

/* Starts the target, watched; false: it died or refused. */
static bool start_watched(struct sweep *sweep)
{
    if (setjmp(sweep->out)) {
        crash(sweep);
        return false;
    }
    crash_watch(true);
    bool started = rig_launch(&sweep->rig, sweep->target);
    crash_watch(false);
    return started;
}

static void step_watched(struct sweep *sweep)
{
    if (setjmp(sweep->out)) {
        crash(sweep);
        return;
    }
    crash_watch(true);
    (void)rig_step(&sweep->rig, sweep->target);
    crash_watch(false);
}

static void restart_until_it_stands(struct sweep *sweep)
{
    for (int tries = 0; !sweep->target->run && !start_watched(sweep); tries++) {
        assert_true(tries < RESTARTS_MAX);
    }
}

static void step_all(struct sweep *sweep)
{
    struct rig *rig = &sweep->rig;
    for (size_t i = 0; i < rig->copies_count; i++) {
        struct copy *copy = &rig->copies[i];
        if (copy == sweep->target) {
            restart_until_it_stands(sweep);
            step_watched(sweep);
        } else if (copy->run && !rig_step(rig, copy)) {
            while (!rig_launch(rig, copy)) { assert_true(++rig->restarts < RESTARTS_MAX); }
        }
    }
    rig->now_ms += ROUND_MS;
    if (!slots_whole(&sweep->slots)) { sweep->spoilt = true; }
}

/* ---- The story ---- */

static const char *const small[] = {"batch.records.max=30", "poll.records.max=10", NULL};
static const char *const small_mapped[] = {"batch.records.max=30", "poll.records.max=10",
                                           "action.click=CLICK:1", NULL};
static const char *const small_in_order[] = {"batch.records.max=30", "poll.records.max=10",
                                             "delivery=at_least_once", NULL};
static const char *const small_trained[] = {
    "poll.records.max=10",  "train.threads=0",    "train.d=16",         "train.blocks=1",
    "train.length=12",      "train.batch=8",      "train.epochs.max=6", "train.patience=6",
    "train.actions.min=50", "publish.rows.max=5", "train.publish.interval.ms=0",
    "train.checkpoint.interval.ms=100", NULL,
};

static struct copy *start(struct rig *rig, size_t worker, int slot, bool at_least_once)
{
    const char *const *pairs = worker == INGEST     ? small_mapped
                               : worker == SEQUENCE ? small_trained
                               : at_least_once      ? small_in_order
                                                    : small;
    return rig_start(rig, order[worker], slot, pairs);
}

/* Says whether a copy has its partitions, and nothing to do that its input does not tell. */
static bool is_done(const struct copy *copy)
{
    return run_healthy(copy->run) && (copy->worker != &sequence_worker || trainer_idle(copy));
}

static void work_plainly(struct rig *rig, size_t worker)
{
    struct copy *copy = start(rig, worker, 0, /* at_least_once= */ false);
    rig_until_idle(rig);
    for (int rounds = 0; !is_done(copy); rounds++) {
        assert_true(rounds < ROUNDS_MAX);
        rig_round(rig, false);
    }
    rig_finish(copy);
}

/* Lets all workers before this one do their work. */
static void begin(struct rig *rig, const struct subject *subject, int seed)
{
    rig_init_seeded(rig, PARTITIONS, (uint64_t)seed);
    memlog_batch(rig->log, 10);
    feed_clicks(rig, (uint64_t)seed, 0, EVENTS);
    memlog_append(rig->log, "clicks", 1, slice_str("u00"), slice_str("{\"no\":1}"),
                  feed_time_ms());
    size_t before = subject->worker == SEQUENCE ? TRAINER : subject->worker; /* beside it */
    for (size_t one = INGEST; one < before; one++) { work_plainly(rig, one); }
    if (subject->worker == FEATURES && !subject->at_least_once) { feed_merges(rig); }
}

/* An event that is lost comes later: users may be counted in other rows then, and as many. */
static void arm_faults(struct rig *rig, size_t worker)
{
    memlog_ack_delay(rig->log, 2);
    memlog_marker_delay(rig->log, 3);
    enum memlog_point commit = MEMLOG_TXN_COMMIT; /* of either copy */
    for (int nth = 1; nth <= 5; nth += 2) { memlog_fail(rig->log, commit, nth, WIRE_ABORTED); }
    memlog_fail(rig->log, MEMLOG_OFFSETS_COMMIT, 1, WIRE_ABORTED);
    if (worker != INGEST) { memlog_fail(rig->log, MEMLOG_PRODUCE, 25, WIRE_ABORTED); }
    memlog_fail(rig->log, MEMLOG_PRODUCE, 40, WIRE_RETRY);
}

static void tell_story(struct sweep *sweep)
{
    struct rig *rig = &sweep->rig;
    const struct subject *subject = &subjects[sweep->what.subject];
    bool fenced = !subject->at_least_once && !subject->alone;
    slots_init(&sweep->slots, rig);
    sweep->target = start(rig, subject->worker, 0, subject->at_least_once);
    for (int i = 0; i < 6; i++) { rig_round(rig, false); }
    abandon(sweep, KEPT);
    state_disturb(sweep->target);
    arm_faults(rig, subject->worker);
    crash_reset();
    if (sweep->what.point) { crash_arm(sweep->what.point, sweep->what.nth, die, sweep); }
    restart_until_it_stands(sweep);
    struct copy *second = NULL;
    int rounds = 0;
    for (; rounds < CALM || !rig_idle(rig) || !is_done(sweep->target); rounds++) {
        assert_true(rounds < ROUNDS_MAX);
        if (rounds == SECOND_COPY_COMES && !subject->alone) {
            second = start(rig, subject->worker, 1, subject->at_least_once);
        }
        /* Nothing fences what an at-least-once copy still has under way. */
        if (rounds == TAKEN_FOR_DEAD && sweep->target->run && fenced) {
            memlog_expire(rig->log, sweep->target->wire);
        }
        if (rounds == SECOND_COPY_GOES && second) {
            (void)run_finish(second->run); /* a fault may wait for its last commit */
            rig_drop(second);
        }
        step_all(sweep);
        if (!sweep->target->run) { restart_until_it_stands(sweep); }
    }
    memlog_ack_delay(rig->log, 0);
    memlog_marker_delay(rig->log, 0);
    for (int i = 0; i < SETTLING; i++) { step_all(sweep); }
    restart_until_it_stands(sweep);
}

/* ---- The judgement ---- */

/* The workers behind say what came out. */
static char *answers_of(struct rig *rig, const struct subject *subject)
{
    size_t worker = subject->worker;
    if (worker == SEQUENCE) { return slots_text(rig, /* numbers= */ subject->alone); }
    bool grows = subject->at_least_once;
    if (worker == INGEST) { work_plainly(rig, FEATURES); }
    struct answers answers;
    answers_init(&answers, rig);
    answers.joined = worker == FEATURES;
    if (worker <= FEATURES) { answers_states(&answers); }
    if (worker <= FEATURES && !grows) { answers_sums(&answers); }
    if (worker == FEATURES && grows) { answers_growing_sums(&answers); }
    if (worker == TRAINER && !grows) { answers_rows(&answers); }
    if (worker == TRAINER && grows) { answers_tables(&answers, /* epoch= */ 0, grows); }
    if (worker == SCORER) { answers_lists(&answers); }
    char *text = answers_take(&answers);
    answers_release(&answers);
    return text;
}

/* Says whether what the target keeps is what the topics say; it may have ended then. */
static bool keeps_right(struct sweep *sweep)
{
    struct copy *target = sweep->target;
    if (target->worker != &sequence_worker) { return state_is_changelog(&sweep->rig, target); }
    if (sweep->spoilt) { fprintf(stderr, "there was a round with no slot whole\n"); }
    bool right = trainer_counts(&sweep->slots, target) && !sweep->spoilt;
    rig_finish(target);
    return stores_are_topic(&sweep->rig, target) && right;
}

static bool agrees(const struct subject *subject, const char *want, const char *is)
{
    return subject->at_least_once ? answers_compare(want, is, 0) >= 0 : answers_agree(want, is);
}

static void tell_case(const struct crash_case *what)
{
    fprintf(stderr, "to see it again: SWEEP=\"%s %s %" PRId64 " %d %s\" make sweep\n",
            subjects[what->subject].name, what->point, what->nth, what->seed,
            remains_names[what->remains]);
}

/* ---- Processes ---- */

/* Runs in a process of its own; the truth's text and passes are told to the parent. */
static int find_truth(size_t number, int seed)
{
    const struct subject *subject = &subjects[number];
    struct truth *truth = truths[number][seed - 1];
    struct rig rig;
    begin(&rig, subject, seed);
    work_plainly(&rig, subject->worker);
    char *text = answers_of(&rig, subject);
    assert_true(strlen(text) < TEXT_MAX && strlen(text) > 100);
    memcpy(truth->text, text, strlen(text) + 1);
    rig_delete(rig.dir);
    struct sweep sweep = {.what = {.subject = number}};
    begin(&sweep.rig, subject, seed);
    tell_story(&sweep);
    for (size_t i = 0; crash_name(i); i++) { truth->passes[i] = crash_passed(crash_name(i)); }
    bool agree = keeps_right(&sweep);
    agree = agrees(subject, truth->text, answers_of(&sweep.rig, subject)) && agree;
    rig_delete(sweep.rig.dir);
    return agree ? 0 : 1;
}

static int try_case(const struct crash_case *what)
{
    struct sweep sweep = {.what = *what};
    const struct subject *subject = &subjects[what->subject];
    begin(&sweep.rig, subject, what->seed);
    tell_story(&sweep);
    bool agree = keeps_right(&sweep);
    const char *want = truths[what->subject][what->seed - 1]->text;
    agree = agrees(subject, want, answers_of(&sweep.rig, subject)) && agree;
    rig_delete(sweep.rig.dir);
    if (!agree) { return 1; }
    return sweep.crashed ? 0 : NEVER_DIED;
}

struct job {
    pid_t pid; /* 0: free */
    struct crash_case what;
};

struct sweep_counts {
    struct job jobs[JOBS];
    int cases, failed;
    int64_t reached[POINTS_MAX]; /* crashes there */
};

static size_t point_index(const char *name)
{
    for (size_t i = 0; crash_name(i); i++) {
        if (strcmp(crash_name(i), name) == 0) { return i; }
    }
    fprintf(stderr, "no crash point is called %s\n", name);
    exit(1);
}

static void check_case(struct sweep_counts *counts, struct job *job, int status)
{
    job->pid = 0;
    if (!job->what.point) {
        assert_int_equal(status, 0);
        return;
    }
    counts->cases++;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        counts->reached[point_index(job->what.point)]++;
        return;
    }
    counts->failed++;
    if (WIFEXITED(status) && WEXITSTATUS(status) == NEVER_DIED) {
        fprintf(stderr, "it never came to its end\n");
    }
    tell_case(&job->what);
}

static void collect(struct sweep_counts *counts)
{
    int status;
    pid_t pid = wait(&status);
    assert_true(pid > 0);
    for (size_t i = 0; i < JOBS; i++) {
        if (counts->jobs[i].pid == pid) { check_case(counts, &counts->jobs[i], status); }
    }
}

static struct job *free_job(struct sweep_counts *counts)
{
    for (size_t i = 0; i < JOBS; i++) {
        if (!counts->jobs[i].pid) { return &counts->jobs[i]; }
    }
    return NULL;
}

static void drain(struct sweep_counts *counts)
{
    for (size_t i = 0; i < JOBS; i++) {
        while (counts->jobs[i].pid) { collect(counts); }
    }
}

/* Begins a case, or with no point the finding of the truth. Nothing of RocksDB, which has threads,
 * is ever opened in the parent. */
static void begin_case(struct sweep_counts *counts, const struct crash_case *what)
{
    while (!free_job(counts)) { collect(counts); }
    struct job *job = free_job(counts);
    job->what = *what;
    fflush(NULL);
    job->pid = fork();
    assert_true(job->pid >= 0);
    if (job->pid) { return; }
    _exit(what->point ? try_case(what) : find_truth(what->subject, what->seed));
}

/* ---- Which cases ---- */

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t rng = a * 0x9e3779b97f4a7c15u + b;
    return memlog_random(&rng);
}

static bool is_spread(const char *point)
{
    for (size_t i = 0; i < ARRAY_COUNT(spread); i++) {
        if (strcmp(spread[i], point) == 0) { return true; }
    }
    return false;
}

static bool dies_at(const struct subject *subject, const char *point)
{
    if (!subject->at_least_once) { return true; }
    for (size_t i = 0; i < ARRAY_COUNT(in_order); i++) {
        if (strcmp(in_order[i], point) == 0) { return true; }
    }
    return false;
}

static void try_point(struct sweep_counts *counts, size_t subject, size_t point, int seed, bool all)
{
    int64_t passes = truths[subject][seed - 1]->passes[point];
    const char *name = crash_name(point);
    int tries = !is_spread(name) ? 1 : all ? SPREAD_ALL : SPREAD_SHORT;
    for (int i = 0; i < tries && passes && dies_at(&subjects[subject], name); i++) {
        struct crash_case what = {.subject = subject, .point = name, .seed = seed};
        uint64_t rng = mix((uint64_t)seed * 1000 + subject * 100 + (uint64_t)i, point);
        what.nth = 1 + (int64_t)(rng % (uint64_t)passes);
        what.remains = (enum remains)((point + subject + (size_t)i) % 2);
        begin_case(counts, &what);
        if (!all) { continue; }
        what.remains = !what.remains;
        begin_case(counts, &what);
    }
}

/* Says whether a subject is to be tried: all are, unless one is named. */
static bool is_wanted(const struct subject *subject, const char *named)
{
    return !named || strcmp(named, "all") == 0 || strcmp(named, subject->name) == 0;
}

static void find_truths(struct sweep_counts *counts, int seeds, const char *named)
{
    for (size_t subject = 0; subject < SUBJECTS; subject++) {
        if (!is_wanted(&subjects[subject], named)) { continue; }
        for (int seed = 1; seed <= seeds; seed++) {
            void *shared = mmap(NULL, sizeof(struct truth), PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
            assert_true(shared != MAP_FAILED);
            truths[subject][seed - 1] = shared;
            begin_case(counts, &(struct crash_case){.subject = subject, .seed = seed});
        }
    }
    drain(counts);
}

/* A point that no worker came to is a failure: nobody knows what happens there. */
static void check_reached(const struct sweep_counts *counts)
{
    bool all = true;
    for (size_t i = 0; crash_name(i); i++) {
        if (counts->reached[i]) { continue; }
        fprintf(stderr, "no worker died at %s\n", crash_name(i));
        all = false;
    }
    assert_true(all);
}

static void test_every_point(void **state)
{
    const char *named = getenv("SWEEP");
    int seeds = named ? SEEDS : 1;
    struct sweep_counts counts = {0};
    if (named && strchr(named, ' ')) { skip(); }
    find_truths(&counts, seeds, named);
    for (size_t subject = 0; subject < SUBJECTS; subject++) {
        for (size_t point = 0; crash_name(point); point++) {
            if (!is_wanted(&subjects[subject], named)) { break; }
            for (int seed = 1; seed <= seeds; seed++) {
                try_point(&counts, subject, point, seed, /* all= */ named);
            }
        }
    }
    drain(&counts);
    printf("# %d cases, %d failed\n", counts.cases, counts.failed);
    assert_true(counts.failed == 0 && counts.cases > 0);
    if (!named || strcmp(named, "all") == 0) { check_reached(&counts); }
}

/* One case again, as a failure's last line says. */
static void test_named_case(void **state)
{
    const char *named = getenv("SWEEP");
    char worker[32], point[64], remains[32];
    struct crash_case what = {0};
    if (!named || !strchr(named, ' ')) { skip(); }
    assert_int_equal(sscanf(named, "%31s %63s %" SCNd64 " %d %31s", worker, point, &what.nth,
                            &what.seed, remains), 5);
    while (what.subject < SUBJECTS && strcmp(subjects[what.subject].name, worker) != 0) {
        what.subject++;
    }
    assert_true(what.subject < SUBJECTS);
    assert_in_range(what.seed, 1, SEEDS);
    what.point = crash_name(point_index(point));
    what.remains = strcmp(remains, "deleted") == 0 ? DELETED : KEPT;
    struct sweep_counts counts = {0};
    find_truths(&counts, SEEDS, worker);
    begin_case(&counts, &what);
    drain(&counts);
    assert_int_equal(counts.failed, 0);
}

int main(void)
{
    rig_choose_place();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_point),
        cmocka_unit_test(test_named_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
