#include "base/base.h"
#include "base/xalloc.h"
#include "cli/dead_letters/origin_topics.h"

enum { TOPICS_MAX = 200 };

struct origin_topics {
    struct origin_topic at[TOPICS_MAX]; /* the last: all that have no place */
    size_t count;
};

static struct origin_topic *find(struct origin_topics *topics, const char *name)
{
    for (size_t i = 0; i < topics->count; i++) {
        if (strcmp(topics->at[i].name, name) == 0) { return &topics->at[i]; }
    }
    return NULL;
}

static void add_source(struct origin_topics *topics, const char *name)
{
    if (find(topics, name) || topics->count == TOPICS_MAX - 1) { return; }
    struct origin_topic *topic = &topics->at[topics->count++];
    (void)snprintf(topic->name, sizeof(topic->name), "%s", name);
    topic->source = true;
}

static bool is_between(char c)
{
    return c == ',' || c == ' ' || c == '\t';
}

static void add_sources(struct origin_topics *topics, const struct client *client,
                        const char *names)
{
    while (*names) {
        while (is_between(*names)) { names++; }
        size_t size = 0;
        while (names[size] && !is_between(names[size])) { size++; }
        if (!size) { return; }
        _cleanup_(xfreep) char *name = xprintf("%.*s", (int)size, names);
        _cleanup_(xfreep) char *topic = client_topic(client, name);
        add_source(topics, topic);
        names += size;
    }
}

struct origin_topics *origin_topics_new(const struct client *client, const char *by_hand)
{
    struct origin_topics *topics = xcalloc(1, sizeof(*topics));
    const char *names = client_other(client, "sources");
    if (by_hand) { add_source(topics, by_hand); }
    add_sources(topics, client, names && *names ? names : "clicks");
    return topics;
}

struct origin_topics *origin_topics_free(struct origin_topics *topics)
{
    free(topics);
    return NULL;
}

struct origin_topic *origin_topics_of(struct origin_topics *topics, const char *name)
{
    struct origin_topic *topic = find(topics, name);
    if (topic) { return topic; }
    if (topics->count == TOPICS_MAX - 1) { return &topics->at[topics->count]; }
    topic = &topics->at[topics->count++];
    (void)snprintf(topic->name, sizeof(topic->name), "%s", name);
    return topic;
}

int32_t origin_topics_partitions(struct origin_topics *topics _unused_, struct origin_topic *topic,
                                 struct wire *wire)
{
    if (topic->asked) { return topic->partitions; }
    topic->asked = true;
    if (client_partitions(wire, topic->name, &topic->partitions) < 0) {
        topic->partitions = 0;
        (void)snprintf(topic->why, sizeof(topic->why), "%s", wire_why(wire));
    }
    return topic->partitions;
}

static const char *name_of(const struct origin_topic *topic)
{
    return topic->name[0] ? topic->name : "(others)";
}

void origin_topics_print(const struct origin_topics *topics)
{
    printf("\n%-40s %12s %13s\n", "origin", "dead letters", "would be sent");
    for (size_t i = 0; i < TOPICS_MAX; i++) {
        const struct origin_topic *topic = &topics->at[i];
        if (!topic->found) { continue; }
        printf("%-40s %12" PRId64 " %13" PRId64 "\n", name_of(topic), topic->found, topic->chosen);
    }
}

void origin_topics_print_left(const struct origin_topics *topics)
{
    for (size_t i = 0; i < TOPICS_MAX; i++) {
        const struct origin_topic *topic = &topics->at[i];
        if (!topic->left) { continue; }
        fprintf(stderr, "freshet: %" PRId64 " dead letters came from %s and are not sent: ",
                topic->left, name_of(topic));
        if (topic->why[0]) {
            fprintf(stderr, "%s\n", topic->why);
        } else {
            fprintf(stderr, "it is not among the sources; hint: --config with ingest's file, or "
                            "--origin %s if they belong there\n", name_of(topic));
        }
    }
}
