/* The event time of a partition is the median of its newest few events, so that one that is far in
 * the past or in the future does not move it.
 *
 *   partition 0   ----------|..........        the slowest
 *   partition 1   -----------------|...        within ahead.max: reads on
 *   partition 2   -------------------------|   waits until 0 is near enough
 *   partition 3   ---------------------------------------|   read to its end: is not waited for
 *
 * Two copies may know each other's position too late by a commit. Then both may wait, until their
 * next commits; the slowest of all never waits longer.
 */
#include "base/base.h"
#include "base/hash_index.h"
#include "base/xalloc.h"
#include "ingest/alignment.h"

enum {
    RECENT = 9,             /* events whose median is the time of a partition */
    PLACES = 4096,          /* users whose newest partition is known */
    SCATTERED_MIN = 16,     /* events by another partition that make a source scattered, ... */
    SCATTERED_SHARE = 50,   /* ... if they are at least one in so many of those compared */
    KEYED_COMPARED = 200,   /* events compared that show a source to be keyed by user, ... */
    KEYED_EVENTS = 500,     /* ... when two partitions have had so many, ... */
    KEYED_SCATTERED = 4,    /* ... unless so many came by another partition */
    KEYED_AT_LEAST = 100000, /* ... or so many in all, whose users come back too rarely */
    WATCHING_WAIT_MS = 1000, /* longest wait while that is not known */
    RECORDS_BETWEEN_LOOKS = 256,
    MARKS = 5,              /* looks whose times are kept: a stretch of a thousand records */
    STRETCH = (MARKS - 1) * RECORDS_BETWEEN_LOOKS,
    PEERS_EVERY_MS = 100,   /* between two questions to the broker: some partitions are others' */
    ALONE_EVERY_MS = 5000,  /* the same while all partitions are ours */
};

#define TIME_UNKNOWN INT64_MIN

/* The partition by which a user's newest event came. */
struct place {
    uint64_t user; /* fingerprint; 0: none */
    int32_t partition;
};

/* Is the source keyed by user? While that is not known, our own partitions are aligned: the first
 * fetch of one may hold more than a user's state keeps. */
enum keyed { KEYED_UNKNOWN, KEYED_YES, KEYED_NO };

/* What is known of a partition of the topic. */
struct part {
    struct reading *reading; /* NULL: another copy reads it, or nobody */
    struct told_offset peer;
    bool known;         /* peer is set */
    bool silent;        /* its owner does not tell anything */
    bool stalled;       /* nobody waits for it, while it stays at this offset */
    int64_t stalled_at;
};

struct alignment {
    struct run *run;
    const struct source *source;
    const char *topic;
    struct place places[PLACES];
    uint64_t events, compared, scattered;
    enum keyed keyed;
    struct part *parts;
    int32_t parts_count;
    int64_t asked_ms;
    int32_t awaited; /* the slowest partition, where it is, and since when */
    int64_t awaited_offset;
    int64_t awaited_ms;
    size_t waiting;
    struct metric *scattered_events;
    struct metric *partitions_waiting;
};

struct reading {
    struct alignment *alignment;
    struct task *task;
    int64_t recent[RECENT];
    uint64_t events;
    uint64_t records;
    int64_t marks[MARKS]; /* its time at the newest looks */
    uint64_t user;    /* fingerprint of the newest event's */
    bool waits;
};

/* The partition that is furthest behind. */
struct slowest {
    int32_t partition; /* -1: none has a backlog */
    int64_t offset;
    int64_t time_ms;
};

struct alignment *alignment_new(struct run *run, const struct source *source, const char *topic)
{
    struct alignment *alignment = xcalloc(1, sizeof(*alignment));
    char label[SOURCE_NAME_BYTES_MAX + 16];
    (void)snprintf(label, sizeof(label), "source=\"%s\"", source->name);
    alignment->run = run;
    alignment->source = source;
    alignment->topic = topic;
    alignment->awaited = -1;
    alignment->keyed = source->settings.partitions_align == ALIGN_ALWAYS ? KEYED_NO : KEYED_UNKNOWN;
    alignment->scattered_events = metrics_counter(
        run_metrics(run), "freshet_ingest_scattered_events_total", label,
        "Events whose user's event before came by another partition of the source.");
    alignment->partitions_waiting =
        metrics_gauge(run_metrics(run), "freshet_ingest_partitions_waiting", label,
                      "Partitions that wait for slower ones of their source (partitions.align).");
    return alignment;
}

void alignment_use(struct alignment *alignment, const struct source *source)
{
    alignment->source = source;
}

struct alignment *alignment_free(struct alignment *alignment)
{
    if (!alignment) { return NULL; }
    free(alignment->parts);
    free(alignment);
    return NULL;
}

/* ---- Partitions ---- */

static struct part *part_at(struct alignment *alignment, int32_t partition)
{
    if (partition >= alignment->parts_count) {
        alignment->parts = xreallocarray(alignment->parts, (size_t)partition + 1,
                                         sizeof(*alignment->parts));
        for (int32_t i = alignment->parts_count; i <= partition; i++) {
            alignment->parts[i] = (struct part){0};
        }
        alignment->parts_count = partition + 1;
    }
    return &alignment->parts[partition];
}

