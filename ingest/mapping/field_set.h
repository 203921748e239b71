/* The paths of all fields of a source, or of one kind of its records (kind.VALUE.map.FIELD). */
#ifndef FRESHET_INGEST_MAPPING_FIELD_SET_H
#define FRESHET_INGEST_MAPPING_FIELD_SET_H

#include "ingest/mapping/field_choice.h"
#include "ingest/mapping/json_value.h"
#include "ingest/mapping/mapping_settings.h"
#include "ingest/mapping/named_headers.h"
#include "ingest/mapping/spread.h"
#include "ingest/mapping/tag_sources.h"

struct field_set {
    const char *paths[MAPPED_COUNT];            /* as they are configured; borrowed */
    struct field_choice *choices[MAPPED_COUNT]; /* NULL: not mapped; tags are in `tags` */
    struct tag_sources *tags;                   /* NULL: not mapped */
    struct spread spread;
    enum mapped main; /* the field that names what an element is: without it, it is skipped */
    bool whole_arrays; /* paths lead into a document that is an array */
};

/* How values are read that their path says nothing about. */
struct field_formats {
    const struct mapping_settings *settings;
    bool numbers_as_text;
    struct time_layouts time;
    struct time_layouts created;
    struct flag_texts available;
};

/* Fills in a set from its `paths`, and adds the headers that they name. 0, or -EINVAL with the
 * fault and a hint written to why. Free with field_set_clear(), also when it failed. */
int field_set_init(struct field_set *set, const struct field_formats *formats,
                   struct named_headers *headers, char *why, size_t why_size);
void field_set_clear(struct field_set *set);

#endif
