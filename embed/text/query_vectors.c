/* A ring of texts that wait, and a table of vectors that are known, the least recently used one of
 * which goes first; one mutex for both. The thread takes some texts, encodes them without the mutex
 * and puts their vectors into the table. A text that came twice is encoded once. A text without a
 * vector is known as one of no numbers.
 */
#include "base/base.h"
#include "base/byte_vector.h"
#include "base/hash_index.h"
#include "base/lru.h"
#include "base/thread.h"
#include "base/xalloc.h"
#include "embed/text/query_vectors.h"
#include "embed/text/sentence_model.h"

#include <xxhash.h>

enum { ENCODED_AT_ONCE = 8 };

_Static_assert((int)QUERY_PIECES_MAX == (int)SENTENCE_PIECES_MAX, "what a setting may be, fits");

struct waiting_text {
    XXH128_hash_t hash;
    uint64_t waiter;
    size_t size;
    char text[QUERY_TEXT_BYTES_MAX];
};

struct known_vector {
    struct lru_link link;
    XXH128_hash_t hash;
    bool encoded; /* false: the text has no vector */
};

struct query_vectors {
    struct sentence_model *model;
    size_t width;
    pthread_t thread;
    bool started, ending; /* `ending` and what follows: under the lock */
    pthread_mutex_t lock;
    pthread_cond_t come, done;
    struct waiting_text waiting[QUERIES_WAITING_MAX]; /* a ring */
    uint64_t asked, taken, answered;                  /* texts so far; also tickets */
    struct known_vector *known;
    int8_t *numbers; /* known x width */
    size_t count, kept;
    struct hash_index index;
    struct lru order;
    void (*wake)(void *arg, uint64_t waiter);
    void *wake_arg;
    struct waiting_text batch[ENCODED_AT_ONCE]; /* of the thread alone, as the next one */
    float *made;                                /* ENCODED_AT_ONCE x width */
    uint64_t encoded;
};

/* ---- Known vectors ---- */

static uint64_t hash_of(const void *owner, uint32_t at)
{
    const struct query_vectors *vectors = owner;
    return vectors->known[at].hash.low64;
}

static bool is_text(const void *owner, uint32_t at, const void *key)
{
    const struct query_vectors *vectors = owner;
    return XXH128_isEqual(vectors->known[at].hash, *(const XXH128_hash_t *)key);
}

static struct known_vector *find_known(struct query_vectors *vectors, XXH128_hash_t hash)
{
    int32_t at = hash_index_find(&vectors->index, hash.low64, is_text, vectors, &hash);
    return at < 0 ? NULL : &vectors->known[at];
}

/* Returns the place of a vector that comes: a new one, or that of the oldest. */
static size_t next_place(struct query_vectors *vectors)
{
    if (vectors->count < vectors->kept) { return vectors->count++; }
    struct known_vector *oldest =
        LRU_ENTRY(lru_oldest(&vectors->order), struct known_vector, link);
    size_t place = (size_t)(oldest - vectors->known);
    hash_index_remove(&vectors->index, oldest->hash.low64, (uint32_t)place, hash_of, vectors);
    lru_remove(&oldest->link);
    return place;
}

static void put_known(struct query_vectors *vectors, XXH128_hash_t hash, const float *made)
{
    if (find_known(vectors, hash)) { return; }
    size_t place = next_place(vectors);
    struct known_vector *known = &vectors->known[place];
    known->hash = hash;
    known->encoded =
        byte_vector_make(made, vectors->width, vectors->numbers + place * vectors->width) > 0.0F;
    hash_index_add(&vectors->index, hash.low64, (uint32_t)place, hash_of, vectors);
    lru_push(&vectors->order, &known->link);
}

/* ---- The thread ---- */

