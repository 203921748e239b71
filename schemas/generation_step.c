#include "base/base.h"
#include "schemas/generation_step.h"

static const char schema[] =
#include "generation_step.avsc.inc"
    ;

static const struct contract_field fields[] = {
    CONTRACT_FIELD(generation_step, FIELD_ENUM, kind, 0),
    CONTRACT_FIELD(generation_step, FIELD_LONG, epoch, 0),
    CONTRACT_FIELD(generation_step, FIELD_STRING, generation, STEP_TEXT_BYTES_MAX),
    CONTRACT_FIELD(generation_step, FIELD_STRING, previous, STEP_TEXT_BYTES_MAX),
    CONTRACT_FIELD(generation_step, FIELD_INT, partition, 0),
};

const struct contract generation_step_contract = {
    .name = "freshet.GenerationStep",
    .schema = schema,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct generation_step),
};

bool generation_step_is_name(struct slice text)
{
    if (text.size > STEP_NAME_BYTES_MAX) { return false; }
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-') { return false; }
    }
    return true;
}

const char *generation_step_key(const struct generation_step *step, char key[STEP_KEY_BYTES_MAX])
{
    const char *verb = step->kind == STEP_RELEASED ? "released" : "taken";
    if (step->kind == STEP_LIVE) { return "live"; }
    (void)snprintf(key, STEP_KEY_BYTES_MAX, "%s/%.*s/%d", verb, SLICE_ARGS(step->generation),
                   step->partition);
    return key;
}
