/* Configuration, errors, opening and closing of the wire on librdkafka.
 *
 * A wire has up to five handles, because librdkafka fixes group, isolation level and transactional
 * id when a handle is made:
 *
 *   the member   group consumer, read_committed            bounds    requests, read_uncommitted
 *   at_once      idempotent producer                       stable    requests, read_committed
 *   txn          transactional producer (KIP-98, KIP-447)
 *
 * and one consumer for each reader. kafka_open() makes them, waits for a broker, and only then
 * calls init_transactions(), which fences the former owner of the transactional id.
 *
 * Every error becomes one of five wire_errors here, in kafka_classify_code() or, where librdkafka
 * gives an error object with flags, kafka_classify_error(). Errors that need operator action are in
 * one table, with their hints.
 */
#include "base/base.h"
#include "base/clock.h"
#include "base/message.h"
#include "base/secret.h"
#include "base/xalloc.h"
#include "stream/kafka/kafka_internal.h"
#include "stream/kafka/kafka_properties.h"
#include "stream/kafka/kafka_timeouts.h"

/* ---- Errors ---- */

void kafka_set_why(struct kafka *kafka, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    pthread_mutex_lock(&kafka->why_lock);
    message_write(kafka->why, sizeof(kafka->why), format, args);
    pthread_mutex_unlock(&kafka->why_lock);
    va_end(args);
}

static const char *kafka_why(struct wire *wire)
{
    struct kafka *kafka = (struct kafka *)wire;
    pthread_mutex_lock(&kafka->why_lock);
    memcpy(kafka->why_lent, kafka->why, sizeof(kafka->why_lent));
    pthread_mutex_unlock(&kafka->why_lock);
    return kafka->why_lent;
}

/* Receives librdkafka's own errors (a broker is away, a handshake failed), after which it tries
 * again by itself. Called from inside a poll of the handle; for the member that is the worker's
 * thread. */
static void on_trouble(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct kafka *kafka = opaque;
    /* Comes after the error of each broker and has no reason of its own. */
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) { return; }
    kafka_trouble_error(&kafka->trouble, code, reason);
    if (rk == kafka->consumer_batch.rk && kafka->listener.trouble) {
        kafka->listener.trouble(kafka->listener.arg, reason);
    }
}

/* Errors that need operator action: trying again cannot help. */
static const struct refusal {
    rd_kafka_resp_err_t code;
    const char *hint;
} refusals[] = {
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
     "a right is missing: deploy/acls plan shows which"},
    {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
     "this user may not Read the group: deploy/acls plan shows it"},
    {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
     "allow this user IdempotentWrite on the cluster"},
    {RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
     "this user may not Write the transactional id, which group.prefix, worker and "
     "instance name: deploy/acls plan shows it"},
    {RD_KAFKA_RESP_ERR__AUTHENTICATION, "check kafka.security.protocol and kafka.sasl.*"},
    {RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, "check kafka.sasl.*"},
    {RD_KAFKA_RESP_ERR_INVALID_TRANSACTION_TIMEOUT,
     "the brokers' transaction.max.timeout.ms is less than the time of our transactions, 10000 or "
     "30000 ms: raise it, or set kafka.producer.transaction.timeout.ms to at most its value"},
    {RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT,
     "the brokers' group.min.session.timeout.ms and group.max.session.timeout.ms do not allow this "
     "session timeout: set kafka.consumer.session.timeout.ms between them"},
    {RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE,
     "retention has passed the next offset, or the topic was recreated"},
    {RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET,
     "retention has passed the next offset, or the topic was recreated"},
};

static const char *hint_of(rd_kafka_resp_err_t code)
{
    for (size_t i = 0; i < ARRAY_COUNT(refusals); i++) {
        if (refusals[i].code == code) { return refusals[i].hint; }
    }
    return NULL;
}

bool kafka_is_refusal(rd_kafka_resp_err_t code)
{
    return hint_of(code) != NULL;
}

static bool is_silence(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE ||
           code == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT;
}

/* Sets the failure's text, with the hint when operator action is needed; true when it is. When no
 * answer came, librdkafka's newest error says which address it dialled: often not the one that was
 * configured, but one that a broker advertises. */
