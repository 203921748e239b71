/* One lock for all: a list reads rows, catalogue, vectors and mixture together, and the item table
 * computes factors when it is read. A list takes tens of microseconds, a record less. Stored lists
 * do not need this lock.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/lists/content_rows.h"
#include "scorer/lists/placement_columns.h"
#include "scorer/lists/removed_models.h"
#include "scorer/lists/search_vectors.h"
#include "serve/live_tables_internal.h"
#include "stream/config/properties.h"

struct live_tables *live_tables_new(const struct list_settings *settings, const char *generation,
                                    const char *state_path)
{
    struct live_tables *live = xcalloc(1, sizeof(*live));
    pthread_mutex_init(&live->lock, NULL);
    live->lists_settings = settings;
    tables_init(&live->tables, settings);
    if (settings->vectors_used) {
        live->vectors = vectors_new((size_t)admission_numbers(settings->items_max));
        vectors_index_from(live->vectors, (size_t)settings->vectors_index_from);
    }
    if (settings->content_used) {
        live->content_scores = content_scores_new(admission_numbers(settings->items_max),
                                                  (size_t)settings->recent_items, live->tables.ids);
        content_rows_map(live->content_scores, state_path);
        live->item_features = item_features_new();
    }
    live->lists =
        lists_new(settings, &live->tables, live->vectors, live->content_scores, generation);
    lists_set_mixture(live->lists, &live->mixture);
    if (settings->brought_used) {
        live->brought = brought_items_new((size_t)settings->brought_memory_max);
        lists_set_brought(live->lists, live->brought, settings->brought_weight);
    }
    if (settings->profiles_used) {
        live->profiles = user_profiles_new((size_t)settings->profiles_memory_max);
        lists_set_profiles(live->lists, live->profiles);
    }
    if (settings->clusters_used) {
        live->clusters = cluster_table_new((size_t)settings->clusters_table_memory_max,
                                           settings->users_used);
        lists_set_clusters(live->lists, live->clusters);
    }
    live->rules_offset = -1;
    live->generation = generation;
    live->attributes = item_attributes_new();
    live->order = item_order_new(&live->tables, live->attributes);
    return live;
}

void live_tables_use_segments(struct live_tables *live, size_t bytes_max)
{
    live->segments = segment_table_new(GROUP_SEGMENT, bytes_max);
    lists_set_segments(live->lists, live->segments);
}

void live_tables_use_contexts(struct live_tables *live, double weight)
{
    if (!(weight > 0.0)) { return; }
    tables_use_contexts(&live->tables);
    lists_set_context(live->lists, weight);
}

struct live_tables *live_tables_free(struct live_tables *live)
{
    if (!live) { return NULL; }
    item_order_free(live->order);
    item_attributes_free(live->attributes);
    lists_free(live->lists);
    search_vectors_free(live->search_vectors);
    brought_items_free(live->brought);
    user_profiles_free(live->profiles);
    segment_table_free(live->segments);
    cluster_table_free(live->clusters);
    rule_set_free(live->rules);
    free(live->rules_text);
    published_mixtures_release(&live->mixtures);
    vectors_free(live->vectors);
    content_scores_free(live->content_scores);
    vector_neighbours_free(live->own_text);
    free(live->query_model);
    item_features_free(live->item_features);
    tables_release(&live->tables);
    pthread_mutex_destroy(&live->lock);
    free(live);
    return NULL;
}

void live_tables_keep_images(struct live_tables *live)
{
    item_attributes_keep_images(live->attributes);
}

/* ---- Records ---- */

const char *live_tables_put_row(struct live_tables *live, const struct serving_row *row)
{
    pthread_mutex_lock(&live->lock);
    const char *reason = tables_put_row(&live->tables, row);
    pthread_mutex_unlock(&live->lock);
    return reason;
}

void live_tables_remove_row(struct live_tables *live, struct slice id)
{
    pthread_mutex_lock(&live->lock);
    tables_remove_row(&live->tables, id);
    pthread_mutex_unlock(&live->lock);
}

