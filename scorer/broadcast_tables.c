/* Broadcast tables: what the scorer does with a record of a table that all partitions share. */
#include "base/base.h"
#include "scorer/lists/content_rows.h"
#include "scorer/lists/removed_models.h"
#include "scorer/scorer_internal.h"

static enum verdict take_row(struct run *run, struct scorer *scorer, const struct record *rec)
{
    struct serving_row row;
    struct codec_error error;
    if (slice_equal(rec->key, slice_str(SERVING_ROWS_COMPLETE_KEY))) {
        row_completeness_end(&scorer->completeness, rec->partition);
        return VERDICT_DONE;
    }
    if (!rec->value.data) {
        tables_remove_row(&scorer->tables, rec->key);
        return VERDICT_DONE;
    }
    if (codec_decode(scorer->row_codec, rec->value, scorer->arena, &row, &error) < 0) {
        return run_refuse_undecoded(run, &error);
    }
    const char *reason = tables_put_row(&scorer->tables, &row);
    if (reason) {
        return run_refuse_record(run, reason, "row of item %.*s", SLICE_ARGS(row.item_id));
    }
    row_completeness_row(&scorer->completeness, rec->partition);
    return VERDICT_DONE;
}

static enum verdict take_item(struct run *run, struct scorer *scorer, const struct record *rec)
{
    struct item item;
    struct codec_error error;
    if (!rec->value.data) {
        tables_remove_item(&scorer->tables, rec->key);
        if (scorer->content_scores &&
            content_scores_describe(scorer->content_scores,
                                    tables_number(&scorer->tables, rec->key), NULL, 0)) {
            scorer->tables.catalogue_changed = tables_change(&scorer->tables);
        }
        return VERDICT_DONE;
    }
    if (codec_decode(scorer->item_codec, rec->value, scorer->arena, &item, &error) < 0) {
        return run_refuse_undecoded(run, &error);
    }
    item_bound_created(&item, rec->time_ms);
    tables_set_clock(&scorer->tables, run_wall_ms(run));
    tables_put_item(&scorer->tables, &item);
    if (scorer->steering.rules) {
        scorer->tables.catalogue_changed = tables_change(&scorer->tables);
    }
    bool other = scorer->content_scores &&
                 item_features_describe(scorer->item_features,
                                        tables_number(&scorer->tables, item.item_id), &item,
                                        scorer->content_scores);
    if (other) {
        scorer->tables.catalogue_changed = tables_change(&scorer->tables);
    }
    return VERDICT_DONE;
}

static size_t indexed_rows(const struct served *served)
{
    if (!served || !served->index) { return 0; }
    return vector_index_cover(served->index, served->table, served->rows);
}

/* Moves the tables' clock on when the model version that serves has changed, or its rows. */
static void note_model(struct scorer *scorer)
{
    const struct served *served = vectors_served(scorer->vectors);
    int64_t switches = vectors_switches(scorer->vectors);
    size_t rows = served ? served->rows : 0;
    if (switches == scorer->model_switches && rows == scorer->model_rows) { return; }
    scorer->model_switches = switches;
    scorer->model_rows = rows;
    scorer->tables.model_changed = tables_change(&scorer->tables);
}

void scorer_update_vector_metrics(struct scorer *scorer)
{
    const struct served *served = vectors_served(scorer->vectors);
    metric_set(scorer->switches, (double)vectors_switches(scorer->vectors));
    metric_set(scorer->rows, served ? (double)served->rows : 0.0);
    metric_set(scorer->indexed, (double)indexed_rows(served));
}

static enum verdict take_vector(struct run *run, struct scorer *scorer, const struct record *rec)
{
    struct item_vector vector;
    struct codec_error error;
    if (!scorer->vectors) { return VERDICT_DONE; }
    if (!rec->value.data) {
        removed_models_row(scorer->vectors, &scorer->tables, rec->key);
        note_model(scorer);
        return VERDICT_DONE;
    }
    arena_reset(scorer->arena);
    if (codec_decode(scorer->vector_codec, rec->value, scorer->arena, &vector, &error) < 0) {
        return run_refuse_undecoded(run, &error);
    }
    const char *reason = vectors_put(scorer->vectors, &scorer->tables, &vector);
    note_model(scorer);
    scorer_update_vector_metrics(scorer);
    if (reason) {
        return run_refuse_record(run, reason, "row %d of item %.*s", vector.row,
                                 SLICE_ARGS(vector.item_id));
    }
    return VERDICT_DONE;
}

