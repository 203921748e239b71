/* A user's list that nothing is sent along for is read from the lists on disk, under the user's id
 * or one of its pseudonyms (newest key first, as `freshet list` looks). Any other list is made by
 * live_tables.h: of a user, from the history on disk with the actions of the query behind it; of a
 * session, from these alone. The list of a placement is the one that stands beside the stored list.
 * It is made now where there is none: for somebody new, or before the scorer has made the list
 * again by rules that have just come. So it is, without a placement, where the user is in a
 * segment, or whoever asks is by what the request says. What is left of a list is copied while the
 * live tables are locked.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "schemas/list_id.h"
#include "scorer/lists/placement_columns.h"
#include "serve/about_user.h"
#include "serve/asked_query.h"
#include "serve/list_finder.h"
#include "serve/placed_list.h"
#include "serve/session.h"
#include "serve/wanting_users.h"
#include "syntax/time_zone.h"

#include <xxhash.h>

enum { FINDER_ARENA_BYTES = 1 << 16, FINDER_ROW_BYTES_MAX = 64 << 20 };

struct list_finder {
    struct list_finder_parts parts;
    struct schema_cache *schemas;
    struct codec *list_codec, *history_codec;
    struct arena *arena;
    struct buf row;
    struct time_zones *zones;
    const struct list_query *query; /* that is being answered */
    struct request_context context; /* its own, with the clock of its time zone */
    size_t limit;                   /* of the page */
    struct found_list *found;
    struct list_id list_id; /* of a list that was made */
    struct wanting_users *wanting;
    struct similar_users *similar;
    struct asked_query *asked;
};

struct list_finder *list_finder_new(const struct list_finder_parts *parts)
{
    struct list_finder *finder = xcalloc(1, sizeof(*finder));
    finder->parts = *parts;
    finder->schemas = schema_cache_new();
    finder->list_codec = codec_new(&recommendation_list_contract, finder->schemas);
    finder->history_codec = codec_new(&user_history_contract, finder->schemas);
    finder->arena = arena_new(FINDER_ARENA_BYTES);
    buf_init(&finder->row, FINDER_ROW_BYTES_MAX);
    finder->asked = asked_query_new(parts->live, parts->queries);
    finder->zones = time_zones_new(NULL);
    finder->wanting = wanting_users_new(parts->histories, parts->live, parts->recent);
    finder->similar = similar_users_new(parts->histories, parts->live, parts->recent);
    return finder;
}

struct list_finder *list_finder_free(struct list_finder *finder)
{
    if (!finder) { return NULL; }
    wanting_users_free(finder->wanting);
    similar_users_free(finder->similar);
    asked_query_free(finder->asked);
    time_zones_free(finder->zones);
    pseudonyms_free(finder->parts.pseudonyms);
    codec_free(finder->list_codec);
    codec_free(finder->history_codec);
    schema_cache_free(finder->schemas);
    arena_free(finder->arena);
    buf_release(&finder->row);
    free(finder);
    return NULL;
}

struct arena *list_finder_begin(struct list_finder *finder)
{
    arena_reset(finder->arena);
    return finder->arena;
}

static void fail(struct found_list *found, unsigned code, const char *error, const char *message)
{
    *found = (struct found_list){.code = code, .error = error, .message = message};
}

/* ---- The page ---- */

/* Copies an item of a list into the page. */
static void copy_item(struct list_finder *finder, struct recommendation_list *page,
                      const struct recommendation_list *list, size_t at)
{
    size_t to = page->items.count++;
    page->items.at[to] = arena_copy(finder->arena, list->items.at[at]);
    page->because.at[to] = arena_copy(finder->arena, list->because.at[at]);
    page->scores.at[to] = list->scores.at[at];
    page->evidence.at[to] = list->evidence.at[at];
    page->shares.at[to] = list_share(list, at);
    page->reasons.at[to] = list->reasons.at[at];
    if (page->last_ms.at) { page->last_ms.at[to] = list_last_ms(list, at); }
    if (page->placement_probabilities.at) {
        page->placement_probabilities.at[to] = list->placement_probabilities.at[at];
    }
    if (!page->placement_ranks.at) { return; }
    page->placement_ranks.at[to] = list->placement_ranks.at[at];
    page->placement_rules.at[to] = arena_copy(finder->arena, list->placement_rules.at[at]);
}