/* Takes some texts that wait; returns how many, 0 at the end. */
static size_t take_batch(struct query_vectors *vectors)
{
    size_t count = 0;
    pthread_mutex_lock(&vectors->lock);
    while (vectors->taken == vectors->asked && !vectors->ending) {
        pthread_cond_wait(&vectors->come, &vectors->lock);
    }
    while (!vectors->ending && count < ENCODED_AT_ONCE && vectors->taken < vectors->asked) {
        vectors->batch[count++] = vectors->waiting[vectors->taken++ % QUERIES_WAITING_MAX];
    }
    pthread_mutex_unlock(&vectors->lock);
    return count;
}

/* Encodes the texts of the batch that are not known; their vectors stand in their order. */
static void encode(struct query_vectors *vectors, size_t count)
{
    struct slice texts[ENCODED_AT_ONCE];
    XXH128_hash_t hashes[ENCODED_AT_ONCE];
    size_t new = 0;
    pthread_mutex_lock(&vectors->lock);
    for (size_t k = 0; k < count; k++) {
        const struct waiting_text *one = &vectors->batch[k];
        bool there = find_known(vectors, one->hash) != NULL;
        for (size_t i = 0; i < new && !there; i++) { there = XXH128_isEqual(hashes[i], one->hash); }
        if (there) { continue; }
        hashes[new] = one->hash;
        texts[new++] = slice_of(one->text, one->size);
    }
    pthread_mutex_unlock(&vectors->lock);
    if (new) { sentence_model_run(vectors->model, texts, new, vectors->made); }
    pthread_mutex_lock(&vectors->lock);
    for (size_t i = 0; i < new; i++) {
        put_known(vectors, hashes[i], vectors->made + i * vectors->width);
    }
    vectors->encoded += new;
    vectors->answered += count;
    pthread_cond_broadcast(&vectors->done);
    pthread_mutex_unlock(&vectors->lock);
}

static void *work(void *arg)
{
    struct query_vectors *vectors = arg;
    size_t count;
    while ((count = take_batch(vectors)) > 0) {
        encode(vectors, count);
        for (size_t k = 0; k < count; k++) {
            uint64_t waiter = vectors->batch[k].waiter;
            if (waiter && vectors->wake) { vectors->wake(vectors->wake_arg, waiter); }
        }
    }
    return NULL;
}

static struct query_vectors *make(struct sentence_model *model, size_t kept)
{
    struct query_vectors *vectors = xcalloc(1, sizeof(*vectors));
    assert(kept >= QUERIES_WAITING_MAX);
    vectors->model = model;
    vectors->width = sentence_model_numbers(model);
    vectors->kept = kept;
    vectors->known = xcalloc(kept, sizeof(*vectors->known));
    vectors->numbers = xcalloc(kept, vectors->width);
    vectors->made = xcalloc(ENCODED_AT_ONCE * vectors->width, sizeof(*vectors->made));
    pthread_mutex_init(&vectors->lock, NULL);
    pthread_cond_init(&vectors->come, NULL);
    pthread_cond_init(&vectors->done, NULL);
    hash_index_init(&vectors->index, 0);
    lru_init(&vectors->order);
    return vectors;
}

int query_vectors_open(const char *path, size_t pieces_max, size_t kept,
                       struct query_vectors **ret_vectors, char *why, size_t why_size)
{
    struct sentence_model *model;
    struct reason reason = {0};
    if (sentence_model_open(path, pieces_max, &model, &reason) < 0) {
        (void)snprintf(why, why_size, "%s", reason.text);
        return -1;
    }
    struct query_vectors *vectors = make(model, kept);
    int result = thread_start(&vectors->thread, "queries", work, vectors);
    vectors->started = result == 0;
    if (result < 0) {
        (void)snprintf(why, why_size, "cannot start a thread: %s", strerror(-result));
        query_vectors_free(vectors);
        return -1;
    }
    *ret_vectors = vectors;
    return 0;
}

void query_vectors_end(struct query_vectors *vectors)
{
    if (!vectors) { return; }
    pthread_mutex_lock(&vectors->lock);
    vectors->ending = true;
    pthread_cond_broadcast(&vectors->come);
    pthread_cond_broadcast(&vectors->done);
    pthread_mutex_unlock(&vectors->lock);
    if (vectors->started) { thread_join(vectors->thread); }
    vectors->started = false;
}

