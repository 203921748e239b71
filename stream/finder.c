#include "base/base.h"
#include "base/buf.h"
#include "base/thread.h"
#include "base/xalloc.h"
#include "stream/finder.h"
#include "stream/schema.h"


/* An id that is looked for. */
struct wanted {
    uint32_t id;
    bool given_up;
    int64_t since_ms; /* when it was first asked for; when it was given up */
    int64_t next_ms;  /* not before that it is asked for again */
    int64_t pause_ms;
    int result; /* of the last answer: enum registry_fault */
    char why[REGISTRY_WHY_BYTES];
};

/* The question in hand: filled by the worker's thread, answered by the finder's. */
enum question_phase { QUESTION_NONE, QUESTION_ASKED, QUESTION_ANSWERED };

struct question {
    enum question_phase phase;
    uint32_t id;
    int result;
    struct buf schema;
    char why[REGISTRY_WHY_BYTES];
};

struct finder {
    const struct registry_settings *settings;
    struct schema_book *book;
    struct registry *registry;
    void (*found)(void *arg, uint32_t id, const char *schema);
    void *arg;
    struct wanted wanted[FINDER_IDS_MAX];
    size_t wanted_count;
    int64_t impatient_until_ms;
    pthread_t thread;
    bool threaded;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool quit;
    struct question question;
};

/* ---- The finder's thread ---- */

static void answer(struct finder *finder, struct question *question)
{
    question->result = registry_schema(finder->registry, question->id, &question->schema);
    (void)snprintf(question->why, sizeof(question->why), "%s",
                   question->result ? registry_why(finder->registry) : "");
}

/* While a question is asked it is this thread's alone; the lock guards only the phase. */
static void *serve(void *arg)
{
    struct finder *finder = arg;
    pthread_mutex_lock(&finder->lock);
    while (!finder->quit) {
        if (finder->question.phase != QUESTION_ASKED) {
            pthread_cond_wait(&finder->wake, &finder->lock);
            continue;
        }
        pthread_mutex_unlock(&finder->lock);
        answer(finder, &finder->question);
        pthread_mutex_lock(&finder->lock);
        finder->question.phase = QUESTION_ANSWERED;
    }
    pthread_mutex_unlock(&finder->lock);
    return NULL;
}

/* ---- Life ---- */

struct finder *finder_new(const struct registry_settings *settings, struct schema_book *book,
                          bool threaded,
                          void (*found)(void *arg, uint32_t id, const char *schema), void *arg)
{
    struct finder *finder = xcalloc(1, sizeof(*finder));
    finder->settings = settings;
    finder->book = book;
    finder->registry = registry_new(settings);
    finder->found = found;
    finder->arg = arg;
    finder->threaded = threaded;
    buf_init(&finder->question.schema, SCHEMA_BYTES_MAX + 1);
    pthread_mutex_init(&finder->lock, NULL);
    pthread_cond_init(&finder->wake, NULL);
    if (threaded) {
        int result = thread_start(&finder->thread, "schema-fetcher", serve, finder);
        assert(result == 0);
    }
    return finder;
}

struct finder *finder_free(struct finder *finder)
{
    if (!finder) { return NULL; }
    if (finder->threaded) {
        registry_stop(finder->registry);
        pthread_mutex_lock(&finder->lock);
        finder->quit = true;
        pthread_cond_signal(&finder->wake);
        pthread_mutex_unlock(&finder->lock);
        thread_join(finder->thread);
    }
    registry_free(finder->registry);
    buf_release(&finder->question.schema);
    pthread_cond_destroy(&finder->wake);
    pthread_mutex_destroy(&finder->lock);
    free(finder);
    return NULL;
}

/* ---- The worker's thread ---- */

static struct wanted *find(const struct finder *finder, uint32_t id)
{
    for (size_t i = 0; i < finder->wanted_count; i++) {
        if (finder->wanted[i].id == id) { return (struct wanted *)&finder->wanted[i]; }
    }
    return NULL;
}

static void drop(struct finder *finder, struct wanted *wanted)
{
    *wanted = finder->wanted[--finder->wanted_count];
}

/* Where all places are taken, that of the id that was given up first is; NULL when all are still
 * asked for. */
static struct wanted *want(struct finder *finder, uint32_t id, int64_t now_ms)
{
    struct wanted *oldest = NULL;
    if (finder->wanted_count < FINDER_IDS_MAX) {
        oldest = &finder->wanted[finder->wanted_count++];
    } else {
        for (size_t i = 0; i < FINDER_IDS_MAX; i++) {
            struct wanted *at = &finder->wanted[i];
            if (at->given_up && (!oldest || at->since_ms < oldest->since_ms)) { oldest = at; }
        }
    }
    if (!oldest) { return NULL; }
    *oldest = (struct wanted){.id = id,
                              .since_ms = now_ms,
                              .next_ms = now_ms,
                              .pause_ms = finder->settings->retry_ms};
    return oldest;
}

