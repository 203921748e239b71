#include "base/base.h"
#include "stream/config/properties.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every input is read to its end, in order, within the limits, a fault or a property each time. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct properties_reader reader;
    struct property_line line;
    properties_reader_init(&reader, slice_of(data, size));
    int last = 0;
    for (int got; (got = properties_next(&reader, &line)) != 0;) {
        assert(line.line > last);
        last = line.line;
        if (got < 0) {
            assert(line.fault);
            continue;
        }
        assert(strlen(line.key) > 0 && strlen(line.key) < PROPERTY_KEY_MAX);
        assert(strlen(line.value) < PROPERTY_VALUE_MAX);
    }
    assert(reader.at == size);
    properties_reader_release(&reader);
    return 0;
}
