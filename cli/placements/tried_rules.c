/* The tables that a scorer makes lists of are read from the topics, by the scorer's own functions
 * (scorer/lists); then the lists of one user are made by other rules than those in force. Nothing
 * is written.
 */
#include "base/base.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "cli/client_schemas.h"
#include "cli/placements/tried_rules.h"
#include "cli/scan.h"
#include "embed/text/query_vectors.h"
#include "schemas/content_vectors.h"
#include "schemas/group_profile.h"
#include "schemas/item_vector.h"
#include "schemas/model_weights.h"
#include "scorer/lists/cluster_table.h"
#include "scorer/lists/content_rows.h"
#include "scorer/lists/item_features.h"
#include "scorer/lists/lists.h"
#include "scorer/lists/published_mixtures.h"
#include "scorer/lists/removed_models.h"
#include "scorer/lists/search_vectors.h"
#include "stream/config/options.h"
#include "stream/kafka/murmur.h"

enum { ARENA_BYTES = 1 << 16, FAULTS_BYTES_MAX = 4096, PROFILE_BYTES_MAX = 1 << 20 };

struct try_settings {
    struct list_settings lists;
};

#define OPTION_SETTINGS struct try_settings

const struct option tried_rules_options[LIST_OPTIONS_COUNT] = {LIST_OPTIONS};

enum table { ROWS, ITEMS, VECTORS, MODELS, CONTENT, CANDIDATES, PROFILES, GROUPS, TABLES };

static const struct {
    const char *topic;
    const struct contract *contract;
    bool optional; /* the topic may be missing, as to the scorer */
} tables_of[TABLES] = {
    [ROWS] = {"serving-rows", &serving_row_contract},
    [ITEMS] = {"items", &item_contract},
    [VECTORS] = {"item-vectors", &item_vector_contract},
    [MODELS] = {"models", &model_weights_contract},
    [CONTENT] = {"content-vectors", &content_vectors_contract, .optional = true},
    [CANDIDATES] = {"candidates", &candidate_list_contract, .optional = true},
    [PROFILES] = {"users", &user_profile_contract, .optional = true},
    [GROUPS] = {"profiles", &group_profile_contract, .optional = true},
};

struct trying {
    const struct client *client;
    struct wire *wire;
    struct slice user_id;
    struct try_settings settings;
    struct options *options; /* owns the settings' strings */
    struct schema_cache *schemas;
    struct codec *codecs[TABLES], *histories;
    struct arena *arena; /* of a record */
    struct arena *kept;  /* of the history */
    struct user_history history;
    bool found;
    struct tables tables;
    struct vectors *vectors;
    struct content_scores *content_scores;
    struct item_features *item_features;
    struct query_vectors *queries; /* NULL: searches have no vectors */
    struct search_vectors *search_vectors;
    struct cluster_table *clusters;
    struct published_mixtures mixtures;
    struct mixture mixture;
    struct brought_items *brought;
    struct user_profiles *profiles; /* of this user alone */
    struct lists *lists;
    enum table table; /* that is read now */
};

/* ---- Settings ---- */

static int load_settings(struct trying *trying)
{
    const struct option_group group = {"lists", tried_rules_options, LIST_OPTIONS_COUNT,
                                       &trying->settings};
    char *pairs[LIST_OPTIONS_COUNT];
    size_t count = 0;
    for (size_t i = 0; i < LIST_OPTIONS_COUNT; i++) {
        const char *value = client_other(trying->client, tried_rules_options[i].name);
        if (value) { pairs[count++] = xprintf("%s=%s", tried_rules_options[i].name, value); }
    }
    int result = options_fill(&group, 1, (const char *const *)pairs, count, stderr,
                              &trying->options);
    for (size_t i = 0; i < count; i++) { free(pairs[i]); }
    return result == 0 ? 0 : client_fail("the settings of lists are wrong: see above");
}

/* Opens the encoder of what the user searched for, where there is one. */
static int open_searches(struct trying *trying)
{
    char why[512];
    if (!trying->content_scores) { return 0; }
    if (search_vectors_open(&trying->settings.lists, &trying->queries, why, sizeof(why)) < 0) {
        return client_fail("%s; hint: query.model.path", why);
    }
    if (!trying->queries) { return 0; }
    trying->search_vectors =
        search_vectors_new(trying->queries, trying->content_scores, trying->tables.ids);
    search_vectors_serve(trying->search_vectors, trying->lists);
    return 0;
}

