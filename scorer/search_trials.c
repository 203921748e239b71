#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/list_outcome.h"
#include "scorer/search_trials.h"

void search_trials_release(struct search_trials *trials)
{
    free(trials->at);
    trials->at = NULL;
}

void search_trials_keep(struct search_trials *trials, const struct user_history *history,
                        const struct searched_tops *tops)
{
    uint64_t user = ids_fingerprint(history->user_id);
    if (!tops) { return; }
    if (!trials->at) { trials->at = xcalloc(SEARCH_TRIALS_MAX, sizeof(*trials->at)); }
    trials->at[user % SEARCH_TRIALS_MAX] = (struct search_trial){
        .user = user,
        .partition = history->input_partition,
        .offset = history->input_offset,
        .tops = *tops,
    };
}

/* Returns the place of an item; below 0: it has none. */
static int place_of(const struct searched_tops *tops, int which, int32_t item)
{
    for (size_t k = 0; k < tops->counts[which]; k++) {
        if (tops->items[which][k] == item) { return (int)k; }
    }
    return -1;
}

bool search_trials_learn(struct search_trials *trials, struct mixture *mixture,
                         const struct ids *ids, const struct recommendation_list *list,
                         const struct user_history *history)
{
    uint64_t user = ids_fingerprint(history->user_id);
    struct search_trial *trial = trials->at ? &trials->at[user % SEARCH_TRIALS_MAX] : NULL;
    if (!trial || trial->user != user || trial->partition != list->input_partition ||
        trial->offset != list->input_offset || list->input_partition != history->input_partition) {
        return false;
    }
    size_t next = list_outcome_next_action(list, history);
    if (next == history->items.count || !(history->weights.at[next] > 0.0F)) { return false; }
    int32_t item = ids_find(ids, history->items.at[next]);
    mixture_learn_search(mixture, place_of(&trial->tops, SEARCHED_WITH, item),
                         place_of(&trial->tops, SEARCHED_WITHOUT, item));
    trial->user = 0;
    return true;
}
