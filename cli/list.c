#include "base/base.h"
#include "base/xalloc.h"
#include "cli/client_schemas.h"
#include "cli/commands.h"
#include "cli/scan.h"
#include "cli/screen.h"
#include "cli/user_names.h"
#include "schemas/item.h"
#include "schemas/recommendation_list.h"
#include "stream/kafka/murmur.h"

enum { LIST_ARENA_BLOCK = 1 << 16, REASON_BYTES_MOST = 1024 };

struct listing {
    const struct client *client;
    const char *user; /* as given */
    const char *name; /* as on our topics */

    struct wire *wire;
    struct schema_cache *schemas;
    struct codec *lists;
    struct codec *items;
    struct arena *arena; /* keeps the newest list and the titles */
    bool found;
    struct recommendation_list list;
    int64_t published_ms;
    struct slice *titles; /* of each item of the list, then of each `because` */
};

static bool columns_agree(const struct recommendation_list *list)
{
    size_t count = list->items.count;
    return list->scores.count == count && list->reasons.count == count &&
           list->because.count == count && list->evidence.count == count;
}

static bool take_list(void *arg, const struct record *rec)
{
    struct listing *listing = arg;
    struct codec_error error;
    if (!slice_equal(rec->key, slice_str(listing->name))) { return true; }
    listing->found = rec->value.data != NULL;
    if (!rec->value.data) { return true; }
    struct slice kept = arena_copy(listing->arena, rec->value);
    if (codec_decode(listing->lists, kept, listing->arena, &listing->list, &error) < 0) {
        listing->found = false;
        (void)client_fail("the list at offset %" PRId64 " cannot be read: %s", rec->offset,
                          error.detail);
        return true;
    }
    if (!columns_agree(&listing->list)) {
        listing->found = false;
        (void)client_fail("the list at offset %" PRId64 " is not a valid list", rec->offset);
        return true;
    }
    listing->published_ms = rec->time_ms;
    return true;
}

static void keep_title(struct listing *listing, struct slice id, struct slice title)
{
    const struct recommendation_list *list = &listing->list;
    for (size_t i = 0; i < list->items.count; i++) {
        if (slice_equal(list->items.at[i], id)) { listing->titles[i] = title; }
        if (slice_equal(list->because.at[i], id)) {
            listing->titles[list->items.count + i] = title;
        }
    }
}

static bool take_item(void *arg, const struct record *rec)
{
    struct listing *listing = arg;
    struct codec_error error;
    struct item item;
    if (!rec->value.data ||
        codec_decode(listing->items, rec->value, listing->arena, &item, &error) < 0) {
        return true;
    }
    keep_title(listing, item.item_id, arena_copy(listing->arena, item.title));
    return true;
}

static struct slice title_or_id(struct slice title, struct slice id)
{
    return title.size ? title : id;
}

static void print_head(const struct listing *listing)
{
    const struct recommendation_list *list = &listing->list;
    screen_line(stdout,
                "user %s: %zu items by %.*s%s%.*s, built from events partition %d offset %" PRId64,
                listing->user, list->items.count, SLICE_ARGS(list->model),
                list->made_by.size ? ", ranked by " : "", SLICE_ARGS(list->made_by),
                list->input_partition, list->input_offset);
}

/* Writes why an item is in the list. */
static void write_reason(const struct listing *listing, size_t i, char *into, size_t size)
{
    const struct recommendation_list *list = &listing->list;
    struct slice cause =
        title_or_id(listing->titles[list->items.count + i], list->because.at[i]);
    double evidence = (double)list->evidence.at[i];
    switch (list->reasons.at[i]) {
    case REASON_BECAUSE:
        (void)snprintf(into, size, "because of %.*s, support %.0f", SLICE_ARGS(cause), evidence);
        return;
    case REASON_POPULAR:
        (void)snprintf(into, size, "popular, %.0f actions", evidence);
        return;
    case REASON_TRENDING:
        (void)snprintf(into, size, "trending, %.0f recent actions", evidence);
        return;
    case REASON_NEW:
        (void)snprintf(into, size, "new");
        return;
    default: /* chosen by another model than counting */
        (void)snprintf(into, size, "predicted");
    }
}

