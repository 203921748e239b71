/* One step of a switch between generations: topic `generations`. See generation_step.avsc. */
#ifndef FRESHET_SCHEMAS_GENERATION_STEP_H
#define FRESHET_SCHEMAS_GENERATION_STEP_H

#include "stream/avro/codec.h"

enum generation_step_kind { STEP_OTHER, STEP_LIVE, STEP_RELEASED, STEP_TAKEN };

enum {
    STEP_NAME_BYTES_MAX = 32, /* of a valid generation */
    STEP_TEXT_BYTES_MAX = 256,
    STEP_KEY_BYTES_MAX = 64,
};

struct generation_step {
    int32_t kind; /* enum generation_step_kind */
    int64_t epoch;
    struct slice generation;
    struct slice previous;
    int32_t partition;
};

extern const struct contract generation_step_contract;

/* Says whether a text may be a generation's name in a record: names are printed, also as JSON, and
 * are parts of topics' names. */
bool generation_step_is_name(struct slice text);
/* Writes the step's key in `generations`; returns key. */
const char *generation_step_key(const struct generation_step *step, char key[STEP_KEY_BYTES_MAX]);

#endif
