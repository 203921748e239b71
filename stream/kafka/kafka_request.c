#include "base/base.h"
#include "stream/kafka/kafka_request.h"

void kafka_request_begin(struct kafka_request *request, rd_kafka_t *rk, rd_kafka_admin_op_t kind)
{
    char text[ERROR_TEXT_MAX];
    *request = (struct kafka_request){.queue = rd_kafka_queue_new(rk),
                                      .options = rd_kafka_AdminOptions_new(rk, kind)};
    (void)rd_kafka_AdminOptions_set_request_timeout(request->options, REQUEST_TIMEOUT_MS, text,
                                                    sizeof(text));
}

rd_kafka_resp_err_t kafka_request_wait(struct kafka_request *request)
{
    request->answer = rd_kafka_queue_poll(request->queue, ADMIN_TIMEOUT_MS);
    return request->answer ? rd_kafka_event_error(request->answer)
                           : RD_KAFKA_RESP_ERR__TIMED_OUT;
}

void kafka_request_end(struct kafka_request *request)
{
    if (request->answer) { rd_kafka_event_destroy(request->answer); }
    rd_kafka_AdminOptions_destroy(request->options);
    rd_kafka_queue_destroy(request->queue);
}

int kafka_request_result(struct wire *wire, const char *verb, const char *what,
                         rd_kafka_resp_err_t code)
{
    char text[ERROR_TEXT_MAX / 2];
    (void)snprintf(text, sizeof(text), "%s %s", verb, what);
    return code ? kafka_classify_code((struct kafka *)wire, text, code) : 0;
}
