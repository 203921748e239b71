/* The group member and the readers.
 *
 * All of it runs on the worker's thread, but for kafka_offsets_commit(), which runs on the
 * committer's. A rebalance is handled inside rd_kafka_consumer_poll(): accept_assignment() assigns
 * the partitions at their ends and pauses them, and the runtime later seeks each one to its offset
 * (kafka_resume()). What can go wrong there:
 *
 *   - a logical offset such as END would move a partition after our seek (librdkafka#2256): see
 *     find_ends();
 *   - "offset out of range" may be about the offset before our seek: see confirm_out_of_range();
 *   - a batch that cannot be unpacked would stop its partition for good (librdkafka#5260): see
 *     kafka_unreadable.c;
 *   - a reader of librdkafka before 2.2.0 sleeps while its queue is full: see wake_fetcher().
 */
#include "base/base.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/xalloc.h"
#include "stream/kafka/kafka_internal.h"
#include "stream/kafka/member_name.h"

/* ---- Headers ---- */

static void drop_headers(struct consumer_batch *consumer_batch)
{
    if (consumer_batch->headers) { rd_kafka_headers_destroy(consumer_batch->headers); }
    consumer_batch->headers = NULL;
    consumer_batch->parsed = NULL;
}

/* Parses a record's headers, unless the last call did. librdkafka allocates each header on its own:
 * a record of 200 kB can have 100,000 headers, which take 7 MB. They are therefore parsed on demand
 * and detached from the message, which would keep them until its batch is released; only the
 * headers of one record are in memory at a time. */
static struct consumer_batch *parse_headers(const struct record *rec)
{
    struct consumer_batch *consumer_batch =
        (struct consumer_batch *)((uintptr_t)rec->headers -
                                  offsetof(struct consumer_batch, header_source));
    if (consumer_batch->parsed == rec->message) { return consumer_batch; }
    drop_headers(consumer_batch);
    consumer_batch->parsed = rec->message;
    rd_kafka_resp_err_t code = rd_kafka_message_detach_headers(
        (rd_kafka_message_t *)(uintptr_t)rec->message, &consumer_batch->headers);
    if (code) { consumer_batch->headers = NULL; }
    consumer_batch->headers_failed = code && code != RD_KAFKA_RESP_ERR__NOENT;
    return consumer_batch;
}

static size_t count_headers(const struct record *rec)
{
    const struct consumer_batch *consumer_batch = parse_headers(rec);
    if (consumer_batch->headers_failed) { return SIZE_MAX; }
    return consumer_batch->headers ? rd_kafka_header_cnt(consumer_batch->headers) : 0;
}

static int header_at(const struct record *rec, size_t index, struct header *ret_header)
{
    const struct consumer_batch *consumer_batch = parse_headers(rec);
    const char *name;
    const void *value;
    size_t size;
    if (!consumer_batch->headers ||
        rd_kafka_header_get_all(consumer_batch->headers, index, &name, &value, &size)) {
        return -ENOENT;
    }
    *ret_header = (struct header){name, slice_of(value, size)};
    return 0;
}

static const struct header_source kafka_headers = {.count = count_headers, .at = header_at};

/* ---- The batch ---- */

void consumer_batch_drop(struct consumer_batch *consumer_batch)
{
    drop_headers(consumer_batch);
    for (size_t i = 0; i < consumer_batch->count; i++) {
        if (consumer_batch->lent[i]) { rd_kafka_message_destroy(consumer_batch->lent[i]); }
    }
    consumer_batch->count = 0;
}

void consumer_batch_release(struct consumer_batch *consumer_batch)
{
    consumer_batch_drop(consumer_batch);
    free(consumer_batch->lent);
    free(consumer_batch->records);
    kafka_unreadable_release(consumer_batch);
    partition_offsets_release(&consumer_batch->offsets);
}

