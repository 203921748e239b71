#include "base/base.h"
#include "base/xalloc.h"
#include "embed/text/safetensors.h"

#include <fcntl.h>
#include <jansson.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LENGTH_BYTES = 8 };

struct safetensors {
    struct slice bytes;
    struct slice data; /* behind the header */
    json_t *header;
    bool mapped;
};

/* ---- Header ---- */

static uint64_t read_length(const char *from)
{
    uint64_t length = 0;
    for (size_t i = 0; i < LENGTH_BYTES; i++) {
        length |= (uint64_t)(unsigned char)from[i] << (8 * i);
    }
    return length;
}

static int64_t whole_at(const json_t *array, size_t at)
{
    const json_t *number = json_array_get(array, at);
    return json_is_integer(number) ? (int64_t)json_integer_value(number) : -1;
}

/* Says whether the place of an entry is inside the data. */
static bool place_of(const struct safetensors *tensors, const json_t *entry, size_t *ret_from,
                     size_t *ret_size)
{
    const json_t *offsets = json_object_get(entry, "data_offsets");
    int64_t from = whole_at(offsets, 0), to = whole_at(offsets, 1);
    if (json_array_size(offsets) != 2 || from < 0 || to < from) { return false; }
    if ((uint64_t)to > tensors->data.size) { return false; }
    *ret_from = (size_t)from;
    *ret_size = (size_t)(to - from);
    return true;
}

static int check_entries(const struct safetensors *tensors, struct reason *reason)
{
    const char *name;
    json_t *entry;
    size_t from, size;
    json_object_foreach(tensors->header, name, entry) {
        if (strcmp(name, "__metadata__") == 0) { continue; }
        if (!json_is_string(json_object_get(entry, "dtype")) ||
            !json_is_array(json_object_get(entry, "shape")) ||
            !place_of(tensors, entry, &from, &size)) {
            return reason_give(reason, "tensor '%s' has no type, no shape, or a place that is not "
                               "inside the file: is the file complete?", name);
        }
    }
    return 0;
}

static int read_header(struct safetensors *tensors, struct reason *reason)
{
    const struct slice bytes = tensors->bytes;
    uint64_t length = bytes.size >= LENGTH_BYTES ? read_length(bytes.data) : UINT64_MAX;
    if (length > bytes.size || length + LENGTH_BYTES > bytes.size) {
        return reason_give(reason, "it ends in its header: is the file complete?");
    }
    if (length > SAFETENSORS_HEADER_MAX) {
        return reason_give(reason, "its header has %" PRIu64 " bytes, more than %d", length,
                           SAFETENSORS_HEADER_MAX);
    }
    json_error_t error;
    tensors->header = json_loadb(bytes.data + LENGTH_BYTES, (size_t)length,
                                 JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(tensors->header)) {
        return reason_give(reason, "its header is no JSON object: is it a safetensors file?");
    }
    if (json_object_size(tensors->header) > TENSORS_MAX) {
        return reason_give(reason, "it has more than %d tensors", TENSORS_MAX);
    }
    size_t data = LENGTH_BYTES + (size_t)length;
    tensors->data = slice_of(bytes.data + data, bytes.size - data);
    return check_entries(tensors, reason);
}

int safetensors_new(struct slice bytes, struct safetensors **ret_tensors, struct reason *reason)
{
    struct safetensors *tensors = xcalloc(1, sizeof(*tensors));
    tensors->bytes = bytes;
    if (read_header(tensors, reason) < 0) {
        safetensors_free(tensors);
        return -1;
    }
    *ret_tensors = tensors;
    return 0;
}

/* ---- File ---- */

static int map_file(const char *path, struct slice *ret_bytes)
{
    struct stat info = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) { return -errno; }
    int result = fstat(fd, &info) < 0 ? -errno : 0;
    if (result == 0 && (!S_ISREG(info.st_mode) || info.st_size < LENGTH_BYTES)) {
        result = -EBADMSG;
    }
    if (result == 0) {
        void *at = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        result = at == MAP_FAILED ? -errno : 0;
        if (result == 0) { *ret_bytes = slice_of(at, (size_t)info.st_size); }
    }
    (void)close(fd);
    return result;
}

int safetensors_open(const char *path, struct safetensors **ret_tensors, struct reason *reason)
{
    struct slice bytes = {0};
    int result = map_file(path, &bytes);
    if (result < 0) {
        return reason_give(reason, "cannot read %s: %s", path,
                           result == -EBADMSG ? "it is no file with tensors" : strerror(-result));
    }
    struct reason why = {0};
    if (safetensors_new(bytes, ret_tensors, &why) < 0) {
        (void)munmap((void *)(uintptr_t)bytes.data, bytes.size);
        return reason_give(reason, "cannot read %s: %s", path, why.text);
    }
    (*ret_tensors)->mapped = true;
    return 0;
}