/* Copies what the rules took off the list. */
static void copy_removals(struct arena *arena, struct recommendation_list *page,
                          const struct recommendation_list *list)
{
    size_t count = list->removal_items.count;
    page->removal_items.at = arena_alloc_array(arena, count + 1, sizeof(struct slice));
    page->removal_rules.at = arena_alloc_array(arena, count + 1, sizeof(struct slice));
    page->removal_ranks.at = arena_alloc_array(arena, count + 1, sizeof(int32_t));
    for (size_t k = 0; k < count; k++) {
        page->removal_items.at[k] = arena_copy(arena, list->removal_items.at[k]);
        page->removal_rules.at[k] = arena_copy(arena, list->removal_rules.at[k]);
        page->removal_ranks.at[k] = list->removal_ranks.at[k];
    }
}

/* Prepares the columns of places; a list that rules did not make has none. */
static void begin_places(struct arena *arena, struct recommendation_list *page,
                         const struct recommendation_list *list)
{
    size_t count = list->items.count;
    bool placed = list->placements.count == 1 && list->placement_ranks.count == count;
    page->placements = page->placement_list_ids = (struct slices){0};
    page->placement_ranks = (struct ints){0};
    page->placement_rules = (struct slices){0};
    page->placement_probabilities = (struct floats){0};
    if (!placed) { return; }
    if (count && list->placement_probabilities.count == count) {
        page->placement_probabilities.at = arena_alloc_array(arena, count + 1, sizeof(float));
    }
    page->placement_ranks.at = arena_alloc_array(arena, count + 1, sizeof(int32_t));
    page->placement_rules.at = arena_alloc_array(arena, count + 1, sizeof(struct slice));
}

/* Takes what the query wants of a list: everything is copied. */
static void take_page(void *arg, const struct recommendation_list *list)
{
    struct list_finder *finder = arg;
    const struct list_query *query = finder->query;
    struct arena *arena = finder->arena;
    size_t most = MIN_OF(finder->limit, list->items.count);
    struct recommendation_list *page = &finder->found->list;
    *page = *list;
    page->items = (struct slices){arena_alloc_array(arena, most, sizeof(struct slice)), 0};
    page->because = (struct slices){arena_alloc_array(arena, most, sizeof(struct slice)), 0};
    page->scores = (struct floats){arena_alloc_array(arena, most, sizeof(float)), 0};
    page->evidence = (struct floats){arena_alloc_array(arena, most, sizeof(float)), 0};
    page->shares = (struct floats){arena_alloc_array(arena, most, sizeof(float)), 0};
    page->reasons = (struct ints){arena_alloc_array(arena, most, sizeof(int32_t)), 0};
    page->last_ms = (struct longs){
        list->last_ms.count ? arena_alloc_array(arena, most, sizeof(int64_t)) : NULL, 0};
    copy_removals(arena, page, list);
    begin_places(arena, page, list);
    size_t left = 0;
    for (size_t i = 0; i < list->items.count; i++) {
        if (list_query_excludes(query, list->items.at[i])) { continue; }
        if (left++ < query->offset || page->items.count == most) { continue; }
        copy_item(finder, page, list, i);
    }
    page->because.count = page->scores.count = page->items.count;
    page->evidence.count = page->shares.count = page->reasons.count = page->items.count;
    if (page->last_ms.at) { page->last_ms.count = page->items.count; }
    if (page->placement_ranks.at) {
        page->placement_ranks.count = page->placement_rules.count = page->items.count;
    }
    if (page->placement_probabilities.at) {
        page->placement_probabilities.count = page->items.count;
    }
    page->list_id = arena_copy(arena, list->list_id);
    page->user_id = arena_copy(arena, list->user_id);
    page->generation = arena_copy(arena, list->generation);
    page->made_by = arena_copy(arena, list->made_by);
    page->vectors = arena_copy(arena, list->vectors);
    page->model = arena_copy(arena, list->model);
    finder->found->total = left;
}

