/* Four kinds of faults, in this order for each property: a key that is ours to set, a key of the
 * Java client, a key that librdkafka does not know (with the nearest one that it knows), a value
 * that it refuses. Then what several properties say together: a login that is not complete, or that
 * would not be used.
 */
#include "base/base.h"
#include "base/edit_distance.h"
#include "base/number.h"
#include "base/secret.h"
#include "base/xalloc.h"
#include "stream/kafka/kafka_internal.h"
#include "stream/kafka/kafka_properties.h"

#include <unistd.h>

enum { VALUES_MAX = 400 };

/* Keys that Freshet sets itself; each with the reason. */
static const struct reserved {
    const char *key;
    const char *reason;
} reserved[] = {
    {"bootstrap.servers", "set bootstrap.servers, without kafka."},
    {"metadata.broker.list", "set bootstrap.servers, without kafka."},
    {"isolation.level", "actions of aborted transactions would be counted"},
    {"enable.auto.commit", "offsets are committed together with the state"},
    {"auto.commit.enable", "offsets are committed together with the state"},
    {"enable.auto.offset.store", "offsets are committed together with the state"},
    {"offset.store.method", "offsets are committed together with the state"},
    {"auto.offset.reset", "the state decides where reading begins; skipped records would be lost"},
    {"enable.partition.eof", "restores learn from it that they have reached the end"},
    {"partition.assignment.strategy", "partitions are assigned by range, which standby copies and "
                                      "equal partitions of several topics rely on"},
    {"group.protocol", "partitions are assigned by range, which standby copies and equal "
                       "partitions of several topics rely on"},
    {"group.remote.assignor", "partitions are assigned by range, which standby copies rely on"},
    {"group.id", "group.prefix, the worker and its generation name the group"},
    {"group.instance.id", "instance and slot name the member; static.member=false makes it "
                          "dynamic"},
    {"transactional.id", "group.prefix, worker, instance and slot name it, so that a copy is "
                         "fenced by the next one with its slot"},
    {"enable.idempotence", "records would be lost or written twice after a retry"},
    {"enable.gapless.guarantee", "a message that is not sent rolls the batch back instead"},
    {"acks", "acknowledged records would be lost with one broker"},
    {"request.required.acks", "acknowledged records would be lost with one broker"},
    {"max.in.flight", "more requests than five at once change the order of records"},
    {"max.in.flight.requests.per.connection",
     "more requests than five at once change the order of records"},
    {"retries", "a record that is not sent again would be lost"},
    {"message.send.max.retries", "a record that is not sent again would be lost"},
    {"partitioner", "all writers of a topic must put a user or an item in the same partition "
                    "(murmur2, as Java does)"},
    {"queuing.strategy", "the order of records would change"},
    {"allow.auto.create.topics", "a missing topic is told of; the broker's defaults are wrong for "
                                 "ours"},
    {"delivery.report.only.error", "acknowledgements are waited for"},
    {"enabled_events", "acknowledgements are waited for"},
    {"test.mock.num.brokers", "nothing would reach the brokers of bootstrap.servers"},
    {"topic.blacklist", "topics that are hidden from the client count as missing"},
};

/* Keys of the Java client that have another name here. */
static const struct reserved java[] = {
    {"sasl.jaas.config", "of the Java client; set kafka.sasl.username and kafka.sasl.password"},
    {"ssl.truststore.location", "of the Java client; set kafka.ssl.ca.location, a PEM file"},
    {"ssl.truststore.password", "of the Java client; a PEM file of kafka.ssl.ca.location needs "
                                "none"},
    {"ssl.truststore.type", "of the Java client; set kafka.ssl.ca.location, a PEM file"},
    {"ssl.keystore.type", "of the Java client; kafka.ssl.keystore.location is a PKCS#12 file"},
    {"max.poll.records", "of the Java client; set poll.records.max, without kafka."},
    {"buffer.memory", "of the Java client; set kafka.queue.buffering.max.kbytes"},
    {"max.request.size", "of the Java client; set kafka.message.max.bytes"},
    {"key.serializer", "of the Java client; Freshet needs none"},
    {"value.serializer", "of the Java client; Freshet needs none"},
    {"key.deserializer", "of the Java client; Freshet needs none"},
    {"value.deserializer", "of the Java client; Freshet needs none"},
};

static const char *reason_of(const struct reserved *list, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].key, key) == 0) { return list[i].reason; }
    }
    return NULL;
}

/* Returns the key without `consumer.` or `producer.`. */
static const char *plain_key(const char *key)
{
    static const char *const kinds[] = {"consumer.", "producer."};
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        if (strncmp(key, kinds[i], strlen(kinds[i])) == 0) { return key + strlen(kinds[i]); }
    }
    return key;
}