struct record *consumer_batch_add(struct consumer_batch *consumer_batch,
                                  rd_kafka_message_t *message)
{
    if (consumer_batch->count == consumer_batch->capacity) {
        consumer_batch->capacity = consumer_batch->capacity ? consumer_batch->capacity * 2 : 256;
        consumer_batch->lent = xreallocarray(consumer_batch->lent, consumer_batch->capacity,
                                             sizeof(*consumer_batch->lent));
        consumer_batch->records = xreallocarray(consumer_batch->records, consumer_batch->capacity,
                                                sizeof(*consumer_batch->records));
    }
    consumer_batch->lent[consumer_batch->count] = message;
    return &consumer_batch->records[consumer_batch->count++];
}

static void consumer_batch_take(struct consumer_batch *consumer_batch, rd_kafka_message_t *message)
{
    struct partition_offset *entry = partition_offsets_find(
        &consumer_batch->offsets, rd_kafka_topic_name(message->rkt), message->partition);
    entry->position = message->offset + 1;
    rd_kafka_timestamp_type_t type;
    int64_t time_ms = rd_kafka_message_timestamp(message, &type);
    *consumer_batch_add(consumer_batch, message) = (struct record){
        .topic = entry->topic,
        .partition = message->partition,
        .offset = message->offset,
        .time_ms = type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : time_ms,
        .key = slice_of(message->key, message->key_len),
        .value = slice_of(message->payload, message->len),
        .headers = &consumer_batch->header_source,
        .message = message,
    };
}

/* Takes the position of a partition whose end was reached. */
static bool is_end(struct consumer_batch *consumer_batch, const rd_kafka_message_t *message)
{
    if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) { return false; }
    partition_offsets_find(&consumer_batch->offsets, rd_kafka_topic_name(message->rkt),
                           message->partition)
        ->position = message->offset;
    return true;
}

/* True when an "offset out of range" must end the process. One from before our first seek does not
 * count. When our position is inside the log, the error is outdated, and the partition is sought to
 * its position again. */
static bool confirm_out_of_range(struct kafka *kafka, struct consumer_batch *consumer_batch,
                                 const char *topic, int32_t partition)
{
    if (consumer_batch != &kafka->consumer_batch) { return true; }
    int64_t low, end,
        position = partition_offsets_find(&consumer_batch->offsets, topic, partition)->position;
    if (position == OFFSET_NONE) { return false; }
    if (wire_bounds(&kafka->wire, topic, partition, &low, &end) < 0) { return true; }
    if (position < low || position > end) { return true; }
    return wire_resume(&kafka->wire, topic, partition, position) < 0;
}

/* Leaves an error about a topic to the owner of a patient reader. */
static bool doubt(struct kafka *kafka, const struct consumer_batch *consumer_batch,
                  const rd_kafka_message_t *message, const char *what)
{
    bool out_of_range = message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
                        message->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
    struct reader *reader = consumer_batch->reader;
    if (!reader || !reader->patient || !(out_of_range || kafka_is_missing(message->err))) {
        return false;
    }
    reader->doubt = MAX_OF(reader->doubt, out_of_range ? READER_OUT_OF_RANGE : READER_MISSING);
    kafka_set_why(kafka, "%s", what);
    return true;
}

/* Classifies an error that came instead of a record. */
static int classify_event(struct kafka *kafka, struct consumer_batch *consumer_batch,
                          const rd_kafka_message_t *message)
{
    char what[ERROR_TEXT_MAX / 2];
    const char *topic = message->rkt ? rd_kafka_topic_name(message->rkt) : "";
    if (message->rkt) {
        (void)snprintf(what, sizeof(what), "%s partition %" PRId32 ": %s", topic,
                       message->partition, rd_kafka_message_errstr(message));
    } else {
        (void)snprintf(what, sizeof(what), "%s", rd_kafka_message_errstr(message));
    }
    if (doubt(kafka, consumer_batch, message, what)) { return WIRE_RETRY; }
    if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET && message->rkt &&
        !confirm_out_of_range(kafka, consumer_batch, topic, message->partition)) {
        return WIRE_RETRY;
    }
    int result = kafka_classify_code(kafka, what, message->err);
    if (!kafka_is_missing(message->err) || !message->rkt) { return result; }
    return kafka_confirm_missing(kafka, topic, message->partition);
}

