#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/served_places.h"

struct served_places {
    int output;
    struct codec *codec;
    struct buf message;
    struct metric *sent;
};

struct served_places *served_places_new(struct run *run, int output)
{
    struct served_places *places = xcalloc(1, sizeof(*places));
    places->output = output;
    places->codec = codec_new(&served_place_contract, run_schemas(run));
    buf_init(&places->message, SERVED_PLACE_BYTES_MAX);
    places->sent = metrics_counter(run_metrics(run), "freshet_served_places_total", "",
                                   "Drawn places of lists, sent to served (explore.logged).");
    return places;
}

struct served_places *served_places_free(struct served_places *places)
{
    if (!places) { return NULL; }
    codec_free(places->codec);
    buf_release(&places->message);
    free(places);
    return NULL;
}

void served_places_send(struct served_places *places, struct task *task, struct lists *lists,
                        const struct recommendation_list *list)
{
    struct served_place place;
    for (size_t p = 0; places && p < list->placements.count; p++) {
        if (!placement_lists_served(lists_placements(lists), p, list, &place)) { continue; }
        place.list_id = list->placement_list_ids.at[p];
        buf_clear(&places->message);
        int result = codec_encode(places->codec, &place, &places->message);
        assert(result == 0);
        task_emit(task, places->output, PARTITION_BY_KEY, place.list_id,
                  buf_slice(&places->message));
        metric_add(places->sent, 1);
    }
}