struct reading *reading_new(struct alignment *alignment, struct task *task)
{
    struct reading *reading = xcalloc(1, sizeof(*reading));
    reading->alignment = alignment;
    reading->task = task;
    for (int i = 0; i < MARKS; i++) { reading->marks[i] = TIME_UNKNOWN; }
    part_at(alignment, task_partition(task))->reading = reading;
    return reading;
}

static void set_waits(struct reading *reading, bool waits)
{
    struct alignment *alignment = reading->alignment;
    if (reading->waits == waits) { return; }
    reading->waits = waits;
    alignment->waiting += waits ? 1 : (size_t)-1;
    metric_set(alignment->partitions_waiting, (double)alignment->waiting);
}

struct reading *reading_free(struct reading *reading)
{
    if (!reading) { return NULL; }
    set_waits(reading, false);
    struct part *part = part_at(reading->alignment, task_partition(reading->task));
    *part = (struct part){0};
    free(reading);
    return NULL;
}

static int compare_times(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;
    return (one > other) - (one < other);
}

static int64_t median_time(const struct reading *reading)
{
    int64_t sorted[RECENT];
    size_t count = MIN_OF((size_t)reading->events, (size_t)RECENT);
    if (!count) { return TIME_UNKNOWN; }
    memcpy(sorted, reading->recent, count * sizeof(sorted[0]));
    qsort(sorted, count, sizeof(sorted[0]), compare_times);
    return sorted[count / 2];
}

/* Returns the partition's event time; TOLD_END: it is not waited for. */
static int64_t reading_time(const struct reading *reading)
{
    int64_t end = task_input_end(reading->task);
    if (end != OFFSET_NONE && task_input_offset(reading->task) >= end) { return TOLD_END; }
    if (!reading->events && reading->records > STRETCH) { return TOLD_END; }
    return median_time(reading);
}

/* Returns the event time of its newest stretch. */
static int64_t stretch_ms(const struct reading *reading, int64_t time_ms)
{
    int64_t from_ms = reading->marks[reading->records / RECORDS_BETWEEN_LOOKS % MARKS];
    return from_ms == TIME_UNKNOWN ? 0 : MAX_OF(time_ms - from_ms, (int64_t)0);
}

int64_t reading_tells(struct reading *reading)
{
    int64_t time_ms = reading_time(reading);
    return time_ms == 0 ? 1 : time_ms; /* 0 tells nothing */
}

/* ---- Other copies ---- */

/* The owner of a partition whose offset moves and that tells nothing is an older program. */
static void take_peer(struct part *part, const struct told_offset *at)
{
    bool moved = part->known && at->offset != part->peer.offset;
    part->silent = at->told == 0 && (part->silent || moved);
    part->peer = *at;
    part->known = true;
}

static void ask_peers(struct alignment *alignment, int64_t now_ms)
{
    bool alone = alignment->asked_ms != 0;
    for (int32_t i = 0; i < alignment->parts_count; i++) {
        alone &= alignment->parts[i].reading != NULL;
    }
    int64_t every_ms = alone ? ALONE_EVERY_MS : PEERS_EVERY_MS;
    if (alignment->asked_ms && now_ms - alignment->asked_ms < every_ms) { return; }
    alignment->asked_ms = now_ms;
    struct told_offset *at = NULL;
    int count = run_told(alignment->run, alignment->topic, &at);
    for (int32_t i = 0; i < count; i++) { take_peer(part_at(alignment, i), &at[i]); }
    if (count >= 0) { free(at); }
}

static int64_t peer_time(const struct alignment *alignment, const struct part *part)
{
    if (alignment->keyed != KEYED_NO || !part->known || part->silent) { return TOLD_END; }
    return part->peer.told ? part->peer.told : TIME_UNKNOWN;
}

/* ---- Who waits ---- */

static struct slowest find_slowest(struct alignment *alignment, const struct reading *except)
{
    struct slowest slowest = {.partition = -1, .time_ms = TOLD_END};
    for (int32_t i = 0; i < alignment->parts_count; i++) {
        struct part *part = &alignment->parts[i];
        const struct reading *reading = part->reading;
        if (reading == except) { continue; }
        int64_t offset = reading ? task_input_offset(reading->task) : part->peer.offset;
        if (part->stalled && part->stalled_at == offset) { continue; }
        part->stalled = false;
        int64_t time_ms = reading ? reading_time(reading) : peer_time(alignment, part);
        if (time_ms >= slowest.time_ms) { continue; }
        slowest = (struct slowest){.partition = i, .offset = offset, .time_ms = time_ms};
    }
    return slowest;
}

