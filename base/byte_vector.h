/* Byte vectors: numbers of a vector as signed bytes.
 *
 *   scale = the largest |number| / 127;   byte = the nearest integer to number / scale
 *
 * The error of a number is at most half a scale. Pure.
 */
#ifndef FRESHET_BASE_BYTE_VECTOR_H
#define FRESHET_BASE_BYTE_VECTOR_H

#include "base/base.h"

/* Writes `width` bytes and returns the scale; 0, and nothing is written: the numbers are all 0, or
 * one is not finite. */
float byte_vector_make(const float *numbers, size_t width, int8_t *to);

#endif
