/* Topics, partitions and records of the in-process broker; everything else is in the mem*.c files
 * beside it.
 *
 * A partition is an array of entries by rising offset. Appending takes the next offset; compaction,
 * retention and truncation remove entries and never move one to another offset. An entry is one
 * block with its bytes and headers, so its address is stable while it exists. One mutex guards all
 * of it. Code inside the mutex acts for the broker, which is another process, so crash points do
 * not count there (CRASH_SHELTER).
 */
#include "base/base.h"
#include "base/array.h"
#include "base/crash.h"
#include "base/xalloc.h"
#include "stream/sim/memlog_internal.h"
#include "stream/kafka/murmur.h"

static const int64_t MEMLOG_START_MS = INT64_C(1700000000000);

void memlog_lock(struct memlog *log)
{
    int error = pthread_mutex_lock(&log->mutex);
    assert(error == 0);
    CRASH_SHELTER(1);
}

void memlog_unlock(struct memlog *log)
{
    CRASH_SHELTER(-1);
    int error = pthread_mutex_unlock(&log->mutex);
    assert(error == 0);
}

uint64_t memlog_random(uint64_t *rng)
{
    uint64_t z = (*rng += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

struct memlog *memlog_new(uint64_t seed)
{
    struct memlog *log = xcalloc(1, sizeof(*log));
    int error = pthread_mutex_init(&log->mutex, NULL);
    assert(error == 0);
    log->seed = seed;
    log->rng = seed;
    log->now_ms = MEMLOG_START_MS;
    log->batch_max = SIZE_MAX;
    for (size_t i = 0; i < MEMLOG_POINTS_COUNT; i++) {
        log->points[i].rng = memlog_random(&log->rng);
    }
    return log;
}

static void free_topic(struct memtopic *topic)
{
    for (int32_t p = 0; p < topic->parts_count; p++) {
        struct mempart *part = &topic->parts[p];
        for (size_t i = 0; i < part->count; i++) { free(part->entries[i]); }
        free(part->entries);
    }
    free(topic->parts);
    free(topic->name);
    free(topic);
}

struct memlog *memlog_free(struct memlog *log)
{
    if (!log) { return NULL; }
    assert(log->wires_count == 0);
    memlog_free_txns(log);
    memlog_free_groups(log);
    for (size_t i = 0; i < log->topics_count; i++) { free_topic(log->topics[i]); }
    free(log->topics);
    (void)pthread_mutex_destroy(&log->mutex);
    free(log);
    return NULL;
}

void memlog_topic(struct memlog *log, const char *name, int32_t partitions)
{
    assert(partitions > 0 && partitions <= MEMLOG_PARTITIONS_MAX);
    memlog_lock(log);
    assert(!memlog_find_topic(log, name));
    struct memtopic *topic = xcalloc(1, sizeof(*topic));
    topic->name = xstrdup(name);
    topic->parts = xcalloc((size_t)(partitions + MEMLOG_ADDED_MAX), sizeof(*topic->parts));
    topic->parts_count = partitions;
    topic->settings = (struct topic_settings){.known = true,
                                              .retention_ms = -1,
                                              .retention_bytes = -1,
                                              .delete_retention_ms = DELETE_RETENTION_DEFAULT_MS};
    topic->turn = (int32_t)(memlog_random(&log->rng) % (uint64_t)partitions);
    for (int32_t p = 0; p < partitions + MEMLOG_ADDED_MAX; p++) {
        topic->parts[p].topic = topic;
        topic->parts[p].number = p;
    }
    log->topics = xreallocarray(log->topics, log->topics_count + 1, sizeof(struct memtopic *));
    log->topics[log->topics_count++] = topic;
    memlog_unlock(log);
}

void memlog_add_partitions(struct memlog *log, const char *name, int32_t partitions)
{
    memlog_lock(log);
    struct memtopic *topic = memlog_find_topic(log, name);
    assert(topic && partitions >= 0 && partitions <= MEMLOG_ADDED_MAX && !topic->added);
    topic->parts_count += partitions;
    topic->added = true;
    memlog_unlock(log);
}

void memlog_settings(struct memlog *log, const char *name, const struct topic_settings *settings)
{
    memlog_lock(log);
    struct memtopic *topic = memlog_find_topic(log, name);
    assert(topic);
    topic->settings = *settings;
    memlog_unlock(log);
}

void memlog_batch(struct memlog *log, size_t records_max)
{
    assert(records_max > 0);
    memlog_lock(log);
    log->batch_max = records_max;
    memlog_unlock(log);
}

void memlog_ack_delay(struct memlog *log, int polls)
{
    assert(polls >= 0);
    memlog_lock(log);
    log->ack_delay = polls;
    memlog_unlock(log);
}

void memlog_marker_delay(struct memlog *log, int polls)
{
    assert(polls >= 0);
    memlog_lock(log);
    log->marker_delay = polls;
    memlog_unlock(log);
}

void memlog_clock(struct memlog *log, int64_t now_ms)
{
    memlog_lock(log);
    log->now_ms = now_ms;
    memlog_unlock(log);
}

void memlog_static_stay(struct memlog *log, bool stay)
{
    memlog_lock(log);
    log->static_stay = stay;
    memlog_unlock(log);
}

/* ---- Topics and partitions ---- */

struct memtopic *memlog_find_topic(struct memlog *log, const char *name)
{
    for (size_t i = 0; i < log->topics_count; i++) {
        struct memtopic *topic = log->topics[i];
        if (!topic->deleted && strcmp(topic->name, name) == 0) { return topic; }
    }
    return NULL;
}

struct mempart *memlog_find_part(struct memlog *log, const char *topic_name, int32_t partition)
{
    struct memtopic *topic = memlog_find_topic(log, topic_name);
    if (!topic || partition < 0 || partition >= topic->parts_count) { return NULL; }
    return &topic->parts[partition];
}

static size_t message_bytes(const struct message *message)
{
    size_t size = message->key.size + message->value.size;
    for (size_t i = 0; i < message->headers_count; i++) {
        size += strlen(message->headers[i].name) + 1 + message->headers[i].value.size;
    }
    return size;
}

bool memlog_too_large(const struct message *message)
{
    return message_bytes(message) > MEMLOG_MESSAGE_BYTES_MAX;
}

struct mempart *memlog_route(struct memlog *log, const struct message *message)
{
    struct memtopic *topic = memlog_find_topic(log, message->topic);
    if (!topic) { return NULL; }
    int32_t partition = message->partition;
    if (partition == PARTITION_BY_KEY && message->key.data) {
        partition = murmur_partition(message->key, topic->parts_count);
    } else if (partition == PARTITION_BY_KEY) {
        partition = topic->turn;
        topic->turn = (topic->turn + 1) % topic->parts_count;
    }
    if (partition < 0 || partition >= topic->parts_count) { return NULL; }
    return &topic->parts[partition];
}

static struct slice copy_to(char **at, struct slice from)
{
    if (!from.data) { return from; }
    char *to = *at;
    if (from.size) { memcpy(to, from.data, from.size); }
    *at += from.size;
    return slice_of(to, from.size);
}

struct mementry *memlog_entry(struct memlog *log, const struct message *message)
{
    size_t headers_bytes = message->headers_count * sizeof(struct header);
    struct mementry *entry = xmalloc(sizeof(*entry) + headers_bytes + message_bytes(message) + 1);
    struct header *headers = (struct header *)(entry + 1);
    *entry = (struct mementry){
        .time_ms = message->time_ms ? message->time_ms : log->now_ms,
        .headers = {.at = headers, .count = message->headers_count},
    };
    char *at = (char *)(entry + 1) + headers_bytes;
    entry->key = copy_to(&at, message->key);
    entry->value = copy_to(&at, message->value);
    for (size_t i = 0; i < message->headers_count; i++) {
        const struct header *from = &message->headers[i];
        struct slice name = copy_to(&at, slice_of(from->name, strlen(from->name) + 1));
        headers[i] = (struct header){name.data, copy_to(&at, from->value)};
    }
    return entry;
}

int64_t mempart_append(struct mempart *part, struct mementry *entry)
{
    ARRAY_RESERVE(part->entries, part->capacity, part->count + 1, 64);
    entry->offset = part->end++;
    part->entries[part->count++] = entry;
    return entry->offset;
}

size_t mempart_find(const struct mempart *part, int64_t offset)
{
    size_t from = 0;
    size_t to = part->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (part->entries[middle]->offset < offset) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from;
}

void mempart_drop(struct mempart *part, const bool *drop)
{
    size_t kept = 0;
    for (size_t i = 0; i < part->count; i++) {
        if (drop[i]) {
            free(part->entries[i]);
        } else {
            part->entries[kept++] = part->entries[i];
        }
    }
    part->count = kept;
}

/* ---- Input and assertions of tests ---- */

static struct mempart *must_part(struct memlog *log, const char *topic, int32_t partition)
{
    struct mempart *part = memlog_find_part(log, topic, partition);
    assert(part);
    return part;
}

int64_t memlog_append(struct memlog *log, const char *topic, int32_t partition, struct slice key,
                      struct slice value, int64_t time_ms)
{
    const struct message message = {
        .topic = topic, .partition = partition, .time_ms = time_ms, .key = key, .value = value};
    memlog_lock(log);
    struct mempart *part = memlog_route(log, &message);
    assert(part);
    int64_t offset = mempart_append(part, memlog_entry(log, &message));
    memlog_unlock(log);
    return offset;
}

static struct record record_of(const struct mempart *part, const struct mementry *entry)
{
    return (struct record){.topic = part->topic->name,
                           .partition = part->number,
                           .offset = entry->offset,
                           .time_ms = entry->time_ms,
                           .key = entry->key,
                           .value = entry->value,
                           .headers = &listed_headers,
                           .message = &entry->headers};
}

int memlog_read(struct memlog *log, const char *topic, int32_t partition, int64_t offset,
                struct record *ret_record)
{
    memlog_lock(log);
    struct mempart *part = must_part(log, topic, partition);
    int64_t end = mempart_stable_end(log, part);
    int result = -ENOENT;
    for (size_t i = mempart_find(part, offset); i < part->count; i++) {
        if (part->entries[i]->offset >= end) { break; }
        if (!mementry_visible(part->entries[i])) { continue; }
        *ret_record = record_of(part, part->entries[i]);
        result = 0;
        break;
    }
    memlog_unlock(log);
    return result;
}

int memlog_newest(struct memlog *log, const char *topic_name, struct slice key,
                  struct record *ret_record)
{
    memlog_lock(log);
    struct memtopic *topic = memlog_find_topic(log, topic_name);
    assert(topic);
    int result = -ENOENT;
    for (int32_t p = 0; p < topic->parts_count && result; p++) {
        struct mempart *part = &topic->parts[p];
        for (size_t i = mempart_find(part, mempart_stable_end(log, part)); i-- > 0 && result;) {
            const struct mementry *entry = part->entries[i];
            if (!mementry_visible(entry) || !slice_equal(entry->key, key)) { continue; }
            *ret_record = record_of(part, entry);
            result = 0;
        }
    }
    memlog_unlock(log);
    return result;
}

int memlog_header(struct memlog *log, const char *topic, int32_t partition, int64_t offset,
                  const char *name, struct slice *ret_value)
{
    memlog_lock(log);
    struct mempart *part = must_part(log, topic, partition);
    size_t at = mempart_find(part, offset);
    int result = -ENOENT;
    if (at < part->count && part->entries[at]->offset == offset) {
        const struct record rec = record_of(part, part->entries[at]);
        result = record_header(&rec, name, ret_value);
    }
    memlog_unlock(log);
    return result;
}

static int64_t count_part(struct memlog *log, const struct mempart *part)
{
    int64_t count = 0;
    size_t end = mempart_find(part, mempart_stable_end(log, part));
    for (size_t i = 0; i < end; i++) { count += mementry_visible(part->entries[i]); }
    return count;
}

int64_t mempart_offset_at(const struct mempart *part, int64_t time_ms)
{
    for (size_t i = 0; i < part->count; i++) {
        if (part->entries[i]->time_ms >= time_ms) { return part->entries[i]->offset; }
    }
    return part->end;
}

int64_t memlog_count(struct memlog *log, const char *topic_name, int32_t partition)
{
    memlog_lock(log);
    struct memtopic *topic = memlog_find_topic(log, topic_name);
    assert(topic);
    assert(partition >= MEMLOG_ALL && partition < topic->parts_count);
    int64_t count = 0;
    for (int32_t p = 0; p < topic->parts_count; p++) {
        bool counts = partition == MEMLOG_ALL || partition == p;
        if (counts) { count += count_part(log, &topic->parts[p]); }
    }
    memlog_unlock(log);
    return count;
}

int64_t memlog_end(struct memlog *log, const char *topic, int32_t partition)
{
    memlog_lock(log);
    int64_t end = must_part(log, topic, partition)->end;
    memlog_unlock(log);
    return end;
}

int64_t memlog_stable_end(struct memlog *log, const char *topic, int32_t partition)
{
    memlog_lock(log);
    int64_t end = mempart_stable_end(log, must_part(log, topic, partition));
    memlog_unlock(log);
    return end;
}

int64_t memlog_committed(struct memlog *log, const char *group, const char *topic,
                         int32_t partition)
{
    memlog_lock(log);
    struct mempart *part = must_part(log, topic, partition);
    int64_t offset = memgroup_offset(memlog_group(log, group), part);
    memlog_unlock(log);
    return offset;
}

/* ---- Compaction and truncation ---- */

static int by_key(const void *left, const void *right)
{
    const struct mementry *a = *(const struct mementry *const *)left;
    const struct mementry *b = *(const struct mementry *const *)right;
    int order = slice_compare(a->key, b->key);
    if (order) { return order; }
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static void compact_part(struct memlog *log, struct mempart *part)
{
    if (part->count == 0) { return; }
    bool *drop = xcalloc(part->count, sizeof(*drop));
    struct mementry **keyed = xcalloc(part->count, sizeof(struct mementry *));
    size_t keyed_count = 0;
    size_t end = mempart_find(part, mempart_stable_end(log, part));
    for (size_t i = 0; i < end; i++) {
        struct mementry *entry = part->entries[i];
        bool visible = mementry_visible(entry);
        drop[i] = !visible && !entry->control;
        if (visible && entry->key.data) { keyed[keyed_count++] = entry; }
    }
    if (keyed_count) { qsort(keyed, keyed_count, sizeof(struct mementry *), by_key); }
    for (size_t i = 0; i + 1 < keyed_count; i++) {
        if (!slice_equal(keyed[i]->key, keyed[i + 1]->key)) { continue; }
        drop[mempart_find(part, keyed[i]->offset)] = true;
    }
    mempart_drop(part, drop);
    free(keyed);
    free(drop);
}

void memlog_compact(struct memlog *log, const char *topic_name)
{
    memlog_lock(log);
    struct memtopic *topic = memlog_find_topic(log, topic_name);
    assert(topic);
    for (int32_t p = 0; p < topic->parts_count; p++) { compact_part(log, &topic->parts[p]); }
    memlog_unlock(log);
}

static void expire_part(struct memlog *log, struct mempart *part)
{
    int64_t newest = OFFSET_NONE, stable_end = mempart_stable_end(log, part);
    for (size_t i = 0; i < part->count; i++) {
        const struct mementry *entry = part->entries[i];
        bool seen = entry->offset < stable_end && !entry->control && mementry_visible(entry);
        if (seen) { newest = entry->offset; }
    }
    bool *drop = xcalloc(part->count + 1, sizeof(*drop));
    for (size_t i = 0; i < part->count; i++) {
        const struct mementry *entry = part->entries[i];
        drop[i] = entry->offset < newest && !entry->control && entry->key.data &&
                  !entry->value.data && mementry_visible(entry);
    }
    mempart_drop(part, drop);
    free(drop);
}

void memlog_expire_tombstones(struct memlog *log, const char *topic_name)
{
    memlog_lock(log);
    struct memtopic *topic = memlog_find_topic(log, topic_name);
    assert(topic);
    for (int32_t p = 0; p < topic->parts_count; p++) { expire_part(log, &topic->parts[p]); }
    memlog_unlock(log);
}

void memlog_cut(struct memlog *log, const char *topic, int32_t partition, int64_t offset)
{
    memlog_lock(log);
    struct mempart *part = must_part(log, topic, partition);
    assert(offset >= part->low && offset <= part->end);
    bool *drop = xcalloc(part->count + 1, sizeof(*drop));
    for (size_t i = 0; i < part->count; i++) { drop[i] = part->entries[i]->offset >= offset; }
    mempart_drop(part, drop);
    part->end = offset;
    free(drop);
    memlog_unlock(log);
}

/* Keeps the old topic under another name, because offsets and transactions point to it. */
void memlog_delete(struct memlog *log, const char *topic_name)
{
    memlog_lock(log);
    struct memtopic *topic = memlog_find_topic(log, topic_name);
    assert(topic);
    topic->deleted = true;
    memlog_unlock(log);
}

void memlog_remake(struct memlog *log, const char *topic_name, int32_t partitions)
{
    memlog_delete(log, topic_name);
    memlog_topic(log, topic_name, partitions);
}

void memlog_trim(struct memlog *log, const char *topic, int32_t partition, int64_t offset)
{
    memlog_lock(log);
    struct mempart *part = must_part(log, topic, partition);
    assert(offset <= part->end);
    part->low = MAX_OF(part->low, offset);
    bool *drop = xcalloc(part->count + 1, sizeof(*drop));
    for (size_t i = 0; i < part->count; i++) { drop[i] = part->entries[i]->offset < part->low; }
    mempart_drop(part, drop);
    free(drop);
    memlog_unlock(log);
}