static bool describe_error(struct kafka *kafka, const char *what, rd_kafka_resp_err_t code,
                           const char *text)
{
    char trouble[TROUBLE_TEXT_MAX] = "";
    const char *hint = hint_of(code);
    if (is_silence(code)) { kafka_trouble_copy(&kafka->trouble, trouble); }
    const char *told = !hint && trouble[0]
                           ? "an address that is not in bootstrap.servers is one that brokers tell "
                             "their clients: advertised.listeners"
                           : hint;
    kafka_set_why(kafka, "%s: %s (%s)%s%s%s%s", what, text, rd_kafka_err2name(code),
                  trouble[0] ? "; last trouble: " : "", trouble, told ? "; hint: " : "",
                  told ? told : "");
    return hint != NULL;
}

int kafka_classify_code(struct kafka *kafka, const char *what, rd_kafka_resp_err_t code)
{
    if (describe_error(kafka, what, code, rd_kafka_err2str(code))) { return WIRE_REFUSED; }
    switch (code) {
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__INVALID_ARG:
        return WIRE_FATAL;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        return WIRE_TOO_LARGE;
    default:
        return WIRE_RETRY;
    }
}

/* An error without any flag is fatal, as librdkafka's INTRODUCTION.md says of the transactional
 * API. */
int kafka_classify_error(struct kafka *kafka, const char *what, rd_kafka_error_t *error)
{
    int result = WIRE_FATAL;
    if (describe_error(kafka, what, rd_kafka_error_code(error), rd_kafka_error_string(error))) {
        result = WIRE_REFUSED;
    } else if (rd_kafka_error_is_fatal(error)) {
        result = WIRE_FATAL;
    } else if (rd_kafka_error_txn_requires_abort(error)) {
        result = WIRE_ABORTED;
    } else if (rd_kafka_error_is_retriable(error)) {
        result = WIRE_RETRY;
    }
    rd_kafka_error_destroy(error);
    return result;
}

/* ---- Configuration ---- */

struct setting {
    const char *key;
    const char *value;
};

static int set_all(rd_kafka_conf_t *conf, const struct setting *settings, char **ret_why)
{
    char text[ERROR_TEXT_MAX];
    for (; settings->key; settings++) {
        if (!settings->value) { continue; }
        if (rd_kafka_conf_set(conf, settings->key, settings->value, text, sizeof(text)) ==
            RD_KAFKA_CONF_OK) {
            continue;
        }
        bool secret = secret_named(slice_str(settings->key)); /* the text contains the value */
        *ret_why = xprintf("kafka.%s: %s", settings->key, secret ? "invalid value" : text);
        return WIRE_FATAL;
    }
    return 0;
}

/* Sets the user's own properties: `x` on every handle, `consumer.x` and `producer.x` on one
 * kind. */
static int set_properties(rd_kafka_conf_t *conf, const struct properties *properties,
                          const char *kind, char **ret_why)
{
    static const char *const kinds[] = {"consumer.", "producer."};
    for (size_t i = 0; properties && i < properties->count; i++) {
        const char *key = properties->at[i].key;
        bool other = false;
        for (size_t k = 0; k < ARRAY_COUNT(kinds); k++) {
            if (strncmp(key, kinds[k], strlen(kinds[k])) != 0) { continue; }
            other = strncmp(kinds[k], kind, strlen(kind)) != 0;
            key += strlen(kinds[k]);
            break;
        }
        const struct setting one[] = {{key, properties->at[i].value}, {NULL, NULL}};
        if (!other && set_all(conf, one, ret_why) < 0) { return WIRE_FATAL; }
    }
    return 0;
}

/* Called by librdkafka's threads. */
static void hear_log(const rd_kafka_t *rk, int level _unused_, const char *facility,
                     const char *text)
{
    struct kafka *kafka = rd_kafka_opaque(rk);
    if (kafka && strcmp(facility, "FAIL") == 0) { kafka_trouble_line(&kafka->trouble, text); }
}

