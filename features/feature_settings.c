#include "base/base.h"
#include "base/clock.h"
#include "features/feature_settings.h"
#include "schemas/user_state.h"
#include "stream/config/option_table.h"

#define OPTION_SETTINGS struct feature_settings

const struct option feature_options[FEATURE_OPTIONS_COUNT] = {
    OPTION("history.length", LONG, history_length, "50", OPTION_RANGE(1, HISTORY_ACTIONS_MAX),
           "Newest actions of a user in a history"),
    OPTION("history.actions.max", LONG, actions_max, "600", OPTION_RANGE(2, STATE_ACTIONS_MAX),
           "Actions of a user in its state; at least twice pairs.window"),
    OPTION("history.seen.max", LONG, seen_max, "2000", OPTION_RANGE(0, HISTORY_SEEN_MAX),
           "Items that are remembered of a user's older actions"),
    OPTION("pairs.window", LONG, pairs_window, "50", OPTION_RANGE(1, STATE_ACTIONS_MAX / 2),
           "Earlier actions of the user that an action is paired with"),
    OPTION("transitions.window", LONG, transitions_window, "20",
           OPTION_RANGE(0, STATE_ACTIONS_MAX / 2),
           "Earlier actions from which transitions are counted; at most pairs.window"),
    OPTION("transitions.exponent", DOUBLE, transitions_exponent, "0.75", OPTION_RANGE(0, 8),
           "Power by which a transition's count falls with its distance"),
    OPTION("weights.power", DOUBLE, weights_power, "1", OPTION_RANGE(0, 2),
           "Power of an action's weight in popularity, trend and transitions (a rating: 1); 0: "
           "all count alike"),
    OPTION("decay.half.life", DURATION, decay_half_life_ms, "0", OPTION_RANGE(0, 36500 * 86400e3),
           "Event time in which all counts but the trend fall by half; 0: never"),
    OPTION("trend.half.life", DURATION, trend_half_life_ms, "1d", OPTION_RANGE(0, 36500 * 86400e3),
           "Event time in which the trend falls by half; 0: never"),
    OPTION("event.future.max", DURATION, future_max_ms, "1d", OPTION_RANGE(0, 36500 * 86400e3),
           "How far an event's time may be ahead of its Kafka timestamp; 0: no limit"),
    OPTION("event.latest", LONG, latest_ms, "0", OPTION_RANGE(0, INFINITY),
           "Latest event time, in ms since 1970: for a replay of `events` that hold wrong times "
           "and wrong timestamps; 0: no limit"),
    OPTION("users.cache.bytes", BYTES, users_cache_bytes, "auto",
           OPTION_RANGE(0, 1024 * 1024 * GIB),
           "Memory for the cache of decoded user states, all partitions together",
           OPTION_PART(CACHE)),
    OPTION("items.max", LONG, items_max, "20000000", OPTION_RANGE(1, 1e9),
           "Most distinct items in memory; beyond, all are dropped from it after a commit"),
    OPTION("history.archive", BOOL, archive, "true", OPTION_FREE,
           "Archive the actions that leave a user's state, so that all of a user can be forgotten "
           "(docs/operations.md)"),
    OPTION("history.shown.max", LONG, shown_max, "200", OPTION_RANGE(1, HISTORY_SHOWN_MAX),
           "Items that are remembered of what a user was shown, each time counted"),
    OPTION("history.taken.back.max", LONG, taken_back_max, "1000",
           OPTION_RANGE(1, STATE_BACK_MAX),
           "Actions of a user that are remembered as taken back: a repeat of them does not count"),
    OPTION("outcomes.counted", BOOL, outcomes_counted, "true", OPTION_FREE,
           "Count what comes of lists, for `outcomes` (docs/outcomes.md)"),
    OPTION("outcomes.kept", DURATION, outcomes_kept_ms, "90d",
           OPTION_RANGE(86400e3, 3650 * 86400e3),
           "Event time for which the hours of outcomes are kept; totals are kept for ever"),
    OPTION("history.listed.max", LONG, listed_max, "200", OPTION_RANGE(0, STATE_LISTED_MAX),
           "Actions of a user that are remembered as of a list: taking back an older one leaves "
           "the outcomes as they are"),
    OPTION("cross.pairs", STRING, cross_pairs, "", OPTION_FREE,
           "Kinds of actions of which one may foretell the other, as in VIEW>PURCHASE; several "
           "with commas (docs/operations.md)"),
    OPTION("history.searches.max", LONG, searches_max, "5", OPTION_RANGE(0, HISTORY_SEARCHES_MAX),
           "Newest searches of a user that are kept, in its history as well; 0: none"),
    OPTION("context.counted", BOOL, contexts_counted, "true", OPTION_FREE,
           "Count on which device, by which channel, where and at which part of day users act on "
           "items, where events say so (docs/context.md)"),
};

