/* The texts of one record: either borrowed from its bytes, or written one after the other into a
 * buffer of the list. The list keeps its memory from record to record. */
#ifndef FRESHET_INGEST_PAYLOAD_TEXT_LIST_H
#define FRESHET_INGEST_PAYLOAD_TEXT_LIST_H

#include "base/buf.h"

enum { TEXT_LIST_MAX = 10000 }; /* texts of one record */

struct text_list {
    struct buf bytes; /* of texts that are written */
    struct slice *at;
    size_t count;
    size_t capacity;
    size_t ended; /* bytes that belong to the texts so far */
};

/* Makes an empty list whose written texts may have bytes_max bytes together. Free with
 * text_list_release(). */
void text_list_init(struct text_list *list, size_t bytes_max);
/* Frees the memory. */
void text_list_release(struct text_list *list);
/* Forgets all texts. */
void text_list_clear(struct text_list *list);
/* Adds a text that is borrowed; false: there are too many. */
bool text_list_add(struct text_list *list, struct slice text);
/* Adds what was appended to `bytes` since the last text; false: there are too many. A list has
 * either borrowed or written texts. */
bool text_list_end(struct text_list *list);
/* Returns the texts; borrowed until the list changes. */
struct slices text_list_slices(struct text_list *list);

#endif