static void print(const struct listing *listing)
{
    const struct recommendation_list *list = &listing->list;
    print_head(listing);
    for (size_t i = 0; i < list->items.count; i++) {
        char reason[REASON_BYTES_MOST];
        struct slice title = title_or_id(listing->titles[i], list->items.at[i]);
        write_reason(listing, i, reason, sizeof(reason));
        screen_line(stdout, "%3zu. %-8.4f %.*s  (%s)", i + 1, (double)list->scores.at[i],
                    SLICE_ARGS(title), reason);
    }
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
static int find_topic(const struct listing *listing, char **ret_topic, int32_t *ret_partitions)
{
    const struct client *client = listing->client;
    bool named = client_generation_named(client);
    const char *name = named ? "lists" : "recommendations";
    char *topic = client_topic(client, name);
    int result = wire_partitions(listing->wire, topic, ret_partitions);
    bool base = named && !client_generation(client)[0];
    if (base && (result < 0 || is_empty(listing->wire, topic, *ret_partitions))) {
        free(topic);
        name = "recommendations";
        topic = client_topic(client, name);
        result = wire_partitions(listing->wire, topic, ret_partitions);
    }
    *ret_topic = topic;
    return result < 0 ? client_fail_topic(client, listing->wire, topic, name) : 0;
}

static int run(struct listing *listing, const struct user_names *names)
{
    _cleanup_(xfreep) char *lists = NULL;
    _cleanup_(xfreep) char *items = client_topic(listing->client, "items");
    int32_t partitions;
    if (find_topic(listing, &lists, &partitions)) { return EXIT_FAILURE; }
    int result = 0;
    for (size_t i = 0; i < names->count && !listing->found && result == 0; i++) {
        listing->name = names->at[i];
        int32_t home = murmur_partition(slice_str(listing->name), partitions);
        result = scan_topic(listing->wire, lists, home, /* follow= */ false, take_list, listing);
    }
    if (result < 0) { return client_fail("%s", wire_why(listing->wire)); }
    if (!listing->found) {
        return client_fail("no list for user \"%s\" in %s", listing->user, lists);
    }
    listing->titles = xcalloc(listing->list.items.count * 2, sizeof(*listing->titles));
    if (scan_topic(listing->wire, items, -1, /* follow= */ false, take_item, listing) < 0) {
        screen_line(stderr, "freshet: no titles: %s", wire_why(listing->wire));
    }
    print(listing);
    return 0;
}

static int list_run(struct invocation *invocation)
{
    struct user_names names = {0};
    struct listing *listing = invocation->settings;
    listing->client = &invocation->client;
    listing->wire = invocation->wire;
    listing->user = invocation->arguments[0];
    listing->schemas = client_schemas(listing->client);
    listing->lists = codec_new(&recommendation_list_contract, listing->schemas);
    listing->items = codec_new(&item_contract, listing->schemas);
    listing->arena = arena_new(LIST_ARENA_BLOCK);
    int result = user_names_find(listing->client, listing->user, &names);
    if (result == 0) { result = run(listing, &names); }
    user_names_release(&names);
    free(listing->titles);
    arena_free(listing->arena);
    codec_free(listing->lists);
    codec_free(listing->items);
    schema_cache_free(listing->schemas);
    return result;
}

const struct command list_command = {
    .name = "list",
    .group = GROUP_RESULTS,
    .summary = "print a user's newest recommendations",
    .arguments = "USER",
    .arguments_least = 1,
    .arguments_most = 1,
    .about = "Prints the newest list for a user, of the live generation or of the one that "
             "--generation names, with reasons, and with titles where the "
             "catalogue has them. With pseudonym.keys (--config, --set) give the user's own id.",
    .needs = NEEDS_KAFKA,
    .settings_size = sizeof(struct listing),
    .run = list_run,
};
