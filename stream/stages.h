/* The stages of the pipeline: each worker, and the topic whose offsets say how far it is. */
#ifndef FRESHET_STREAM_STAGES_H
#define FRESHET_STREAM_STAGES_H

#include "base/base.h"

enum { STAGES_COUNT = 7 };

struct stage {
    const char *worker;
    const char *input; /* its partitioned input; ingest may have several, or others */
    bool optional;     /* an installation may do without it */
    bool of_all;       /* one for all generations */
    bool input_shared; /* all generations read the topic */
    bool checkpoints;  /* it commits only with a checkpoint, at most an hour after the last */
};

extern const struct stage stages[STAGES_COUNT];

#endif
