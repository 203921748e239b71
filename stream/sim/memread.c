/* Reading: the same fetch serves the group member and the readers.
 *
 * A fetch checks every position first, then takes runs of random length from the partitions in
 * random order (by the seed), up to each partition's last stable offset and past invisible entries.
 * The records are copied into one block, because compaction may free their entries before the batch
 * is released, and so that a sanitizer finds every read after the release.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "stream/sim/memlog_internal.h"

#include <sched.h>

enum { FETCH_RUN_MAX = 8 };

struct memreader {
    struct reader reader;
    struct memwire *wire;
    struct memcursor *cursors;
    size_t count;
    uint64_t rng;
    struct membatch batch;
};

static const struct reader_class memreader_class;

static struct memreader *memreader_of(struct reader *base)
{
    assert(base->class == &memreader_class);
    return (struct memreader *)base;
}

/* ---- Fetching ---- */

/* Sets a patient reader's doubt; true: the cursor is passed over. */
static bool doubt(struct reader *reader, const struct memcursor *cursor)
{
    const struct mempart *part = cursor->part;
    enum reader_doubt met = READER_SURE;
    if (!reader || !reader->patient) { return false; }
    if (cursor->position > part->end || cursor->position < part->low) { met = READER_OUT_OF_RANGE; }
    if (part->topic->deleted) { met = READER_MISSING; }
    reader->doubt = MAX_OF(reader->doubt, met);
    return met != READER_SURE;
}

static int start_cursors(struct memwire *wire, struct reader *reader, struct memcursor *cursors,
                         size_t count, size_t *ret_alive)
{
    size_t alive = 0;
    for (size_t i = 0; i < count; i++) {
        struct memcursor *cursor = &cursors[i];
        const struct mempart *part = cursor->part;
        cursor->drained = cursor->paused;
        if (cursor->paused) { continue; }
        if (cursor->position == OFFSET_NONE) { cursor->position = part->low; }
        cursor->drained = doubt(reader, cursor);
        if (cursor->drained) { continue; }
        if (cursor->position < part->low || cursor->position > part->end) {
            return memwire_refuse(wire, WIRE_REFUSED,
                                  "%s[%" PRId32 "]: offset %" PRId64 " is outside %" PRId64
                                  "..%" PRId64, part->topic->name, part->number,
                                  cursor->position, part->low, part->end);
        }
        cursor->fetched = true;
        alive++;
    }
    *ret_alive = alive;
    return 0;
}

static struct memcursor *pick_cursor(struct memcursor *cursors, size_t alive, uint64_t *rng)
{
    size_t skip = (size_t)(memlog_random(rng) % alive);
    for (;; cursors++) {
        if (cursors->drained) { continue; }
        if (skip-- == 0) { return cursors; }
    }
}

/* Takes up to `max` visible entries from one partition; fewer mean that it is drained. */
static size_t take_run(struct memlog *log, struct memcursor *cursor, size_t max,
                       struct mementry **into, struct mempart **into_parts)
{
    struct mempart *part = cursor->part;
    int64_t end = mempart_stable_end(log, part);
    size_t taken = 0;
    for (size_t i = mempart_find(part, cursor->position); taken < max; i++) {
        if (i == part->count || part->entries[i]->offset >= end) {
            cursor->position = MAX_OF(cursor->position, end);
            cursor->drained = true;
            break;
        }
        struct mementry *entry = part->entries[i];
        cursor->position = entry->offset + 1;
        if (!mementry_visible(entry)) { continue; }
        into[taken] = entry;
        into_parts[taken++] = part;
    }
    return taken;
}

static struct slice copy_to(char **at, struct slice from)
{
    if (!from.data) { return from; }
    if (from.size) { memcpy(*at, from.data, from.size); }
    *at += from.size;
    return slice_of(*at - from.size, from.size);
}

static size_t bytes_of(const struct mementry *entry)
{
    size_t size = entry->key.size + entry->value.size;
    for (size_t i = 0; i < entry->headers.count; i++) {
        size += strlen(entry->headers.at[i].name) + 1 + entry->headers.at[i].value.size;
    }
    return size;
}

/* Copies the headers: compaction may free the entry before the batch is released. */
static void copy_headers(const struct mementry *entry, struct header **next, char **at,
                         struct header_list *ret_headers)
{
    *ret_headers = (struct header_list){.at = *next, .count = entry->headers.count};
    for (size_t i = 0; i < entry->headers.count; i++) {
        const struct header *from = &entry->headers.at[i];
        struct slice name = copy_to(at, slice_of(from->name, strlen(from->name) + 1));
        *(*next)++ = (struct header){name.data, copy_to(at, from->value)};
    }
}

/* Fills the batch: one block of records, header lists, headers and bytes. */
static void fill_batch(struct membatch *batch, struct mementry *const *entries,
                       struct mempart *const *parts, size_t count)
{
    size_t size = count * (sizeof(struct record) + sizeof(struct header_list));
    for (size_t i = 0; i < count; i++) {
        size += bytes_of(entries[i]) + entries[i]->headers.count * sizeof(struct header);
    }
    batch->records = xmalloc(size + 1);
    batch->count = count;
    struct header_list *headers = (struct header_list *)(batch->records + count);
    struct header *next = (struct header *)(headers + count);
    char *at = (char *)next;
    for (size_t i = 0; i < count; i++) { at += entries[i]->headers.count * sizeof(struct header); }
    for (size_t i = 0; i < count; i++) {
        copy_headers(entries[i], &next, &at, &headers[i]);
        batch->records[i] = (struct record){.topic = parts[i]->topic->name,
                                            .partition = parts[i]->number,
                                            .offset = entries[i]->offset,
                                            .time_ms = entries[i]->time_ms,
                                            .key = copy_to(&at, entries[i]->key),
                                            .value = copy_to(&at, entries[i]->value),
                                            .headers = &listed_headers,
                                            .message = &headers[i]};
    }
}

