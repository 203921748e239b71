/* A client of the in-process log that writes down what it lives through, for tests.
 *
 * Its story is a text: "+in0,in1 " assigned, "-in0 " revoked, "!in0 " lost, and a record as
 * "in0@5=value " (a tombstone: "in0@5=~ "). Tests compare stories.
 */
#ifndef FRESHET_TESTS_UNIT_MEMCLIENT_H
#define FRESHET_TESTS_UNIT_MEMCLIENT_H

#include "base/buf.h"
#include "stream/sim/memlog.h"

struct client {
    struct wire *wire;
    struct buf story;
    bool stays_paused; /* do not resume in `assigned` */
    int on_revoked;    /* what wire_offsets_commit() in `revoked` returned */
    bool commits;      /* commit offset 7 of every partition in `revoked` */
    size_t records;
};

static inline void client_list(struct client *client, char sign,
                               const struct topic_partition *at, size_t count)
{
    buf_printf(&client->story, "%c", sign);
    for (size_t i = 0; i < count; i++) {
        const char *comma = i ? "," : "";
        buf_printf(&client->story, "%s%s%" PRId32, comma, at[i].topic, at[i].partition);
    }
    buf_printf(&client->story, " ");
}

static inline void client_assigned(void *arg, const struct topic_partition *at, size_t count)
{
    struct client *client = arg;
    client_list(client, '+', at, count);
    for (size_t i = 0; i < count && !client->stays_paused; i++) {
        int64_t offset = OFFSET_NONE;
        assert(wire_committed(client->wire, at[i].topic, at[i].partition, &offset) == 0);
        offset = MAX_OF(offset, 0);
        assert(wire_resume(client->wire, at[i].topic, at[i].partition, offset) == 0);
    }
}

static inline void client_revoked(void *arg, const struct topic_partition *at, size_t count,
                                  bool lost)
{
    struct client *client = arg;
    client_list(client, lost ? '!' : '-', at, count);
    for (size_t i = 0; i < count && client->commits; i++) {
        const struct topic_partition next = {at[i].topic, at[i].partition, 7};
        client->on_revoked = wire_offsets_commit(client->wire, &next, 1);
    }
}

/* Opens a wire in the group "g" and, when a topic is named, subscribes to it. */
static inline void client_open(struct client *client, struct memlog *log, const char *instance_id,
                               const char *transactional_id, const char *topic)
{
    *client = (struct client){.wire = memlog_wire(log, "g", instance_id, transactional_id)};
    buf_init(&client->story, 1 << 20);
    const struct wire_listener listener = {
        .arg = client, .assigned = client_assigned, .revoked = client_revoked};
    if (topic) { assert(wire_subscribe(client->wire, &topic, 1, &listener) == 0); }
}

static inline void client_close(struct client *client)
{
    client->wire = wire_close(client->wire);
    buf_release(&client->story);
}

static inline void client_tell(struct buf *story, const struct record *rec, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_printf(story, "%s%" PRId32 "@%" PRId64 "=", rec[i].topic, rec[i].partition,
                   rec[i].offset);
        if (!rec[i].value.data) { buf_printf(story, "~"); }
        buf_printf(story, "%.*s ", SLICE_ARGS(rec[i].value));
    }
}

/* Polls once. */
static inline int client_poll(struct client *client, size_t max)
{
    const struct record *rec;
    size_t count;
    int error = wire_poll(client->wire, 0, max, &rec, &count);
    if (error) { return error; }
    client_tell(&client->story, rec, count);
    client->records += count;
    wire_release(client->wire);
    return 0;
}

/* Takes the story told since the last call; borrowed until the client's next poll. */
static inline const char *client_story(struct client *client)
{
    buf_append(&client->story, "", 1);
    buf_clear(&client->story);
    return client->story.data;
}

/* Polls once and takes the story. */
static inline const char *client_next(struct client *client)
{
    int error = client_poll(client, 1000);
    if (error) { buf_printf(&client->story, "error %d ", error); }
    return client_story(client);
}

/* Polls a reader once and tells the records into an empty story. */
static inline const char *reader_next(struct reader *reader, struct buf *story)
{
    const struct record *rec;
    size_t count;
    buf_clear(story);
    int error = reader_poll(reader, 0, 1000, &rec, &count);
    if (error) {
        buf_printf(story, "error %d ", error);
    } else {
        client_tell(story, rec, count);
        reader_release(reader);
    }
    buf_append(story, "", 1);
    return story->data;
}

static inline int64_t feed(struct memlog *log, const char *topic, int32_t partition,
                           const char *key, const char *value)
{
    return memlog_append(log, topic, partition, slice_str(key), slice_str(value), 1000);
}

static inline struct message message_to(const char *topic, int32_t partition, const char *key,
                                        const char *value)
{
    return (struct message){.topic = topic,
                            .partition = partition,
                            .key = slice_str(key),
                            .value = slice_str(value)};
}

/* Runs a transaction of two messages to out[0], the offset 5 of in[0], when asked for. */
static inline int run_txn(struct wire *wire, const char *value, bool with_offsets,
                          int64_t ret_offsets[2])
{
    const struct message messages[2] = {message_to("out", 0, "k", value),
                                        message_to("out", 0, "l", value)};
    const struct topic_partition next = {"in", 0, 5};
    const struct txn txn = {.messages = messages,
                            .messages_count = 2,
                            .offsets = &next,
                            .offsets_count = with_offsets,
                            .ret_offsets = ret_offsets};
    return wire_txn_run(wire, &txn);
}

#endif
