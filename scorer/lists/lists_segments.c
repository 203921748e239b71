/* Lists by groups of users (segment_table.h, cluster_table.h):
 *
 * - Somebody without an action gets a list by the segments of the profile, else by what the request
 *   says of the one who asks: the items with the greatest expected rates
 *   (model/segment_scores.h), then those with which counting fills a list up. An item that no
 *   segment likes better than all users do is popular.
 * - The list of one group is the same, of this group alone.
 * - A user who acted on something of which the members know too little for a whole list: it is
 *   filled up with what the user's cluster likes better than all users do, before the others with
 *   which counting fills it up.
 *
 * A pure function of attributes, history and tables.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/lists/lists_internal.h"

struct segment_mix {
    struct segment_table *table;    /* NULL: segments are not used */
    struct cluster_table *clusters; /* NULL: as well */
    struct segment_scores *scores;
    struct segment_list lists[SEGMENT_LISTS_MAX];
    struct slice names[SEGMENT_LISTS_MAX]; /* of the last list, borrowed from the table */
    char name[GROUP_KEY_BYTES_MAX];        /* or, of a cluster, from here */
    struct user_segments segments;
};

static struct segment_mix *mix_of(struct lists *lists)
{
    if (lists->segments) { return lists->segments; }
    lists->segments = xcalloc(1, sizeof(*lists->segments));
    lists->segments->scores = segment_scores_new(ids_before, lists->tables->ids);
    lists->columns.segments = lists->placed.segments = lists->segments->names;
    return lists->segments;
}

void lists_set_segments(struct lists *lists, struct segment_table *table)
{
    mix_of(lists)->table = table;
}

void lists_set_clusters(struct lists *lists, struct cluster_table *clusters)
{
    mix_of(lists)->clusters = clusters;
    if (clusters->sampled) { lists_use_alike(lists, clusters); }
    lists_use_guesses(lists, clusters);
}

void lists_free_segments(struct lists *lists)
{
    if (!lists->segments) { return; }
    segment_scores_free(lists->segments->scores);
    free(lists->segments);
}

static void find_names(struct segment_mix *mix, const struct user_attributes *attributes)
{
    user_segments_find(attributes->country, attributes->born, attributes->tags, &mix->segments);
}

bool lists_use_segments(const struct lists *lists)
{
    return lists->segments && lists->segments->table;
}

bool lists_have_segment(struct lists *lists, const struct user_attributes *attributes)
{
    if (!lists_use_segments(lists)) { return false; }
    find_names(lists->segments, attributes);
    return segment_table_has(lists->segments->table, &lists->segments->segments);
}

/* Returns the table of a kind of groups; NULL: it is not used. */
static struct segment_table *table_of(const struct lists *lists, enum group_kind kind)
{
    const struct segment_mix *mix = lists->segments;
    if (!mix) { return NULL; }
    if (kind == GROUP_SEGMENT) { return mix->table; }
    return kind == GROUP_CLUSTER && mix->clusters ? mix->clusters->lists : NULL;
}

bool lists_have_group(const struct lists *lists, enum group_kind kind, struct slice name)
{
    const struct segment_table *table = table_of(lists, kind);
    return table && segment_table_names(table, name);
}

/* ---- Scores ---- */

/* Scores the items of the groups that were found; returns how many. */
static size_t score_found(struct segment_mix *mix, size_t count,
                          const struct segment_score **ret_scores)
{
    const struct segment_list *chosen[SEGMENT_LISTS_MAX];
    for (size_t k = 0; k < count; k++) { chosen[k] = &mix->lists[k]; }
    return segment_scores_find(mix->scores, chosen, count, ret_scores);
}

/* Scores the items of the user's segments. */
static size_t score_segments(struct lists *lists, const struct segment_score **ret_scores)
{
    struct segment_mix *mix = lists->segments;
    find_names(mix, &lists->attributes);
    size_t count = segment_table_find(mix->table, &mix->segments, lists->tables->ids, mix->lists,
                                      mix->names);
    return score_found(mix, count, ret_scores);
}

/* Scores the items of one group. A cluster has the key of its record as its name, which tells it
 * from attributes. */