struct query_vectors *query_vectors_free(struct query_vectors *vectors)
{
    if (!vectors) { return NULL; }
    query_vectors_end(vectors);
    pthread_cond_destroy(&vectors->come);
    pthread_cond_destroy(&vectors->done);
    pthread_mutex_destroy(&vectors->lock);
    sentence_model_free(vectors->model);
    hash_index_release(&vectors->index);
    free(vectors->known);
    free(vectors->numbers);
    free(vectors->made);
    free(vectors);
    return NULL;
}

void query_vectors_wake_by(struct query_vectors *vectors,
                           void (*wake)(void *arg, uint64_t waiter), void *arg)
{
    pthread_mutex_lock(&vectors->lock);
    vectors->wake = wake;
    vectors->wake_arg = arg;
    pthread_mutex_unlock(&vectors->lock);
}

const char *query_vectors_version(const struct query_vectors *vectors)
{
    return sentence_model_version(vectors->model);
}

size_t query_vectors_width(const struct query_vectors *vectors)
{
    return vectors->width;
}

size_t query_vectors_waiting(struct query_vectors *vectors)
{
    pthread_mutex_lock(&vectors->lock);
    size_t waiting = (size_t)(vectors->asked - vectors->answered);
    pthread_mutex_unlock(&vectors->lock);
    return waiting;
}

uint64_t query_vectors_encoded(struct query_vectors *vectors)
{
    pthread_mutex_lock(&vectors->lock);
    uint64_t encoded = vectors->encoded;
    pthread_mutex_unlock(&vectors->lock);
    return encoded;
}

/* ---- Texts ---- */

/* Looks a text up; false: it is not known. */
static bool look_up(struct query_vectors *vectors, XXH128_hash_t hash,
                    struct vector_query *ret_vector, enum query_vector *ret_result)
{
    struct known_vector *known = find_known(vectors, hash);
    if (!known) { return false; }
    size_t place = (size_t)(known - vectors->known);
    lru_use(&vectors->order, &known->link);
    *ret_result = known->encoded ? QUERY_ENCODED : QUERY_REFUSED;
    if (known->encoded) {
        vector_query_set(ret_vector, vectors->numbers + place * vectors->width, vectors->width);
    }
    return true;
}

/* Puts a text into the ring; false: it is full. */
static bool ask(struct query_vectors *vectors, struct slice text, XXH128_hash_t hash,
                uint64_t waiter)
{
    bool full = vectors->asked - vectors->taken == QUERIES_WAITING_MAX;
    if (full || vectors->ending) { return false; }
    struct waiting_text *one = &vectors->waiting[vectors->asked++ % QUERIES_WAITING_MAX];
    one->hash = hash;
    one->waiter = waiter;
    one->size = text.size;
    memcpy(one->text, text.data, text.size);
    pthread_cond_signal(&vectors->come);
    return true;
}

enum query_vector query_vectors_find(struct query_vectors *vectors, struct slice text,
                                     uint64_t waiter, struct vector_query *ret_vector)
{
    enum query_vector result = QUERY_REFUSED;
    assert(text.size && text.size <= QUERY_TEXT_BYTES_MAX);
    XXH128_hash_t hash = XXH3_128bits(text.data, text.size);
    pthread_mutex_lock(&vectors->lock);
    bool known = look_up(vectors, hash, ret_vector, &result);
    if (!known && ask(vectors, text, hash, waiter)) {
        result = QUERY_LATER;
        uint64_t ticket = vectors->asked;
        while (!waiter && vectors->answered < ticket && !vectors->ending) {
            pthread_cond_wait(&vectors->done, &vectors->lock);
        }
        if (!waiter && !look_up(vectors, hash, ret_vector, &result)) { result = QUERY_REFUSED; }
    }
    pthread_mutex_unlock(&vectors->lock);
    return result;
}
