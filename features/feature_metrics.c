#include "base/base.h"
#include "features/feature_metrics.h"

struct feature_metrics feature_metrics_register(struct metrics *metrics)
{
    return (struct feature_metrics){
        .accepted = metrics_counter(metrics, "freshet_events_accepted_total", "",
                                    "Events that went into a user's timeline."),
        .repeated = metrics_counter(metrics, "freshet_events_repeated_total", "",
                                    "Events dropped as duplicates: their id was known."),
        .late = metrics_counter(metrics, "freshet_events_late_total", "",
                                "Accepted events that arrived out of order."),
        .pair_updates = metrics_counter(metrics, "freshet_pair_updates_total", "",
                                        "Additions to item pairs, before they are combined."),
        .forgotten_users = metrics_counter(metrics, "freshet_users_forgotten_total", "",
                                           "Users forgotten: removed from the counts on request."),
        .forgotten_events = metrics_counter(metrics, "freshet_events_forgotten_total", "",
                                            "Events dropped because their user was forgotten "
                                            "later than the event's time."),
        .merged = metrics_counter(metrics, "freshet_users_merged_total", "",
                                  "Users whose actions went to another user (IDENTIFY)."),
        .followed = metrics_counter(metrics, "freshet_events_followed_total", "",
                                    "Events of such users that came later and followed them."),
        .moved = metrics_counter(metrics, "freshet_actions_moved_total", "",
                                 "Actions that came from another user, repeats left out."),
        .moved_late = metrics_counter(metrics, "freshet_actions_moved_late_total", "",
                                      "Actions that came from another user and are older than what "
                                      "the user's newest actions leave room for: they count no "
                                      "more."),
        .exposures = metrics_counter(metrics, "freshet_exposures_total", "",
                                     "Items that users were shown, repeats left out."),
        .searches = metrics_counter(metrics, "freshet_searches_total", "",
                                    "Searches of users (SEARCH)."),
        .taken_back = metrics_counter(metrics, "freshet_actions_taken_back_total", "",
                                      "Actions that were taken back, out of histories and counts."),
        .taken_back_early = metrics_counter(metrics, "freshet_actions_taken_back_early_total", "",
                                            "Actions dropped as they came, because they had been "
                                            "taken back before."),
        .foreign_lists = metrics_counter(metrics, "freshet_events_foreign_list_total", "",
                                         "Events whose list_id is none of ours: in no outcome."),
        .users_cached = metrics_gauge(metrics, "freshet_users_cached", "",
                                      "Users whose state is in memory."),
    };
}
