/* Data set: a file of actions (action_rows.h); users and items become numbers. Any file may be
 * gzip.
 *
 * Attributes of items, any number of files:
 *   {"item": [attribute, ...], ...}       JSON
 *   item <tab> ... <tab> words            one item per line; each word and each pair of
 *                                         neighbouring words is an attribute
 * Vectors of items:
 *   item number number ...                blanks, tabs or commas; the same count on each line
 */
#ifndef FRESHET_EVALUATE_DATASET_H
#define FRESHET_EVALUATE_DATASET_H

#include "base/base.h"
#include "base/reason.h"
#include "evaluate/models/content.h"
#include "model/ids.h"
#include "evaluate/action_rows.h"
#include "evaluate/models/sequences.h"

struct dataset {
    struct user_action *actions; /* in the file's order, or in order of time where it has times */
    size_t count;
    size_t capacity;
    struct ids *users;
    struct ids *items;
    bool timed;
    bool rated;
    size_t left_out;    /* actions below the least rating */
    size_t without_ids; /* lines without a user or an item, where the columns were named */
    /* Features of the items, gathered from all files of attributes. */
    struct ids *features;
    uint32_t **item_features;
    size_t *item_features_count;
    struct given_vectors *vectors; /* NULL: none */
    struct reason reason;          /* of the last failure */
};

/* Reads a file of actions by a format; actions rated below `rating_min` are left out. Returns 0,
 * or -1 with dataset->reason set. Free with dataset_release() in either case. */
int dataset_read(struct dataset *dataset, const char *path, const struct action_format *format,
                 double rating_min);
/* Adds a file of attributes; items without an action are left out. Returns 0 or -1 as above. */
int dataset_read_attributes(struct dataset *dataset, const char *path);
/* Reads one file of vectors; items without an action are left out. Returns 0 or -1 as above. */
int dataset_read_vectors(struct dataset *dataset, const char *path);
/* Makes the content index of the attributes; NULL without attributes. Free with content_free(). */
struct content *dataset_content(const struct dataset *dataset);
/* Frees what the data set holds. */
void dataset_release(struct dataset *dataset);

#endif
