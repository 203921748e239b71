/* Content aspects: what items are alike by, each by itself. Tags, levels of the category, brand,
 * price and words of the title are features (feature_neighbours.h); the vector of the text, the
 * given one, and further ones by name are vectors (vector_neighbours.h).
 *
 * A mixture learns a weight for each (mixture.h). Names of further vectors have five places: each
 * name the one that its hash says, which is the same for everybody, or the next one that is free
 * (content_scores.h). Pure.
 */
#ifndef FRESHET_MODEL_CONTENT_ASPECTS_H
#define FRESHET_MODEL_CONTENT_ASPECTS_H

#include "base/slice.h"

enum content_aspect {
    ASPECT_TAGS,
    ASPECT_CATEGORY,
    ASPECT_BRAND,
    ASPECT_PRICE,
    ASPECT_WORDS,
    ASPECT_TEXT,
    ASPECT_GIVEN,
    ASPECT_NAMED, /* the first place of further vectors */
    ASPECTS = ASPECT_NAMED + 5,
};

/* Returns the aspect of vectors of a name, where no other name has it. */
int content_aspect_of_vectors(struct slice name);
/* Returns an aspect's name: tags, ..., vectors_1, ... */
const char *content_aspect_name(int aspect);

#endif
