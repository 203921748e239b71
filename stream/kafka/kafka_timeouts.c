#include "base/base.h"
#include "base/number.h"
#include "base/xalloc.h"
#include "stream/kafka/kafka_timeouts.h"
#include "stream/kafka/wire.h"

enum { ADJUSTED = -1 }; /* librdkafka derives it where it is not set: nothing to check */

/* A property and what it is where nobody sets it: by kafka.c, or by librdkafka. */
struct measure {
    const char *key;
    const char *other; /* another name of it, or NULL */
    int64_t unset;
};

static const struct measure heartbeat = {"heartbeat.interval.ms", NULL, 1000};
static const struct measure session = {"session.timeout.ms", NULL, WIRE_SESSION_MS};
static const struct measure max_poll = {"max.poll.interval.ms", NULL, 300000};
static const struct measure fetch_wait = {"fetch.wait.max.ms", NULL, 100};
static const struct measure fetch_bytes = {"fetch.max.bytes", NULL, ADJUSTED};
static const struct measure receive_bytes = {"receive.message.max.bytes", NULL, ADJUSTED};
static const struct measure read_socket = {"socket.timeout.ms", NULL, 60000};
static const struct measure write_socket = {"socket.timeout.ms", NULL, ADJUSTED};
static const struct measure linger = {"linger.ms", "queue.buffering.max.ms", 5};
static const struct measure request = {"request.timeout.ms", NULL, ADJUSTED};
static const struct measure message = {"message.timeout.ms", "delivery.timeout.ms", 10000};
static const struct measure set_message = {"message.timeout.ms", "delivery.timeout.ms", ADJUSTED};
static const struct measure transaction = {"transaction.timeout.ms", NULL, ADJUSTED};
static const struct measure reconnect = {"reconnect.backoff.ms", NULL, 50};
static const struct measure reconnect_max = {"reconnect.backoff.max.ms", NULL, 2000};
static const struct measure retry = {"retry.backoff.ms", NULL, ADJUSTED};
static const struct measure retry_max = {"retry.backoff.max.ms", NULL, 1000};

/* The lesser one, and what is added to it, may be as large as the greater one. */
static const struct rule {
    const char *client; /* "consumer" or "producer" */
    bool transactional; /* only for transactions */
    const struct measure *lesser;
    const struct measure *added; /* or NULL */
    int64_t more;                /* added, too */
    const struct measure *greater;
    const char *why;
} rules[] = {
    {"consumer", false, &heartbeat, NULL, 1, &session,
     "the group would take the copy for dead between two heartbeats; hint: a third of the session "
     "timeout is usual"},
    {"consumer", false, &session, NULL, 0, &max_poll,
     "the copy would leave the group while its session goes on; hint: raise "
     "kafka.max.poll.interval.ms, too"},
    {"consumer", false, &fetch_wait, NULL, 1, &read_socket,
     "each wait for records would be taken for a lost connection; hint: 100 ms is the default"},
    {"consumer", false, &fetch_bytes, NULL, 512, &receive_bytes,
     "an answer as large as may be asked for would be refused; hint: change both"},
    {"producer", false, &linger, NULL, 1, &message,
     "messages would expire before they are sent; hint: a few milliseconds are enough"},
    {"producer", false, &linger, &request, 0, &message,
     "messages would expire before their request does; hint: lower kafka.request.timeout.ms"},
    {"producer", true, &set_message, NULL, 0, &transaction,
     "a message may not outlive its transaction; hint: raise "
     "kafka.producer.transaction.timeout.ms, too"},
    {"producer", true, &write_socket, NULL, -100, &transaction,
     "a request may not outlive its transaction; hint: set kafka.consumer.socket.timeout.ms, or "
     "raise kafka.producer.transaction.timeout.ms"},
    {"producer", false, &reconnect, NULL, 0, &reconnect_max, "hint: change both"},
    {"producer", false, &retry, NULL, 0, &retry_max, "hint: change both"},
    {"consumer", false, &reconnect, NULL, 0, &reconnect_max, "hint: change both"},
    {"consumer", false, &retry, NULL, 0, &retry_max, "hint: change both"},
};

/* Says whether a property is this one for a client: the key alone is for all clients. Returns how
 * much it counts, 0 for another one. */
static int counts_for(const char *given, const char *client, const char *key)
{
    size_t size = strlen(client);
    if (!key) { return 0; }
    if (strcmp(given, key) == 0) { return 1; }
    bool own = strncmp(given, client, size) == 0 && given[size] == '.' &&
               strcmp(given + size + 1, key) == 0;
    return own ? 2 : 0;
}

/* Returns a measure of a client; *ret_key is the key by which it was set, else the measure's. */
static int64_t value_of(const struct properties *properties, const char *client,
                        const struct measure *measure, int64_t unset, const char **ret_key)
{
    int64_t value = unset, parsed;
    int counted = 1;
    *ret_key = measure->key;
    for (size_t i = 0; i < properties->count; i++) {
        const struct property *at = &properties->at[i];
        int counts = MAX_OF(counts_for(at->key, client, measure->key),
                            counts_for(at->key, client, measure->other));
        if (counts < counted || !number_parse(at->value, &parsed)) { continue; }
        counted = counts;
        value = parsed;
        *ret_key = at->key;
    }
    return value;
}

static char *check(const struct properties *properties, int64_t transaction_ms,
                   const struct rule *rule)
{
    const char *client = rule->client, *lesser_key, *added_key = NULL, *greater_key;
    int64_t unset = rule->greater == &transaction ? transaction_ms : rule->greater->unset;
    int64_t lesser = value_of(properties, client, rule->lesser, rule->lesser->unset, &lesser_key);
    int64_t greater = value_of(properties, client, rule->greater, unset, &greater_key), added = 0;
    if (rule->added) {
        added = value_of(properties, client, rule->added, rule->added->unset, &added_key);
    }
    if (lesser == ADJUSTED || added == ADJUSTED || greater == ADJUSTED) { return NULL; }
    if (lesser + added + rule->more <= greater) { return NULL; }
    _cleanup_(xfreep) char *plus =
        added_key ? xprintf(" and kafka.%s=%" PRId64, added_key, added) : xstrdup("");
    return xprintf("kafka.%s=%" PRId64 "%s cannot work with kafka.%s=%" PRId64 ": %s", lesser_key,
                   lesser, plus, greater_key, greater, rule->why);
}

char *kafka_timeouts_fault(const struct properties *properties, int64_t transaction_ms)
{
    char *fault = NULL;
    for (size_t i = 0; properties && i < ARRAY_COUNT(rules) && !fault; i++) {
        if (transaction_ms || !rules[i].transactional) {
            fault = check(properties, transaction_ms, &rules[i]);
        }
    }
    return fault;
}

char *kafka_commit_timeout_fault(const struct properties *properties, int64_t transaction_ms,
                                 int64_t commit_timeout_ms)
{
    const char *key;
    if (!transaction_ms) { return NULL; }
    int64_t longest = transaction_ms;
    if (properties) { longest = value_of(properties, "producer", &transaction, longest, &key); }
    if (commit_timeout_ms >= longest) { return NULL; }
    return xprintf("commit.timeout.ms=%" PRId64 " is shorter than a transaction may take, %" PRId64
                   " ms: the worker would end while its commit goes on; hint: at least %" PRId64
                   ", the default is 120s", commit_timeout_ms, longest, longest);
}
