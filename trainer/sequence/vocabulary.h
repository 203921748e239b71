/* Vocabulary: the items and attributes that a model knows, and their numbers in the model.
 *
 * A model's numbers outlive the process, but the training set's do not; so the vocabulary stores
 * fingerprints. New items are numbered in the order of their fingerprints, so that numbers do not
 * depend on the order in which items came into the training set. An item is added when a user acted
 * on it, or when it has attributes or a content vector; an attribute, when at least two items have
 * it. When there are more items than items_max, those of the catalogue are added first, then those
 * with most actions. One thread.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_VOCABULARY_H
#define FRESHET_TRAINER_SEQUENCE_VOCABULARY_H

#include "base/buf.h"
#include "base/hash_index.h"
#include "model/transformer/transformer.h"
#include "trainer/sequence/training_set.h"

enum { VOCABULARY_NONE = -1, VOCABULARY_ATTRIBUTES_MIN = 256 };

/* Fingerprints by number, and numbers by fingerprint. */
struct vocabulary_names {
    uint64_t *hashes;
    uint32_t count, capacity;
    struct hash_index index;
};

struct vocabulary {
    struct vocabulary_names items, attributes;
    uint32_t items_max, attributes_max;
    int32_t *numbers; /* by the training set's item number: the model's, or VOCABULARY_NONE */
    size_t numbers_count;
    uint64_t version; /* of the training set, at the last update */
    int64_t over_max; /* new items left out at the last update, as items_max was reached */
    bool crowded; /* one of them is in the catalogue, while others that are not have numbers */
};

/* Prepares an empty vocabulary for a new model. attributes_max becomes twice the number of shared
 * attributes that the training set has now, at least VOCABULARY_ATTRIBUTES_MIN. */
void vocabulary_init(struct vocabulary *vocabulary, struct training_set *training_set,
                     uint32_t items_max);
/* Frees the memory. */
void vocabulary_release(struct vocabulary *vocabulary);
/* Adds what is new in the training set; says whether anything changed there. */
bool vocabulary_update(struct vocabulary *vocabulary, struct training_set *training_set);
/* Makes the model agree with the vocabulary: its number of items, and their attributes. */
void vocabulary_apply(const struct vocabulary *vocabulary, struct training_set *training_set,
                      struct transformer *model);
/* Translates a sequence from the training set's numbers to the model's, in place; items that the
 * model does not know are left out, and their weights (NULL: none); searches stay. Returns how many
 * are left. */
size_t vocabulary_translate(const struct vocabulary *vocabulary, int32_t *items, float *weights,
                            size_t count);
/* Finds the number of a fingerprint; VOCABULARY_NONE when it is not among the names. */
int32_t vocabulary_find(const struct vocabulary_names *names, uint64_t hash);
/* Copies names; release with vocabulary_names_release(). */
void vocabulary_names_copy(const struct vocabulary_names *names,
                           struct vocabulary_names *ret_names);
void vocabulary_names_release(struct vocabulary_names *names);
/* Lists the training set's item of each number of the model, or VOCABULARY_NONE; the caller
 * frees. */
int32_t *vocabulary_training_items(const struct vocabulary *vocabulary);
/* Returns the model's number of an item of the training set, or VOCABULARY_NONE. */
int32_t vocabulary_number(const struct vocabulary *vocabulary, int32_t item);

/* Appends the vocabulary as bytes. */
void vocabulary_save(const struct vocabulary *vocabulary, struct buf *buf);
/* Fills a vocabulary from what vocabulary_save() wrote at *at, and moves *at behind it; false: the
 * bytes are not valid. */
bool vocabulary_load(struct vocabulary *vocabulary, const char **at, const char *end,
                     uint32_t items_max);

#endif