static int make_conf(struct kafka *kafka, const struct kafka_identity *identity, const char *kind,
                     const struct setting *settings, rd_kafka_conf_t **ret_conf, char **ret_why)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    const struct setting base[] = {
        {"bootstrap.servers", identity->bootstrap},
        {"client.id", identity->instance ? identity->instance : "freshet"},
        {"socket.keepalive.enable", "true"},
        {"socket.nagle.disable", "true"},
        {"reconnect.backoff.ms", "50"},
        {"reconnect.backoff.max.ms", "2000"},
        {NULL, NULL},
    };
    /* librdkafka before 2.2.0 does not have it: see wake_fetcher() in kafka_group.c. */
    bool backs_off = strcmp(kind, "consumer") == 0 &&
                     rd_kafka_conf_set(conf, "fetch.queue.backoff.ms", FETCH_BACKOFF_MS, NULL, 0) ==
                         RD_KAFKA_CONF_OK;
    kafka->backoff_set = kafka->backoff_set || backs_off;
    if (set_all(conf, base, ret_why) < 0 || set_all(conf, settings, ret_why) < 0 ||
        set_properties(conf, identity->properties, kind, ret_why) < 0) {
        rd_kafka_conf_destroy(conf);
        return WIRE_FATAL;
    }
    rd_kafka_conf_set_opaque(conf, kafka);
    rd_kafka_conf_set_error_cb(conf, on_trouble);
    bool debug = identity->properties && properties_get(identity->properties, "debug");
    rd_kafka_conf_set_log_cb(conf, debug ? rd_kafka_log_print : hear_log);
    *ret_conf = conf;
    return 0;
}

int kafka_make_handle(struct kafka *kafka, rd_kafka_type_t type, rd_kafka_conf_t *conf,
                      rd_kafka_t **ret_rk)
{
    char text[ERROR_TEXT_MAX];
    rd_kafka_t *rk = rd_kafka_new(type, conf, text, sizeof(text));
    if (!rk) {
        rd_kafka_conf_destroy(conf);
        kafka_set_why(kafka, "client: %s", text);
        return WIRE_FATAL;
    }
    *ret_rk = rk;
    return 0;
}

/* ---- Requests about topics ---- */

rd_kafka_topic_partition_list_t *kafka_partition_offset(const char *topic, int32_t partition,
                                                        int64_t offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = offset;
    return list;
}

/* rd_kafka_query_watermark_offsets() would give both ends in one call, but before librdkafka 2.3.0
 * it ignores its timeout while the broker is away (confluentinc/librdkafka#2588). */
rd_kafka_resp_err_t kafka_request_offset(rd_kafka_t *rk, const char *topic, int32_t partition,
                                         int64_t time, int timeout_ms, int64_t *ret_offset)
{
    rd_kafka_topic_partition_list_t *list = kafka_partition_offset(topic, partition, time);
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(rk, list, timeout_ms);
    if (!code) { code = list->elems[0].err; }
    *ret_offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    return code;
}

static int request_bound(struct kafka *kafka, rd_kafka_t *rk, const char *topic, int32_t partition,
                         int64_t which, int64_t *ret_offset)
{
    int64_t offset;
    rd_kafka_resp_err_t code =
        kafka_request_offset(rk, topic, partition, which, REQUEST_TIMEOUT_MS, &offset);
    if (kafka_is_missing(code)) { return kafka_confirm_missing(kafka, topic, partition); }
    if (code) { return kafka_classify_code(kafka, "log bounds", code); }
    *ret_offset = offset;
    return 0;
}

static int kafka_bounds(struct wire *wire, const char *topic, int32_t partition, int64_t *ret_low,
                        int64_t *ret_end)
{
    struct log_bounds bounds = {0};
    int result = kafka_bounds_of(wire, topic, partition, 1, &bounds);
    *ret_low = bounds.low;
    *ret_end = bounds.end;
    return result;
}

static int kafka_offset_at(struct wire *wire, const char *topic, int32_t partition, int64_t time_ms,
                           int64_t *ret_offset)
{
    struct kafka *kafka = (struct kafka *)wire;
    int result = request_bound(kafka, kafka->bounds, topic, partition, time_ms, ret_offset);
    if (result < 0 || *ret_offset >= 0) { return result; }
    return request_bound(kafka, kafka->bounds, topic, partition, RD_KAFKA_OFFSET_END, ret_offset);
}

static int kafka_stable_end(struct wire *wire, const char *topic, int32_t partition,
                            int64_t *ret_end)
{
    struct kafka *kafka = (struct kafka *)wire;
    if (!kafka->stable) {
        int result = kafka_make_handle(kafka, RD_KAFKA_CONSUMER,
                                       rd_kafka_conf_dup(kafka->reader_conf), &kafka->stable);
        if (result < 0) { return result; }
    }
    return request_bound(kafka, kafka->stable, topic, partition, RD_KAFKA_OFFSET_END, ret_end);
}

/* ---- Opening and closing ---- */

static void close_consumer(rd_kafka_t *rk)
{
    if (!rk) { return; }
    rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
}

