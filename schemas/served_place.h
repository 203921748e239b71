/* A place of a list that was drawn at random: topic `served`. See served_place.avsc. */
#ifndef FRESHET_SCHEMAS_SERVED_PLACE_H
#define FRESHET_SCHEMAS_SERVED_PLACE_H

#include "schemas/user_event.h"

enum {
    SERVED_ITEMS_MAX = 50,
    SERVED_PLACE_BYTES_MAX = 1 << 15, /* of a message */
};

struct served_place {
    struct slice list_id;
    struct slice placement;
    struct slice generation;
    int32_t place;
    struct slice item_id;
    double probability;
    double temperature;
    /* Columns, one entry a candidate. */
    struct slices items;
    struct floats scores;
    struct floats probabilities;
    int64_t as_of_ms;
    bool requested;
};

extern const struct contract served_place_contract;

/* Finds the item's number among the candidates; -1: it is none of them, or the columns do not fit
 * each other, or what it says cannot be: a message may come from anybody. */
int served_place_chosen(const struct served_place *place);

#endif
