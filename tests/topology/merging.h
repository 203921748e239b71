/* Users who turn out to be one: what they do under one name or under two. */
#ifndef FRESHET_TESTS_TOPOLOGY_MERGING_H
#define FRESHET_TESTS_TOPOLOGY_MERGING_H

#include "schemas/merge_receipt.h"
#include "scorer/scorer.h"
#include "tests/topology/forgetting.h"

/* Says that a user is another one. */
static inline void send_identify(struct rig *rig, struct message_writer *writer, const char *id,
                                 const char *user, const char *known, int64_t time_ms)
{
    const struct user_event ev = {.event_id = slice_str(id),
                                  .user_id = slice_str(user),
                                  .action = ACTION_IDENTIFY,
                                  .event_time_ms = time_ms,
                                  .known_id = slice_str(known),
                                  .receipt = true};
    send_event(rig, writer, &ev);
}

/* The receipts of a merge, added up; ret_count: how many there are. */
static inline struct merge_receipt merge_receipts(const struct rig *rig, const char *request_id,
                                                  int *ret_count)
{
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(&merge_receipt_contract, schemas);
    struct arena *arena = arena_new(1 << 12);
    struct merge_receipt sum = {0}, one;
    struct fold *fold = rig_fold(rig, "receipts");
    *ret_count = 0;
    for (size_t i = 0; i < fold->count; i++) {
        arena_reset(arena);
        if (codec_decode(codec, fold->at[i].value, arena, &one, NULL) < 0) { continue; }
        if (!slice_equal(one.request_id, slice_str(request_id))) { continue; }
        ++*ret_count;
        sum.parts = one.parts;
        sum.contributions += one.contributions;
        sum.actions += one.actions;
        sum.added += one.added;
        sum.repeated += one.repeated;
        sum.too_late += one.too_late;
        sum.dropped += one.dropped;
        if (one.refused.size) { sum.refused = slice_str("refused"); }
    }
    free(fold);
    arena_free(arena);
    codec_free(codec);
    schema_cache_free(schemas);
    return sum;
}

/* Leaves out in which row a user is counted: that of the event which came first. */
static inline void leave_out_users(char *text)
{
    for (char *at = text; (at = strstr(at, "users=")); at++) {
        for (char *digit = at + strlen("users="); *digit && *digit != ' '; digit++) {
            *digit = 'N';
        }
    }
}

#endif
