/* Texts that wait stand in a queue in the order of their numbers. The encoder's ring takes some of
 * them at a time; a text leaves the queue when its vector is known, or it is known to have none.
 * The encoder keeps the newest texts, more than its ring holds, so that a text that was encoded is
 * found when it is asked for again.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/hash_index.h"
#include "base/xalloc.h"
#include "trainer/sequence/search_table.h"

#include <pthread.h>
#include <xxhash.h>

enum { CAPACITY_FIRST = 64, ASKED_AT_ONCE = QUERIES_WAITING_MAX / 2, WAITER = 1 };

struct text_entry {
    XXH128_hash_t hash;
    float inverse; /* 1 / the length of its numbers; 0: it has no vector */
};

struct waiting_search {
    int32_t number;
    char *text;
    size_t size;
};

struct search_table {
    struct query_vectors *encoder;
    size_t most, width;
    struct hash_index index; /* of the entries, by hash */
    struct waiting_search *waiting;
    size_t waiting_count, waiting_capacity;
    size_t awaited; /* search_table_caught_up(): texts that were there when it was first `asked` */
    bool asked;
    pthread_mutex_t lock; /* of what follows */
    struct text_entry *entries;
    int8_t *numbers; /* by entry: width */
    size_t count, capacity, encoded;
};

struct search_table *search_table_new(struct query_vectors *encoder, size_t most)
{
    struct search_table *table = xcalloc(1, sizeof(*table));
    table->encoder = encoder;
    table->most = most;
    table->width = query_vectors_width(encoder);
    hash_index_init(&table->index, 0);
    pthread_mutex_init(&table->lock, NULL);
    return table;
}

struct search_table *search_table_free(struct search_table *table)
{
    if (!table) { return NULL; }
    for (size_t k = 0; k < table->waiting_count; k++) { free(table->waiting[k].text); }
    query_vectors_free(table->encoder);
    hash_index_release(&table->index);
    pthread_mutex_destroy(&table->lock);
    free(table->waiting);
    free(table->entries);
    free(table->numbers);
    free(table);
    return NULL;
}

const char *search_table_model(const struct search_table *table)
{
    return query_vectors_version(table->encoder);
}

size_t search_table_width(const struct search_table *table)
{
    return table->width;
}

/* ---- Texts ---- */

static uint64_t hash_of(const void *table, uint32_t at)
{
    return ((const struct search_table *)table)->entries[at].hash.low64;
}

static bool is_text(const void *table, uint32_t at, const void *hash)
{
    return XXH128_isEqual(((const struct search_table *)table)->entries[at].hash,
                          *(const XXH128_hash_t *)hash);
}

/* Adds an entry; under the lock, as entries may move. */
static void add_entry(struct search_table *table, XXH128_hash_t hash)
{
    pthread_mutex_lock(&table->lock);
    if (table->count == table->capacity) {
        table->capacity = MAX_OF(2 * table->capacity, (size_t)CAPACITY_FIRST);
        table->entries = xreallocarray(table->entries, table->capacity, sizeof(*table->entries));
        table->numbers = xreallocarray(table->numbers, table->capacity, table->width);
    }
    table->entries[table->count] = (struct text_entry){.hash = hash};
    hash_index_add(&table->index, hash.low64, (uint32_t)table->count++, hash_of, table);
    pthread_mutex_unlock(&table->lock);
}

int32_t search_table_number(struct search_table *table, struct slice text)
{
    if (!text.size || text.size > QUERY_TEXT_BYTES_MAX) { return SEARCH_NONE; }
    const XXH128_hash_t hash = XXH3_128bits(text.data, text.size);
    int32_t number = hash_index_find(&table->index, hash.low64, is_text, table, &hash);
    if (number != HASH_INDEX_NONE) { return number; }
    if (table->count >= table->most) { return SEARCH_NONE; }
    number = (int32_t)table->count;
    add_entry(table, hash);
    ARRAY_RESERVE(table->waiting, table->waiting_capacity, table->waiting_count + 1,
                  CAPACITY_FIRST);
    table->waiting[table->waiting_count++] = (struct waiting_search){
        .number = number,
        .text = xmemdup(text.data, text.size),
        .size = text.size,
    };
    return number;
}

/* ---- Vectors ---- */

static void set_vector(struct search_table *table, int32_t number, const struct vector_query *from)
{
    pthread_mutex_lock(&table->lock);
    memcpy(table->numbers + (size_t)number * table->width, from->numbers, table->width);
    table->entries[number].inverse = from->inverse;
    table->encoded++;
    pthread_mutex_unlock(&table->lock);
}

/* Asks for a text; says whether it still waits. */
static bool still_waits(struct search_table *table, struct waiting_search *one)
{
    struct vector_query vector;
    const struct slice text = slice_of(one->text, one->size);
    const enum query_vector found = query_vectors_find(table->encoder, text, WAITER, &vector);
    if (found == QUERY_LATER) { return true; }
    if (found == QUERY_ENCODED) { set_vector(table, one->number, &vector); }
    free(one->text);
    return false;
}

void search_table_work(struct search_table *table)
{
    const size_t asked = MIN_OF(table->waiting_count, (size_t)ASKED_AT_ONCE);
    size_t kept = 0;
    if (!asked || query_vectors_waiting(table->encoder)) { return; }
    for (size_t k = 0; k < asked; k++) {
        if (still_waits(table, &table->waiting[k])) { table->waiting[kept++] = table->waiting[k]; }
    }
    if (kept == asked) { return; }
    memmove(table->waiting + kept, table->waiting + asked,
            (table->waiting_count - asked) * sizeof(*table->waiting));
    table->waiting_count -= asked - kept;
}

size_t search_table_waiting(const struct search_table *table)
{
    return table->waiting_count;
}

bool search_table_caught_up(struct search_table *table)
{
    if (!table->asked) {
        table->asked = true;
        table->awaited = table->count;
    }
    return !table->waiting_count || (size_t)table->waiting[0].number >= table->awaited;
}

size_t search_table_count(struct search_table *table)
{
    pthread_mutex_lock(&table->lock);
    const size_t encoded = table->encoded;
    pthread_mutex_unlock(&table->lock);
    return encoded;
}

bool search_table_read(struct search_table *table, int32_t number, float *ret_vector)
{
    pthread_mutex_lock(&table->lock);
    const bool known = number >= 0 && (size_t)number < table->count;
    const float inverse = known ? table->entries[number].inverse : 0.0F;
    const int8_t *numbers = table->numbers + (known ? (size_t)number * table->width : 0);
    for (size_t i = 0; inverse > 0.0F && i < table->width; i++) {
        ret_vector[i] = inverse * (float)numbers[i];
    }
    pthread_mutex_unlock(&table->lock);
    return inverse > 0.0F;
}