static void make_tables(struct trying *trying)
{
    const struct list_settings *settings = &trying->settings.lists;
    int32_t numbers = admission_numbers(settings->items_max);
    tables_init(&trying->tables, settings);
    tables_set_clock(&trying->tables, clock_wall_ms());
    if (settings->vectors_used) {
        trying->vectors = vectors_new((size_t)numbers);
        vectors_index_from(trying->vectors, (size_t)settings->vectors_index_from);
    }
    if (settings->content_used) {
        trying->content_scores =
            content_scores_new(numbers, (size_t)settings->recent_items, trying->tables.ids);
        trying->item_features = item_features_new();
    }
    trying->lists = lists_new(settings, &trying->tables, trying->vectors, trying->content_scores,
                              client_generation(trying->client));
    lists_set_mixture(trying->lists, &trying->mixture);
    trying->profiles = user_profiles_new(PROFILE_BYTES_MAX);
    lists_set_profiles(trying->lists, trying->profiles);
    if (settings->clusters_used) {
        trying->clusters = cluster_table_new((size_t)settings->clusters_table_memory_max,
                                             settings->users_used);
        lists_set_clusters(trying->lists, trying->clusters);
    }
    if (settings->brought_used) {
        trying->brought = brought_items_new((size_t)settings->brought_memory_max);
        brought_items_set_clock(trying->brought, clock_wall_ms());
        lists_set_brought(trying->lists, trying->brought, settings->brought_weight);
    }
}

/* ---- Topics ---- */

static void put_item(struct trying *trying, struct item *item, int64_t time_ms)
{
    item_bound_created(item, time_ms);
    tables_put_item(&trying->tables, item);
    if (!trying->content_scores) { return; }
    (void)item_features_describe(trying->item_features,
                                 tables_number(&trying->tables, item->item_id), item,
                                 trying->content_scores);
}

static void remove_item(struct trying *trying, struct slice id)
{
    tables_remove_item(&trying->tables, id);
    if (!trying->content_scores) { return; }
    (void)content_scores_describe(trying->content_scores, ids_find(trying->tables.ids, id), NULL,
                                  0);
}

static void put_weights(struct trying *trying, const struct model_weights *weights, int64_t offset)
{
    if (slice_equal(weights->model, slice_str(MODEL_BLEND))) {
        (void)published_mixtures_put(&trying->mixtures, weights);
    } else if (trying->vectors && slice_equal(weights->model, slice_str(MODEL_SEQUENCE))) {
        (void)vectors_put_weights(trying->vectors, weights, offset);
    }
}

static void put_content(struct trying *trying, const struct content_vectors *row)
{
    if (content_rows_put(trying->content_scores, &trying->tables, row)) { return; }
    search_vectors_note(trying->search_vectors, ids_find(trying->tables.ids, row->item_id),
                        &row->model);
}

/* What the scorer refuses is passed over as there. */
static void put(struct trying *trying, const struct record *rec)
{
    union {
        struct serving_row row;
        struct item item;
        struct item_vector vector;
        struct model_weights weights;
        struct content_vectors content;
        struct candidate_list candidates;
        struct user_profile profile;
        struct group_profile group;
    } object;
    struct codec_error error;
    bool other;
    struct codec *codec = trying->codecs[trying->table];
    if (codec_decode(codec, rec->value, trying->arena, &object, &error) < 0) { return; }
    switch (trying->table) {
    case ROWS: (void)tables_put_row(&trying->tables, &object.row); break;
    case ITEMS: put_item(trying, &object.item, rec->time_ms); break;
    case VECTORS: (void)vectors_put(trying->vectors, &trying->tables, &object.vector); break;
    case MODELS: put_weights(trying, &object.weights, rec->offset); break;
    case CONTENT: put_content(trying, &object.content); break;
    case CANDIDATES:
        if (candidate_list_fault(&object.candidates, rec->key)) { break; }
        (void)brought_items_put(trying->brought, &object.candidates);
        break;
    case PROFILES:
        if (!slice_equal(object.profile.user_id, rec->key)) { break; }
        (void)user_profiles_put(trying->profiles, &object.profile, &other);
        break;
    case GROUPS:
        if (group_profile_fault(&object.group, rec->key)) { break; }
        (void)cluster_table_put(trying->clusters, &object.group);
        break;
    case TABLES: break;
    }
}

static void remove_candidates(struct trying *trying, struct slice key)
{
    struct slice source, user;
    if (!candidate_list_key(key, &source, &user)) { return; }
    brought_items_remove(trying->brought, source, user);
}

static bool take_record(void *arg, const struct record *rec)
{
    struct trying *trying = arg;
    arena_reset(trying->arena);
    if (!rec->key.data || rec->key.size > CANDIDATE_KEY_BYTES_MAX) { return true; }
    if (trying->table == PROFILES && !slice_equal(rec->key, trying->user_id)) { return true; }
    if (rec->value.data) {
        put(trying, rec);
    } else if (trying->table == PROFILES) {
        (void)user_profiles_remove(trying->profiles, rec->key);
    } else if (trying->table == CANDIDATES) {
        remove_candidates(trying, rec->key);
    } else if (trying->table == ROWS) {
        tables_remove_row(&trying->tables, rec->key);
    } else if (trying->table == ITEMS) {
        remove_item(trying, rec->key);
    } else if (trying->table == CONTENT) {
        content_rows_remove(trying->content_scores, &trying->tables, rec->key);
        search_vectors_note(trying->search_vectors, ID_NONE, NULL);
    } else if (trying->table == GROUPS) {
        cluster_table_remove(trying->clusters, rec->key);
    } else if (trying->table == VECTORS) {
        removed_models_row(trying->vectors, &trying->tables, rec->key);
    } else if (trying->table == MODELS) {
        removed_models_weights(trying->vectors, &trying->mixtures, rec->key);
    }
    return true;
}