struct safetensors *safetensors_free(struct safetensors *tensors)
{
    if (!tensors) { return NULL; }
    json_decref(tensors->header);
    if (tensors->mapped) {
        (void)munmap((void *)(uintptr_t)tensors->bytes.data, tensors->bytes.size);
    }
    free(tensors);
    return NULL;
}

struct slice safetensors_bytes(const struct safetensors *tensors)
{
    return tensors->bytes;
}

/* ---- Tensors ---- */

static bool type_of(const char *name, enum tensor_type *ret_type)
{
    static const char *const names[] = {
        [TENSOR_F32] = "F32", [TENSOR_F16] = "F16", [TENSOR_BF16] = "BF16"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            *ret_type = (enum tensor_type)i;
            return true;
        }
    }
    return false;
}

static size_t bytes_of(enum tensor_type type)
{
    return type == TENSOR_F32 ? sizeof(float) : sizeof(uint16_t);
}

/* Says whether a shape is rows x columns; a vector has no columns. */
static bool is_shape(const json_t *shape, size_t rows, size_t columns)
{
    const size_t dimensions = json_array_size(shape);
    int64_t first = whole_at(shape, 0);
    int64_t second = dimensions > 1 ? whole_at(shape, 1) : 1;
    return dimensions == (columns == 1 ? 1 : 2) && first == (int64_t)rows &&
           second == (int64_t)columns;
}

static int check_shape(const json_t *entry, const char *name, size_t rows, size_t columns,
                       struct reason *reason)
{
    const json_t *shape = json_object_get(entry, "shape");
    if (is_shape(shape, rows, columns)) { return 0; }
    char *text = json_dumps(shape, JSON_COMPACT);
    (void)reason_give(reason, "tensor '%s' has the shape %.60s; want %zu x %zu: is config.json "
                      "that of this model?", name, text ? text : "?", rows, columns);
    free(text);
    return -1;
}

int safetensors_find(const struct safetensors *tensors, const char *name, size_t rows,
                     size_t columns, struct tensor *ret_tensor, struct reason *reason)
{
    const json_t *entry = json_object_get(tensors->header, name);
    struct tensor tensor = {.shape = {rows, columns, 1, 1}};
    size_t from, size;
    if (!entry || !place_of(tensors, entry, &from, &size)) {
        return reason_give(reason, "there is no tensor '%s': is it a BERT model?", name);
    }
    const char *type = json_string_value(json_object_get(entry, "dtype"));
    if (!type || !type_of(type, &tensor.type)) {
        return reason_give(reason, "tensor '%s' is of type %.20s; want F32, F16 or BF16", name,
                           type ? type : "?");
    }
    if (check_shape(entry, name, rows, columns, reason) < 0) { return -1; }
    if (rows > SIZE_MAX / columns / sizeof(float) ||
        size != rows * columns * bytes_of(tensor.type)) {
        return reason_give(reason, "tensor '%s' has %zu bytes, which is not its shape", name, size);
    }
    tensor.count = rows * columns;
    tensor.at = tensors->data.data + from;
    *ret_tensor = tensor;
    return 0;
}

bool safetensors_has(const struct safetensors *tensors, const char *name)
{
    return json_object_get(tensors->header, name) != NULL;
}

/* Half precision (IEEE 754 binary16) as a float. */
static float half_float(uint16_t half)
{
    const float sign = half & 0x8000 ? -1.0f : 1.0f;
    const int exponent = half >> 10 & 0x1f;
    const float fraction = (float)(half & 0x3ff);
    if (exponent == 0x1f) { return fraction != 0.0f ? NAN : sign * INFINITY; }
    if (exponent == 0) { return sign * ldexpf(fraction, -24); }
    return sign * ldexpf(fraction + 1024.0f, exponent - 25);
}

static float short_float(enum tensor_type type, const char *at)
{
    uint16_t bits;
    memcpy(&bits, at, sizeof(bits));
    if (type == TENSOR_F16) { return half_float(bits); }
    uint32_t wide_bits = (uint32_t)bits << 16;
    float number;
    memcpy(&number, &wide_bits, sizeof(number));
    return number;
}

void tensor_copy(const struct tensor *tensor, size_t from, size_t count, float *to)
{
    assert(from <= tensor->count && count <= tensor->count - from);
    const char *at = tensor->at + from * bytes_of(tensor->type);
    if (tensor->type == TENSOR_F32) {
        memcpy(to, at, count * sizeof(*to));
        return;
    }
    for (size_t i = 0; i < count; i++) {
        to[i] = short_float(tensor->type, at + i * sizeof(uint16_t));
    }
}