/* ---- Rows of users ---- */

/* Reads the row of a user: 0, -ENOENT or another -errno. */
static int find_row(struct list_finder *finder, struct user_rows *rows, struct slice user)
{
    struct pseudonyms *pseudonyms = finder->parts.pseudonyms;
    buf_clear(&finder->row);
    if (!pseudonyms || pseudonyms_is_one(pseudonyms, user)) {
        return user_rows_read(rows, user, &finder->row);
    }
    int result = -ENOENT;
    for (size_t key = pseudonyms_count(pseudonyms); key > 0 && result == -ENOENT; key--) {
        struct slice name = pseudonyms_of(pseudonyms, key - 1, user, finder->arena);
        result = user_rows_read(rows, name, &finder->row);
    }
    return result;
}

/* Finds and decodes a user's row: 0, or -ENOENT, or -EIO with the failure in `found`. */
static int read_row(struct list_finder *finder, struct user_rows *rows, struct codec *codec,
                    struct slice user, void *ret_row)
{
    int result = find_row(finder, rows, user);
    if (result == -ENOENT) { return result; }
    if (result < 0) {
        fail(finder->found, 500, "storage", strerror(-result));
        return -EIO;
    }
    if (codec_decode(codec, buf_slice(&finder->row), finder->arena, ret_row, NULL) < 0) {
        fail(finder->found, 500, "damaged", "the stored row cannot be read; delete state.dir");
        return -EIO;
    }
    return 0;
}

/* Reads the history of the query's user; it is empty where there is none. False: the failure is in
 * `found`. */
static bool read_history(struct list_finder *finder, struct user_history *ret_history)
{
    struct slice user = finder->query->user;
    *ret_history = (struct user_history){.input_offset = -1};
    if (user.size && read_row(finder, finder->parts.histories, finder->history_codec, user,
                              ret_history) == -EIO) {
        return false;
    }
    if (!history_fault(ret_history)) { return true; }
    fail(finder->found, 500, "damaged", "the stored row cannot be read; delete state.dir");
    return false;
}

/* Returns the id under which the pipeline may know the query's user: its newest pseudonym. */
static struct slice newest_name(struct list_finder *finder)
{
    struct slice user = finder->query->user;
    struct pseudonyms *pseudonyms = finder->parts.pseudonyms;
    if (!user.size || !pseudonyms || pseudonyms_is_one(pseudonyms, user)) { return user; }
    return pseudonyms_of(pseudonyms, pseudonyms_count(pseudonyms) - 1, user, finder->arena);
}

/* Returns what the request says of the one who asks: its own country is one of a profile, too. */
static struct user_attributes sent_attributes(const struct list_finder *finder)
{
    struct user_attributes attributes = finder->query->profile;
    if (!attributes.country.size) { attributes.country = finder->context.country; }
    return attributes;
}

static bool has_segment(struct list_finder *finder)
{
    const struct user_attributes sent = sent_attributes(finder);
    return live_tables_have_segment(finder->parts.live, newest_name(finder), &sent);
}

/* Notes the placements of a stored list before one of them is chosen. */
static void note_placements(struct list_finder *finder, const struct recommendation_list *list)
{
    struct slices *names = &finder->found->placements;
    size_t count = list->placements.count;
    names->at = arena_alloc_array(finder->arena, count + 1, sizeof(struct slice));
    for (; names->count < count; names->count++) {
        names->at[names->count] = arena_copy(finder->arena, list->placements.at[names->count]);
    }
}

