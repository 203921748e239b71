/* Safetensors: the tensors of a model's file, by name.
 *
 *     8 bytes: N, little-endian | N bytes: JSON | the tensors' numbers
 *
 * The JSON says for each name its type, shape and place. All of it is checked when it is read, so a
 * tensor's numbers are inside the file. Numbers are read where they are (the file is mapped, and
 * must not be shortened while it is used: write a new file and rename it).
 */
#ifndef FRESHET_EMBED_TEXT_SAFETENSORS_H
#define FRESHET_EMBED_TEXT_SAFETENSORS_H

#include "base/base.h"
#include "base/reason.h"
#include "base/slice.h"

enum { TENSORS_MAX = 4096, TENSOR_DIMENSIONS_MAX = 4, SAFETENSORS_HEADER_MAX = 4 << 20 };

enum tensor_type { TENSOR_F32, TENSOR_F16, TENSOR_BF16 };

struct tensor {
    enum tensor_type type;
    size_t shape[TENSOR_DIMENSIONS_MAX]; /* 1 behind the last one */
    const char *at;                      /* of any alignment */
    size_t count;                        /* of numbers */
};

struct safetensors;

/* Reads the header of a file's bytes, which are borrowed; 0, or -1 with the reason. Free with
 * safetensors_free(). */
int safetensors_new(struct slice bytes, struct safetensors **ret_tensors, struct reason *reason);
/* The same of a file, which it maps. */
int safetensors_open(const char *path, struct safetensors **ret_tensors, struct reason *reason);
/* Frees it; takes NULL; returns NULL. */
struct safetensors *safetensors_free(struct safetensors *tensors);
/* The bytes of the whole file. */
struct slice safetensors_bytes(const struct safetensors *tensors);
/* Finds a tensor of floats with this shape (columns 1: a vector); 0, or -1 with the reason. */
int safetensors_find(const struct safetensors *tensors, const char *name, size_t rows,
                     size_t columns, struct tensor *ret_tensor, struct reason *reason);
/* Says whether there is a tensor of this name. */
bool safetensors_has(const struct safetensors *tensors, const char *name);
/* Copies `count` numbers from number `from` on. */
void tensor_copy(const struct tensor *tensor, size_t from, size_t count, float *to);

#endif
