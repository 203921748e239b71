/* A count that has ended goes out in pieces: its records, then tombstones for the keys of its kinds
 * that none of them has. A count that failed sends nothing. When messages of the run are lost, or a
 * table is read anew, the count is dropped and the next one begins at once.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "trainer/sequence/group_publisher.h"

/* A count and the rest after it: counting takes at most a tenth of the time. */
enum { REST_FOR_COUNT = 9 };
/* The first counts follow each other sooner: much may still be on its way then. */
enum { FIRST_INTERVAL_MS = 10000 };
/* Who was forgotten is not in what is published for longer than that and a count's rest. */
enum { FORGOTTEN_INTERVAL_MS = 600000 };

enum phase { PHASE_REST, PHASE_COUNT, PHASE_SEND, PHASE_BURY };

struct group_publisher {
    struct group_publisher_parts parts;
    const struct group_sort *sort;
    void *counter;
    int64_t every_ms;
    int64_t interval_ms; /* until the next count; doubles up to every_ms */
    int64_t begun_ms; /* when the last count began; 0: none has */
    int64_t rests_until_ms;
    enum phase phase;
    size_t next; /* the record that is sent next */
    struct metric *records, *seconds;
};

struct group_publisher *group_publisher_new(const struct group_publisher_parts *parts,
                                            const struct group_sort *sort, void *counter,
                                            int64_t every_ms, struct metric *records,
                                            struct metric *seconds)
{
    struct group_publisher *publisher = xcalloc(1, sizeof(*publisher));
    publisher->parts = *parts;
    publisher->sort = sort;
    publisher->counter = counter;
    publisher->every_ms = published_groups_can_send(parts->groups) ? every_ms : 0;
    /* The end of the first count doubles it. */
    publisher->interval_ms = MIN_OF(publisher->every_ms, (int64_t)FIRST_INTERVAL_MS / 2);
    publisher->records = records;
    publisher->seconds = seconds;
    return publisher;
}

struct group_publisher *group_publisher_free(struct group_publisher *publisher)
{
    if (!publisher) { return NULL; }
    publisher->sort->free(publisher->counter);
    free(publisher);
    return NULL;
}

void group_publisher_drop(struct group_publisher *publisher)
{
    publisher->sort->reset(publisher->counter);
    publisher->phase = PHASE_REST;
    publisher->begun_ms = publisher->rests_until_ms = 0;
}

bool group_publisher_idle(const struct group_publisher *publisher)
{
    return publisher->phase == PHASE_REST && (!publisher->every_ms || publisher->begun_ms);
}

void group_publisher_hasten(struct group_publisher *publisher)
{
    publisher->interval_ms = MIN_OF(publisher->interval_ms, (int64_t)FORGOTTEN_INTERVAL_MS);
}

void group_publisher_see(struct group_publisher *publisher, struct slice key,
                         const struct group_profile *group)
{
    if (!publisher->every_ms || !publisher->sort->see) { return; }
    publisher->sort->see(publisher->counter, key, group);
}

/* ---- Counting ---- */

static bool is_due(const struct group_publisher *publisher, int64_t now_ms)
{
    if (!publisher->every_ms || now_ms < publisher->rests_until_ms) { return false; }
    return !publisher->begun_ms || now_ms - publisher->begun_ms >= publisher->interval_ms;
}

static void begin(struct group_publisher *publisher, int64_t now_ms)
{
    publisher->begun_ms = MAX_OF(now_ms, (int64_t)1);
    if (!publisher->sort->begin(publisher->counter)) { return; }
    publisher->phase = PHASE_COUNT;
}

/* Ends a count, and says when the next one may begin. */
static void rest(struct group_publisher *publisher)
{
    int64_t now_ms = run_now_ms(publisher->parts.run);
    publisher->phase = PHASE_REST;
    publisher->interval_ms = MIN_OF(2 * publisher->interval_ms, publisher->every_ms);
    publisher->rests_until_ms = now_ms + REST_FOR_COUNT * (now_ms - publisher->begun_ms);
    publisher->sort->drop(publisher->counter);
}

static void count(struct group_publisher *publisher)
{
    const struct group_sort *sort = publisher->sort;
    int result = sort->count(publisher->counter);
    if (result < 0) {
        run_log(publisher->parts.run, LOG_WARN, sort->failure,
                "hint=\"raise %s, if no schema was unknown and the state can be read\"",
                sort->option);
        rest(publisher);
    } else if (result > 0) {
        publisher->phase = PHASE_SEND;
        publisher->next = 0;
        for (size_t i = 0; i < sort->kinds_count; i++) {
            published_groups_begin(publisher->parts.groups, sort->kinds[i]);
        }
    }
}

/* ---- Sending ---- */

/* Sends the next record if it says something else than the topic's. False: there are no more. */
static bool send_record(struct group_publisher *publisher, struct task *task)
{
    struct group_profile group;
    int result = publisher->sort->record(publisher->counter, publisher->next++, &group);
    if (result < 0) { return result == -EAGAIN; }
    metric_add(publisher->records, published_groups_send(publisher->parts.groups, task, &group));
    return true;
}

/* Sends a tombstone for the next key that has no record any more. False: there are no more. */
static bool bury_key(struct group_publisher *publisher, struct task *task)
{
    size_t sent = 0;
    bool more = false;
    for (size_t i = 0; i < publisher->sort->kinds_count && !more; i++) {
        more = published_groups_bury(publisher->parts.groups, task, publisher->sort->kinds[i],
                                     &sent);
    }
    metric_add(publisher->records, (double)sent);
    return more;
}

static void begin_burying(struct group_publisher *publisher)
{
    publisher->phase = PHASE_BURY;
    for (size_t i = 0; i < publisher->sort->kinds_count; i++) {
        published_groups_end(publisher->parts.groups, publisher->sort->kinds[i]);
    }
}

static void finish(struct group_publisher *publisher)
{
    int64_t took_ms = run_now_ms(publisher->parts.run) - publisher->begun_ms;
    rest(publisher);
    metric_set(publisher->seconds, (double)took_ms / 1000.0);
}

static void send(struct group_publisher *publisher, struct task *task)
{
    for (size_t k = 0; k < publisher->sort->sent_a_step && publisher->phase != PHASE_REST; k++) {
        bool buries = publisher->phase == PHASE_BURY;
        if (buries ? bury_key(publisher, task) : send_record(publisher, task)) { continue; }
        if (buries) {
            finish(publisher);
        } else {
            begin_burying(publisher);
        }
    }
}

void group_publisher_step(struct group_publisher *publisher, struct task *task)
{
    struct run *run = publisher->parts.run;
    int64_t now_ms = run_now_ms(run);
    if (publisher->phase == PHASE_COUNT) {
        count(publisher);
    } else if (publisher->phase != PHASE_REST) {
        send(publisher, task);
    } else if (is_due(publisher, now_ms) &&
               run_input_current(run, publisher->parts.table_input)) {
        begin(publisher, now_ms);
    }
}
