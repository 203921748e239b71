/* What the members of a group tell each other with their committed offsets: a number for each
 * partition, as decimal digits in the offset's metadata. Offsets that another program commits have
 * none.
 */
#include "base/base.h"
#include "base/number.h"
#include "base/xalloc.h"
#include "stream/kafka/kafka_internal.h"

enum { DIGITS_MAX = 20 };

void kafka_tell(rd_kafka_topic_partition_list_t *list, const struct topic_partition *at,
                int64_t told)
{
    rd_kafka_topic_partition_t *entry =
        rd_kafka_topic_partition_list_add(list, at->topic, at->partition);
    entry->offset = at->offset;
    if (!told) { return; }
    char *text = xprintf("%" PRId64, told); /* the list frees it */
    entry->metadata = text;
    entry->metadata_size = strlen(text);
}

static int64_t read_told(const rd_kafka_topic_partition_t *entry)
{
    char text[DIGITS_MAX + 1] = "";
    int64_t told;
    if (!entry->metadata || entry->metadata_size >= sizeof(text)) { return 0; }
    memcpy(text, entry->metadata, entry->metadata_size);
    return number_parse(text, &told) ? told : 0;
}

int kafka_told(struct wire *wire, const char *topic, int32_t partitions,
               struct told_offset *ret_at)
{
    struct kafka *kafka = (struct kafka *)wire;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    for (int32_t i = 0; i < partitions; i++) {
        (void)rd_kafka_topic_partition_list_add(list, topic, i);
    }
    rd_kafka_resp_err_t code =
        rd_kafka_committed(kafka->consumer_batch.rk, list, REQUEST_TIMEOUT_MS);
    for (int32_t i = 0; i < partitions && !code; i++) { code = list->elems[i].err; }
    for (int32_t i = 0; i < partitions && !code; i++) {
        const rd_kafka_topic_partition_t *entry = &list->elems[i];
        ret_at[i] = (struct told_offset){
            .offset = entry->offset >= 0 ? entry->offset : OFFSET_NONE,
            .told = read_told(entry),
        };
    }
    rd_kafka_topic_partition_list_destroy(list);
    return code ? kafka_classify_code(kafka, "committed offsets", code) : 0;
}
