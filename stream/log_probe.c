#include "base/base.h"
#include "stream/log_probe.h"

enum { PROBE_POLL_MS = 100, PROBE_POLLS_MAX = 50, PROBE_RECORDS = 200 };

static enum probe compare(const struct record *rec, int64_t offset, int64_t time_ms)
{
    if (rec->offset != offset || rec->unreadable) { return PROBE_UNKNOWN; }
    return rec->time_ms == time_ms ? PROBE_SAME : PROBE_OTHER;
}

enum probe log_probe_record(const struct env *env, const struct topic_partition *at,
                            int64_t time_ms)
{
    struct reader *reader;
    enum probe probe = PROBE_LATER;
    if (wire_reader(env->wire, at, 1, &reader) < 0) { return PROBE_LATER; }
    for (int i = 0; i < PROBE_POLLS_MAX && probe == PROBE_LATER; i++) {
        const struct record *rec;
        size_t count = 0;
        if (reader_poll(reader, PROBE_POLL_MS, /* max= */ 1, &rec, &count) < 0) { break; }
        if (count) { probe = compare(rec, at->offset, time_ms); }
        reader_release(reader);
    }
    reader_close(reader);
    return probe;
}

static enum probe identify(const struct record *at, size_t count, const char *log_id,
                           enum probe probe)
{
    for (size_t i = 0; i < count; i++) {
        struct position position;
        if (!position_has_key(at[i].key) || position_read(&at[i], &position) < 0) { continue; }
        probe = strcmp(position.log_id, log_id) == 0 ? PROBE_SAME : PROBE_OTHER;
    }
    return probe;
}

enum probe log_probe_identity(const struct env *env, const struct topic_partition *at, int64_t end,
                              const char *log_id)
{
    struct reader *reader;
    enum probe probe = PROBE_UNKNOWN;
    if (wire_reader(env->wire, at, 1, &reader) < 0) { return PROBE_LATER; }
    bool ended = at->offset >= end;
    for (int i = 0; i < PROBE_POLLS_MAX && !ended; i++) {
        const struct record *rec;
        size_t count = 0;
        if (reader_poll(reader, PROBE_POLL_MS, PROBE_RECORDS, &rec, &count) < 0) { break; }
        probe = identify(rec, count, log_id, probe);
        reader_release(reader);
        ended = reader_position(reader, at->topic, at->partition) >= end;
    }
    reader_close(reader);
    return ended ? probe : PROBE_LATER;
}
