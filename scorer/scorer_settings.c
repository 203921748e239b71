#include "base/base.h"
#include "scorer/scorer_settings.h"

#define OPTION_SETTINGS struct scorer_settings

const struct option scorer_options[SCORER_OPTIONS_COUNT] = {
    LIST_OPTIONS,
    OPTION("lists.evaluated", BOOL, lists_evaluated, "true", OPTION_FREE,
           "Evaluate lists by their users' next actions, and learn the blend from those; false: "
           "for lists made in hindsight.",
           OPTION_FORMERLY("judge")),
    OPTION("lists.json", BOOL, lists_json, "false", OPTION_FREE,
           "Send what goes to recommendations to recommendations-json as well, as JSON; make that "
           "topic first."),
    OPTION("explore.logged", BOOL, explore_logged, "true", OPTION_FREE,
           "Places of lists that rules draw (explore) are written to served, with their "
           "probabilities; false: nothing is written, and what they bring cannot be judged."),
    OPTION("lists.remake.share", LONG, remake_share, "20", OPTION_RANGE(0, 100),
           "Most percent of a core for making standing lists again when rows, the catalogue, rules "
           "or the model have changed; 0: lists stay until their users act. Barred items are taken "
           "off lists in any case.", OPTION_LIVE),
    OPTION("lists.remake.rest.ms", DURATION, remake_rest_ms, "10m", OPTION_RANGE(0, 864000000),
           "While histories come, changed rows and catalogue entries do not make a standing list "
           "again so soon after it was made, unless items are missing on it: they change all the "
           "time then, and each list that is sent costs as much as that of an action", OPTION_LIVE),
    OPTION("list.age.max", DURATION, list_age_max_ms, "7d", OPTION_RANGE(0, 315360000000),
           "A standing list that is older is made again, and sent even if it is the same (needs "
           "lists.remake.share); 0: never.", OPTION_LIVE),
    OPTION("blend.memory.max", BYTES, blend_memory_max, "32m", OPTION_RANGE(1 << 16, 100 * GIB),
           "Memory for the models' scores of users' last lists, from which the blend learns; not "
           "used where nothing is blended."),
};
