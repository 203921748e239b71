/* The group coordinator. A rebalance is a barrier:
 *
 *   1. group_prepare() begins it: every member must give up its partitions.
 *   2. The next poll of each member calls `revoked`, then memgroup_joined().
 *   3. After the last member the generation rises, and the range assignor gives out the partitions.
 *   4. The next poll of each member calls `assigned`.
 *
 * A killed member does not poll. The barrier then waits until its session expires
 * (memlog_expire_member()) or its instance id joins again. Offsets are accepted from every member
 * of the current generation, also during the rebalance.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "stream/kafka/member_name.h"
#include "stream/sim/memlog_internal.h"

struct memgroup *memlog_group(struct memlog *log, const char *name)
{
    for (size_t i = 0; i < log->groups_count; i++) {
        if (strcmp(log->groups[i]->name, name) == 0) { return log->groups[i]; }
    }
    struct memgroup *group = xcalloc(1, sizeof(*group));
    group->name = xstrdup(name);
    log->groups = xreallocarray(log->groups, log->groups_count + 1, sizeof(struct memgroup *));
    log->groups[log->groups_count++] = group;
    return group;
}

/* ---- The range assignor ---- */

static bool wants(const struct memmember *member, const struct memtopic *topic)
{
    for (size_t i = 0; i < member->topics_count; i++) {
        if (member->topics[i] == topic) { return true; }
    }
    return false;
}

static void give(struct memmember *member, struct memtopic *topic, int32_t first, int32_t count)
{
    member->parts = xreallocarray(member->parts, member->parts_count + (size_t)count,
                                  sizeof(struct mempart *));
    for (int32_t p = first; p < first + count; p++) {
        member->parts[member->parts_count++] = &topic->parts[p];
    }
}

/* As Kafka's range assignor: each topic is split into contiguous runs in the order of the members,
 * and the first members get one partition more when the split is not even. */
static void share_topic(struct memgroup *group, struct memtopic *topic)
{
    int32_t sharers = 0;
    for (size_t m = 0; m < group->members_count; m++) {
        sharers += wants(group->members[m], topic);
    }
    if (sharers == 0) { return; }
    int32_t least = topic->parts_count / sharers;
    int32_t extra = topic->parts_count % sharers;
    int32_t first = 0;
    for (size_t m = 0; m < group->members_count; m++) {
        if (!wants(group->members[m], topic)) { continue; }
        int32_t count = least + (extra-- > 0);
        give(group->members[m], topic, first, count);
        first += count;
    }
    assert(first == topic->parts_count);
}

static void complete_when_all_joined(struct memlog *log, struct memgroup *group)
{
    for (size_t m = 0; m < group->members_count; m++) {
        if (!group->members[m]->joined) { return; }
    }
    group->preparing = false;
    group->generation++;
    for (size_t m = 0; m < group->members_count; m++) { group->members[m]->parts_count = 0; }
    for (size_t t = 0; t < log->topics_count; t++) { share_topic(group, log->topics[t]); }
    for (size_t m = 0; m < group->members_count; m++) {
        struct memmember *member = group->members[m];
        member->joined = false;
        if (member->wire) { member->wire->must_assign = true; }
    }
}

static void group_prepare(struct memlog *log, struct memgroup *group)
{
    group->preparing = true;
    for (size_t m = 0; m < group->members_count; m++) {
        struct memmember *member = group->members[m];
        if (!member->wire) { continue; }
        member->joined = member->wire->held_count == 0;
        member->wire->must_assign = false;
    }
    complete_when_all_joined(log, group);
}

/* ---- Joining and leaving ---- */

static struct memmember *find_member(const struct memgroup *group, const char *instance_id)
{
    for (size_t m = 0; m < group->members_count; m++) {
        struct memmember *member = group->members[m];
        if (strcmp(member->instance_id, instance_id) == 0) { return member; }
    }
    return NULL;
}

/* Returns a copy's member, rather one whose process is gone. */
static struct memmember *find_copy(const struct memgroup *group, const char *copy)
{
    struct memmember *found = NULL;
    for (size_t m = 0; m < group->members_count; m++) {
        struct memmember *member = group->members[m];
        if (!member_name_is_of(member->instance_id, copy)) { continue; }
        if (!found || !member->wire) { found = member; }
    }
    return found;
}

static struct memmember *add_member(struct memgroup *group, const char *instance_id)
{
    struct memmember *member = xcalloc(1, sizeof(*member));
    member->instance_id = xstrdup(instance_id);
    group->members = xreallocarray(group->members, group->members_count + 1,
                                   sizeof(struct memmember *));
    size_t at = group->members_count++;
    for (; at > 0 && strcmp(group->members[at - 1]->instance_id, instance_id) > 0; at--) {
        group->members[at] = group->members[at - 1];
    }
    group->members[at] = member;
    return member;
}

static void free_member(struct memmember *member)
{
    free(member->instance_id);
    free(member->topics);
    free(member->parts);
    free(member);
}

static void remove_member(struct memlog *log, struct memgroup *group, struct memmember *member)
{
    size_t at = 0;
    while (group->members[at] != member) { at++; }
    group->members_count--;
    memmove(&group->members[at], &group->members[at + 1],
            (group->members_count - at) * sizeof(struct memmember *));
    if (member->wire) {
        member->wire->member = NULL;
        member->wire->must_assign = false;
    }
    free_member(member);
    group_prepare(log, group);
}