static const char *value_of(const struct properties *properties, const char *key)
{
    const char *value = NULL;
    for (size_t i = 0; i < properties->count; i++) {
        if (strcmp(plain_key(properties->at[i].key), key) == 0) { value = properties->at[i].value; }
    }
    return value;
}

static bool has_prefix(const struct properties *properties, const char *prefix)
{
    for (size_t i = 0; i < properties->count; i++) {
        if (strncmp(plain_key(properties->at[i].key), prefix, strlen(prefix)) == 0) { return true; }
    }
    return false;
}

/* Writes the name of librdkafka's that is nearest to the key; "" when none is near. Its table of
 * properties has all of them, one a line; its dump of a configuration only those that are set. */
static void find_nearest(const char *key, char *nearest, size_t size)
{
    char *text = NULL, *at;
    size_t text_size, least = SIZE_MAX;
    nearest[0] = '\0';
    FILE *table = open_memstream(&text, &text_size);
    if (!table) { return; }
    rd_kafka_conf_properties_show(table);
    fclose(table);
    at = text;
    for (char *line; (line = strsep(&at, "\n"));) {
        line[strcspn(line, " |")] = '\0';
        size_t distance = edit_distance(line, key);
        if (!line[0] || distance >= least || !edit_is_near(distance, strlen(key))) { continue; }
        least = distance;
        (void)snprintf(nearest, size, "%s", line);
    }
    free(text);
}

static char *explain_unknown(const char *given, const char *key)
{
    char nearest[EDIT_TEXT_MAX + 1];
    find_nearest(key, nearest, sizeof(nearest));
    return xprintf("kafka.%.200s: librdkafka has no property %.200s; hint: %s%s%s", given, key,
                   nearest[0] ? "did you mean kafka." : "kafka.* are its own names, which its "
                                                        "CONFIGURATION.md lists",
                   nearest, nearest[0] ? "?" : "");
}

/* A file that librdkafka would open later, with a message of its TLS library. */
static char *check_file(const struct property *property, const char *key)
{
    static const char tail[] = ".location";
    size_t size = strlen(key);
    bool file = strncmp(key, "ssl.", 4) == 0 && size > strlen(tail) &&
                strcmp(key + size - strlen(tail), tail) == 0;
    if (!file || strcmp(property->value, "probe") == 0 || access(property->value, R_OK) == 0) {
        return NULL;
    }
    return xprintf("kafka.%s: the file cannot be read: %s", property->key, strerror(errno));
}

/* The values of a property that has names for them, as in librdkafka's table; "" for others. */
static void find_values(const char *key, char *values, size_t size)
{
    char *text = NULL, *at, *line, name[EDIT_TEXT_MAX + 1];
    size_t text_size;
    values[0] = '\0';
    FILE *table = open_memstream(&text, &text_size);
    if (!table) { return; }
    rd_kafka_conf_properties_show(table);
    fclose(table);
    for (at = text; (line = strsep(&at, "\n"));) {
        const char *range = strchr(line, '|');
        if (range) { range = strchr(range + 1, '|'); }
        size_t length = strcspn(line, " |");
        if (!range || length >= sizeof(name)) { continue; }
        (void)snprintf(name, sizeof(name), "%.*s", (int)length, line);
        if (strcmp(name, key) != 0) { continue; }
        range += 1 + strspn(range + 1, " ");
        size_t end = strcspn(range, "|");
        while (end && range[end - 1] == ' ') { end--; }
        bool named = memchr(range, ',', end) && !memchr(range, '.', end);
        if (named) { (void)snprintf(values, size, "%.*s", (int)end, range); }
        break;
    }
    free(text);
}

static char *check_one(rd_kafka_conf_t *conf, const struct property *property)
{
    char text[ERROR_TEXT_MAX];
    const char *key = plain_key(property->key);
    const char *reason = reason_of(reserved, ARRAY_COUNT(reserved), key);
    if (reason) { return xprintf("kafka.%s: not yours to set: %s", property->key, reason); }
    reason = reason_of(java, ARRAY_COUNT(java), key);
    if (reason) { return xprintf("kafka.%s: a property %s", property->key, reason); }
    rd_kafka_conf_res_t result =
        rd_kafka_conf_set(conf, key, property->value, text, sizeof(text));
    if (result == RD_KAFKA_CONF_UNKNOWN) { return explain_unknown(property->key, key); }
    if (result == RD_KAFKA_CONF_OK) { return check_file(property, key); }
    if (secret_named(slice_str(key))) { return xprintf("kafka.%s: invalid value", property->key); }
    char values[VALUES_MAX];
    find_values(key, values, sizeof(values));
    return xprintf("kafka.%s=%.100s: %s%s%s", property->key, property->value, text,
                   values[0] ? "; hint: one of " : "", values);
}