/* Notes from which placement each removal is: `chosen`, or without it any of them. */
static void note_removals(struct list_finder *finder, const struct recommendation_list *list,
                          struct slice chosen)
{
    const struct slices *names = &finder->found->placements;
    struct slices *from = &finder->found->removed_from;
    size_t count = list->removal_items.count, left = 0, at = 0;
    size_t known = MIN_OF(names->count, list->removal_counts.count);
    from->at = arena_alloc_array(finder->arena, count + 1, sizeof(struct slice));
    for (; from->count < count; from->count++) {
        while (!chosen.size && !left && at < known) {
            left = (size_t)MAX_OF(list->removal_counts.at[at], 0);
            at++;
        }
        from->at[from->count] = left ? names->at[at - 1] : chosen;
        left -= left > 0;
    }
}

/* Finds the stored list. False: there is none of the placement that is asked for; the caller makes
 * it. */
static bool find_stored(struct list_finder *finder)
{
    struct slice placement = finder->query->placement;
    struct recommendation_list list;
    int result = read_row(finder, finder->parts.lists, finder->list_codec, finder->query->user,
                          &list);
    if (result == 0 && !list_columns_agree(&list)) {
        fail(finder->found, 500, "damaged", "the stored row cannot be read; delete state.dir");
    } else if (result == 0) {
        live_tables_strip(finder->parts.live, &list);
        note_placements(finder, &list);
        if (placement.size && !placed_list_choose(&list, placement, finder->arena)) {
            return false;
        }
        note_removals(finder, &list, placement);
        if (!placement.size) { list.placements.count = 0; }
        take_page(finder, &list);
    } else if (result == -ENOENT && (placement.size || has_segment(finder))) {
        return false;
    } else if (result == -ENOENT) {
        fail(finder->found, 404, "no_list", "this user has no list");
    }
    return true;
}

/* ---- Lists that are made ---- */

/* Hashes what a request sends along: its list is drawn by that, too. So the pages of one list are
 * drawn alike, and visitors who sent the same are told apart by their ids alone. */
static uint64_t sent_hash(const struct list_query *query)
{
    uint64_t hash = query->actions_count + query->candidates_count;
    for (size_t i = 0; i < query->actions_count; i++) {
        const struct query_action *action = &query->actions[i];
        hash = XXH3_64bits_withSeed(action->item.data, action->item.size,
                                    hash + (uint64_t)action->kind);
    }
    for (size_t i = 0; i < query->candidates_count; i++) {
        hash = XXH3_64bits_withSeed(query->candidates[i].data, query->candidates[i].size, hash);
    }
    return query->text.size ? XXH3_64bits_withSeed(query->text.data, query->text.size, hash) : hash;
}

/* The id under which the pipeline knows the query's user: rules, draws, profiles and what is
 * brought go by it. */
static struct slice known_id(struct list_finder *finder, const struct user_history *history)
{
    return history->user_id.size ? history->user_id : newest_name(finder);
}

/* Makes the list; `asked`: of what matches this query; NULL: there is none. */
static void make_list(struct list_finder *finder, const struct live_query *asked)
{
    const struct list_query *query = finder->query;
    struct user_history history;
    if (!read_history(finder, &history)) { return; }
    session_append(&history, query, finder->arena);
    history.user_id = known_id(finder, &history);
    size_t length = query->offset + finder->limit + query->excluded_count;
    if (query->candidates_count) { length = MAX_OF(length, query->candidates_count); }
    if (asked) { length = MAX_OF(length, (size_t)FOUND_ITEMS_MAX); }
    const struct live_query *searched = NULL;
    struct slice text = live_tables_searched_text(finder->parts.live, &history);
    if (!asked && text.size && text.size <= QUERY_BYTES_MAX) {
        searched = asked_query_prepare_searched(finder->asked, text, query->ticket);
        finder->found->later = !searched;
        if (!searched) { return; }
    }
    const struct user_attributes attributes = sent_attributes(finder);
    const struct live_request request = {
        .history = &history,
        .attributes = &attributes,
        .given = {(struct slice *)(uintptr_t)query->candidates, query->candidates_count},
        .query = asked,
        .searched = searched,
        .placement = query->placement.size ? query->placement : slice_str(PLACEMENT_MAIN),
        .context = &finder->context,
        .group_kind = query->group_kind,
        .group = query->group,
        .length = MIN_OF(length, (size_t)LIST_ITEMS_MAX),
        .as_of_ms = finder->parts.wall_ms(finder->parts.wall_arg),
        .sent = sent_hash(query),
        .tried = query->tried,
        .drawn = &finder->found->served,
        .arena = finder->arena,
    };
    live_tables_list(finder->parts.live, &request, take_page, finder);
}

