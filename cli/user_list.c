#include "base/base.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "cli/client_schemas.h"
#include "cli/scan.h"
#include "cli/screen.h"
#include "cli/user_list.h"
#include "cli/user_names.h"
#include "schemas/context_words.h"
#include "schemas/item.h"
#include "stream/kafka/murmur.h"

enum { LIST_ARENA_BLOCK = 1 << 16 };

static const char deleted_hint[] = ": it was deleted; hint: the user was forgotten or merged with "
                                   "another one, or the live generation does not know the user";

static bool take_list(void *arg, const struct record *rec)
{
    struct user_list *user_list = arg;
    struct codec_error error;
    if (!slice_equal(rec->key, slice_str(user_list->name))) { return true; }
    user_list->found = rec->value.data != NULL;
    user_list->deleted = !user_list->found;
    if (!rec->value.data) { return true; }
    struct slice kept = arena_copy(user_list->arena, rec->value);
    if (codec_decode(user_list->lists, kept, user_list->arena, &user_list->list, &error) < 0) {
        user_list->found = false;
        (void)client_fail("the list at offset %" PRId64 " cannot be read: %s", rec->offset,
                          error.detail);
        return true;
    }
    if (!list_columns_agree(&user_list->list)) {
        user_list->found = false;
        (void)client_fail("the list at offset %" PRId64 " is not a valid list", rec->offset);
        return true;
    }
    user_list->partition = rec->partition;
    user_list->offset = rec->offset;
    user_list->published_ms = rec->time_ms;
    return true;
}

static void keep_title(struct user_list *user_list, struct slice id, struct slice title)
{
    const struct recommendation_list *list = &user_list->list;
    for (size_t i = 0; i < list->items.count; i++) {
        if (slice_equal(list->items.at[i], id)) { user_list->titles[i] = title; }
        if (slice_equal(list->because.at[i], id)) {
            user_list->titles[list->items.count + i] = title;
        }
    }
}

static bool take_item(void *arg, const struct record *rec)
{
    struct user_list *user_list = arg;
    struct codec_error error;
    struct item item;
    if (!rec->value.data ||
        codec_decode(user_list->items, rec->value, user_list->arena, &item, &error) < 0) {
        return true;
    }
    keep_title(user_list, item.item_id, arena_copy(user_list->arena, item.title));
    return true;
}

static struct slice title_or_id(struct slice title, struct slice id)
{
    return title.size ? title : id;
}

static bool is_empty(struct wire *wire, const char *topic, int32_t partitions)
{
    int64_t low, end;
    for (int32_t p = 0; p < partitions; p++) {
        if (wire_bounds(wire, topic, p, &low, &end) < 0 || end > 0) { return false; }
    }
    return true;
}

/* Finds the topic of the lists that were asked for. Without --generation it is `recommendations`,
 * which has those of the live one. A named generation has its own in `lists.NAME`; the base has
 * them in `lists` from the first switch on, and before that in `recommendations`. Returns 0, or
 * the exit code. */
static int find_topic(const struct user_list *user_list, char **ret_topic, int32_t *ret_partitions)
{
    const struct client *client = user_list->client;
    bool named = client_generation_named(client);
    const char *name = named ? "lists" : "recommendations";
    char *topic = client_topic(client, name);
    int result = client_partitions(user_list->wire, topic, ret_partitions);
    bool base = named && !client_generation(client)[0];
    if (base && (result < 0 || is_empty(user_list->wire, topic, *ret_partitions))) {
        free(topic);
        name = "recommendations";
        topic = client_topic(client, name);
        result = client_partitions(user_list->wire, topic, ret_partitions);
    }
    *ret_topic = topic;
    return result < 0 ? client_fail_topic(client, user_list->wire, topic, name) : 0;
}

static int read_list(struct user_list *user_list, const struct user_names *names)
{
    _cleanup_(xfreep) char *items = client_topic(user_list->client, "items");
    int32_t partitions;
    if (find_topic(user_list, &user_list->topic, &partitions)) { return EXIT_FAILURE; }
    int result = 0;
    for (size_t i = 0; i < names->count && !user_list->found && result == 0; i++) {
        user_list->name = names->at[i];
        int32_t home = murmur_partition(slice_str(user_list->name), partitions);
        result = scan_topic(user_list->wire, user_list->topic, home, /* follow= */ false, take_list,
                            user_list);
    }
    if (result < 0) { return client_fail("%s", wire_why(user_list->wire)); }
    if (!user_list->found) {
        return client_fail("no list for user \"%s\" in %s%s", user_list->user, user_list->topic,
                           user_list->deleted ? deleted_hint : "");
    }
    user_list->titles = xcalloc(user_list->list.items.count * 2, sizeof(*user_list->titles));
    if (scan_topic(user_list->wire, items, -1, /* follow= */ false, take_item, user_list) < 0) {
        screen_line(stderr, "freshet: no titles: %s", wire_why(user_list->wire));
    }
    return 0;
}

int user_list_read(struct user_list *user_list, const struct invocation *invocation)
{
    struct user_names names = {0};
    *user_list = (struct user_list){
        .client = &invocation->client,
        .wire = invocation->wire,
        .user = invocation->arguments[0],
        .schemas = client_schemas(&invocation->client),
        .arena = arena_new(LIST_ARENA_BLOCK),
    };
    user_list->lists = codec_new(&recommendation_list_contract, user_list->schemas);
    user_list->items = codec_new(&item_contract, user_list->schemas);
    int result = user_names_find(user_list->client, user_list->user, &names);
    if (result == 0) { result = read_list(user_list, &names); }
    user_names_release(&names);
    user_list->name = NULL;
    return result;
}