static void set_topics(struct memmember *member, const struct memwire *wire)
{
    free(member->topics);
    member->topics_count = wire->topics_count;
    member->topics = xmemdup(wire->topics, wire->topics_count * sizeof(struct memtopic *));
}

/* Makes another wire the member; the other members are not affected. The partitions stay those that
 * the member had, whatever the wire subscribes to (member_name.h). */
static void take_over(struct memlog *log, struct memgroup *group, struct memmember *member,
                      struct memwire *wire)
{
    if (member->wire) {
        member->wire->fenced = true;
        member->wire->must_assign = false;
        member->wire->member = NULL;
    }
    set_topics(member, wire);
    member->wire = wire;
    wire->member = member;
    if (group->preparing) {
        member->joined = true;
        complete_when_all_joined(log, group);
    } else {
        wire->must_assign = true;
    }
}

void memgroup_join(struct memlog *log, struct memwire *wire)
{
    struct memgroup *group = wire->group;
    assert(!wire->member);
    assert(wire->held_count == 0);
    struct memmember *member = find_member(group, wire->instance_id);
    if (member) {
        take_over(log, group, member, wire);
        return;
    }
    member = add_member(group, wire->instance_id);
    member->wire = wire;
    wire->member = member;
    set_topics(member, wire);
    group_prepare(log, group);
}

bool memgroup_taken(const struct memwire *wire)
{
    const struct memmember *member = find_member(wire->group, wire->instance_id);
    return member && member != wire->member;
}

int memgroup_rank(const struct memwire *wire, size_t *ret_rank, size_t *ret_count)
{
    const struct memgroup *group = wire->group;
    if (!wire->member || group->preparing) { return WIRE_RETRY; }
    size_t rank = 0;
    while (group->members[rank] != wire->member) { rank++; }
    *ret_rank = rank;
    *ret_count = group->members_count;
    return 0;
}

void memgroup_leave(struct memlog *log, struct memwire *wire)
{
    if (wire->member) { remove_member(log, wire->group, wire->member); }
}

void memgroup_joined(struct memlog *log, struct memwire *wire)
{
    if (!wire->member || !wire->group->preparing) { return; }
    wire->member->joined = true;
    complete_when_all_joined(log, wire->group);
}

void memlog_expire(struct memlog *log, struct wire *base)
{
    struct memwire *wire = memwire_of(base);
    memlog_lock(log);
    if (wire->member) {
        wire->lost = true;
        remove_member(log, wire->group, wire->member);
    }
    memlog_unlock(log);
}

void memlog_expire_member(struct memlog *log, const char *group_name, const char *instance_id)
{
    memlog_lock(log);
    struct memgroup *group = memlog_group(log, group_name);
    struct memmember *member = find_copy(group, instance_id);
    if (member) {
        if (member->wire) { member->wire->lost = true; }
        remove_member(log, group, member);
    }
    memlog_unlock(log);
}

/* ---- Offsets ---- */

int memgroup_check(const struct memwire *wire)
{
    const struct memgroup *group = wire->group;
    assert(group);
    if (wire->fenced) { return WIRE_FATAL; }
    if (wire->topics_count == 0) { return group->members_count ? WIRE_ABORTED : 0; }
    if (!wire->member || wire->generation != group->generation) { return WIRE_ABORTED; }
    return 0;
}

void memgroup_store(struct memgroup *group, struct mempart *part, int64_t offset, int64_t told)
{
    for (size_t i = 0; i < group->offsets_count; i++) {
        if (group->offsets[i].part != part) { continue; }
        group->offsets[i].offset = offset;
        group->offsets[i].told = told;
        return;
    }
    group->offsets =
        xreallocarray(group->offsets, group->offsets_count + 1, sizeof(struct memoffset));
    group->offsets[group->offsets_count++] =
        (struct memoffset){.part = part, .offset = offset, .told = told};
}

static void forget_offset(struct memgroup *group, const struct mempart *part)
{
    size_t kept = 0;
    for (size_t i = 0; i < group->offsets_count; i++) {
        if (group->offsets[i].part != part) { group->offsets[kept++] = group->offsets[i]; }
    }
    group->offsets_count = kept;
}

void memlog_set_committed(struct memlog *log, const char *group, const char *topic,
                          int32_t partition, int64_t offset)
{
    memlog_lock(log);
    struct memgroup *found = memlog_group(log, group);
    struct mempart *part = memlog_find_part(log, topic, partition);
    assert(part);
    forget_offset(found, part);
    if (offset != OFFSET_NONE) { memgroup_store(found, part, offset, /* told= */ 0); }
    memlog_unlock(log);
}

int64_t memgroup_told(const struct memgroup *group, const struct mempart *part)
{
    for (size_t i = 0; i < group->offsets_count; i++) {
        if (group->offsets[i].part == part) { return group->offsets[i].told; }
    }
    return 0;
}

int64_t memgroup_offset(const struct memgroup *group, const struct mempart *part)
{
    for (size_t i = 0; i < group->offsets_count; i++) {
        if (group->offsets[i].part == part) { return group->offsets[i].offset; }
    }
    return OFFSET_NONE;
}

void memlog_free_groups(struct memlog *log)
{
    for (size_t g = 0; g < log->groups_count; g++) {
        struct memgroup *group = log->groups[g];
        for (size_t m = 0; m < group->members_count; m++) { free_member(group->members[m]); }
        free(group->members);
        free(group->offsets);
        free(group->name);
        free(group);
    }
    free(log->groups);
}
