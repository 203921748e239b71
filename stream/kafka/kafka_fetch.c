/* The sizes of fetches.
 *
 * librdkafka unpacks an answer to a fetch whole, and counts it in `queued.max.messages.kbytes` only
 * then: lz4 can make 255 bytes of one, gzip 1,030. So a group member, whose input others write,
 * asks for little at a time, and restores and tables for less than the client's own 50 MB
 * (KAFKA_FETCH_*). librdkafka refuses sizes that do not fit each other, also where only one of them
 * was set by an organisation: `message.max.bytes`, which bounds what is sent, must not be above
 * `fetch.max.bytes`, nor that above `receive.message.max.bytes` less a frame. A consumer sends
 * nothing, and may fetch less.
 */
#include "base/base.h"
#include "base/number.h"
#include "stream/kafka/kafka_internal.h"

enum { FRAME_BYTES = 512 };

static void lower(rd_kafka_conf_t *conf, const char *key, const char *limit, int64_t less)
{
    char value[32] = "", most[32] = "";
    size_t value_size = sizeof(value), most_size = sizeof(most);
    int64_t value_bytes, most_bytes;
    (void)rd_kafka_conf_get(conf, key, value, &value_size);
    (void)rd_kafka_conf_get(conf, limit, most, &most_size);
    if (!number_parse(value, &value_bytes) || !number_parse(most, &most_bytes)) { return; }
    most_bytes -= less;
    if (value_bytes <= most_bytes) { return; }
    (void)snprintf(most, sizeof(most), "%" PRId64, most_bytes);
    rd_kafka_conf_set(conf, key, most, NULL, 0);
}

void kafka_fit_fetch(rd_kafka_conf_t *conf)
{
    lower(conf, "fetch.max.bytes", "receive.message.max.bytes", FRAME_BYTES);
    lower(conf, "message.max.bytes", "fetch.max.bytes", 0);
}