void user_list_release(struct user_list *user_list)
{
    free(user_list->titles);
    free(user_list->topic);
    arena_free(user_list->arena);
    codec_free(user_list->lists);
    codec_free(user_list->items);
    schema_cache_free(user_list->schemas);
}

struct slice user_list_title(const struct user_list *user_list, size_t at)
{
    return title_or_id(user_list->titles[at], user_list->list.items.at[at]);
}

static void write_share(const struct user_list *user_list, size_t at, char *into)
{
    double share = (double)list_share(&user_list->list, at);
    size_t used = strlen(into);
    if (!(share > 0.0)) { return; }
    (void)snprintf(into + used, LIST_REASON_BYTES - used, ", %.0f %% of what the history adds",
                   100.0 * share);
}

static void write_again(const struct recommendation_list *list, size_t at, char *into)
{
    char date[16] = "";
    time_t seconds = (time_t)(list_last_ms(list, at) / 1000);
    struct tm parts;
    bool dated = seconds > 0 && gmtime_r(&seconds, &parts) &&
                 strftime(date, sizeof(date), "%Y-%m-%d", &parts);
    (void)snprintf(into, LIST_REASON_BYTES, "due again: had %.0f times, last on %s",
                   (double)list->evidence.at[at], dated ? date : "an unknown day");
}

static void write_context(const struct recommendation_list *list, size_t at, char *into)
{
    char words[CONTEXT_WORDS_BYTES];
    (void)snprintf(into, LIST_REASON_BYTES, "chosen more often %s, by %.0f users",
                   context_words(list->because.at[at], /* chinese= */ false, words),
                   (double)list->evidence.at[at]);
}

const char *user_list_reason(const struct user_list *user_list, size_t at, char *into)
{
    const struct recommendation_list *list = &user_list->list;
    struct slice cause =
        title_or_id(user_list->titles[list->items.count + at], list->because.at[at]);
    double evidence = (double)list->evidence.at[at];
    const size_t size = LIST_REASON_BYTES;
    switch (list->reasons.at[at]) {
    case REASON_BECAUSE:
        (void)snprintf(into, size, "because of %.*s", SLICE_ARGS(cause));
        if (evidence > 0.0) {
            size_t used = strlen(into);
            (void)snprintf(into + used, size - used, ", support %.0f", evidence);
        }
        break;
    case REASON_CROSS:
        (void)snprintf(into, size, "%.0f users went on to it from %.*s", evidence,
                       SLICE_ARGS(cause));
        break;
    case REASON_TAGS:
        (void)snprintf(into, size, "like %.*s by its tags", SLICE_ARGS(cause));
        break;
    case REASON_POPULAR:
        (void)snprintf(into, size, "popular, %.0f actions", evidence);
        break;
    case REASON_TRENDING:
        (void)snprintf(into, size, "trending, %.0f recent actions", evidence);
        break;
    case REASON_NEW:
        (void)snprintf(into, size, "new");
        break;
    case REASON_BROUGHT:
        (void)snprintf(into, size, "brought by %.*s", SLICE_ARGS(cause));
        return into;
    case REASON_SEGMENT:
        (void)snprintf(into, size, "liked by %.*s, %.0f of them", SLICE_ARGS(cause), evidence);
        return into;
    case REASON_QUERY:
        (void)snprintf(into, size, "matches '%.*s'", SLICE_ARGS(cause));
        return into;
    case REASON_USERS:
        (void)snprintf(into, size, "chosen by %.0f users who act alike", evidence);
        return into;
    case REASON_CONTEXT:
        write_context(list, at, into);
        return into;
    case REASON_AGAIN:
        write_again(list, at, into);
        return into;
    default: /* of an earlier release: chosen by another model than counting */
        (void)snprintf(into, size, "predicted");
    }
    write_share(user_list, at, into);
    return into;
}

static void put_text(struct buf *out, const char *name, struct slice text)
{
    buf_printf(out, ",\"%s\":", name);
    quote_json(out, text, QUOTE_EITHER);
}

void user_list_place_json(const struct user_list *user_list, size_t at, struct buf *out)
{
    const struct recommendation_list *list = &user_list->list;
    char reason[LIST_REASON_BYTES];
    buf_printf(out, "{\"place\":%zu", at + 1);
    put_text(out, "item", list->items.at[at]);
    put_text(out, "title", user_list->titles[at]);
    put_text(out, "reason", slice_str(list_reason_name(list->reasons.at[at])));
    put_text(out, "because", list->because.at[at]);
    buf_printf(out, ",\"share\":%.9g,\"evidence\":%.9g,\"score\":%.9g",
               (double)list_share(list, at), (double)list->evidence.at[at],
               (double)list->scores.at[at]);
    if (list_last_ms(list, at)) {
        buf_printf(out, ",\"last_ms\":%" PRId64, list_last_ms(list, at));
    }
    put_text(out, "words", slice_str(user_list_reason(user_list, at, reason)));
    buf_printf(out, "}");
}
