/* The newest trouble with a connection to a broker, as librdkafka tells it while it tries again by
 * itself, and what of it is for good.
 *
 * Until a broker has answered, a certificate that is not accepted is kept: a connection that is
 * slow or closed afterwards says less. Written by librdkafka's threads, too: guarded by a lock of
 * its own.
 */
#ifndef FRESHET_STREAM_KAFKA_KAFKA_TROUBLE_H
#define FRESHET_STREAM_KAFKA_KAFKA_TROUBLE_H

#include "base/base.h"

#include <pthread.h>

enum { TROUBLE_TEXT_MAX = 1024 };

struct kafka_trouble {
    pthread_mutex_t lock;
    char text[TROUBLE_TEXT_MAX]; /* "": none yet */
    bool credentials_refused;    /* by a broker */
    bool certificate_refused;    /* by us: a broker's is not of an authority that we trust */
    bool tls_failed;             /* the newest error is one of TLS */
    bool answered;               /* a broker has: connections can be made */
};

/* What stands between us and the brokers. */
enum trouble_kind {
    TROUBLE_PASSES, /* trying again may help */
    TROUBLE_TLS,    /* the newest handshake failed: trying again seldom helps */
    TROUBLE_REFUSED /* credentials or a certificate: trying again does not help */
};

void kafka_trouble_init(struct kafka_trouble *trouble);
void kafka_trouble_destroy(struct kafka_trouble *trouble);
/* Notes an error of librdkafka, whose code is one of rd_kafka_resp_err_t. */
void kafka_trouble_error(struct kafka_trouble *trouble, int code, const char *text);
/* Notes a line of its log about a connection, which names the address that was dialled. The same
 * comes as an error, but only where the handle is polled. */
void kafka_trouble_line(struct kafka_trouble *trouble, const char *text);
/* A broker has answered: from now on the newest trouble counts. */
void kafka_trouble_answered(struct kafka_trouble *trouble);
/* Copies the text; "" when there was none. */
void kafka_trouble_copy(struct kafka_trouble *trouble, char ret_text[TROUBLE_TEXT_MAX]);
enum trouble_kind kafka_trouble_kind(struct kafka_trouble *trouble);

#endif
