/* Roll: which of the training_set's items and attributes a model knows, and by which numbers.
 *
 * A model's numbers outlive the process, the training_set's do not: the vocabulary keeps
 * fingerprints. Items that are new to it get their numbers in the order of their fingerprints, so
 * that numbers do not depend on the order in which the training_set got to know them. An item is
 * taken when somebody had it or when it has attributes; an attribute when at least two items have
 * it.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_VOCABULARY_H
#define FRESHET_TRAINER_SEQUENCE_VOCABULARY_H

#include "base/buf.h"
#include "base/hash_index.h"
#include "model/transformer/transformer.h"
#include "trainer/sequence/training_set.h"

enum { VOCABULARY_NONE = -1, VOCABULARY_ATTRIBUTES_MIN = 256 };

/* Fingerprints by the model's numbers, and the way back. */
struct vocabulary_names {
    uint64_t *hashes;
    uint32_t count, capacity;
    struct hash_index index;
};

struct vocabulary {
    struct vocabulary_names items, attributes;
    uint32_t items_max, attributes_max;
    int32_t *numbers; /* the training_set's item -> the model's, or VOCABULARY_NONE */
    size_t numbers_count;
    uint64_t version; /* of the training_set, when it was last looked at */
    int64_t over_max; /* items of the training_set that found no place */
};

/* Prepares an empty vocabulary for a model that is yet to be made: attributes_max follows from what
 * the training_set knows now, with room for as many again. */
void vocabulary_init(struct vocabulary *vocabulary, struct training_set *training_set,
                     uint32_t items_max);
/* Frees the memory. */
void vocabulary_release(struct vocabulary *vocabulary);
/* Takes what is new in the training_set; says whether anything is. */
bool vocabulary_update(struct vocabulary *vocabulary, struct training_set *training_set);
/* Makes the model agree: as many items, and their attributes. */
void vocabulary_apply(const struct vocabulary *vocabulary, struct training_set *training_set,
                      struct transformer *model);
/* Turns a sequence of the training_set's numbers into the model's, in place; items that the model
 * does not know are left out. Returns what is left. */
size_t vocabulary_translate(const struct vocabulary *vocabulary, int32_t *items, size_t count);
/* Finds the place of a fingerprint among names; VOCABULARY_NONE when it is none of them. */
int32_t vocabulary_find(const struct vocabulary_names *names, uint64_t hash);
/* Copies names; release with vocabulary_names_release(). */
void vocabulary_names_copy(const struct vocabulary_names *names,
                           struct vocabulary_names *ret_names);
void vocabulary_names_release(struct vocabulary_names *names);
/* Tells the model's number of a training_set's item. */
int32_t vocabulary_number(const struct vocabulary *vocabulary, int32_t item);

/* Appends the vocabulary as bytes. */
void vocabulary_save(const struct vocabulary *vocabulary, struct buf *buf);
/* Fills a vocabulary from what vocabulary_save() wrote at *at, which moves behind it; false: it is
 * not that. */
bool vocabulary_load(struct vocabulary *vocabulary, const char **at, const char *end,
                     uint32_t items_max);

#endif
