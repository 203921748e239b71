#include "base/base.h"
#include "stream/stages.h"

const struct stage stages[STAGES_COUNT] = {
    {"ingest", "clicks", .of_all = true, .input_shared = true},
    {"features", "events", .input_shared = true},
    {.worker = "trainer", .input = "pair-deltas", .checkpoints = true},
    {.worker = "scorer", .input = "histories"},
    {"sequence", "models", .optional = true},
    {"serve", "requests", .optional = true, .input_shared = true},
    {"embed", "items", .optional = true, .of_all = true, .input_shared = true},
};