static bool is_used(const struct trying *trying, enum table table)
{
    const struct list_settings *settings = &trying->settings.lists;
    if (table == VECTORS) { return settings->vectors_used; }
    if (table == CANDIDATES) { return settings->brought_used; }
    if (table == PROFILES) { return settings->profiles_used; }
    if (table == GROUPS) { return settings->clusters_used; }
    return table != CONTENT || settings->content_used;
}

static int read_tables(struct trying *trying)
{
    for (int table = 0; table < TABLES; table++) {
        if (!is_used(trying, (enum table)table)) { continue; }
        const char *name = tables_of[table].topic;
        _cleanup_(xfreep) char *topic = client_topic(trying->client, name);
        trying->table = (enum table)table;
        if (scan_topic(trying->wire, topic, -1, /* follow= */ false, take_record, trying) < 0) {
            bool optional = tables_of[table].optional;
            if (optional && client_topic_missing(trying->wire, topic)) { continue; }
            return client_fail_topic(trying->client, trying->wire, topic, name);
        }
    }
    return 0;
}

static bool take_history(void *arg, const struct record *rec)
{
    struct trying *trying = arg;
    if (!slice_equal(rec->key, trying->user_id)) { return true; }
    arena_reset(trying->kept);
    struct slice value = rec->value.data ? arena_copy(trying->kept, rec->value) : rec->value;
    struct codec_error error;
    trying->found = value.data &&
                    codec_decode(trying->histories, value, trying->kept, &trying->history,
                                 &error) == 0 &&
                    !history_fault(&trying->history);
    return true;
}

static int read_history(struct trying *trying)
{
    _cleanup_(xfreep) char *topic = client_topic(trying->client, "histories");
    int32_t partitions;
    if (client_partitions(trying->wire, topic, &partitions) < 0) {
        return client_fail_topic(trying->client, trying->wire, topic, "histories");
    }
    int32_t home = murmur_partition(trying->user_id, partitions);
    if (scan_topic(trying->wire, topic, home, /* follow= */ false, take_history, trying) < 0) {
        return client_fail("%s", wire_why(trying->wire));
    }
    return trying->found ? 0 : client_fail("the user has no history in %s", topic);
}

/* ---- The lists ---- */

static int make_lists(struct trying *trying, struct slice text,
                      int (*take)(const struct recommendation_list *list))
{
    struct recommendation_list list;
    struct buf faults;
    buf_init(&faults, FAULTS_BYTES_MAX);
    struct rule_set *rules =
        rule_set_parse(text, &trying->tables.columns, PLACEMENT_LENGTH, &faults);
    int result = rules ? 0 : client_fail("%.*s", SLICE_ARGS(buf_slice(&faults)));
    if (rules) {
        published_mixtures_get(&trying->mixtures, trying->history.input_partition,
                               &trying->mixture);
        lists_set_rules(trying->lists, rules);
        lists_make(trying->lists, &trying->history, &list);
        list.as_of_ms = clock_wall_ms();
        lists_place(trying->lists, &trying->history, &list);
        result = take(&list);
        lists_set_rules(trying->lists, NULL);
    }
    rule_set_free(rules);
    buf_release(&faults);
    return result;
}

static void release(struct trying *trying)
{
    lists_free(trying->lists);
    search_vectors_free(trying->search_vectors);
    query_vectors_free(trying->queries);
    cluster_table_free(trying->clusters);
    brought_items_free(trying->brought);
    user_profiles_free(trying->profiles);
    published_mixtures_release(&trying->mixtures);
    vectors_free(trying->vectors);
    content_scores_free(trying->content_scores);
    item_features_free(trying->item_features);
    tables_release(&trying->tables);
    for (int table = 0; table < TABLES; table++) { codec_free(trying->codecs[table]); }
    codec_free(trying->histories);
    schema_cache_free(trying->schemas);
    arena_free(trying->arena);
    arena_free(trying->kept);
    options_free(trying->options);
}

int tried_rules_make(const struct client *client, struct wire *wire, struct slice user_id,
                     struct slice rules, int (*take)(const struct recommendation_list *list))
{
    struct trying trying = {.client = client, .wire = wire, .user_id = user_id};
    if (load_settings(&trying) != 0) { return EXIT_FAILURE; }
    trying.schemas = client_schemas(client);
    trying.arena = arena_new(ARENA_BYTES);
    trying.kept = arena_new(ARENA_BYTES);
    trying.histories = codec_new(&user_history_contract, trying.schemas);
    for (int table = 0; table < TABLES; table++) {
        trying.codecs[table] = codec_new(tables_of[table].contract, trying.schemas);
    }
    make_tables(&trying);
    int result = open_searches(&trying);
    if (result == 0) { result = read_history(&trying); }
    if (result == 0) { result = read_tables(&trying); }
    if (result == 0) { result = make_lists(&trying, rules, take); }
    release(&trying);
    return result;
}
