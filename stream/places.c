#include "base/base.h"
#include "base/xalloc.h"
#include "stream/places.h"
#include "stream/wire.h"

struct place *places_find(struct places *places, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < places->count; i++) {
        struct place *place = &places->at[(places->last + i) % places->count];
        if (place->partition == partition && strcmp(place->topic, topic) == 0) {
            places->last = (size_t)(place - places->at);
            return place;
        }
    }
    places->at = xreallocarray(places->at, places->count + 1, sizeof(*places->at));
    struct place *place = &places->at[places->count];
    *place = (struct place){.topic = xstrdup(topic),
                            .partition = partition,
                            .position = OFFSET_NONE,
                            .appended = OFFSET_NONE};
    places->last = places->count++;
    return place;
}

void places_forget_positions(struct places *places)
{
    for (size_t i = 0; i < places->count; i++) { places->at[i].position = OFFSET_NONE; }
}

void places_release(struct places *places)
{
    for (size_t i = 0; i < places->count; i++) { free(places->at[i].topic); }
    free(places->at);
    *places = (struct places){0};
}