static void kafka_close(struct wire *wire)
{
    struct kafka *kafka = (struct kafka *)wire;
    consumer_batch_drop(&kafka->consumer_batch);
    close_consumer(kafka->consumer_batch.rk);
    for (size_t i = 0; i < kafka->topics_count; i++) {
        rd_kafka_topic_destroy(kafka->topics[i].rkt);
    }
    free(kafka->topics);
    if (kafka->at_once) {
        (void)rd_kafka_flush(kafka->at_once, FLUSH_TIMEOUT_MS);
        rd_kafka_purge(kafka->at_once, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_poll(kafka->at_once, 0);
        kafka_drop_oversize(kafka);
        rd_kafka_destroy(kafka->at_once);
    }
    if (kafka->txn) { rd_kafka_destroy(kafka->txn); }
    kafka_close_rank(kafka);
    kafka_close_observers(kafka);
    if (kafka->bounds) { rd_kafka_destroy(kafka->bounds); }
    if (kafka->stable) { rd_kafka_destroy(kafka->stable); }
    if (kafka->reader_conf) { rd_kafka_conf_destroy(kafka->reader_conf); }
    if (kafka->member_conf) { rd_kafka_conf_destroy(kafka->member_conf); }
    if (kafka->at_once_conf) { rd_kafka_conf_destroy(kafka->at_once_conf); }
    if (kafka->txn_conf) { rd_kafka_conf_destroy(kafka->txn_conf); }
    consumer_batch_release(&kafka->consumer_batch);
    partition_offsets_release(&kafka->sent);
    free(kafka->group);
    free(kafka->instance);
    pthread_mutex_destroy(&kafka->handles_lock);
    pthread_mutex_destroy(&kafka->why_lock);
    kafka_trouble_destroy(&kafka->trouble);
    free(kafka);
}

static struct wire_class kafka_class = {
    .close = kafka_close,
    .why = kafka_why,
    .partitions = kafka_partitions,
    .topics = kafka_topics,
    .describe = kafka_describe,
    .bounds = kafka_bounds,
    .bounds_of = kafka_bounds_of,
    .offset_at = kafka_offset_at,
    .stable_end = kafka_stable_end,
};

int kafka_make_member(struct kafka *kafka, rd_kafka_conf_t *conf)
{
    rd_kafka_conf_set_rebalance_cb(conf, kafka_on_rebalance);
    int result = kafka_make_handle(kafka, RD_KAFKA_CONSUMER, conf, &kafka->consumer_batch.rk);
    if (!result) { rd_kafka_poll_set_consumer(kafka->consumer_batch.rk); }
    return result;
}

static int make_consumer_conf(struct kafka *kafka, const struct kafka_identity *identity,
                              const struct setting *settings, rd_kafka_conf_t **ret_conf,
                              char **ret_why)
{
    int result = make_conf(kafka, identity, "consumer", settings, ret_conf, ret_why);
    if (!result) { kafka_fit_fetch(*ret_conf); }
    return result;
}

static int open_consumers(struct kafka *kafka, const struct kafka_identity *identity,
                          char **ret_why)
{
    char kbytes[32], session_ms[32];
    (void)snprintf(session_ms, sizeof(session_ms), "%d", WIRE_SESSION_MS);
    (void)snprintf(kbytes, sizeof(kbytes), "%" PRId64,
                   MAX_OF(identity->fetch_bytes_max / 1024, (int64_t)1));
    const struct setting member[] = {
        {"group.id", identity->group ? identity->group : "freshet"},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"isolation.level", "read_committed"},
        {"auto.offset.reset", "error"},
        {"partition.assignment.strategy", "range"},
        {"session.timeout.ms", session_ms},
        {"heartbeat.interval.ms", "1000"},
        {"enable.partition.eof", "true"},
        {"queued.max.messages.kbytes", kbytes},
        {"topic.metadata.refresh.interval.ms", "10000"}, /* only this finds a deleted topic */
        {"topic.metadata.propagation.max.ms", "10000"},
        {"fetch.wait.max.ms", "100"},
        {"fetch.error.backoff.ms", "100"}, /* once for each record that cannot be unpacked */
        {"fetch.message.max.bytes", KAFKA_FETCH_PARTITION_BYTES},
        {"fetch.max.bytes", KAFKA_FETCH_ANSWER_BYTES},
        {NULL, NULL},
    };
    struct setting others[ARRAY_COUNT(member)];
    memcpy(others, member, sizeof(member));
    others[ARRAY_COUNT(others) - 3].value = KAFKA_FETCH_TABLE_PARTITION_BYTES;
    others[ARRAY_COUNT(others) - 2].value = KAFKA_FETCH_TABLE_ANSWER_BYTES;
    assert(strcmp(others[3].key, "isolation.level") == 0);
    others[3].value = "read_uncommitted";
    rd_kafka_conf_t *conf;
    int result = make_consumer_conf(kafka, identity, others, &conf, ret_why);
    if (!result) { result = kafka_make_handle(kafka, RD_KAFKA_CONSUMER, conf, &kafka->bounds); }
    others[3].value = member[3].value;
    if (!result) {
        result = make_consumer_conf(kafka, identity, others, &kafka->reader_conf, ret_why);
    }
    if (result || !identity->group) { return result; }
    result = make_consumer_conf(kafka, identity, member, &conf, ret_why);
    if (result) { return result; }
    if (!identity->instance) { return kafka_make_member(kafka, conf); }
    kafka->member_conf = conf;
    return 0;
}

