/* The producers' handles. One that lost a message is replaced by a new one.
 *
 * A rolled back transaction drops the messages that wait in librdkafka's queues, and numbers the
 * next ones as if none of those had been sent (rd_kafka_toppar_purge_queues(), in 2.0.2 and in all
 * versions until now). But a message waits there, too, when its request was sent, the answer did
 * not come, and it was to be sent again. If the broker has it, the next message gets its number:
 * the broker takes that one for a repeat, and it is reported as written while it is in no log. So
 * a committed transaction lacked one of its four messages, after a broker that stood still. Also,
 * a request of a rolled back transaction that is still on its way would be in the next one, which
 * has the same epoch. A new handle begins at zero: for transactions in the next epoch, which shuts
 * out what the old one sent; for others with a new id (confluentinc/librdkafka#4134 tells of such
 * losses without transactions).
 */
#include "base/base.h"
#include "base/message.h"
#include "stream/kafka/kafka_internal.h"

int kafka_init_transactions(struct kafka *kafka, int timeout_ms)
{
    for (int waited = 0; kafka->txn;) {
        rd_kafka_error_t *error = rd_kafka_init_transactions(kafka->txn, INIT_ATTEMPT_MS);
        if (!error) { break; }
        waited += INIT_ATTEMPT_MS;
        int result = kafka_classify_error(kafka, "init of transactions", error);
        if (result == WIRE_REFUSED) { return result; }
        if (result == WIRE_RETRY && waited < timeout_ms) { continue; }
        if (result == WIRE_RETRY) {
            const char *why = wire_why(&kafka->wire);
            if (message_has_hint(why)) { return result; } /* it cannot be reached at all */
            kafka_set_why(kafka, "%s; hint: the brokers answer, but not their coordinator of "
                          "transactions: has __transaction_state its replicas? start again", why);
        }
        return WIRE_ABORTED; /* or fenced while starting: the settings are right */
    }
    return 0;
}

void kafka_doubt(bool *doubt, rd_kafka_resp_err_t code)
{
    *doubt = *doubt || (code && !kafka_is_missing(code) && !kafka_is_refusal(code) &&
                        code != RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
}

/* The topics that are kept for a handle are made again for the new one. */
static void move_topics(struct kafka *kafka, rd_kafka_t *from, rd_kafka_t *to)
{
    for (size_t i = 0; i < kafka->topics_count; i++) {
        struct kept_topic *kept = &kafka->topics[i];
        if (kept->rk != from) { continue; }
        const char *name = rd_kafka_topic_name(kept->rkt);
        rd_kafka_topic_t *rkt = rd_kafka_topic_new(to, name, NULL);
        if (kafka->missing_topic == name) { kafka->missing_topic = rd_kafka_topic_name(rkt); }
        rd_kafka_topic_destroy(kept->rkt);
        *kept = (struct kept_topic){to, rkt};
    }
}

/* The messages that the old handle still has end with their reports, as failed. */
static int replace(struct kafka *kafka, const rd_kafka_conf_t *conf, rd_kafka_t **handle)
{
    rd_kafka_t *fresh = NULL;
    int result = kafka_make_handle(kafka, RD_KAFKA_PRODUCER, rd_kafka_conf_dup(conf), &fresh);
    if (result) { return result; }
    (void)rd_kafka_purge(*handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    (void)rd_kafka_flush(*handle, FLUSH_TIMEOUT_MS);
    pthread_mutex_lock(&kafka->handles_lock);
    move_topics(kafka, *handle, fresh);
    rd_kafka_t *old = *handle;
    *handle = fresh;
    pthread_mutex_unlock(&kafka->handles_lock);
    rd_kafka_destroy(old);
    return 0;
}

int kafka_renew_at_once(struct kafka *kafka)
{
    if (!kafka->at_once_doubted) { return 0; }
    kafka->sent_missing = NULL; /* in the old handle's memory; another failure asks again */
    int result = replace(kafka, kafka->at_once_conf, &kafka->at_once);
    if (!result) { kafka->at_once_doubted = false; }
    return result;
}

int kafka_renew_txn(struct kafka *kafka)
{
    if (kafka->txn_doubted) {
        int result = replace(kafka, kafka->txn_conf, &kafka->txn);
        if (result) { return result; }
        kafka->txn_doubted = false;
        kafka->txn_waits = true;
    }
    if (!kafka->txn_waits) { return 0; }
    rd_kafka_error_t *error = rd_kafka_init_transactions(kafka->txn, INIT_ATTEMPT_MS);
    if (error) {
        int result = kafka_classify_error(kafka, "init of transactions", error);
        return wire_is_final(result) ? result : WIRE_ABORTED;
    }
    kafka->txn_waits = false;
    return 0;
}
