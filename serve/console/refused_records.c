/* The worker's thread puts records, the HTTP server's reads them: one lock. The array is sorted by
 * time, newest first, because the partitions of `dead-letters` are read one after the other at a
 * start. When it is full, the oldest record's memory takes the new one.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "serve/console/refused_records.h"

#include <pthread.h>

struct refused_records {
    pthread_mutex_t lock;
    struct refused_record *at[REFUSED_RECORDS_KEPT]; /* newest first */
    size_t count;
};

struct refused_records *refused_records_new(void)
{
    struct refused_records *letters = xcalloc(1, sizeof(*letters));
    pthread_mutex_init(&letters->lock, NULL);
    return letters;
}

struct refused_records *refused_records_free(struct refused_records *letters)
{
    if (!letters) { return NULL; }
    for (size_t i = 0; i < letters->count; i++) { free(letters->at[i]); }
    pthread_mutex_destroy(&letters->lock);
    free(letters);
    return NULL;
}

static void copy(struct slice text, struct refused_text *ret_text)
{
    ret_text->null = !text.data;
    ret_text->whole = text.size;
    ret_text->size = MIN_OF(text.size, (size_t)REFUSED_TEXT_BYTES);
    if (ret_text->size) { memcpy(ret_text->data, text.data, ret_text->size); }
}

/* The last headers are kept: those of the dead letter come behind the sender's. */
static void copy_headers(const struct record *rec, struct refused_record *letter)
{
    size_t count = record_headers_count(rec);
    if (count == SIZE_MAX) { return; }
    size_t first = count > REFUSED_HEADERS ? count - REFUSED_HEADERS : 0;
    for (size_t i = first; i < count; i++) {
        struct header header;
        if (record_header_at(rec, i, &header) < 0) { continue; }
        copy(slice_str(header.name), &letter->names[letter->headers_count]);
        copy(header.value, &letter->values[letter->headers_count++]);
    }
}

static void fill(const struct record *rec, struct refused_record *letter)
{
    struct slice reason = {0}, message = {0};
    (void)record_header(rec, HEADER_REASON, &reason);
    (void)record_header(rec, "message", &message);
    memset(letter, 0, sizeof(*letter));
    letter->time_ms = rec->time_ms;
    letter->offset = rec->offset;
    letter->partition = rec->partition;
    copy(reason, &letter->reason);
    copy(message, &letter->message);
    copy(rec->key, &letter->key);
    copy(rec->value, &letter->value);
    copy_headers(rec, letter);
}

void refused_records_put(struct refused_records *letters, const struct record *rec)
{
    pthread_mutex_lock(&letters->lock);
    bool full = letters->count == REFUSED_RECORDS_KEPT;
    if (!full || letters->at[REFUSED_RECORDS_KEPT - 1]->time_ms <= rec->time_ms) {
        struct refused_record *letter =
            full ? letters->at[--letters->count] : xcalloc(1, sizeof(*letter));
        fill(rec, letter);
        size_t at = letters->count++;
        for (; at && letters->at[at - 1]->time_ms <= letter->time_ms; at--) {
            letters->at[at] = letters->at[at - 1];
        }
        letters->at[at] = letter;
    }
    pthread_mutex_unlock(&letters->lock);
}

void refused_records_each(struct refused_records *letters,
                          void (*take)(void *arg, const struct refused_record *letter),
                          void *arg)
{
    pthread_mutex_lock(&letters->lock);
    for (size_t i = 0; i < letters->count; i++) { take(arg, letters->at[i]); }
    pthread_mutex_unlock(&letters->lock);
}