int64_t live_tables_put_item(struct live_tables *live, const struct item *item, int64_t since_ms)
{
    pthread_mutex_lock(&live->lock);
    tables_put_item(&live->tables, item);
    int32_t number = tables_number(&live->tables, item->item_id);
    since_ms = item_attributes_put(live->attributes, number, item, since_ms);
    if (live->content_scores) {
        (void)item_features_describe(live->item_features, number, item, live->content_scores);
    }
    pthread_mutex_unlock(&live->lock);
    return since_ms;
}

void live_tables_remove_item(struct live_tables *live, struct slice id)
{
    pthread_mutex_lock(&live->lock);
    tables_remove_item(&live->tables, id);
    int32_t number = ids_find(live->tables.ids, id);
    item_attributes_remove(live->attributes, number);
    if (live->content_scores) {
        (void)content_scores_describe(live->content_scores, number, NULL, 0);
    }
    pthread_mutex_unlock(&live->lock);
}

const char *live_tables_put_vector(struct live_tables *live, const struct item_vector *vector)
{
    if (!live->vectors) { return NULL; }
    pthread_mutex_lock(&live->lock);
    const char *reason = vectors_put(live->vectors, &live->tables, vector);
    pthread_mutex_unlock(&live->lock);
    return reason;
}

const char *live_tables_put_weights(struct live_tables *live, const struct model_weights *weights,
                                    int64_t offset)
{
    const char *reason = NULL;
    pthread_mutex_lock(&live->lock);
    if (live->vectors && slice_equal(weights->model, slice_str(MODEL_SEQUENCE))) {
        reason = vectors_put_weights(live->vectors, weights, offset);
    } else if (slice_equal(weights->model, slice_str(MODEL_BLEND))) {
        reason = published_mixtures_put(&live->mixtures, weights);
    }
    pthread_mutex_unlock(&live->lock);
    return reason;
}

const char *live_tables_put_brought(struct live_tables *live, const struct candidate_list *list)
{
    if (!live->brought) { return NULL; }
    pthread_mutex_lock(&live->lock);
    const char *reason = brought_items_put(live->brought, list);
    pthread_mutex_unlock(&live->lock);
    return reason;
}

void live_tables_remove_brought(struct live_tables *live, struct slice source, struct slice user)
{
    if (!live->brought) { return; }
    pthread_mutex_lock(&live->lock);
    brought_items_remove(live->brought, source, user);
    pthread_mutex_unlock(&live->lock);
}

const char *live_tables_put_profile(struct live_tables *live, const struct user_profile *profile)
{
    bool other;
    if (!live->profiles) { return NULL; }
    pthread_mutex_lock(&live->lock);
    const char *reason = user_profiles_put(live->profiles, profile, &other);
    pthread_mutex_unlock(&live->lock);
    return reason;
}

void live_tables_remove_profile(struct live_tables *live, struct slice user)
{
    if (!live->profiles) { return; }
    pthread_mutex_lock(&live->lock);
    (void)user_profiles_remove(live->profiles, user);
    pthread_mutex_unlock(&live->lock);
}

void live_tables_remove_vector(struct live_tables *live, struct slice key)
{
    if (!live->vectors) { return; }
    pthread_mutex_lock(&live->lock);
    removed_models_row(live->vectors, &live->tables, key);
    pthread_mutex_unlock(&live->lock);
}

void live_tables_remove_weights(struct live_tables *live, struct slice key)
{
    pthread_mutex_lock(&live->lock);
    removed_models_weights(live->vectors, &live->mixtures, key);
    pthread_mutex_unlock(&live->lock);
}