static enum verdict take_content(struct run *run, struct scorer *scorer, const struct record *rec)
{
    struct content_vectors row;
    struct codec_error error;
    if (!scorer->content_scores) { return VERDICT_DONE; }
    if (!rec->value.data) {
        content_rows_remove(scorer->content_scores, &scorer->tables, rec->key);
        search_vectors_note(scorer->search_vectors, ID_NONE, NULL);
        return VERDICT_DONE;
    }
    arena_reset(scorer->arena);
    if (codec_decode(scorer->content_codec, rec->value, scorer->arena, &row, &error) < 0) {
        return run_refuse_undecoded(run, &error);
    }
    const char *reason = content_rows_put(scorer->content_scores, &scorer->tables, &row);
    if (reason) {
        return run_refuse_record(run, reason, "vectors of item %.*s", SLICE_ARGS(row.item_id));
    }
    search_vectors_note(scorer->search_vectors, ids_find(scorer->tables.ids, row.item_id),
                        &row.model);
    return VERDICT_DONE;
}

/* Says whether lists may be made by more than counting. */
static bool is_blended(const struct scorer *scorer)
{
    return scorer->vectors || scorer->content_scores ||
           (scorer->clusters && scorer->clusters->sampled);
}

static enum verdict take_model(struct run *run, struct scorer *scorer, const struct record *rec)
{
    struct model_weights weights;
    struct codec_error error;
    const char *reason = NULL;
    if (!is_blended(scorer)) { return VERDICT_DONE; }
    if (!rec->value.data) {
        removed_models_weights(scorer->vectors, &scorer->trainer.known, rec->key);
        if (scorer->vectors) { note_model(scorer); }
        return VERDICT_DONE;
    }
    arena_reset(scorer->arena);
    if (codec_decode(scorer->weights_codec, rec->value, scorer->arena, &weights, &error) < 0) {
        return run_refuse_undecoded(run, &error);
    }
    if (scorer->vectors && slice_equal(weights.model, slice_str(MODEL_SEQUENCE))) {
        reason = vectors_put_weights(scorer->vectors, &weights, rec->offset);
        note_model(scorer);
        scorer_update_vector_metrics(scorer);
    } else if (slice_equal(weights.model, slice_str(MODEL_BLEND))) {
        reason = published_mixtures_put(&scorer->trainer.known, &weights);
    }
    if (reason) {
        return run_refuse_record(run, reason, "model %.*s, part %d of %d",
                                 SLICE_ARGS(weights.model), weights.part, weights.parts);
    }
    return VERDICT_DONE;
}

/* Lists of the user are made again when rules ask for such things. */
static enum verdict take_profile(struct run *run, struct scorer *scorer, const struct record *rec)
{
    const struct rule_set *rules = scorer->steering.rules;
    struct user_profile profile;
    struct codec_error error;
    const char *reason = NULL;
    bool other;
    if (!scorer->profiles) { return VERDICT_DONE; }
    if (!rec->key.data || rec->key.size > ID_BYTES_MAX) {
        return run_refuse_record(run, "bad_key", "want a user id of at most %d bytes",
                                 ID_BYTES_MAX);
    }
    arena_reset(scorer->arena);
    if (!rec->value.data) {
        other = user_profiles_remove(scorer->profiles, rec->key);
    } else if (codec_decode(scorer->profile_codec, rec->value, scorer->arena, &profile, &error) <
               0) {
        return run_refuse_undecoded(run, &error);
    } else if (!slice_equal(profile.user_id, rec->key)) {
        return run_refuse_record(run, "key_mismatch", "profile of user %.*s under the key %.*s",
                                 SLICE_ARGS(profile.user_id), SLICE_ARGS(rec->key));
    } else {
        reason = user_profiles_put(scorer->profiles, &profile, &other);
    }
    if (other && rules && rule_set_sees_profiles(rules)) {
        changed_users_note(scorer->changed_users, rec->key);
    }
    metric_set(scorer->profiles_count, (double)user_profiles_count(scorer->profiles));
    metric_set(scorer->profiles_bytes, (double)user_profiles_bytes(scorer->profiles));
    if (!reason) { return VERDICT_DONE; }
    return run_refuse_record(run, reason, "profile of user %.*s", SLICE_ARGS(rec->key));
}