rd_kafka_resp_err_t kafka_seek(rd_kafka_t *rk, const char *topic, int32_t partition,
                               int64_t offset)
{
    rd_kafka_topic_partition_list_t *list = kafka_partition_offset(topic, partition, offset);
    rd_kafka_error_t *error = rd_kafka_seek_partitions(rk, list, REQUEST_TIMEOUT_MS);
    rd_kafka_resp_err_t code = error ? rd_kafka_error_code(error) : list->elems[0].err;
    if (error) { rd_kafka_error_destroy(error); }
    rd_kafka_topic_partition_list_destroy(list);
    return code;
}

static int consumer_batch_poll(struct kafka *kafka, struct consumer_batch *consumer_batch,
                               int timeout_ms, size_t max)
{
    consumer_batch_drop(consumer_batch);
    consumer_batch->header_source = kafka_headers;
    if (max) { kafka_unreadable_seek(consumer_batch); }
    int wait_ms = timeout_ms;
    for (size_t polls = 0; consumer_batch->count < max && polls < max + 64; polls++) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer_batch->rk, wait_ms);
        if (!message) { break; }
        if (kafka_unreadable_take(kafka, consumer_batch, message)) {
            wait_ms = 0;
            continue;
        }
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            consumer_batch_take(consumer_batch, message);
            wait_ms = 0;
            continue;
        }
        int result =
            is_end(consumer_batch, message) ? 0 : classify_event(kafka, consumer_batch, message);
        rd_kafka_message_destroy(message);
        if (wire_is_final(result)) { return result; }
        wait_ms = 0;
    }
    if (rd_kafka_fatal_error(consumer_batch->rk, NULL, 0) != RD_KAFKA_RESP_ERR_NO_ERROR) {
        char text[ERROR_TEXT_MAX];
        rd_kafka_fatal_error(consumer_batch->rk, text, sizeof(text));
        kafka_set_why(kafka, "consumer: %s", text);
        return WIRE_FATAL;
    }
    return 0;
}

/* ---- The group ---- */

static struct topic_partition *topic_partitions_of(const rd_kafka_topic_partition_list_t *from)
{
    struct topic_partition *list = xcalloc((size_t)from->cnt, sizeof(*list));
    for (int i = 0; i < from->cnt; i++) {
        list[i] = (struct topic_partition){.topic = from->elems[i].topic,
                                           .partition = from->elems[i].partition,
                                           .offset = OFFSET_NONE};
    }
    return list;
}

/* Finds the offset at which each assigned partition waits, paused, until the runtime seeks it: the
 * end of its log, as a number.
 *
 * RD_KAFKA_OFFSET_END or another logical offset would lose records: librdkafka asks a broker for
 * its meaning, and when the answer comes after our seek, librdkafka discards the answer, asks again
 * and moves the partition *there* (confluentinc/librdkafka#2256, in 2.15.0 too):
 *
 *   1. The brokers stall and the group rebalances.
 *   2. The partition is assigned at END, and we seek it to its committed offset.
 *   3. Records are delivered from there.
 *   4. The answer about END arrives. Half a second later librdkafka reads on from the end, and the
 *      records between are never delivered.
 *
 * It is the end because the end always exists. An offset that retention has passed would fail the
 * first fetch, which may be sent before the pause, and the partition could not be sought any more
 * (error _STATE). */
static int find_ends(struct kafka *kafka, rd_kafka_topic_partition_list_t *partitions)
{
    const int64_t until_ms = clock_monotonic_ms() + FIND_ENDS_MS;
    for (;;) {
        int missing = kafka_ask_ends(kafka, partitions);
        if (missing <= 0) { return missing; }
        if (clock_monotonic_ms() >= until_ms) {
            _cleanup_(xfreep) char *why = xstrdup(wire_why(&kafka->wire));
            kafka_set_why(kafka,
                          "the brokers do not tell the ends of %d of the %d partitions that the "
                          "group assigned: %s; hint: have all partitions a leader? start again",
                          missing, partitions->cnt, why);
            return WIRE_FATAL;
        }
        (void)rd_kafka_poll(kafka->bounds, FIND_END_PAUSE_MS);
    }
}

