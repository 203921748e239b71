#include "base/base.h"
#include "stream/id_room.h"

enum {
    TELL_MS = 60000,       /* between two lines */
    COMMITS_SOON_MS = 1000, /* until there is room, also where commits are checkpoints */
};

void id_room_init(struct id_room *room, struct run *run, int64_t max)
{
    *room = (struct id_room){.max = max};
    room->dropped = metrics_counter(run_metrics(run), "freshet_item_ids_dropped_total", "",
                                    "Ids of items dropped from memory at items.max.");
}

static void tell(struct id_room *room, struct run *run, int32_t count)
{
    int64_t now_ms = run_now_ms(run);
    if (room->told_ms && now_ms - room->told_ms < TELL_MS) { return; }
    room->told_ms = now_ms;
    run_log(run, LOG_WARN, "more distinct items than items.max, memory is filled anew",
            "items=%d", count);
}

enum id_room_verdict id_room_ask(struct id_room *room, struct task *task, int32_t count)
{
    struct run *run = task_run(task);
    if (count < room->max) { return ID_ROOM_FREE; }
    task_want_commits(task, COMMITS_SOON_MS);
    if (!run_all_committed(run)) { return ID_ROOM_FULL; }
    metric_add(room->dropped, count);
    tell(room, run, count);
    return ID_ROOM_DROP;
}
