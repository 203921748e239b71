/* Random messages of any contract, from a seed, and their comparison: for tests and fuzzing. */
#ifndef FRESHET_TESTS_SAMPLE_H
#define FRESHET_TESTS_SAMPLE_H

#include "base/arena.h"
#include "base/base.h"
#include "schemas/contracts.h"
#include "stream/avro/shape.h"

enum {
    SAMPLE_STRUCT_BYTES_MAX = 1024, /* of any contract's struct */
    SAMPLE_TEXT_MAX = 24,
    SAMPLE_COLUMN_MAX = 8,
};

struct sample {
    uint64_t state; /* splitmix64's */
    struct arena *arena;
};

/* Draws the next 64 bits (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators"). */
static inline uint64_t sample_next(struct sample *sample)
{
    uint64_t z = sample->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Draws a number below `below`. */
static inline size_t sample_below(struct sample *sample, size_t below)
{
    return (size_t)(sample_next(sample) % below);
}

/* Draws an integer of any magnitude: all lengths of varints come up. */
static inline int64_t sample_long(struct sample *sample)
{
    return (int64_t)sample_next(sample) >> sample_below(sample, 64);
}

/* Draws a finite number, often a plain one. */
static inline double sample_double(struct sample *sample)
{
    if (sample_below(sample, 2)) { return (double)(sample_long(sample) % 1000) / 8; }
    for (;;) {
        uint64_t bits = sample_next(sample);
        double value;
        memcpy(&value, &bits, sizeof(value));
        if (isfinite(value)) { return value; }
    }
}

static inline float sample_float(struct sample *sample)
{
    if (sample_below(sample, 2)) { return (float)(sample_long(sample) % 1000) / 8; }
    for (;;) {
        uint32_t bits = (uint32_t)sample_next(sample);
        float value;
        memcpy(&value, &bits, sizeof(value));
        if (isfinite(value)) { return value; }
    }
}

/* Draws a text of ASCII and wider characters. */
static inline struct slice sample_text(struct sample *sample)
{
    static const char *const wide[] = {"\u00e9", "\u20ac", "\U0001f30a", "\"", "\\", "\n", "\x01"};
    size_t count = sample_below(sample, SAMPLE_TEXT_MAX);
    bool plain = sample_below(sample, 2);
    char *text = arena_alloc(sample->arena, count * 4 + 1);
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        if (plain || sample_below(sample, 4)) {
            text[size++] = (char)('a' + sample_below(sample, 26));
        } else {
            const char *one = wide[sample_below(sample, ARRAY_COUNT(wide))];
            memcpy(text + size, one, strlen(one));
            size += strlen(one);
        }
    }
    return slice_of(text, size);
}

static inline struct slice sample_bytes(struct sample *sample)
{
    size_t size = sample_below(sample, SAMPLE_TEXT_MAX);
    char *bytes = arena_alloc(sample->arena, size + 1);
    for (size_t i = 0; i < size; i++) { bytes[i] = (char)sample_next(sample); }
    return slice_of(bytes, size);
}

static inline void sample_member(struct sample *sample, enum field_kind kind,
                                 const struct schema_node *value, void *member)
{
    if (shape_is_column(kind)) {
        enum field_kind element = shape_element(kind);
        size_t bytes = shape_member_bytes(element);
        struct slices column = {.count = sample_below(sample, SAMPLE_COLUMN_MAX)};
        char *at = arena_alloc_array(sample->arena, column.count, bytes);
        for (size_t i = 0; i < column.count; i++) {
            sample_member(sample, element, value->items, at + i * bytes);
        }
        column.at = (void *)at;
        memcpy(member, &column, sizeof(column));
    } else if (kind == FIELD_STRING) {
        *(struct slice *)member = sample_text(sample);
    } else if (kind == FIELD_BYTES) {
        *(struct slice *)member = sample_bytes(sample);
    } else if (kind == FIELD_LONG) {
        *(int64_t *)member = sample_long(sample);
    } else if (kind == FIELD_INT) {
        *(int32_t *)member = (int32_t)(sample_long(sample) >> 32);
    } else if (kind == FIELD_DOUBLE) {
        *(double *)member = sample_double(sample);
    } else if (kind == FIELD_FLOAT) {
        *(float *)member = sample_float(sample);
    } else if (kind == FIELD_BOOL) {
        *(bool *)member = sample_below(sample, 2);
    } else {
        *(int32_t *)member = (int32_t)sample_below(sample, value->count);
    }
}

/* Says whether a member keeps its contract's limit of bytes, or of a column's elements. */
static inline bool sample_fits(const struct contract_field *row, const void *member)
{
    if (shape_is_column(row->kind)) {
        struct slices column;
        memcpy(&column, member, sizeof(column));
        return column.count <= row->limit;
    }
    bool sized = row->kind == FIELD_STRING || row->kind == FIELD_BYTES;
    return !sized || ((const struct slice *)member)->size <= row->limit;
}

/* Fills a contract's struct; its texts and columns live in the sample's arena. */
static inline void sample_fill(struct sample *sample, const struct shape *shape, void *ret_object)
{
    assert(shape->contract->size <= SAMPLE_STRUCT_BYTES_MAX);
    memset(ret_object, 0, shape->contract->size);
    for (size_t i = 0; i < shape->fields_count; i++) {
        const struct shape_field *field = &shape->fields[i];
        void *member = (char *)ret_object + field->row->offset;
        do {
            sample_member(sample, field->row->kind, field->value, member);
        } while (!sample_fits(field->row, member));
    }
}

static inline bool sample_same_member(enum field_kind kind, const void *a, const void *b)
{
    if (kind == FIELD_STRING || kind == FIELD_BYTES) {
        return slice_equal(*(const struct slice *)a, *(const struct slice *)b);
    }
    enum field_kind element = shape_element(kind);
    size_t bytes = shape_member_bytes(element);
    if (!shape_is_column(kind)) { return memcmp(a, b, bytes) == 0; }
    struct slices one;
    struct slices other;
    memcpy(&one, a, sizeof(one));
    memcpy(&other, b, sizeof(other));
    if (one.count != other.count) { return false; }
    for (size_t i = 0; i < one.count; i++) {
        const char *left = (const char *)one.at + i * bytes;
        const char *right = (const char *)other.at + i * bytes;
        if (!sample_same_member(element, left, right)) { return false; }
    }
    return true;
}

/* Says whether two structs of a contract say the same. */
static inline bool sample_same(const struct contract *contract, const void *a, const void *b)
{
    for (size_t i = 0; i < contract->fields_count; i++) {
        const struct contract_field *row = &contract->fields[i];
        const char *left = (const char *)a + row->offset;
        if (!sample_same_member(row->kind, left, (const char *)b + row->offset)) { return false; }
    }
    return true;
}

#endif