static void accept_assignment(struct kafka *kafka, rd_kafka_topic_partition_list_t *partitions,
                              const struct topic_partition *list)
{
    kafka_unreadable_release(&kafka->consumer_batch);
    partition_offsets_forget_positions(&kafka->consumer_batch.offsets);
    kafka->assign_failed = find_ends(kafka, partitions);
    if (kafka->assign_failed) {
        rd_kafka_assign(kafka->consumer_batch.rk, NULL);
        return;
    }
    rd_kafka_assign(kafka->consumer_batch.rk, partitions);
    rd_kafka_pause_partitions(kafka->consumer_batch.rk, partitions);
    kafka->listener.assigned(kafka->listener.arg, list, (size_t)partitions->cnt);
}

/* Runs inside rd_kafka_consumer_poll() on the worker's thread. The records that this poll has
 * collected are dropped: they were not processed, and the next owner reads them again. */
void kafka_on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                        rd_kafka_topic_partition_list_t *partitions, void *opaque)
{
    struct kafka *kafka = opaque;
    struct topic_partition *list = topic_partitions_of(partitions);
    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        accept_assignment(kafka, partitions, list);
    } else {
        bool lost = rd_kafka_assignment_lost(rk) ||
                    code != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS;
        consumer_batch_drop(&kafka->consumer_batch);
        kafka->listener.revoked(kafka->listener.arg, list, (size_t)partitions->cnt, lost);
        rd_kafka_assign(rk, NULL);
    }
    free(list);
}

/* The name of a static member has to do with its topics, so its handle is made only now. */
static int make_static_member(struct kafka *kafka, const char *const *topics, size_t count)
{
    char text[ERROR_TEXT_MAX];
    rd_kafka_conf_t *conf = kafka->member_conf;
    _cleanup_(xfreep) int32_t *partitions = xcalloc(count, sizeof(*partitions));
    for (size_t i = 0; i < count; i++) {
        int result = wire_partitions(&kafka->wire, topics[i], &partitions[i]);
        if (result < 0) { return result; }
    }
    char *name = member_name(kafka->instance, topics, partitions, count);
    free(kafka->instance);
    kafka->instance = name;
    kafka->member_conf = NULL;
    if (rd_kafka_conf_set(conf, "group.instance.id", name, text, sizeof(text))) {
        rd_kafka_conf_destroy(conf);
        kafka_set_why(kafka, "group.instance.id=%s: %s", name, text);
        return WIRE_FATAL;
    }
    return kafka_make_member(kafka, conf);
}

static int kafka_subscribe(struct wire *wire, const char *const *topics, size_t count,
                           const struct wire_listener *listener)
{
    struct kafka *kafka = (struct kafka *)wire;
    kafka->listener = *listener;
    if (kafka->member_conf) {
        int result = make_static_member(kafka, topics, count);
        if (result < 0) { return result; }
    }
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_topic_partition_list_add(list, topics[i], RD_KAFKA_PARTITION_UA);
    }
    rd_kafka_resp_err_t code = rd_kafka_subscribe(kafka->consumer_batch.rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code ? kafka_classify_code(kafka, "subscribe", code) : 0;
}

static int kafka_poll(struct wire *wire, int timeout_ms, size_t max,
                      const struct record **ret_at, size_t *ret_count)
{
    struct kafka *kafka = (struct kafka *)wire;
    rd_kafka_poll(kafka->at_once, 0);
    int result = consumer_batch_poll(kafka, &kafka->consumer_batch, timeout_ms, max);
    if (kafka->assign_failed) { return kafka->assign_failed; }
    if (result == 0 && kafka_ask_again(kafka) == WIRE_REFUSED) { result = WIRE_REFUSED; }
    if (result < 0) { return result; }
    *ret_at = kafka->consumer_batch.records;
    *ret_count = kafka->consumer_batch.count;
    return 0;
}

static void kafka_release(struct wire *wire)
{
    consumer_batch_drop(&((struct kafka *)wire)->consumer_batch);
}