bool live_tables_put_rules(struct live_tables *live, struct slice text, int64_t offset,
                           struct buf *faults)
{
    struct rule_set *rules = NULL;
    pthread_mutex_lock(&live->lock);
    if (text.data) {
        rules = rule_set_parse(text, &live->tables.columns, PLACEMENT_LENGTH, faults);
    }
    bool right = rules || !text.data;
    if (right) {
        lists_set_rules(live->lists, rules);
        rule_set_free(live->rules);
        live->rules = rules;
        free(live->rules_text);
        live->rules_text = rules ? xprintf("%.*s", SLICE_ARGS(text)) : NULL;
        live->rules_offset = rules ? offset : -1;
    }
    pthread_mutex_unlock(&live->lock);
    return right;
}

struct slice live_tables_rule(struct live_tables *live, struct slice placement, struct slice rule,
                              struct arena *arena)
{
    struct slice found = slice_str("");
    struct buf value;
    _cleanup_(xfreep) char *name = xprintf("%.*s.%.*s", SLICE_ARGS(placement), SLICE_ARGS(rule));
    buf_init(&value, PROPERTY_VALUE_MAX);
    pthread_mutex_lock(&live->lock);
    if (live->rules_text && properties_find(slice_str(live->rules_text), name, &value)) {
        found = arena_copy(arena, buf_slice(&value));
    }
    pthread_mutex_unlock(&live->lock);
    buf_release(&value);
    return found;
}

void live_tables_set_clock(struct live_tables *live, int64_t now_ms)
{
    pthread_mutex_lock(&live->lock);
    tables_set_clock(&live->tables, now_ms);
    if (live->brought) { brought_items_set_clock(live->brought, now_ms); }
    pthread_mutex_unlock(&live->lock);
}

/* ---- Lists ---- */

void live_tables_strip(struct live_tables *live, struct recommendation_list *list)
{
    pthread_mutex_lock(&live->lock);
    lists_take_off_barred(&live->tables, list);
    placement_columns_strip(&live->tables, list);
    pthread_mutex_unlock(&live->lock);
}

bool live_tables_order(struct live_tables *live, enum item_order_kind kind, struct slice item,
                       struct slice tag, take_list_fn take, void *arg)
{
    struct recommendation_list list = {0};
    pthread_mutex_lock(&live->lock);
    bool known = item_order_make(live->order, kind, item, tag, &list);
    if (known && kind == ORDER_SIMILAR && live->content_scores) {
        item_order_add_alike(live->order, live->content_scores, item, &list);
    }
    if (known) { take(arg, &list); }
    pthread_mutex_unlock(&live->lock);
    return known;
}

bool live_tables_items(struct live_tables *live, enum item_list_kind kind, int32_t number,
                       const struct items_taker *taker)
{
    static const enum item_order_kind orders[ITEM_LIST_KINDS] = {
        [ITEM_LIST_SIMILAR] = ORDER_SIMILAR,   [ITEM_LIST_TOGETHER] = ORDER_TOGETHER,
        [ITEM_LIST_POPULAR] = ORDER_POPULAR,   [ITEM_LIST_TRENDING] = ORDER_TRENDING,
        [ITEM_LIST_NEW] = ORDER_NEW,
    };
    bool beside = kind == ITEM_LIST_SIMILAR || kind == ITEM_LIST_TOGETHER, empty = false;
    struct slice about = slice_str(""), none = about;
    struct recommendation_list order = {0};
    pthread_mutex_lock(&live->lock);
    bool there = number < 0 || !beside || number < ids_count(live->tables.ids);
    if (there && number >= 0 && beside) { about = ids_text(live->tables.ids, number); }
    if (there && number >= 0 && !beside) {
        about = item_attributes_tag_text(live->attributes, number);
        there = about.data != NULL;
        empty = there && !item_attributes_tag_used(live->attributes, number);
    }
    struct item_list list = {.kind = (int32_t)kind, .about = about,
                             .generation = slice_str(live->generation)};
    if (there && !empty && taker->wants(taker->arg, &list) &&
        item_order_make(live->order, orders[kind], beside ? about : none, beside ? none : about,
                        &order)) {
        size_t count = MIN_OF(order.items.count, taker->length);
        list.items = (struct slices){order.items.at, count};
        list.scores = (struct floats){order.scores.at, count};
        list.evidence = (struct floats){order.evidence.at, count};
        list.versions = item_order_versions(live->order, &list.version);
        list.versions.count = count;
        taker->take(taker->arg, &list);
    }
    pthread_mutex_unlock(&live->lock);
    return there;
}