static bool is_any_of(const char *value, const char *one, const char *other)
{
    return value && (strcasecmp(value, one) == 0 || strcasecmp(value, other) == 0);
}

/* librdkafka takes every name, and tells of a wrong one with each connection only. */
static char *check_mechanism(const char *mechanism)
{
    static const char *const names[] = {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER",
                                        "GSSAPI"};
    size_t least = SIZE_MAX, nearest = 0;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        size_t distance = edit_distance(mechanism, names[i]);
        if (distance == 0) { return NULL; }
        if (distance < least) { nearest = i; }
        least = MIN_OF(least, distance);
    }
    bool scram = strncasecmp(mechanism, "SCRAM", strlen("SCRAM")) == 0 && least > 2;
    const char *meant = scram ? "SCRAM-SHA-256 or SCRAM-SHA-512" : names[nearest];
    bool near = scram || edit_is_near(least, strlen(names[nearest])) ||
                strcasecmp(mechanism, names[nearest]) == 0;
    return xprintf("kafka.sasl.mechanism=%.100s: it is PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, "
                   "OAUTHBEARER or GSSAPI%s%s%s", mechanism, near ? "; did you mean " : "",
                   near ? meant : "", near ? "?" : "");
}

/* A login that is not complete, or that would not be used without a word. */
static char *check_login(const struct properties *properties)
{
    const char *protocol = value_of(properties, "security.protocol");
    const char *mechanism = value_of(properties, "sasl.mechanism");
    const char *given = protocol ? protocol : "plaintext";
    if (!mechanism) { mechanism = value_of(properties, "sasl.mechanisms"); }
    bool sasl = is_any_of(protocol, "sasl_plaintext", "sasl_ssl");
    bool tls = is_any_of(protocol, "ssl", "sasl_ssl");
    if (sasl && !mechanism) {
        return xprintf("kafka.security.protocol=%s: kafka.sasl.mechanism is missing; hint: set it "
                       "to what the brokers allow: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, "
                       "OAUTHBEARER or GSSAPI", given);
    }
    char *fault = sasl ? check_mechanism(mechanism) : NULL;
    if (fault) { return fault; }
    bool by_password = mechanism && (strcasecmp(mechanism, "PLAIN") == 0 ||
                                     strncasecmp(mechanism, "SCRAM", strlen("SCRAM")) == 0);
    if (sasl && by_password && !value_of(properties, "sasl.username")) {
        return xprintf("kafka.sasl.mechanism=%s: kafka.sasl.username is missing", mechanism);
    }
    if (sasl && by_password && !value_of(properties, "sasl.password")) {
        return xprintf("kafka.sasl.mechanism=%s: kafka.sasl.password is missing", mechanism);
    }
    if (!sasl && has_prefix(properties, "sasl.")) {
        return xprintf("kafka.sasl.* is set, but kafka.security.protocol is %s: nobody would log "
                       "in; hint: set it to SASL_SSL (or SASL_PLAINTEXT)", given);
    }
    if (!tls && has_prefix(properties, "ssl.")) {
        return xprintf("kafka.ssl.* is set, but kafka.security.protocol is %s: connections would "
                       "not be encrypted; hint: set it to SSL or SASL_SSL", given);
    }
    return NULL;
}

/* A message that the client still holds when another copy owns its partitions must not be sent any
 * more (stream/standstill.c). */
static char *check_message_timeout(const struct properties *properties)
{
    const char *session = value_of(properties, "session.timeout.ms");
    const char *text = value_of(properties, "message.timeout.ms");
    if (!text) { text = value_of(properties, "delivery.timeout.ms"); }
    int64_t message_ms = 0, session_ms = WIRE_SESSION_MS;
    if (!text || !number_parse(text, &message_ms)) { return NULL; }
    if (session) { (void)number_parse(session, &session_ms); }
    if (message_ms > 0 && message_ms < session_ms) { return NULL; }
    return xprintf("kafka.message.timeout.ms=%s: it must be shorter than the session timeout (%"
                   PRId64 " ms): a copy that stood still would send what the next owner of its "
                   "partitions has sent anew",
                   text, session_ms);
}

char *kafka_properties_fault(const struct properties *properties)
{
    char *fault = NULL;
    if (!properties) { return NULL; }
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    for (size_t i = 0; i < properties->count && !fault; i++) {
        fault = check_one(conf, &properties->at[i]);
    }
    rd_kafka_conf_destroy(conf);
    if (!fault) { fault = check_message_timeout(properties); }
    return fault ? fault : check_login(properties);
}
