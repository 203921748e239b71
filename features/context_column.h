/* Context column: the contexts of a user's actions, as messages have them: each text once, and for
 * each action which of them it had, from 1; 0: nothing is known. Where nothing is known of any
 * action, both are empty. In memory an action has 1 + the number of the text in `ids`, or 0
 * (model/counting/timeline.h). Memory is reused. One thread. */
#ifndef FRESHET_FEATURES_CONTEXT_COLUMN_H
#define FRESHET_FEATURES_CONTEXT_COLUMN_H

#include "model/ids.h"
#include "stream/avro/codec.h"

struct context_column {
    struct slice *texts;
    int32_t *known; /* of the texts, as actions have them */
    int32_t *numbers;
    size_t texts_count, count, capacity;
};

/* Frees the memory; an empty column is all zeros. */
void context_column_release(struct context_column *column);
/* Empties the column and makes room for so many actions. */
void context_column_begin(struct context_column *column, size_t most);
/* Adds the context of the next action. */
void context_column_add(struct context_column *column, const struct ids *ids, int32_t context);
/* Returns the columns of a message; borrowed until the next context_column_begin(). */
struct slices context_column_texts(const struct context_column *column);
struct ints context_column_numbers(const struct context_column *column);

/* Says whether columns, which may be anybody's, fit so many actions. */
bool context_column_valid(const struct slices *texts, const struct ints *numbers, size_t count);
/* Returns the context of one action of valid columns. 0, or -ENOSPC when ids are full. */
int context_column_get(const struct slices *texts, const struct ints *numbers, size_t at,
                       struct ids *ids, int32_t *ret_context);

#endif
