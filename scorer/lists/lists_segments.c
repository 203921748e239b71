/* Somebody without an action gets a list by the segments of the profile (segment_table.h), else by
 * what the request says of the one who asks: the items with the greatest expected rates
 * (model/segment_scores.h), then those with which counting fills a list up. An item that no segment
 * likes better than all users do is popular. A pure function of attributes, segments and tables.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/lists/lists_internal.h"

struct segment_mix {
    struct segment_table *table;
    struct segment_scores *scores;
    struct segment_list lists[SEGMENT_LISTS_MAX];
    struct slice names[SEGMENT_LISTS_MAX]; /* of the last list, borrowed from the table */
    struct user_segments segments;
};

void lists_set_segments(struct lists *lists, struct segment_table *table)
{
    assert(!lists->segments);
    lists->segments = xcalloc(1, sizeof(*lists->segments));
    lists->segments->table = table;
    lists->segments->scores = segment_scores_new(ids_before, lists->tables->ids);
    lists->columns.segments = lists->placed.segments = lists->segments->names;
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

bool lists_have_segment(struct lists *lists, const struct user_attributes *attributes)
{
    if (!lists->segments) { return false; }
    find_names(lists->segments, attributes);
    return segment_table_has(lists->segments->table, &lists->segments->segments);
}

/* Scores the items of the user's segments; returns how many. */
static size_t score(struct lists *lists, const struct segment_score **ret_scores)
{
    struct segment_mix *mix = lists->segments;
    const struct segment_list *chosen[SEGMENT_LISTS_MAX];
    find_names(mix, &lists->attributes);
    size_t count = segment_table_find(mix->table, &mix->segments, lists->tables->ids, mix->lists,
                                      mix->names);
    for (size_t k = 0; k < count; k++) { chosen[k] = &mix->lists[k]; }
    return segment_scores_find(mix->scores, chosen, count, ret_scores);
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

size_t lists_rank_segments(struct lists *lists, size_t count, size_t length)
{
    const struct segment_score *scores;
    size_t scored = score(lists, &scores), ranked = 0;
    if (!scored) { return count; }
    lists_take_ranking(lists, count);
    lists_keep_fillers(lists, 0, count);
    for (size_t k = 0; k < scored && ranked < length; k++) {
        if (!ranking_allows(lists->ranking, &lists->request.flags, scores[k].item)) { continue; }
        lists->merged[ranked++] = entry_of(lists, &scores[k]);
    }
    lists->set = NULL;
    lists->leader = MEMBER_COUNTING;
    lists->prediction.best.count = 0;
    lists->by_segments = true;
    return lists_fill_up(lists, ranked, length);
}