static int64_t transaction_of(const struct kafka_identity *identity)
{
    return identity->transaction_ms ? identity->transaction_ms : WIRE_TRANSACTION_MS;
}

static int open_producers(struct kafka *kafka, const struct kafka_identity *identity,
                          char **ret_why)
{
    char transaction_ms[24];
    (void)snprintf(transaction_ms, sizeof(transaction_ms), "%" PRId64, transaction_of(identity));
    /* With five messages of a partition in flight, librdkafka's idempotent producer polls without a
     * pause from the end of linger.ms until they are acknowledged (rd_kafka_toppar_producer_serve;
     * confluentinc/librdkafka#4989). 4 ms outlast most acknowledgements. */
    const struct setting at_once[] = {
        {"enable.idempotence", "true"},
        {"partitioner", "murmur2_random"},
        {"linger.ms", "4"},
        {"message.timeout.ms", "10000"},
        {"message.max.bytes", "10000000"},
        {"queue.buffering.max.kbytes", "32768"},
        {"compression.codec", "zstd"},
        {NULL, NULL},
    };
    const struct setting txn[] = {
        {"transactional.id", identity->transactional},
        {"transaction.timeout.ms", transaction_ms},
        {"partitioner", "murmur2_random"},
        {"linger.ms", "5"},
        {"queue.buffering.max.kbytes", "32768"},
        {"message.max.bytes", "10000000"},
        {"compression.codec", "lz4"},
        {NULL, NULL},
    };
    int result = make_conf(kafka, identity, "producer", at_once, &kafka->at_once_conf, ret_why);
    if (result) { return result; }
    rd_kafka_conf_set_dr_msg_cb(kafka->at_once_conf, kafka_on_at_once_report);
    result = kafka_make_handle(kafka, RD_KAFKA_PRODUCER, rd_kafka_conf_dup(kafka->at_once_conf),
                               &kafka->at_once);
    if (result || !identity->transactional) { return result; }
    result = make_conf(kafka, identity, "producer", txn, &kafka->txn_conf, ret_why);
    if (result) { return result; }
    rd_kafka_conf_set_dr_msg_cb(kafka->txn_conf, kafka_on_txn_report);
    return kafka_make_handle(kafka, RD_KAFKA_PRODUCER, rd_kafka_conf_dup(kafka->txn_conf),
                             &kafka->txn);
}

/* librdkafka before 2.6.1 answers SCRAM's challenge with its own nonce twice
 * (confluentinc/librdkafka#4895). Brokers since 3.8.1 refuse this as a wrong password. */
static const char *scram_hint(const struct kafka *kafka, const struct kafka_identity *identity)
{
    const char *mechanism = NULL;
    if (identity->properties) {
        mechanism = properties_get(identity->properties, "sasl.mechanism");
        if (!mechanism) { mechanism = properties_get(identity->properties, "sasl.mechanisms"); }
    }
    bool affected = kafka->trouble.credentials_refused && mechanism &&
                    strncmp(mechanism, "SCRAM", 5) == 0 && rd_kafka_version() < SCRAM_FIXED_VERSION;
    return affected ? "; hint: this librdkafka is older than 2.6.1 and cannot log in by SCRAM at "
                      "Kafka 3.8.1 or newer, even with the right password: load a newer one, or "
                      "use certificates, OAUTHBEARER or PLAIN over TLS"
                    : "";
}

