#include "base/base.h"
#include "base/directory.h"
#include "base/xalloc.h"
#include "cli/generations/generation_resources.h"
#include "stream/generation.h"
#include "stream/kafka/kafka_admin.h"

const char *const generation_workers[GENERATION_WORKERS] = {"features", "trainer", "scorer"};

static const struct generation_topic {
    const char *name;
    bool optional; /* made where the base has it */
} topics[] = {
    {.name = "histories"},    {.name = "pair-deltas"},  {.name = "features-changelog"},
    {.name = "neighbours"},   {.name = "lists"},        {.name = "quality"},
    {.name = "dead-letters"}, {.name = "receipts"},     {.name = "item-vectors"},
    {.name = "models"},       {.name = "serving-rows"}, {.name = "outcomes"},
    {.name = "moves"},        {.name = "item-lists", .optional = true},
    {.name = "profiles", .optional = true},
};

const char *const generation_owners[GENERATION_OWNERS] = {"features", "trainer", "scorer",
                                                         "sequence"};

static int fail(struct wire *wire)
{
    return client_fail("%s", wire_why(wire));
}

int generation_resources_running(const struct client *client, struct wire *wire,
                                 const char *generation, const char *worker, int *ret_count)
{
    _cleanup_(xfreep) char *group = client_group_of(client, worker, generation);
    return admin_group_members(wire, group, ret_count) < 0 ? fail(wire) : 0;
}

int generation_resources_members(const struct client *client, struct wire *wire,
                                 const char *generation, int *ret_count)
{
    *ret_count = 0;
    for (size_t i = 0; i < GENERATION_OWNERS; i++) {
        int count, result = generation_resources_running(client, wire, generation,
                                                         generation_owners[i], &count);
        if (result) { return result; }
        *ret_count += count;
    }
    return 0;
}

static int make_topic(const struct client *client, struct wire *wire,
                      const struct generation_topic *wanted, const char *generation)
{
    _cleanup_(xfreep) char *topic = client_topic_of(client, wanted->name, generation);
    _cleanup_(xfreep) char *model = client_topic_of(client, wanted->name, "");
    struct topic_form *there = NULL, *form = NULL;
    int result = admin_topic_look(wire, topic, &there);
    if (!result && !there) { result = admin_topic_look(wire, model, &form); }
    if (!result && !there && !form) {
        if (wanted->optional) { return 0; }
        return client_fail("no topic %s to make %s like; hint: deploy/topics apply", model, topic);
    }
    if (!result && !there) { result = admin_topic_make(wire, topic, form); }
    topic_form_free(there);
    topic_form_free(form);
    return result < 0 ? fail(wire) : 0;
}

int generation_resources_make_topics(const struct client *client, struct wire *wire,
                                     const char *generation)
{
    int result = 0;
    for (size_t i = 0; i < ARRAY_COUNT(topics) && !result; i++) {
        result = make_topic(client, wire, &topics[i], generation);
    }
    return result;
}

static int delete_topic(struct wire *wire, const char *topic, bool again)
{
    struct topic_form *form = NULL;
    int result = admin_topic_look(wire, topic, &form);
    if (!result && form) { result = admin_topic_delete(wire, topic); }
    if (!result && form && again) { result = admin_topic_make(wire, topic, form); }
    topic_form_free(form);
    return result < 0 ? fail(wire) : 0;
}

int generation_resources_delete_topics(const struct client *client, struct wire *wire,
                                       const char *generation, bool with_recommendations)
{
    int result = 0;
    bool again = !generation[0];
    for (size_t i = 0; i < ARRAY_COUNT(topics) && !result; i++) {
        /* ingest writes its dead letters to those of the base */
        if (again && strcmp(topics[i].name, "dead-letters") == 0) { continue; }
        _cleanup_(xfreep) char *topic = client_topic_of(client, topics[i].name, generation);
        result = delete_topic(wire, topic, again);
    }
    _cleanup_(xfreep) char *lists = client_topic_of(client, "recommendations", generation);
    if (!result && with_recommendations) { result = delete_topic(wire, lists, /* again= */ true); }
    return result;
}

int generation_resources_delete_groups(const struct client *client, struct wire *wire,
                                       const char *generation)
{
    for (size_t i = 0; i < GENERATION_OWNERS; i++) {
        _cleanup_(xfreep) char *group = client_group_of(client, generation_owners[i], generation);
        if (admin_group_delete(wire, group) < 0) { return fail(wire); }
    }
    return 0;
}

int generation_resources_delete_state(const struct client *client, const char *generation)
{
    for (size_t i = 0; i < GENERATION_OWNERS; i++) {
        _cleanup_(xfreep) char *name = generation_name(generation_owners[i], generation);
        _cleanup_(xfreep) char *path = xprintf("%s/%s", client_state_dir(client), name);
        int result = directory_delete(path);
        if (result < 0) { return client_fail("cannot delete %s: %s", path, strerror(-result)); }
    }
    return 0;
}
