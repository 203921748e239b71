#include "base/base.h"
#include "base/buf.h"
#include "base/thread.h"
#include "base/xalloc.h"
#include "stream/registry/schema_fetcher.h"
#include "stream/avro/schema.h"

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

/* The request in hand: filled by the worker's thread, answered by the fetcher's. */
enum request_phase { REQUEST_NONE, REQUEST_ASKED, REQUEST_ANSWERED };

struct schema_request {
    enum request_phase phase;
    uint32_t id;
    int result;
    struct buf schema;
    char why[REGISTRY_WHY_BYTES];
};

struct schema_fetcher {
    const struct registry_settings *settings;
    struct schema_cache *schemas;
    struct registry *registry;
    void (*found)(void *arg, uint32_t id, const char *schema);
    void *arg;
    struct wanted wanted[SCHEMA_FETCHER_IDS_MAX];
    size_t wanted_count;
    int64_t impatient_until_ms;
    pthread_t thread;
    bool threaded;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool quit;
    struct schema_request request;
};

/* ---- The fetcher's thread ---- */

static void answer(struct schema_fetcher *fetcher, struct schema_request *request)
{
    request->result = registry_schema(fetcher->registry, request->id, &request->schema);
    (void)snprintf(request->why, sizeof(request->why), "%s",
                   request->result ? registry_why(fetcher->registry) : "");
}

/* While a request is asked it is this thread's alone; the lock guards only the phase. */
static void *serve(void *arg)
{
    struct schema_fetcher *fetcher = arg;
    pthread_mutex_lock(&fetcher->lock);
    while (!fetcher->quit) {
        if (fetcher->request.phase != REQUEST_ASKED) {
            pthread_cond_wait(&fetcher->wake, &fetcher->lock);
            continue;
        }
        pthread_mutex_unlock(&fetcher->lock);
        answer(fetcher, &fetcher->request);
        pthread_mutex_lock(&fetcher->lock);
        fetcher->request.phase = REQUEST_ANSWERED;
    }
    pthread_mutex_unlock(&fetcher->lock);
    return NULL;
}

/* ---- Life ---- */

struct schema_fetcher *schema_fetcher_new(const struct registry_settings *settings,
                                          struct schema_cache *schemas, bool threaded,
                                          void (*found)(void *arg, uint32_t id, const char *schema),
                                          void *arg)
{
    struct schema_fetcher *fetcher = xcalloc(1, sizeof(*fetcher));
    fetcher->settings = settings;
    fetcher->schemas = schemas;
    fetcher->registry = registry_new(settings);
    fetcher->found = found;
    fetcher->arg = arg;
    fetcher->threaded = threaded;
    buf_init(&fetcher->request.schema, SCHEMA_BYTES_MAX + 1);
    pthread_mutex_init(&fetcher->lock, NULL);
    pthread_cond_init(&fetcher->wake, NULL);
    if (threaded) {
        int result = thread_start(&fetcher->thread, "schema-fetcher", serve, fetcher);
        assert(result == 0);
    }
    return fetcher;
}

struct schema_fetcher *schema_fetcher_free(struct schema_fetcher *fetcher)
{
    if (!fetcher) { return NULL; }
    if (fetcher->threaded) {
        registry_stop(fetcher->registry);
        pthread_mutex_lock(&fetcher->lock);
        fetcher->quit = true;
        pthread_cond_signal(&fetcher->wake);
        pthread_mutex_unlock(&fetcher->lock);
        thread_join(fetcher->thread);
    }
    registry_free(fetcher->registry);
    buf_release(&fetcher->request.schema);
    pthread_cond_destroy(&fetcher->wake);
    pthread_mutex_destroy(&fetcher->lock);
    free(fetcher);
    return NULL;
}

/* ---- The worker's thread ---- */

static struct wanted *find(const struct schema_fetcher *fetcher, uint32_t id)
{
    for (size_t i = 0; i < fetcher->wanted_count; i++) {
        if (fetcher->wanted[i].id == id) { return (struct wanted *)&fetcher->wanted[i]; }
    }
    return NULL;
}

static void drop(struct schema_fetcher *fetcher, struct wanted *wanted)
{
    *wanted = fetcher->wanted[--fetcher->wanted_count];
}

/* Where all places are taken, that of the id that was given up first is; NULL when all are still
 * asked for. */
static struct wanted *want(struct schema_fetcher *fetcher, uint32_t id, int64_t now_ms)
{
    struct wanted *oldest = NULL;
    if (fetcher->wanted_count < SCHEMA_FETCHER_IDS_MAX) {
        oldest = &fetcher->wanted[fetcher->wanted_count++];
    } else {
        for (size_t i = 0; i < SCHEMA_FETCHER_IDS_MAX; i++) {
            struct wanted *at = &fetcher->wanted[i];
            if (at->given_up && (!oldest || at->since_ms < oldest->since_ms)) { oldest = at; }
        }
    }
    if (!oldest) { return NULL; }
    *oldest = (struct wanted){
        .id = id, .since_ms = now_ms, .next_ms = now_ms, .pause_ms = fetcher->settings->retry_ms};
    return oldest;
}