static size_t score_group(struct lists *lists, enum group_kind kind, struct slice name,
                          const struct segment_score **ret_scores)
{
    struct segment_mix *mix = lists->segments;
    struct segment_table *table = table_of(lists, kind);
    if (!table || !segment_table_find_one(table, name, lists->tables->ids, &mix->lists[0],
                                          &mix->names[0])) {
        return 0;
    }
    if (kind == GROUP_CLUSTER) {
        mix->names[0] = group_profile_key(kind, mix->names[0], mix->name);
    }
    return score_found(mix, 1, ret_scores);
}

static struct ranked entry_of(const struct lists *lists, const struct segment_score *score)
{
    bool liked = score->segment != SEGMENT_NONE;
    float actions = (float)item_table_actions(lists->tables->items, score->item);
    return (struct ranked){
        .item = score->item,
        .because = liked ? score->segment : ID_NONE,
        .score = expf(score->score),
        .evidence = liked ? score->item_users : actions,
        .share = score->share,
        .reason = liked ? RANKED_SEGMENT : actions > 0.0F ? RANKED_POPULAR : RANKED_NEW,
    };
}

/* ---- Lists ---- */

/* Puts the items with these scores before the `count` entries of the ranking. */
static size_t rank_first(struct lists *lists, const struct segment_score *scores, size_t scored,
                         size_t count, size_t length)
{
    size_t ranked = 0;
    lists_take_ranking(lists, count);
    lists_keep_fillers(lists, 0, count);
    for (size_t k = 0; k < scored && ranked < length; k++) {
        if (!ranking_allows(lists->ranking, &lists->request.flags, scores[k].item)) { continue; }
        lists->merged[ranked++] = entry_of(lists, &scores[k]);
    }
    lists->set = NULL;
    lists->leader = MEMBER_COUNTING;
    lists->prediction.best.count = 0;
    return lists_fill_up(lists, ranked, length);
}

size_t lists_rank_segments(struct lists *lists, size_t count, size_t length)
{
    const struct segment_score *scores;
    size_t scored = score_segments(lists, &scores);
    if (!scored) { return count; }
    lists->made_by = MADE_BY_SEGMENTS;
    return rank_first(lists, scores, scored, count, length);
}

size_t lists_rank_group(struct lists *lists, size_t count, size_t length)
{
    const struct list_scope *scope = &lists->scope;
    const struct segment_score *scores;
    size_t scored = score_group(lists, scope->group_kind, scope->group, &scores);
    if (!scored) { return count; }
    lists->made_by = scope->group_kind == GROUP_CLUSTER ? MADE_BY_CLUSTERS : MADE_BY_SEGMENTS;
    return rank_first(lists, scores, scored, count, length);
}

/* Returns how many entries of the ranking the members have chosen: the others fill it up. */
static size_t count_chosen(const struct lists *lists, size_t count)
{
    if (lists->ranked == lists->merged) { return MIN_OF(lists->scored, count); }
    size_t chosen = 0;
    while (chosen < count && lists->ranked[chosen].score >= 0.0F) { chosen++; }
    return chosen;
}

size_t lists_fill_by_cluster(struct lists *lists, const struct user_history *history, size_t count,
                             size_t length)
{
    const struct segment_score *scores;
    struct user_cluster cluster;
    if (!lists->segments || !lists->segments->clusters) { return count; }
    size_t chosen = count_chosen(lists, count), ranked = chosen;
    if (chosen >= length) { return count; }
    if (!cluster_table_find(lists->segments->clusters, history, &cluster)) { return count; }
    size_t scored = score_group(lists, GROUP_CLUSTER, cluster.name, &scores);
    if (!scored) { return count; }
    lists_take_ranking(lists, count);
    lists_keep_fillers(lists, chosen, count);
    for (size_t k = 0; k < scored && ranked < length; k++) {
        int32_t item = scores[k].item;
        if (scores[k].segment == SEGMENT_NONE) { continue; }
        if (!ranking_allows(lists->ranking, &lists->request.flags, item)) { continue; }
        if (lists_place_of(lists->merged, chosen, item) < chosen) { continue; }
        float before = ranked ? lists->merged[ranked - 1].score : 0.0F;
        lists->merged[ranked] = entry_of(lists, &scores[k]);
        lists->merged[ranked++].score = MIN_OF(before, 0.0F) - 1.0F;
    }
    count = lists_fill_up(lists, ranked, length);
    lists->scored = chosen;
    return count;
}