/* Gives up on a partition that has not moved for too long, until it moves. */
static bool has_stalled(struct alignment *alignment, const struct slowest *slowest, int64_t now_ms)
{
    if (slowest->partition != alignment->awaited || slowest->offset != alignment->awaited_offset) {
        alignment->awaited = slowest->partition;
        alignment->awaited_offset = slowest->offset;
        alignment->awaited_ms = now_ms;
    }
    int64_t most_ms = alignment->source->settings.partitions_wait_max_ms;
    if (alignment->keyed != KEYED_NO) { most_ms = MIN_OF(most_ms, (int64_t)WATCHING_WAIT_MS); }
    if (now_ms - alignment->awaited_ms < most_ms) { return false; }
    struct part *part = part_at(alignment, slowest->partition);
    part->stalled = true;
    part->stalled_at = slowest->offset;
    if (alignment->keyed != KEYED_NO) { return true; }
    run_log(alignment->run, LOG_WARN, "a source partition that does not move is not waited for",
            "source=%s partition=%d offset=%" PRId64, alignment->source->name, slowest->partition,
            slowest->offset);
    return true;
}

/* It waits when it is ahead by a stretch more than it may be when it goes on: else it would wait
 * and go on with each few records, and what was fetched of it is fetched again each time. */
static bool is_ahead(struct reading *reading)
{
    struct alignment *alignment = reading->alignment;
    int64_t now_ms = run_now_ms(alignment->run), time_ms = reading_time(reading);
    if (time_ms == TOLD_END || time_ms == TIME_UNKNOWN) { return false; }
    if (alignment->keyed == KEYED_NO) { ask_peers(alignment, now_ms); }
    struct slowest slowest = find_slowest(alignment, reading);
    if (slowest.partition < 0) { return false; }
    int64_t span_ms = stretch_ms(reading, time_ms);
    int64_t most_ms = MAX_OF(alignment->source->settings.partitions_ahead_max_ms, span_ms);
    if (!reading->waits) { most_ms += span_ms; }
    return slowest.time_ms < time_ms - most_ms && !has_stalled(alignment, &slowest, now_ms);
}

bool reading_must_wait(struct reading *reading)
{
    const struct alignment *alignment = reading->alignment;
    if (alignment->keyed == KEYED_YES || reading->records < STRETCH ||
        reading->records % RECORDS_BETWEEN_LOOKS != 0 ||
        alignment->source->settings.partitions_align == ALIGN_NEVER) {
        return false;
    }
    if (!is_ahead(reading)) { return false; }
    set_waits(reading, true);
    return true;
}

bool reading_goes_on(struct reading *reading)
{
    if (reading->alignment->keyed != KEYED_YES && is_ahead(reading)) { return false; }
    set_waits(reading, false);
    return true;
}

/* ---- Users in several partitions ---- */

static void tell_scattered(const struct alignment *alignment)
{
    bool aligns = alignment->source->settings.partitions_align != ALIGN_NEVER;
    run_log(alignment->run, LOG_WARN, "one user's events come by several partitions of a source",
            "source=%s topic=%s hint=\"%s\"", alignment->source->name, alignment->topic,
            aligns ? "in a backlog they are read side by side (partitions.align); a topic keyed by "
                     "user is read faster"
                   : "in a backlog some may come too late for features (too_late): see "
                     "partitions.align");
}

static int partitions_seen(const struct alignment *alignment)
{
    int seen = 0;
    for (int32_t i = 0; i < alignment->parts_count; i++) {
        const struct reading *reading = alignment->parts[i].reading;
        seen += reading && reading->events >= KEYED_EVENTS;
    }
    return seen;
}

/* An event was compared with its user's one before. */
static void compare(struct alignment *alignment, bool elsewhere)
{
    alignment->compared++;
    if (elsewhere) {
        metric_add(alignment->scattered_events, 1);
        alignment->scattered++;
        if (alignment->scattered != SCATTERED_MIN) { return; }
        if (alignment->compared <= SCATTERED_MIN * SCATTERED_SHARE) {
            alignment->keyed = KEYED_NO;
            tell_scattered(alignment);
        } else {
            alignment->scattered = alignment->compared = 0;
        }
    } else if (alignment->keyed == KEYED_UNKNOWN && alignment->compared >= KEYED_COMPARED &&
               alignment->scattered < KEYED_SCATTERED && partitions_seen(alignment) >= 2) {
        alignment->keyed = KEYED_YES;
    }
}

void reading_count(struct reading *reading)
{
    reading->records++;
    if (reading->records % RECORDS_BETWEEN_LOOKS != 0) { return; }
    reading->marks[(reading->records / RECORDS_BETWEEN_LOOKS + MARKS - 1) % MARKS] =
        median_time(reading);
}

void reading_take(struct reading *reading, struct slice user, int64_t time_ms)
{
    struct alignment *alignment = reading->alignment;
    uint64_t hash = hash_index_text(user);
    struct place *place = &alignment->places[hash % PLACES];
    int32_t partition = task_partition(reading->task);
    reading->recent[reading->events++ % RECENT] = time_ms;
    if (++alignment->events == KEYED_AT_LEAST && alignment->keyed == KEYED_UNKNOWN &&
        alignment->scattered < KEYED_SCATTERED) {
        alignment->keyed = KEYED_YES;
    }
    if (reading->user == hash) { return; } /* more of the same order */
    reading->user = hash;
    if (place->user == hash) { compare(alignment, place->partition != partition); }
    *place = (struct place){hash, partition};
}