static void give_up(struct schema_fetcher *fetcher, struct wanted *wanted, int64_t now_ms)
{
    if (wanted->result == REGISTRY_ABSENT) {
        fetcher->impatient_until_ms = now_ms + fetcher->settings->negative_cache_ms;
    }
    wanted->given_up = true;
    wanted->since_ms = now_ms;
}

/* Takes a schema into the schemas; what is none is given up. */
static void learn(struct schema_fetcher *fetcher, struct wanted *wanted, int64_t now_ms)
{
    struct codec_error error = {0};
    const char *schema = fetcher->request.schema.data;
    if (schema_cache_bind(fetcher->schemas, wanted->id, schema, &error) == 0) {
        if (fetcher->found) { fetcher->found(fetcher->arg, wanted->id, schema); }
        drop(fetcher, wanted);
        return;
    }
    wanted->result = REGISTRY_INVALID;
    (void)snprintf(wanted->why, sizeof(wanted->why), "schema %" PRIu32 ": %s", wanted->id,
                   error.detail);
    give_up(fetcher, wanted, now_ms);
}

static void take_answer(struct schema_fetcher *fetcher, int64_t now_ms)
{
    pthread_mutex_lock(&fetcher->lock);
    bool answered = fetcher->request.phase == REQUEST_ANSWERED;
    if (answered) { fetcher->request.phase = REQUEST_NONE; }
    pthread_mutex_unlock(&fetcher->lock);
    struct wanted *wanted = answered ? find(fetcher, fetcher->request.id) : NULL;
    if (!wanted) { return; }
    wanted->result = fetcher->request.result;
    (void)snprintf(wanted->why, sizeof(wanted->why), "%s", fetcher->request.why);
    wanted->next_ms = now_ms + wanted->pause_ms;
    wanted->pause_ms = MIN_OF(2 * wanted->pause_ms, fetcher->settings->retry_max_ms);
    if (wanted->result == 0) {
        learn(fetcher, wanted, now_ms);
    } else if (wanted->result == REGISTRY_INVALID) {
        give_up(fetcher, wanted, now_ms);
    }
}

/* Says whether the id has been waited for long enough; only after an answer. */
static bool is_due(const struct schema_fetcher *fetcher, const struct wanted *wanted,
                   int64_t now_ms)
{
    int64_t waited_ms = now_ms - wanted->since_ms;
    if (!wanted->result) { return false; }
    if (wanted->result != REGISTRY_ABSENT) {
        return waited_ms >= fetcher->settings->outage_timeout_ms;
    }
    return waited_ms >= fetcher->settings->unknown_timeout_ms ||
           now_ms < fetcher->impatient_until_ms;
}

static void post(struct schema_fetcher *fetcher, const struct wanted *wanted)
{
    pthread_mutex_lock(&fetcher->lock);
    if (fetcher->request.phase == REQUEST_NONE) {
        fetcher->request.id = wanted->id;
        fetcher->request.phase = REQUEST_ASKED;
        pthread_cond_signal(&fetcher->wake);
    }
    pthread_mutex_unlock(&fetcher->lock);
    if (!fetcher->threaded && fetcher->request.phase == REQUEST_ASKED) {
        answer(fetcher, &fetcher->request);
        fetcher->request.phase = REQUEST_ANSWERED;
    }
}

static bool knows(const struct schema_fetcher *fetcher, uint32_t id)
{
    struct frame frame = {.framing = FRAMING_CONFLUENT, .number = id};
    return schema_cache_find(fetcher->schemas, frame);
}

enum finding schema_fetcher_ask(struct schema_fetcher *fetcher, uint32_t id, int64_t now_ms)
{
    if (id > SCHEMA_ID_MAX) { return FINDING_GIVEN_UP; }
    take_answer(fetcher, now_ms);
    if (knows(fetcher, id)) { return FINDING_KNOWN; }
    struct wanted *wanted = find(fetcher, id);
    if (wanted && wanted->given_up) {
        if (now_ms - wanted->since_ms < fetcher->settings->negative_cache_ms) {
            return FINDING_GIVEN_UP;
        }
        drop(fetcher, wanted);
        wanted = NULL;
    }
    if (!wanted) { wanted = want(fetcher, id, now_ms); }
    if (!wanted) { return FINDING_PENDING; }
    if (is_due(fetcher, wanted, now_ms)) {
        give_up(fetcher, wanted, now_ms);
        return FINDING_GIVEN_UP;
    }
    if (now_ms >= wanted->next_ms) { post(fetcher, wanted); }
    return FINDING_PENDING;
}

const char *schema_fetcher_why(const struct schema_fetcher *fetcher, uint32_t id)
{
    if (id > SCHEMA_ID_MAX) { return "no registry has such an id"; }
    const struct wanted *wanted = find(fetcher, id);
    return wanted && wanted->why[0] ? wanted->why : "not asked yet";
}
