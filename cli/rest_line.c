#include "base/base.h"
#include "base/quote.h"
#include "cli/rest_line.h"

void print_rest(const json_t *copies, FILE *out)
{
    size_t index, busy = 0;
    json_t *copy;
    json_array_foreach(copies, index, copy)
    {
        if (json_is_true(json_object_get(copy, "at_rest"))) { continue; }
        const char *worker = json_string_value(json_object_get(copy, "worker"));
        fprintf(out, "%s%s slot %lld", busy++ ? ", " : "not at rest: ",
                quote_line(slice_str(worker ? worker : "-")).text,
                (long long)json_integer_value(json_object_get(copy, "slot")));
    }
    if (busy) { fprintf(out, "\n"); }
    if (!busy && json_array_size(copies)) {
        fprintf(out, "at rest: all inputs are read, and all that follows is written\n");
    }
}