/* Says why there is no answer yet; next_ms is when to say it (again). */
static void say_waiting(struct kafka *kafka, const struct kafka_identity *identity,
                        int64_t waited_ms, int64_t *next_ms)
{
    char text[ERROR_TEXT_MAX], trouble[TROUBLE_TEXT_MAX];
    kafka_trouble_copy(&kafka->trouble, trouble);
    bool heard = trouble[0] != '\0';
    bool first = *next_ms == WAITING_SILENT_MS;
    if (!identity->waiting || (waited_ms < *next_ms && !(heard && first))) { return; }
    *next_ms = MAX_OF(waited_ms, (int64_t)WAITING_SILENT_MS) + WAITING_EVERY_MS;
    (void)snprintf(text, sizeof(text), "no answer from %.200s", identity->bootstrap);
    identity->waiting(identity->waiting_arg, heard ? trouble : text);
}

/* Requests metadata in attempts until a broker answers. Credentials or a certificate that are
 * refused in REFUSED_ATTEMPTS_MAX attempts end the wait; not the first time, because a broker may
 * not have loaded a new user yet. */
static int reach_broker(struct kafka *kafka, const struct kafka_identity *identity, int timeout_ms)
{
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TRANSPORT;
    int refused_attempts = 0;
    int64_t begun_ms = clock_monotonic_ms(), waited_ms = 0, next_ms = WAITING_SILENT_MS;
    while (code && waited_ms < timeout_ms) {
        bool refused = kafka_trouble_kind(&kafka->trouble) == TROUBLE_REFUSED;
        if (refused && refused_attempts++ == REFUSED_ATTEMPTS_MAX) { break; }
        const struct rd_kafka_metadata *metadata = NULL;
        bool early = waited_ms < REACH_ATTEMPT_MS && !refused;
        int attempt_ms = early ? REACH_FIRST_MS : REACH_ATTEMPT_MS;
        attempt_ms = (int)MIN_OF((int64_t)attempt_ms, timeout_ms - waited_ms);
        code = rd_kafka_metadata(kafka->bounds, 0, NULL, &metadata, attempt_ms);
        if (metadata) { rd_kafka_metadata_destroy(metadata); }
        rd_kafka_poll(kafka->bounds, 0);
        waited_ms = clock_monotonic_ms() - begun_ms;
        if (code) { say_waiting(kafka, identity, waited_ms, &next_ms); }
    }
    if (code) {
        char trouble[TROUBLE_TEXT_MAX];
        kafka_trouble_copy(&kafka->trouble, trouble);
        kafka_set_why(kafka, "no broker accepts us at %s: %s%s", identity->bootstrap,
                      trouble[0] ? trouble : rd_kafka_err2str(code), scram_hint(kafka, identity));
        bool passes = kafka_trouble_kind(&kafka->trouble) == TROUBLE_PASSES;
        return passes ? WIRE_RETRY : WIRE_REFUSED;
    }
    kafka_trouble_answered(&kafka->trouble);
    return 0;
}

int kafka_open(const struct kafka_identity *identity, int timeout_ms, struct wire **ret_wire,
               char **ret_why)
{
    char *why = kafka_properties_fault(identity->properties);
    if (!why) {
        why = kafka_timeouts_fault(identity->properties,
                                   identity->transactional ? transaction_of(identity) : 0);
    }
    if (why) {
        *ret_why = why;
        return WIRE_REFUSED;
    }
    struct kafka *kafka = xcalloc(1, sizeof(*kafka));
    kafka_group_verbs(&kafka_class);
    kafka_send_verbs(&kafka_class);
    kafka->wire.class = &kafka_class;
    pthread_mutex_init(&kafka->why_lock, NULL);
    kafka_trouble_init(&kafka->trouble);
    pthread_mutex_init(&kafka->handles_lock, NULL);
    if (identity->group) { kafka->group = xstrdup(identity->group); }
    if (identity->instance) { kafka->instance = xstrdup(identity->instance); }
    kafka->request_ms = identity->request_ms ? identity->request_ms : REQUEST_TIMEOUT_MS;
    kafka->fetch_bytes_max = (size_t)MAX_OF(identity->fetch_bytes_max, (int64_t)1 << 20);
    int result = open_consumers(kafka, identity, &why);
    if (!result) { result = open_producers(kafka, identity, &why); }
    if (!result) { result = reach_broker(kafka, identity, timeout_ms); }
    if (!result) { result = kafka_init_transactions(kafka, timeout_ms); }
    if (result) {
        *ret_why = why ? why : xstrdup(kafka_why(&kafka->wire));
        kafka_close(&kafka->wire);
        return result;
    }
    *ret_wire = &kafka->wire;
    return 0;
}