/* Says whether rules, or what is counted, may make another list of the request's context than the
 * one that stands. */
static bool sees_context(struct list_finder *finder)
{
    const struct list_query *query = finder->query;
    struct slice placement = query->placement;
    return list_query_has_context(query) &&
           (live_tables_know_context(finder->parts.live, &finder->context) ||
            live_tables_see(finder->parts.live,
                            placement.size ? placement : slice_str(PLACEMENT_MAIN),
                            &finder->context));
}

/* Fills in what the clock shows where the user is. False: the zone is not known. */
static bool read_clock(struct list_finder *finder)
{
    const struct list_query *query = finder->query;
    struct request_context *context = &finder->context;
    int64_t now_ms = finder->parts.wall_ms(finder->parts.wall_arg);
    int32_t offset;
    *context = query->context;
    if (!query->time_zone.size) { return true; }
    if (!time_zones_offset(finder->zones, query->time_zone, now_ms, &offset)) {
        fail(finder->found, 400, "bad_request", "time_zone: want an offset (+02:00), or a name "
                                                "of the tz database (Europe/Berlin)");
        return false;
    }
    struct wall_clock clock = time_zone_clock(now_ms, offset);
    bool now = context->hour < 0;
    if (now) { context->hour = clock.hour; }
    if (now && !context->weekday) { context->weekday = clock.weekday; }
    return true;
}

/* Says whether the placement that is asked for, if one is, is there. */
static bool has_placement(struct list_finder *finder)
{
    struct slice placement = finder->query->placement;
    if (placement.size && !slice_equal(placement, slice_str(PLACEMENT_MAIN)) &&
        !live_tables_places(finder->parts.live, placement)) {
        fail(finder->found, 404, "no_placement", "the rules have no placement of this name");
        return false;
    }
    return true;
}

/* Makes the list, of its placement's length if the query has no limit. */
static void make_placed(struct list_finder *finder)
{
    const struct list_query *query = finder->query;
    struct slice main = slice_str(PLACEMENT_MAIN);
    size_t places = live_tables_places(finder->parts.live,
                                       query->placement.size ? query->placement : main);
    finder->found->made = true;
    if (!query->limit) { finder->limit = places ? places : finder->parts.length; }
    const struct live_query *asked = NULL;
    if (query->text.size) {
        asked = asked_query_prepare(finder->asked, query->text, query->ticket);
        finder->found->later = !asked;
        if (!asked) { return; }
        finder->found->found_by = asked_query_found_by(asked);
    }
    make_list(finder, asked);
}

static void find_user(struct list_finder *finder)
{
    const struct list_query *query = finder->query;
    if (!read_clock(finder) || !has_placement(finder)) { return; }
    if (query->text.size && !live_tables_searches(finder->parts.live)) {
        fail(finder->found, 400, "bad_request", "query: this server has search.used=false");
        return;
    }
    if (list_query_sends(query) || !query->user.size || sees_context(finder) ||
        !find_stored(finder)) {
        make_placed(finder);
    }
}