/* Finds the numbers of the items that are known, each once. */
static size_t number_given(struct live_tables *live, const struct slices *given)
{
    size_t count = 0;
    assert(given->count <= LIST_GIVEN_MAX);
    for (size_t k = 0; k < given->count; k++) {
        int32_t number = ids_find(live->tables.ids, given->at[k]);
        bool present = number == ID_NONE;
        for (size_t i = 0; i < count && !present; i++) { present = live->given[i] == number; }
        if (!present) { live->given[count++] = number; }
    }
    return count;
}

/* Finds a placement of the rules in force; NULL: there is none of this name. */
static const struct placement *find_placement(const struct live_tables *live, struct slice name)
{
    return live->rules ? rule_set_find(live->rules, name) : NULL;
}

size_t live_tables_places(struct live_tables *live, struct slice placement)
{
    pthread_mutex_lock(&live->lock);
    const struct placement *found = find_placement(live, placement);
    size_t places = found ? found->length : 0;
    pthread_mutex_unlock(&live->lock);
    return places;
}

bool live_tables_see(struct live_tables *live, struct slice placement,
                     const struct request_context *context)
{
    pthread_mutex_lock(&live->lock);
    const struct placement *found = find_placement(live, placement);
    bool sees = found && placement_sees(found, context);
    pthread_mutex_unlock(&live->lock);
    return sees;
}

bool live_tables_know_context(struct live_tables *live, const struct request_context *context)
{
    pthread_mutex_lock(&live->lock);
    bool known = lists_know_context(live->lists, context);
    pthread_mutex_unlock(&live->lock);
    return known;
}

/* Makes the list: with rules from as many candidates as the scorer has. */
static void make_list(struct live_tables *live, const struct live_request *request,
                      const struct list_scope *scope, struct recommendation_list *ret_list)
{
    const struct placement *placement = find_placement(live, request->placement);
    struct list_scope wide = *scope;
    if (placement) {
        if (!scope->given_count) { wide.length = lists_ranked_for_rules(live->lists); }
        wide.reasoned = scope->length;
    }
    lists_make_scoped(live->lists, request->history, &wide, ret_list);
    ret_list->as_of_ms = request->as_of_ms;
    ret_list->rules_offset = live->rules_offset;
    if (!placement) { return; }
    size_t number = (size_t)(placement - live->rules->placements);
    lists_place_one(live->lists, request->history, number,
                    MIN_OF(scope->length, (size_t)PLACEMENT_PLACES_MAX), ret_list);
    struct served_place drawn;
    if (request->drawn &&
        placement_lists_served(lists_placements(live->lists), number, ret_list, &drawn)) {
        *request->drawn = served_place_copy(&drawn, request->arena);
    }
}

void live_tables_list(struct live_tables *live, const struct live_request *request,
                      take_list_fn take, void *arg)
{
    struct recommendation_list list = {.as_of_ms = request->as_of_ms, .rules_offset = -1};
    pthread_mutex_lock(&live->lock);
    struct list_scope scope = {.length = request->length,
                               .given = live->given,
                               .given_count = number_given(live, &request->given),
                               .context = request->context,
                               .attributes = request->attributes,
                               .group_kind = request->group_kind,
                               .group = request->group,
                               .sent = request->sent,
                               .tried = request->tried};
    published_mixtures_get(&live->mixtures, request->history->input_partition, &live->mixture);
    if (request->query) { live_search_find(live, request->query, &scope); }
    bool chosen = request->given.count || request->query;
    live->searched = request->searched;
    if (scope.given_count || !chosen) { make_list(live, request, &scope, &list); }
    live->searched = NULL;
    take(arg, &list);
    pthread_mutex_unlock(&live->lock);
}