static int kafka_committed(struct wire *wire, const char *topic, int32_t partition,
                           int64_t *ret_offset)
{
    struct kafka *kafka = (struct kafka *)wire;
    rd_kafka_topic_partition_list_t *list =
        kafka_partition_offset(topic, partition, RD_KAFKA_OFFSET_INVALID);
    rd_kafka_resp_err_t code =
        rd_kafka_committed(kafka->consumer_batch.rk, list, REQUEST_TIMEOUT_MS);
    if (!code) { code = list->elems[0].err; }
    int64_t offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    if (code) { return kafka_classify_code(kafka, "committed offset", code); }
    *ret_offset = offset >= 0 ? offset : OFFSET_NONE;
    return 0;
}

static int kafka_resume(struct wire *wire, const char *topic, int32_t partition, int64_t offset)
{
    struct kafka *kafka = (struct kafka *)wire;
    rd_kafka_topic_partition_list_t *list = kafka_partition_offset(topic, partition, offset);
    kafka_unreadable_forget(&kafka->consumer_batch, topic, partition);
    rd_kafka_resp_err_t code = kafka_seek(kafka->consumer_batch.rk, topic, partition, offset);
    if (!code) { code = rd_kafka_resume_partitions(kafka->consumer_batch.rk, list); }
    rd_kafka_topic_partition_list_destroy(list);
    if (code) { return kafka_classify_code(kafka, "seek", code); }
    partition_offsets_find(&kafka->consumer_batch.offsets, topic, partition)->position = offset;
    return 0;
}

static int kafka_pause(struct wire *wire, const char *topic, int32_t partition)
{
    struct kafka *kafka = (struct kafka *)wire;
    rd_kafka_topic_partition_list_t *list =
        kafka_partition_offset(topic, partition, RD_KAFKA_OFFSET_INVALID);
    rd_kafka_resp_err_t code = rd_kafka_pause_partitions(kafka->consumer_batch.rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    return code ? kafka_classify_code(kafka, "pause", code) : 0;
}

static int64_t kafka_position(struct wire *wire, const char *topic, int32_t partition)
{
    struct kafka *kafka = (struct kafka *)wire;
    return partition_offsets_find(&kafka->consumer_batch.offsets, topic, partition)->position;
}

static int64_t kafka_lag_end(struct wire *wire, const char *topic, int32_t partition)
{
    struct kafka *kafka = (struct kafka *)wire;
    int64_t low, high;
    if (rd_kafka_get_watermark_offsets(kafka->consumer_batch.rk, topic, partition, &low, &high)) {
        return OFFSET_NONE;
    }
    return high >= 0 ? high : OFFSET_NONE;
}

static int kafka_offsets_commit(struct wire *wire, const struct topic_partition *at,
                                const int64_t *told, size_t count)
{
    struct kafka *kafka = (struct kafka *)wire;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++) { kafka_tell(list, &at[i], told ? told[i] : 0); }
    CRASH_POINT("offsets.commit");
    rd_kafka_resp_err_t code = rd_kafka_commit(kafka->consumer_batch.rk, list, /* async= */ 0);
    CRASH_POINT("offsets.committed");
    rd_kafka_topic_partition_list_destroy(list);
    if (!code) { return 0; }
    int result = kafka_classify_code(kafka, "commit of offsets", code);
    return wire_is_final(result) ? result : WIRE_ABORTED;
}

/* ---- Readers ---- */

/* librdkafka before 2.2.0 stops fetching when its queue is full, and its broker thread then sleeps
 * for up to a second unless something wakes it. A reader that empties the queue faster would mostly
 * wait. A request wakes the thread, so one is sent after each quarter of a full queue. */
static void wake_fetcher(struct kafka_reader *self)
{
    const struct consumer_batch *consumer_batch = &self->consumer_batch;
    if (self->kafka->backoff_set) { return; }
    for (size_t i = 0; i < consumer_batch->count; i++) {
        self->taken_bytes += consumer_batch->records[i].value.size;
    }
    if (self->taken_bytes < self->kafka->fetch_bytes_max / FETCH_WAKES) { return; }
    self->taken_bytes = 0;
    const struct record *newest = &consumer_batch->records[consumer_batch->count - 1];
    int64_t end;
    (void)kafka_request_offset(consumer_batch->rk, newest->topic, newest->partition,
                               RD_KAFKA_OFFSET_END, WAKE_TIMEOUT_MS, &end);
}

