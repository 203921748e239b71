/* The schemas of a run: where they come from. */
#include "base/base.h"
#include "stream/framing.h"
#include "stream/run_internal.h"

static int load_directory(struct run *run)
{
    struct codec_error error = {0};
    if (!run->settings.schemas_path[0]) { return 0; }
    int result = schema_book_add_dir(run->schemas, run->settings.schemas_path, &error);
    if (result < 0) {
        run_break(run, EXIT_CONFIG, "schemas.path=%s: %s: %s", run->settings.schemas_path,
                  error.reason ? error.reason : strerror(-result), error.detail);
    }
    return result;
}

/* What is written with ids must have one each. */
static int check_ids(struct run *run)
{
    for (size_t i = 0; i < run->worker->outputs_count; i++) {
        const struct output *output = &run->worker->outputs[i];
        for (size_t k = 0; k < OUTPUT_CONTRACTS_MAX && output->contracts[k]; k++) {
            uint64_t fingerprint = 0;
            int rc = schema_fingerprint(output->contracts[k]->schema, &fingerprint);
            assert(rc == 0);
            struct frame frame = schema_book_frame(run->schemas, fingerprint);
            if (frame.framing == FRAMING_CONFLUENT) { continue; }
            run_break(run, EXIT_CONFIG,
                      "schema.framing=confluent, but %s, written to %s, has no id; hint: put its "
                      "schema into schemas.path as ID.avsc",
                      output->contracts[k]->name, run->output_topics[i]);
            return -1;
        }
    }
    return 0;
}

int run_load_schemas(struct run *run)
{
    run->schemas = schema_book_new();
    if (load_directory(run) < 0) { return -1; }
    if (run->settings.schema_framing != SCHEMA_FRAMING_CONFLUENT) { return 0; }
    schema_book_write(run->schemas, FRAMING_CONFLUENT);
    return check_ids(run);
}
