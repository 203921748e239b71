/* Two threads share one request. Its phase decides which thread may use it:
 *
 *   REQUEST_NONE       worker: fills in an id, sets ASKED, wakes the fetcher's thread
 *   REQUEST_ASKED      fetcher's thread: asks the registry without the lock, sets ANSWERED
 *   REQUEST_ANSWERED   worker: takes the answer at its next call, sets NONE
 *
 * The lock guards the phase and `quit` only. The list of wanted ids and the schema cache belong to
 * the worker's thread. One request runs at a time, so an id whose pause is over may wait for the
 * answer to another one, at most request.timeout.ms for each URL. schema_fetcher_free() stops a
 * running request before it joins the thread.
 */
#include "base/base.h"
#include "base/buf.h"
#include "base/thread.h"
#include "base/xalloc.h"
#include "stream/registry/schema_fetcher.h"
#include "stream/avro/schema.h"

/* An id that is asked for or given up. */
struct wanted {
    uint32_t id;
    bool given_up;
    int64_t since_ms; /* when it was first asked for; when it was given up */
    int64_t next_ms;  /* time of the next request */
    int64_t pause_ms;
    int result; /* of the last answer: enum registry_fault */
    char why[REGISTRY_WHY_BYTES];
};

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

/* Adds an id. When the list is full, the id that was given up first makes room; NULL when none was
 * given up. */
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

/* Adds the answer's schema to the cache, or gives the id up when it is no schema. */
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

/* True when the id's deadline has passed; never before the first answer. */
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
    return schema_cache_knows(fetcher->schemas, id);
}

enum fetch_status schema_fetcher_request(struct schema_fetcher *fetcher, uint32_t id,
                                         int64_t now_ms)
{
    if (id > SCHEMA_ID_MAX) { return FETCH_GIVEN_UP; }
    take_answer(fetcher, now_ms);
    if (knows(fetcher, id)) { return FETCH_KNOWN; }
    struct wanted *wanted = find(fetcher, id);
    if (wanted && wanted->given_up) {
        if (now_ms - wanted->since_ms < fetcher->settings->negative_cache_ms) {
            return FETCH_GIVEN_UP;
        }
        drop(fetcher, wanted);
        wanted = NULL;
    }
    if (!wanted) { wanted = want(fetcher, id, now_ms); }
    if (!wanted) { return FETCH_PENDING; }
    if (is_due(fetcher, wanted, now_ms)) {
        give_up(fetcher, wanted, now_ms);
        return FETCH_GIVEN_UP;
    }
    if (now_ms >= wanted->next_ms) { post(fetcher, wanted); }
    return FETCH_PENDING;
}

const char *schema_fetcher_why(const struct schema_fetcher *fetcher, uint32_t id)
{
    if (id > SCHEMA_ID_MAX) { return "the id is larger than a registry's ids"; }
    const struct wanted *wanted = find(fetcher, id);
    return wanted && wanted->why[0] ? wanted->why : "not asked yet";
}
