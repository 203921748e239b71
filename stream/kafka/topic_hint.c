#include "base/base.h"
#include "base/edit_distance.h"
#include "stream/kafka/topic_hint.h"

enum { SHOWN_MAX = 3, TOPIC_BYTES_MAX = 250 };

/* The nearest names, or the shortest prefixes. */
struct best {
    struct slice at[SHOWN_MAX];
    size_t costs[SHOWN_MAX];
    size_t count;
};

static void keep(struct best *best, struct slice text, size_t cost)
{
    size_t place = best->count;
    while (place > 0 && best->costs[place - 1] > cost) { place--; }
    if (place == SHOWN_MAX) { return; }
    best->count = MIN_OF(best->count + 1, (size_t)SHOWN_MAX);
    for (size_t i = best->count - 1; i > place; i--) {
        best->at[i] = best->at[i - 1];
        best->costs[i] = best->costs[i - 1];
    }
    best->at[place] = text;
    best->costs[place] = cost;
}

static struct slice take_line(struct slice *rest)
{
    const char *end = memchr(rest->data, '\n', rest->size);
    size_t size = end ? (size_t)(end - rest->data) : rest->size;
    struct slice line = slice_of(rest->data, size);
    size += end != NULL;
    *rest = slice_of(rest->data + size, rest->size - size);
    return line;
}

/* A name's prefix: nothing, or what ends with a separator. */
static bool has_prefix(struct slice topic, struct slice name, struct slice *ret_prefix)
{
    if (topic.size < name.size) { return false; }
    size_t head = topic.size - name.size;
    if (memcmp(topic.data + head, name.data, name.size) != 0) { return false; }
    if (head > 0 && !strchr("._-", topic.data[head - 1])) { return false; }
    *ret_prefix = slice_of(topic.data, head);
    return true;
}

static void compare(struct best *like, struct slice topic, const char *missing)
{
    char text[TOPIC_BYTES_MAX];
    if (topic.size >= sizeof(text)) { return; }
    (void)snprintf(text, sizeof(text), "%.*s", SLICE_ARGS(topic));
    bool same = strcasecmp(text, missing) == 0;
    size_t distance = same ? 0 : edit_distance(text, missing);
    if (edit_is_near(distance, strlen(missing)) && distance < topic.size) {
        keep(like, topic, distance);
    }
}

static void write_list(const struct best *best, const char *empty, struct buf *out)
{
    for (size_t i = 0; i < best->count; i++) {
        const char *between = i == 0 ? "" : i + 1 == best->count ? " or " : ", ";
        struct slice text = best->at[i].size ? best->at[i] : slice_str(empty);
        buf_printf(out, "%s%.*s", between, SLICE_ARGS(text));
    }
}

void topic_hint(struct slice topics, const char *missing, const char *name, const char *generation,
                struct buf *out)
{
    struct best like = {0}, prefixes = {0};
    struct slice prefix;
    while (topics.size) {
        struct slice topic = take_line(&topics);
        compare(&like, topic, missing);
        bool below = name && has_prefix(topic, slice_str(name), &prefix);
        if (below) { keep(&prefixes, prefix, prefix.size); }
    }
    if (like.count) {
        buf_printf(out, "did you mean ");
        write_list(&like, "", out);
        buf_printf(out, "?");
    }
    if (prefixes.count) {
        buf_printf(out, "%s%s exists with topic.prefix=", like.count ? " " : "", name);
        write_list(&prefixes, "(empty)", out);
    }
    bool any = like.count || prefixes.count;
    if (generation[0]) {
        buf_printf(out, "%s freshet backfill --generation %s makes the topics of that generation",
                   any ? ";" : "was another generation meant?", generation);
        return;
    }
    buf_printf(out, "%s deploy/topics apply makes topics", any ? ";" : "was it deleted?");
}
