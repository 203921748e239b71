/* One request of librdkafka's admin interface. Requests are
 * asynchronous: each is sent with a queue of its own, where we wait for its event, at most
 * ADMIN_TIMEOUT_MS. */
#ifndef FRESHET_STREAM_KAFKA_KAFKA_REQUEST_H
#define FRESHET_STREAM_KAFKA_KAFKA_REQUEST_H

#include "stream/kafka/kafka_internal.h"

enum { ADMIN_TIMEOUT_MS = 30000 };

struct kafka_request {
    rd_kafka_queue_t *queue;
    rd_kafka_AdminOptions_t *options;
    rd_kafka_event_t *answer;
};

/* Prepares queue and options; end with kafka_request_end(), which frees the answer, too. */
void kafka_request_begin(struct kafka_request *request, rd_kafka_t *rk, rd_kafka_admin_op_t kind);
/* Waits for the answer to what was sent. */
rd_kafka_resp_err_t kafka_request_wait(struct kafka_request *request);
void kafka_request_end(struct kafka_request *request);
/* Returns 0, or the wire_error of a code; wire_why() then says "VERB WHAT: reason". */
int kafka_request_result(struct wire *wire, const char *verb, const char *what,
                         rd_kafka_resp_err_t code);

#endif