static size_t count_ahead(const struct memcursor *cursors, size_t count)
{
    size_t ahead = 0;
    for (size_t i = 0; i < count; i++) {
        if (cursors[i].drained) { continue; }
        ahead += cursors[i].part->count - mempart_find(cursors[i].part, cursors[i].position);
    }
    return ahead;
}

int memwire_fetch(struct memwire *wire, struct reader *reader, struct memcursor *cursors,
                  size_t count, size_t max, uint64_t *rng, struct membatch *batch)
{
    size_t alive = 0;
    int error = start_cursors(wire, reader, cursors, count, &alive);
    if (error) { return error; }
    max = MIN_OF(max, wire->log->batch_max);
    size_t room = MIN_OF(max, count_ahead(cursors, count)) + 1;
    _cleanup_(xfreep) struct mementry **entries = xcalloc(room, sizeof(struct mementry *));
    _cleanup_(xfreep) struct mempart **parts = xcalloc(room, sizeof(struct mempart *));
    size_t taken = 0;
    while (alive > 0 && taken < max) {
        struct memcursor *cursor = pick_cursor(cursors, alive, rng);
        size_t run = 1 + (size_t)(memlog_random(rng) % FETCH_RUN_MAX);
        taken += take_run(wire->log, cursor, MIN_OF(run, max - taken), entries + taken,
                          parts + taken);
        alive -= cursor->drained;
    }
    if (taken) { fill_batch(batch, entries, parts, taken); }
    return 0;
}

void membatch_release(struct membatch *batch)
{
    free(batch->records);
    *batch = (struct membatch){0};
}

/* ---- Readers ---- */

int memreader_open(struct wire *base, const struct topic_partition *at, size_t count,
                   struct reader **ret_reader)
{
    struct memwire *wire = memwire_of(base);
    int error = memwire_enter(wire);
    struct memcursor *cursors = xcalloc(count + 1, sizeof(*cursors));
    for (size_t i = 0; i < count && !error; i++) {
        cursors[i].position = at[i].offset;
        error = memwire_find_part(wire, at[i].topic, at[i].partition, &cursors[i].part);
    }
    if (error) {
        free(cursors);
        return memwire_leave(wire, error);
    }
    struct memreader *reader = xcalloc(1, sizeof(*reader));
    reader->reader.class = &memreader_class;
    reader->wire = wire;
    reader->cursors = cursors;
    reader->count = count;
    reader->rng = memlog_random(&wire->rng);
    wire->readers_count++;
    *ret_reader = &reader->reader;
    return memwire_leave(wire, 0);
}

static void mem_close(struct reader *base)
{
    struct memreader *reader = memreader_of(base);
    struct memlog *log = reader->wire->log;
    memlog_lock(log);
    reader->wire->readers_count--;
    memlog_unlock(log);
    membatch_release(&reader->batch);
    free(reader->cursors);
    free(reader);
}

static int mem_poll(struct reader *base, int timeout_ms, size_t max, const struct record **ret_at,
                    size_t *ret_count)
{
    struct memreader *reader = memreader_of(base);
    struct memwire *wire = reader->wire;
    assert(reader->batch.count == 0);
    int error = memwire_enter_at(wire, MEMLOG_READER_POLL);
    if (error) { return memwire_leave(wire, error); }
    memlog_tick(wire->log);
    error = memwire_fetch(wire, base, reader->cursors, reader->count, max, &reader->rng,
                          &reader->batch);
    memlog_unlock(wire->log);
    if (error) { return error; }
    if (reader->batch.count == 0 && timeout_ms != 0) { (void)sched_yield(); }
    *ret_at = reader->batch.records;
    *ret_count = reader->batch.count;
    return 0;
}

static void mem_release(struct reader *base)
{
    membatch_release(&memreader_of(base)->batch);
}

static const struct memcursor *cursor_of(const struct memreader *reader, const char *topic,
                                         int32_t partition)
{
    for (size_t i = 0; i < reader->count; i++) {
        const struct mempart *part = reader->cursors[i].part;
        if (part->number == partition && strcmp(part->topic->name, topic) == 0) {
            return &reader->cursors[i];
        }
    }
    return NULL;
}

static int64_t mem_position(struct reader *base, const char *topic, int32_t partition)
{
    const struct memcursor *cursor = cursor_of(memreader_of(base), topic, partition);
    return cursor ? cursor->position : OFFSET_NONE;
}

static int64_t mem_end(struct reader *base, const char *topic, int32_t partition)
{
    const struct memreader *reader = memreader_of(base);
    const struct memcursor *cursor = cursor_of(reader, topic, partition);
    memlog_lock(reader->wire->log);
    int64_t end = cursor ? cursor->part->end : OFFSET_NONE;
    memlog_unlock(reader->wire->log);
    return end;
}

static const struct reader_class memreader_class = {
    .close = mem_close,
    .poll = mem_poll,
    .release = mem_release,
    .position = mem_position,
    .end = mem_end,
};
