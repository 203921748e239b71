/* Slips: what each member had said when a user's list was made, until the user acts.
 *
 * A cache of fixed size in which one user may push another out: what is gone is not learned from.
 * It holds scores as they were, so that what is learned from the next action was said before it.
 */
#ifndef FRESHET_SCORER_SLIPS_H
#define FRESHET_SCORER_SLIPS_H

#include "model/mixture.h"

enum { SLIP_CANDIDATES = 30 };

struct slip {
    uint64_t user; /* fingerprint */
    int32_t partition; /* the list's input */
    int64_t offset;
    uint8_t segment; /* enum mixture_segment */
    uint8_t count; /* 0: empty */
    int32_t items[SLIP_CANDIDATES];
    float z[MIXTURE_MEMBERS][SLIP_CANDIDATES];
};

struct slips {
    struct slip *at;
    size_t count;
};

/* Prepares an empty cache of at most so many bytes. */
void slips_init(struct slips *slips, size_t bytes_max);
/* Frees the memory. */
void slips_release(struct slips *slips);
/* Keeps a slip. */
void slips_put(struct slips *slips, const struct slip *slip);
/* Finds the slip of a user's list by what the list was built from; NULL when it is gone. */
const struct slip *slips_find(const struct slips *slips, uint64_t user, int32_t partition,
                              int64_t offset);
/* Teaches a mixture that this item came next. */
void slip_teach(const struct slip *slip, struct mixture *mixture, int32_t item);

#endif