static void note_clusters(struct scorer *scorer)
{
    const struct cluster_space *space = scorer->clusters->space;
    const struct user_sample *sample = cluster_space_sample(space);
    metric_set(scorer->clusters_count, (double)cluster_space_clusters(space));
    metric_set(scorer->sampled_users_count, sample ? (double)sample->users : 0.0);
}

/* Lists may be other ones when another version of the clusters serves. */
static enum verdict take_group(struct run *run, struct scorer *scorer, const struct record *rec)
{
    struct group_profile group;
    struct codec_error error;
    if (!scorer->clusters) { return VERDICT_DONE; }
    if (!rec->key.data || rec->key.size > GROUP_KEY_BYTES_MAX) {
        return run_refuse_record(run, "bad_key", "want a key of at most %d bytes",
                                 GROUP_KEY_BYTES_MAX);
    }
    int64_t version = cluster_space_version(scorer->clusters->space);
    const char *reason = NULL;
    arena_reset(scorer->arena);
    if (!rec->value.data) {
        cluster_table_remove(scorer->clusters, rec->key);
    } else if (codec_decode(scorer->group_codec, rec->value, scorer->arena, &group, &error) < 0) {
        return run_refuse_undecoded(run, &error);
    } else {
        reason = group_profile_fault(&group, rec->key);
        if (!reason) { reason = cluster_table_put(scorer->clusters, &group); }
    }
    if (version != cluster_space_version(scorer->clusters->space)) {
        scorer->tables.model_changed = tables_change(&scorer->tables);
    }
    note_clusters(scorer);
    if (!reason) { return VERDICT_DONE; }
    return run_refuse_record(run, reason, "%s", group_profile_contract.name);
}

/* Lists name how far the tables had been read that they were made of. */
static void note_offset(struct scorer *scorer, int input, const struct record *rec)
{
    struct table_offsets *offsets = NULL;
    if (input == SERVING_ROWS) { offsets = &scorer->row_offsets; }
    if (input == ITEMS) { offsets = &scorer->item_offsets; }
    if (input == CONTENT && scorer->content_scores) { offsets = &scorer->content_offsets; }
    if (input == CANDIDATES && scorer->brought) { offsets = &scorer->candidate_offsets; }
    if (input == PROFILES && scorer->profiles) { offsets = &scorer->profile_offsets; }
    if (input == GROUPS && scorer->clusters) { offsets = &scorer->group_offsets; }
    if (input == MODELS && is_blended(scorer)) { offsets = &scorer->model_offsets; }
    if (input == VECTORS && scorer->vectors) { offsets = &scorer->vector_offsets; }
    if (offsets) { table_offsets_read(offsets, rec->partition, rec->offset); }
}

enum verdict scorer_broadcast(struct run *run, int input, const struct record *rec)
{
    struct scorer *scorer = run_state(run);
    if (input == TRIALS) { return trial_observe(&scorer->trial, run, rec); }
    if (input == STEPS) { return cutover_observe(&scorer->cutover, run, rec); }
    note_offset(scorer, input, rec);
    if (input == VECTORS) { return take_vector(run, scorer, rec); }
    if (input == MODELS) { return take_model(run, scorer, rec); }
    if (input == RULES) {
        return steering_observe(&scorer->steering, run, rec, &scorer->tables, scorer->lists);
    }
    if (input == CANDIDATES) {
        if (!scorer->brought) { return VERDICT_DONE; }
        return brought_changes_take(scorer->brought_changes, run, &scorer->tables, rec);
    }
    if (input == PROFILES) { return take_profile(run, scorer, rec); }
    if (input == GROUPS) { return take_group(run, scorer, rec); }
    if (!rec->key.data || rec->key.size > ID_BYTES_MAX) {
        return run_refuse_record(run, "bad_key", "want an item id of at most %d bytes",
                                 ID_BYTES_MAX);
    }
    if (input == CONTENT) { return take_content(run, scorer, rec); }
    arena_reset(scorer->arena);
    enum verdict verdict =
        input == SERVING_ROWS ? take_row(run, scorer, rec) : take_item(run, scorer, rec);
    metric_set(scorer->known, admission_count(&scorer->tables.admission));
    metric_set(scorer->over_max, (double)scorer->tables.over_max);
    return verdict;
}