static void give_up(struct finder *finder, struct wanted *wanted, int64_t now_ms)
{
    if (wanted->result == REGISTRY_ABSENT) {
        finder->impatient_until_ms = now_ms + finder->settings->negative_cache_ms;
    }
    wanted->given_up = true;
    wanted->since_ms = now_ms;
}

/* Takes a schema into the book; what is none is given up. */
static void learn(struct finder *finder, struct wanted *wanted, int64_t now_ms)
{
    struct codec_error error = {0};
    const char *schema = finder->question.schema.data;
    if (schema_book_bind(finder->book, wanted->id, schema, &error) == 0) {
        if (finder->found) { finder->found(finder->arg, wanted->id, schema); }
        drop(finder, wanted);
        return;
    }
    wanted->result = REGISTRY_INVALID;
    (void)snprintf(wanted->why, sizeof(wanted->why), "schema %" PRIu32 ": %s", wanted->id,
                   error.detail);
    give_up(finder, wanted, now_ms);
}

static void take_answer(struct finder *finder, int64_t now_ms)
{
    pthread_mutex_lock(&finder->lock);
    bool answered = finder->question.phase == QUESTION_ANSWERED;
    if (answered) { finder->question.phase = QUESTION_NONE; }
    pthread_mutex_unlock(&finder->lock);
    struct wanted *wanted = answered ? find(finder, finder->question.id) : NULL;
    if (!wanted) { return; }
    wanted->result = finder->question.result;
    (void)snprintf(wanted->why, sizeof(wanted->why), "%s", finder->question.why);
    wanted->next_ms = now_ms + wanted->pause_ms;
    wanted->pause_ms = MIN_OF(2 * wanted->pause_ms, finder->settings->retry_max_ms);
    if (wanted->result == 0) {
        learn(finder, wanted, now_ms);
    } else if (wanted->result == REGISTRY_INVALID) {
        give_up(finder, wanted, now_ms);
    }
}

/* Says whether the id has been waited for long enough; only after an answer. */
static bool is_due(const struct finder *finder, const struct wanted *wanted, int64_t now_ms)
{
    int64_t waited_ms = now_ms - wanted->since_ms;
    if (!wanted->result) { return false; }
    if (wanted->result != REGISTRY_ABSENT) {
        return waited_ms >= finder->settings->outage_timeout_ms;
    }
    return waited_ms >= finder->settings->unknown_timeout_ms ||
           now_ms < finder->impatient_until_ms;
}

static void post(struct finder *finder, const struct wanted *wanted)
{
    pthread_mutex_lock(&finder->lock);
    if (finder->question.phase == QUESTION_NONE) {
        finder->question.id = wanted->id;
        finder->question.phase = QUESTION_ASKED;
        pthread_cond_signal(&finder->wake);
    }
    pthread_mutex_unlock(&finder->lock);
    if (!finder->threaded && finder->question.phase == QUESTION_ASKED) {
        answer(finder, &finder->question);
        finder->question.phase = QUESTION_ANSWERED;
    }
}

static bool knows(const struct finder *finder, uint32_t id)
{
    struct frame frame = {.framing = FRAMING_CONFLUENT, .number = id};
    return schema_book_find(finder->book, frame);
}

enum finding finder_ask(struct finder *finder, uint32_t id, int64_t now_ms)
{
    if (id > SCHEMA_ID_MAX) { return FINDING_GIVEN_UP; }
    take_answer(finder, now_ms);
    if (knows(finder, id)) { return FINDING_KNOWN; }
    struct wanted *wanted = find(finder, id);
    if (wanted && wanted->given_up) {
        if (now_ms - wanted->since_ms < finder->settings->negative_cache_ms) {
            return FINDING_GIVEN_UP;
        }
        drop(finder, wanted);
        wanted = NULL;
    }
    if (!wanted) { wanted = want(finder, id, now_ms); }
    if (!wanted) { return FINDING_PENDING; }
    if (is_due(finder, wanted, now_ms)) {
        give_up(finder, wanted, now_ms);
        return FINDING_GIVEN_UP;
    }
    if (now_ms >= wanted->next_ms) { post(finder, wanted); }
    return FINDING_PENDING;
}

const char *finder_why(const struct finder *finder, uint32_t id)
{
    if (id > SCHEMA_ID_MAX) { return "no registry has such an id"; }
    const struct wanted *wanted = find(finder, id);
    return wanted && wanted->why[0] ? wanted->why : "not asked yet";
}
