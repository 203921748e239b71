/* Connection trouble.
 *
 * A refused certificate is known by OpenSSL's words, which librdkafka puts behind its own: the code
 * is the same as that of a handshake that was cut short, which may pass.
 */
#include "base/base.h"
#include "stream/kafka/kafka_internal.h"

void kafka_trouble_init(struct kafka_trouble *trouble)
{
    memset(trouble, 0, sizeof(*trouble));
    pthread_mutex_init(&trouble->lock, NULL);
}

void kafka_trouble_destroy(struct kafka_trouble *trouble)
{
    pthread_mutex_destroy(&trouble->lock);
}

/* Keeps the text, except in place of one about a certificate; under the lock. */
static void keep_text(struct kafka_trouble *trouble, const char *text)
{
    bool of_certificate = strstr(text, "certificate verify failed") != NULL;
    if (trouble->certificate_refused && !trouble->answered && !of_certificate) { return; }
    trouble->certificate_refused = of_certificate;
    (void)snprintf(trouble->text, sizeof(trouble->text), "%s", text);
}

void kafka_trouble_error(struct kafka_trouble *trouble, int code, const char *text)
{
    pthread_mutex_lock(&trouble->lock);
    keep_text(trouble, text);
    if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION) { trouble->credentials_refused = true; }
    trouble->tls_failed = code == RD_KAFKA_RESP_ERR__SSL;
    pthread_mutex_unlock(&trouble->lock);
}

void kafka_trouble_line(struct kafka_trouble *trouble, const char *text)
{
    const char *behind_thread = strstr(text, "]: ");
    if (text[0] == '[' && behind_thread) { text = behind_thread + strlen("]: "); }
    pthread_mutex_lock(&trouble->lock);
    keep_text(trouble, text);
    pthread_mutex_unlock(&trouble->lock);
}

void kafka_trouble_answered(struct kafka_trouble *trouble)
{
    pthread_mutex_lock(&trouble->lock);
    trouble->answered = true;
    pthread_mutex_unlock(&trouble->lock);
}

void kafka_trouble_copy(struct kafka_trouble *trouble, char ret_text[TROUBLE_TEXT_MAX])
{
    pthread_mutex_lock(&trouble->lock);
    memcpy(ret_text, trouble->text, sizeof(trouble->text));
    pthread_mutex_unlock(&trouble->lock);
}

enum trouble_kind kafka_trouble_kind(struct kafka_trouble *trouble)
{
    pthread_mutex_lock(&trouble->lock);
    bool refused = trouble->credentials_refused || trouble->certificate_refused;
    enum trouble_kind kind = refused               ? TROUBLE_REFUSED
                             : trouble->tls_failed ? TROUBLE_TLS
                                                   : TROUBLE_PASSES;
    pthread_mutex_unlock(&trouble->lock);
    return kind;
}