static void reader_close_kafka(struct reader *reader)
{
    struct kafka_reader *self = (struct kafka_reader *)reader;
    consumer_batch_release(&self->consumer_batch);
    if (self->consumer_batch.rk) {
        rd_kafka_consumer_close(self->consumer_batch.rk);
        rd_kafka_destroy(self->consumer_batch.rk);
    }
    free(self);
}

static int reader_poll_kafka(struct reader *reader, int timeout_ms, size_t max,
                             const struct record **ret_at, size_t *ret_count)
{
    struct kafka_reader *self = (struct kafka_reader *)reader;
    int result = consumer_batch_poll(self->kafka, &self->consumer_batch, timeout_ms, max);
    if (result < 0) { return result; }
    wake_fetcher(self);
    *ret_at = self->consumer_batch.records;
    *ret_count = self->consumer_batch.count;
    return 0;
}

static void reader_release_kafka(struct reader *reader)
{
    consumer_batch_drop(&((struct kafka_reader *)reader)->consumer_batch);
}

static int64_t reader_position_kafka(struct reader *reader, const char *topic, int32_t partition)
{
    struct kafka_reader *self = (struct kafka_reader *)reader;
    return partition_offsets_find(&self->consumer_batch.offsets, topic, partition)->position;
}

static int64_t reader_end_kafka(struct reader *reader, const char *topic, int32_t partition)
{
    struct kafka_reader *self = (struct kafka_reader *)reader;
    int64_t low, high;
    if (rd_kafka_get_watermark_offsets(self->consumer_batch.rk, topic, partition, &low, &high)) {
        return OFFSET_NONE;
    }
    return high >= 0 ? high : OFFSET_NONE;
}

static const struct reader_class kafka_reader_class = {
    .close = reader_close_kafka,
    .poll = reader_poll_kafka,
    .release = reader_release_kafka,
    .position = reader_position_kafka,
    .end = reader_end_kafka,
};

static int kafka_reader_open(struct wire *wire, const struct topic_partition *at, size_t count,
                             struct reader **ret_reader)
{
    struct kafka *kafka = (struct kafka *)wire;
    struct kafka_reader *self = xcalloc(1, sizeof(*self));
    self->reader.class = &kafka_reader_class;
    self->kafka = kafka;
    self->consumer_batch.reader = &self->reader;
    int result = kafka_make_handle(kafka, RD_KAFKA_CONSUMER, rd_kafka_conf_dup(kafka->reader_conf),
                                   &self->consumer_batch.rk);
    if (result < 0) {
        free(self);
        return result;
    }
    rd_kafka_poll_set_consumer(self->consumer_batch.rk);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    for (size_t i = 0; i < count; i++) {
        rd_kafka_topic_partition_list_add(list, at[i].topic, at[i].partition)->offset =
            at[i].offset == OFFSET_NONE ? RD_KAFKA_OFFSET_BEGINNING : at[i].offset;
    }
    rd_kafka_resp_err_t code = rd_kafka_assign(self->consumer_batch.rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code) {
        result = kafka_classify_code(kafka, "reader", code);
        reader_close_kafka(&self->reader);
        return result;
    }
    *ret_reader = &self->reader;
    return 0;
}

void kafka_group_verbs(struct wire_class *verbs)
{
    verbs->subscribe = kafka_subscribe;
    verbs->poll = kafka_poll;
    verbs->release = kafka_release;
    verbs->committed = kafka_committed;
    verbs->resume = kafka_resume;
    verbs->pause = kafka_pause;
    verbs->position = kafka_position;
    verbs->lag_end = kafka_lag_end;
    verbs->offsets_commit = kafka_offsets_commit;
    verbs->rank = kafka_rank;
    verbs->told = kafka_told;
    verbs->reader_open = kafka_reader_open;
}