/* ---- Cross pairs ---- */

static int32_t kind_of(struct slice name)
{
    static const char *const names[] = {
        [ACTION_OTHER] = "OTHER", [ACTION_VIEW] = "VIEW",         [ACTION_CLICK] = "CLICK",
        [ACTION_LIKE] = "LIKE",   [ACTION_CART] = "CART",         [ACTION_PURCHASE] = "PURCHASE",
        [ACTION_RATING] = "RATING"};
    for (size_t kind = 0; kind < ARRAY_COUNT(names); kind++) {
        if (slice_equal(name, slice_str(names[kind]))) { return (int32_t)kind; }
    }
    return -1;
}

static const char *cross_of(const struct feature_settings *s, struct cross_rules *ret_rules)
{
    return cross_rules_read(slice_str(s->cross_pairs), kind_of, ret_rules);
}

/* ---- Checks ---- */

static int check_most(const char *name, int64_t value, const char *bound_name, int64_t bound,
                      char *why, size_t why_size)
{
    if (value <= bound) { return 0; }
    (void)snprintf(why, why_size,
                   "%s=%" PRId64 " is more than %s allows (%" PRId64
                   "): lower the one or raise the other", name, value, bound_name, bound);
    return -EINVAL;
}

int feature_settings_check(const struct feature_settings *s, char *why, size_t why_size)
{
    int result = check_most("pairs.window", s->pairs_window, "half of history.actions.max",
                            s->actions_max / 2, why, why_size);
    if (result == 0) {
        result = check_most("transitions.window", s->transitions_window, "pairs.window",
                            s->pairs_window, why, why_size);
    }
    if (result == 0) {
        result = check_most("history.length", s->history_length, "history.actions.max",
                            s->actions_max, why, why_size);
    }
    struct cross_rules cross;
    const char *fault = cross_of(s, &cross);
    if (result == 0 && fault) {
        (void)snprintf(why, why_size, "cross.pairs: %s", fault);
        result = -EINVAL;
    }
    if (result == 0 && s->latest_ms && s->latest_ms < CLOCK_IN_SECONDS_MAX) {
        (void)snprintf(why, why_size,
                       "event.latest=%" PRId64 " is a time of the early seventies; hint: it is in "
                       "milliseconds", s->latest_ms);
        result = -EINVAL;
    }
    if (result < 0) { return result; }
    int64_t others = s->actions_max - s->history_length + s->seen_max;
    if (others <= HISTORY_SEEN_MAX) { return 0; }
    (void)snprintf(why, why_size,
                   "history.actions.max - history.length + history.seen.max = %" PRId64
                   " is more than %d, the items a history can name: lower history.seen.max",
                   others, HISTORY_SEEN_MAX);
    return -EINVAL;
}

struct timeline_rules feature_settings_rules(const struct feature_settings *s)
{
    struct cross_rules cross;
    const char *fault = cross_of(s, &cross);
    assert(!fault); /* feature_settings_check() */
    return (struct timeline_rules){
        .cross = cross,
        .contexts = s->contexts_counted,
        .actions_max = (int32_t)s->actions_max,
        .seen_max = (int32_t)s->seen_max,
        .pairs_window = (int32_t)s->pairs_window,
        .transitions_window = (int32_t)s->transitions_window,
        .transitions_exponent = s->transitions_exponent,
        .weights_power = s->weights_power,
        .flat_kind = ACTION_RATING,
        .decay = {s->decay_half_life_ms},
        .trend_decay = {s->trend_half_life_ms},
        .departed_kept = s->archive,
    };
}