bool live_tables_version(struct live_tables *live, struct live_version *ret_version)
{
    *ret_version = (struct live_version){0};
    if (!live->vectors) { return false; }
    pthread_mutex_lock(&live->lock);
    const struct served *served = vectors_served(live->vectors);
    if (served) {
        (void)snprintf(ret_version->name, sizeof(ret_version->name), "%s", served->version);
        ret_version->items = served->rows;
    }
    pthread_mutex_unlock(&live->lock);
    return true;
}

void live_tables_weights(struct live_tables *live, int64_t actions,
                         struct list_weights *ret_weights)
{
    pthread_mutex_lock(&live->lock);
    published_mixtures_get(&live->mixtures, 0, &live->mixture);
    lists_weights(live->lists, actions, ret_weights);
    pthread_mutex_unlock(&live->lock);
}

bool live_tables_place(struct live_tables *live, const struct user_history *history,
                       struct slice item, struct arena *arena, struct live_place *ret_place)
{
    const struct list_scope scope = {.length = LIVE_PLACES};
    struct recommendation_list list;
    bool found = false;
    pthread_mutex_lock(&live->lock);
    published_mixtures_get(&live->mixtures, history->input_partition, &live->mixture);
    lists_make_scoped(live->lists, history, &scope, &list);
    for (size_t k = 0; k < list.items.count && !found; k++) {
        found = slice_equal(list.items.at[k], item);
        if (!found) { continue; }
        *ret_place = (struct live_place){.place = k + 1,
                                         .score = list.scores.at[k],
                                         .share = list_share(&list, k),
                                         .evidence = list.evidence.at[k],
                                         .reason = list.reasons.at[k],
                                         .because = arena_copy(arena, list.because.at[k])};
    }
    pthread_mutex_unlock(&live->lock);
    return found;
}

/* ---- For people ---- */

bool live_tables_card(struct live_tables *live, struct slice id, struct arena *arena,
                      struct item_card *ret_card)
{
    pthread_mutex_lock(&live->lock);
    int32_t number = ids_find(live->tables.ids, id);
    item_attributes_card(live->attributes, number, ret_card);
    ret_card->title = arena_copy(arena, ret_card->title);
    ret_card->image = arena_copy(arena, ret_card->image);
    for (size_t k = 0; k < ret_card->tags_count; k++) {
        ret_card->tags[k] = arena_copy(arena, ret_card->tags[k]);
    }
    if (number != ID_NONE) {
        struct item_flags flags = catalogue_flags(&live->tables.catalogue);
        ret_card->available = !item_flags_barred(&flags, number);
        ret_card->actions = number < item_table_end(live->tables.items)
                                ? item_table_actions(live->tables.items, number)
                                : 0.0;
    }
    pthread_mutex_unlock(&live->lock);
    return number != ID_NONE;
}

/* Says whether a text has another in it. */
static bool has(struct slice text, struct slice part)
{
    for (size_t i = 0; i + part.size <= text.size; i++) {
        if (strncasecmp(text.data + i, part.data, part.size) == 0) { return true; }
    }
    return false;
}

size_t live_tables_search(struct live_tables *live, struct slice text, struct arena *arena,
                          struct slice *ret_ids, size_t most)
{
    size_t count = 0;
    pthread_mutex_lock(&live->lock);
    struct item_flags flags = catalogue_flags(&live->tables.catalogue);
    int32_t end = MAX_OF(item_table_end(live->tables.items), flags.count);
    end = MIN_OF(MIN_OF(end, ids_count(live->tables.ids)), (int32_t)SEARCHED_MAX);
    for (int32_t item = 0; item < end && count < most; item++) {
        struct slice id = ids_text(live->tables.ids, item);
        if (has(item_attributes_title(live->attributes, item), text) || has(id, text)) {
            ret_ids[count++] = arena_copy(arena, id);
        }
    }
    pthread_mutex_unlock(&live->lock);
    return count;
}
