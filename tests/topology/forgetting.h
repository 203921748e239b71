/* Users who are forgotten: few users with short timelines, requests, and their receipts. */
#ifndef FRESHET_TESTS_TOPOLOGY_FORGETTING_H
#define FRESHET_TESTS_TOPOLOGY_FORGETTING_H

#include "features/features.h"
#include "schemas/forget_receipt.h"
#include "tests/topology/answers.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>
#include <cmocka.h>

enum { PARTITIONS = 3, EVENTS = 1200, REQUEST_AT = 800, USERS = 5 };

/* Few users and short timelines: most actions have left them when the request arrives. */
static const char *const short_timelines[] = {
    "history.actions.max=24", "pairs.window=8",        "transitions.window=5",
    "history.length=10",      "batch.records.max=150", NULL};
static const char *const unpruned[] = {"neighbours.max=0", "batch.records.max=150", NULL};

/* ---- The events ---- */

struct message_writer {
    struct schema_cache *schemas;
    struct codec *events, *requests, *receipts;
    struct arena *arena;
    struct buf out;
};

static inline void message_writer_init(struct message_writer *writer)
{
    writer->schemas = schema_cache_new();
    writer->events = codec_new(&user_event_contract, writer->schemas);
    writer->requests = codec_new(&forget_request_contract, writer->schemas);
    writer->receipts = codec_new(&forget_receipt_contract, writer->schemas);
    writer->arena = arena_new(1 << 12);
    buf_init(&writer->out, 4096);
}

static inline void message_writer_release(struct message_writer *writer)
{
    buf_release(&writer->out);
    arena_free(writer->arena);
    codec_free(writer->events);
    codec_free(writer->requests);
    codec_free(writer->receipts);
    schema_cache_free(writer->schemas);
}

/* The nth event, of one of few users, so that each has more than a timeline keeps; every ninth has
 * weight 0. */
static inline struct click click_of(uint64_t seed, int n)
{
    struct click click = feed_click(seed, n);
    int user = (int)strtol(click.user + 1, NULL, 10) % USERS;
    (void)snprintf(click.user, sizeof(click.user), "user-%d", user);
    return click;
}

static inline void send_event(struct rig *rig, struct message_writer *writer,
                              const struct user_event *ev)
{
    buf_clear(&writer->out);
    assert_int_equal(codec_encode(writer->events, ev, &writer->out), 0);
    memlog_append(rig->log, "events", PARTITION_BY_KEY, ev->user_id, buf_slice(&writer->out),
                  feed_time_ms());
}

static inline void send(struct rig *rig, struct message_writer *writer, const struct click *click)
{
    int number = (int)strtol(click->id + 1, NULL, 10);
    const struct user_event ev = {.event_id = slice_str(click->id),
                                  .user_id = slice_str(click->user),
                                  .item_id = slice_str(click->item),
                                  .action = ACTION_CLICK,
                                  .weight = number % 9 ? 0.5 * (number % 7 + 1) : 0,
                                  .event_time_ms = click->time_ms};
    send_event(rig, writer, &ev);
}

/* Takes an action back, by its event id. */
static inline void send_take_back(struct rig *rig, struct message_writer *writer,
                                  const struct click *click)
{
    char id[24];
    (void)snprintf(id, sizeof(id), "back-%s", click->id);
    const struct user_event ev = {.event_id = slice_str(id),
                                  .user_id = slice_str(click->user),
                                  .action = ACTION_CLICK,
                                  .event_time_ms = click->time_ms + 1,
                                  .takes_back = true,
                                  .taken_back_id = slice_str(click->id)};
    send_event(rig, writer, &ev);
}

static inline void send_request(struct rig *rig, struct message_writer *writer,
                                const char *request_id, const char *user, int64_t until_ms)
{
    const struct forget_request request = {.request_id = slice_str(request_id),
                                           .user_id = slice_str(user),
                                           .until_ms = until_ms,
                                           .requested_ms = 12345};
    buf_clear(&writer->out);
    assert_int_equal(codec_encode(writer->requests, &request, &writer->out), 0);
    for (int32_t p = 0; p < rig->partitions; p++) {
        memlog_append(rig->log, "events", p, request.user_id, buf_slice(&writer->out),
                      feed_time_ms());
    }
}

/* The newest receipt of a request, summed over the partitions. */
static inline struct forget_receipt receipts(const struct rig *rig, struct message_writer *writer,
                                      const char *request_id, int *ret_count)
{
    struct forget_receipt sum = {0}, one;
    struct fold *fold = rig_fold(rig, "receipts");
    *ret_count = 0;
    for (size_t i = 0; i < fold->count; i++) {
        arena_reset(writer->arena);
        assert_int_equal(
            codec_decode(writer->receipts, fold->at[i].value, writer->arena, &one, NULL), 0);
        if (!slice_equal(one.request_id, slice_str(request_id))) { continue; }
        ++*ret_count;
        sum.actions += one.actions;
        sum.archived += one.archived;
        sum.contributions += one.contributions;
        sum.left_in += one.left_in;
        if (one.actions > 0) { sum.until_ms = one.until_ms; }
        assert_int_equal(one.requested_ms, 12345);
    }
    free(fold);
    return sum;
}

#endif
