#include "base/base.h"
#include "ingest/mapping/path_format.h"

enum { SCALE_MAX = 99 };

/* `decimal`, `decimal(2)`, `decimal(10)`. */
static bool parse_decimal(struct slice text, int *ret_scale)
{
    struct slice name = slice_str("decimal");
    if (text.size < name.size || memcmp(text.data, name.data, name.size) != 0) { return false; }
    int scale = 0;
    size_t at = name.size;
    if (at < text.size) {
        if (text.data[at] != '(' || text.data[text.size - 1] != ')') { return false; }
        for (at++; at + 1 < text.size; at++) {
            if (text.data[at] < '0' || text.data[at] > '9') { return false; }
            scale = scale * 10 + (text.data[at] - '0');
            if (scale > SCALE_MAX) { return false; }
        }
    }
    *ret_scale = scale;
    return true;
}

int path_format_parse(struct slice text, struct path_format *ret_format)
{
    struct time_layout time;
    int scale;
    if (time_layout_parse(text, &time) == 0 && time.format != TIME_FORMAT_AVRO) {
        *ret_format = (struct path_format){.kind = PATH_FORMAT_TIME, .time = time};
        return 0;
    }
    if (!parse_decimal(text, &scale)) { return -EINVAL; }
    *ret_format = (struct path_format){.kind = PATH_FORMAT_DECIMAL, .scale = scale};
    return 0;
}
