#include "base/base.h"
#include "base/number.h"
#include "stream/kafka/origin.h"

/* Decimal digits, perhaps with a minus; nothing else, and nothing too large. */
static bool read_number(const struct record *rec, const char *name, int64_t min, int64_t max,
                        int64_t *ret_number)
{
    struct slice text;
    char digits[ORIGIN_NUMBER_BYTES];
    if (record_header(rec, name, &text) || !text.data || !text.size) { return false; }
    if (text.size >= sizeof(digits)) { return false; }
    memcpy(digits, text.data, text.size);
    digits[text.size] = '\0';
    int64_t number;
    if (strlen(digits) != text.size || !number_parse(digits, &number)) { return false; }
    if (number < min || number > max) { return false; }
    *ret_number = number;
    return true;
}

/* Kafka's rule for names: nothing else can be the name of a topic. */
static bool is_topic(struct slice name)
{
    static const char others[] = "._-";
    if (!name.data || !name.size || name.size > ORIGIN_TOPIC_BYTES_MAX) { return false; }
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && !(c && strchr(others, c))) { return false; }
    }
    return true;
}

bool origin_read(const struct record *rec, struct origin *ret_origin)
{
    struct origin origin = {.time_ms = -1};
    struct slice topic;
    int64_t partition;
    if (record_header(rec, ORIGIN_TOPIC, &topic) || !is_topic(topic)) { return false; }
    if (!read_number(rec, ORIGIN_PARTITION, 0, INT32_MAX, &partition) ||
        !read_number(rec, ORIGIN_OFFSET, 0, INT64_MAX, &origin.offset)) {
        return false;
    }
    (void)read_number(rec, ORIGIN_TIMESTAMP, -1, INT64_MAX, &origin.time_ms);
    (void)read_number(rec, ORIGIN_REDRIVEN, 0, INT32_MAX, &origin.redriven);
    memcpy(origin.topic, topic.data, topic.size);
    origin.partition = (int32_t)partition;
    *ret_origin = origin;
    return true;
}

bool origin_redriven(const struct record *rec)
{
    struct slice redriven;
    return record_header(rec, ORIGIN_REDRIVEN, &redriven) == 0;
}

void origin_here(const struct record *rec, struct origin *ret_origin)
{
    *ret_origin = (struct origin){
        .partition = rec->partition, .offset = rec->offset, .time_ms = rec->time_ms};
    (void)snprintf(ret_origin->topic, sizeof(ret_origin->topic), "%s", rec->topic);
}

size_t origin_senders_headers(const struct record *rec)
{
    return record_headers_before(rec, ORIGIN_TOPIC);
}

size_t origin_write(const struct origin *origin, struct origin_headers *texts,
                    struct header *ret_headers)
{
    const struct {
        const char *name;
        int64_t number;
    } numbers[] = {
        {ORIGIN_PARTITION, origin->partition},
        {ORIGIN_OFFSET, origin->offset},
        {ORIGIN_TIMESTAMP, origin->time_ms},
        {ORIGIN_REDRIVEN, origin->redriven},
    };
    size_t count = 0;
    ret_headers[count++] = (struct header){ORIGIN_TOPIC, slice_str(origin->topic)};
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        if (i + 1 == ARRAY_COUNT(numbers) && !origin->redriven) { break; }
        (void)snprintf(texts->numbers[i], sizeof(texts->numbers[i]), "%" PRId64,
                       numbers[i].number);
        ret_headers[count++] = (struct header){numbers[i].name, slice_str(texts->numbers[i])};
    }
    return count;
}

bool origin_digest(struct digest *digest, const struct record *rec, unsigned char *ret_bytes)
{
    unsigned char whole[DIGEST_BYTES];
    struct header header;
    size_t count = record_headers_count(rec);
    digest_start(digest);
    digest_add(digest, slice_str(rec->topic));
    digest_add(digest, rec->key);
    digest_add(digest, rec->value);
    for (size_t i = 0; i < count; i++) {
        if (record_header_at(rec, i, &header)) { return false; }
        digest_add(digest, slice_str(header.name));
        digest_add(digest, header.value);
    }
    digest_finish(digest, whole);
    memcpy(ret_bytes, whole, ORIGIN_DIGEST_BYTES);
    return true;
}
