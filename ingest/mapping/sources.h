/* The source topics, each with its own mapping.
 *
 *     sources=shop,catalogue
 *     topic.shop=shop.clickstream          (topic.NAME as for any topic; else prefix and name)
 *     time.format=iso8601                  a key without a name holds for every source
 *     source.shop.map.user=session.user    overrides it for one source
 *     source.catalogue.becomes=Item
 *
 * Without `sources` there is one, named `clicks`.
 */
#ifndef FRESHET_INGEST_MAPPING_SOURCES_H
#define FRESHET_INGEST_MAPPING_SOURCES_H

#include "ingest/mapping/mapping.h"

enum { SOURCES_MAX = 64, SOURCE_NAME_BYTES_MAX = 64 };

struct source {
    char name[SOURCE_NAME_BYTES_MAX + 1];
    struct mapping_settings settings;
    struct mapping *mapping;
};

struct sources;

/* Makes the sources; free with sources_free(). 0, or -EINVAL with the fault and a hint written to
 * why. The settings and the schema cache must outlive them. */
int sources_new(const struct mapping_settings *settings, struct schema_cache *schemas,
                struct sources **ret_sources, char *why, size_t why_size);
/* Frees the sources; takes NULL; returns NULL. */
struct sources *sources_free(struct sources *sources);
/* Returns the number of sources; at least one. */
size_t sources_count(const struct sources *sources);
/* Returns one source. */
const struct source *sources_at(const struct sources *sources, size_t index);
/* Says, from the settings alone, whether one of the sources becomes this target. */
bool sources_become(const struct mapping_settings *settings, enum target target);
/* Appends a line for each value of the settings that is taken but may not be meant: actions without
 * a weight. */
void sources_notes(const struct mapping_settings *settings, struct buf *notes);

/* Says whether a record of some source may ask to forget a user. */
bool sources_forget(const struct mapping_settings *settings);

#endif
