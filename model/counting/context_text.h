/* Context: the circumstances of an action, as indicators, each with one value in its dimension:
 *
 *     device    mobile, desktop ...       as it was sent, in small letters (ASCII)
 *     channel   app, web, mail ...        as device
 *     country   de                        as device
 *     region    de-by                     as device; the country's word before it
 *     geohash   u281                      its first 4 characters: a field of 39 km by 20
 *     day       night, morning, afternoon, evening: from 0, 6, 12 and 18 o'clock
 *     week      weekday, weekend
 *
 * An indicator is written as an id that no item of a platform has: CONTEXT_MARK, a letter for the
 * dimension, and the value. The text of a context is its indicators, one behind the other, in the
 * order of the dimensions. So counts of indicators travel as those of items do (cross_rules.h):
 *
 *     MARK d mobile      an indicator              MARK d      all indicators of the dimension
 *     MARK i ITEM        an item as what was acted on in contexts
 *
 * An action of a positive weight on item i adds, for each of its indicators c of dimension D,
 *
 *     n(c, i) += 1, n(c) += 1, n(D) += 1     unless one of the user's `pairs_window` actions before
 *                                            it is on i, with c
 *
 * so that a user counts once for an item in a context, within the window: the observations of an
 * item are of different users, which a test of them assumes (context_table.h). This is a function
 * of the action and its predecessors only, like all that a timeline adds (timeline.h). n(c, i)
 * travels as the transition from c to i.
 *
 * A value that is unknown, has a control character, or more than CONTEXT_VALUE_BYTES_MAX bytes is
 * left out. Pure functions.
 */
#ifndef FRESHET_MODEL_COUNTING_CONTEXT_TEXT_H
#define FRESHET_MODEL_COUNTING_CONTEXT_TEXT_H

#include "base/slice.h"

enum context_dimension {
    CONTEXT_DEVICE,
    CONTEXT_CHANNEL,
    CONTEXT_COUNTRY,
    CONTEXT_REGION,
    CONTEXT_GEOHASH,
    CONTEXT_DAY,
    CONTEXT_WEEK,
    CONTEXT_DIMENSIONS,
};

enum {
    CONTEXT_MARK = 0x1f, /* CROSS_MARK: `features` refuses items with such ids */
    CONTEXT_VALUE_BYTES_MAX = 64,
    CONTEXT_ID_BYTES_MAX = 2 + CONTEXT_VALUE_BYTES_MAX, /* of an indicator */
    CONTEXT_TEXT_BYTES_MAX = CONTEXT_DIMENSIONS * CONTEXT_ID_BYTES_MAX,
    CONTEXT_ITEM_BYTES_MAX = 256, /* of an item's id with its mark; longer ones are not counted */
};

/* What is known of an action, or of somebody who asks for a list. */
struct circumstances {
    struct slice device, channel, country, region, geohash; /* empty: not known */
    int32_t hour;                                           /* 0 to 23; below 0: not known */
    int32_t weekday;                                        /* 1 (Monday) to 7; 0: not known */
};

/* Writes the text of a context; an empty slice: nothing is known. */
struct slice context_text_write(const struct circumstances *from,
                                char into[static CONTEXT_TEXT_BYTES_MAX]);
/* Takes the next indicator off a text; false: there is none, or it is no text of a context. */
bool context_text_next(struct slice *text, struct slice *ret_indicator);
/* Says whether a text, which may be anybody's, is one of a context that is not empty. */
bool context_text_valid(struct slice text);

/* Reads an indicator; an empty value: all of the dimension. False: the id is no indicator. */
bool context_id_read(struct slice id, enum context_dimension *ret_dimension,
                     struct slice *ret_value);
/* Writes the id of all indicators of a dimension. */
struct slice context_id_all(enum context_dimension dimension, char into[static 2]);
/* Writes an item as what was acted on in contexts; an empty slice: its id is too long. */
struct slice context_item_write(struct slice item, char into[static CONTEXT_ITEM_BYTES_MAX]);
/* Reads such an id; false: it is none. The item's id is borrowed from it. */
bool context_item_read(struct slice id, struct slice *ret_item);

/* The name of a dimension: device, channel, country, region, geohash, day, week. */
const char *context_dimension_name(enum context_dimension dimension);

#endif