static void find_group(struct list_finder *finder)
{
    const struct list_query *query = finder->query;
    if (!read_clock(finder) || !has_placement(finder)) { return; }
    if (live_tables_have_group(finder->parts.live, query->group_kind, query->group)) {
        make_placed(finder);
    } else {
        fail(finder->found, 404, "no_group", "no group of users of this name is published");
    }
}

/* What is known of a user of whom the history, or the profile alone, is here. */
static void find_about(struct list_finder *finder)
{
    struct user_history history;
    const struct about_user_parts parts = {finder->parts.live, finder->similar, finder->query,
                                           finder->limit, finder->arena};
    if (!read_history(finder, &history)) { return; }
    struct slice user = known_id(finder, &history);
    finder->found->made = true;
    if (!about_user_find(&parts, user, &history, finder->found)) {
        fail(finder->found, 404, "no_user", "nothing is known of this user");
    }
}

static void find_items(struct list_finder *finder)
{
    const struct list_query *query = finder->query;
    finder->found->made = true;
    if (!live_tables_order(finder->parts.live, query->order, query->item, query->tag, take_page,
                           finder)) {
        fail(finder->found, 404, "no_item", "this item is not known");
    }
}

static void find_users(struct list_finder *finder)
{
    finder->found->made = true;
    int result = wanting_users_find(finder->wanting, finder->query, finder->limit, finder->arena,
                                    finder->found);
    if (result == -ENOENT) { fail(finder->found, 404, "no_item", "this item is not known"); }
}

/* Names a list that was made. */
static void name_list(struct list_finder *finder)
{
    struct slice placement = finder->query->placement;
    struct recommendation_list *list = &finder->found->list;
    finder->list_id = list_id_make(list, placement.size ? placement : slice_str(LIST_ID_MAIN));
    list->list_id = slice_of(finder->list_id.text, finder->list_id.size);
}

/* Logs the place of it that was drawn. */
static void log_drawn(struct list_finder *finder, struct served_place *drawn, struct slice list_id)
{
    drawn->list_id = list_id;
    drawn->requested = true;
    bool logged = finder->parts.served && !finder->query->looked_at;
    if (drawn->place && logged) { served_log_put(finder->parts.served, drawn); }
}

void list_finder_find(struct list_finder *finder, const struct list_query *query,
                      struct found_list *ret_found)
{
    bool listed = query->kind == QUERY_USER || query->kind == QUERY_GROUP;
    bool stored = query->kind == QUERY_USER && !list_query_sends(query);
    *ret_found = (struct found_list){.code = 200};
    finder->query = query;
    finder->limit = stored ? (size_t)LIST_ITEMS_MAX : finder->parts.length;
    if (query->limit) { finder->limit = query->limit; }
    finder->found = ret_found;
    switch (query->kind) {
    case QUERY_USER: find_user(finder); break;
    case QUERY_ITEMS: find_items(finder); break;
    case QUERY_USERS: find_users(finder); break;
    case QUERY_GROUP: find_group(finder); break;
    case QUERY_SIMILAR:
    case QUERY_PROFILE: find_about(finder); break;
    }
    if (!listed && !ret_found->error) {
        ret_found->list.as_of_ms = finder->parts.wall_ms(finder->parts.wall_arg);
    } else if (ret_found->made && !ret_found->error && !ret_found->later) {
        name_list(finder);
        log_drawn(finder, &ret_found->served, ret_found->list.list_id);
    }
    finder->query = NULL;
    finder->found = NULL;
}

int list_finder_history(struct list_finder *finder, struct slice user,
                        struct user_history *ret_history)
{
    int result = find_row(finder, finder->parts.histories, user);
    if (result < 0) { return result == -ENOENT ? result : -EIO; }
    struct slice row = arena_copy(finder->arena, buf_slice(&finder->row));
    result = codec_decode(finder->history_codec, row, finder->arena, ret_history, NULL);
    return result < 0 || history_fault(ret_history) ? -EIO : 0;
}

struct live_tables *list_finder_live(const struct list_finder *finder)
{
    return finder->parts.live;
}
