/* Vectors of queries are those of the library, whoever waits for them and however. */
#include "base/base.h"
#include "base/byte_vector.h"
#include "embed/text/sentence_model.h"
#include "embed/text/query_vectors.h"

#include <pthread.h>
#include <setjmp.h>
#include <cmocka.h>

#define MODEL "tests/golden/sentences"

enum { PIECES = 64, NUMBERS_MAX = 64, TEXTS = 600, LATER = 40 };

static void assert_vector(const struct vector_query *vector, const char *text)
{
    struct sentence_model *model = NULL;
    struct reason reason;
    float numbers[NUMBERS_MAX];
    int8_t bytes[NUMBERS_MAX];
    const struct slice one = slice_str(text);
    assert_int_equal(sentence_model_open(MODEL, PIECES, &model, &reason), 0);
    size_t width = sentence_model_numbers(model);
    assert_true(width <= NUMBERS_MAX && vector->width == width);
    sentence_model_run(model, &one, 1, numbers);
    assert_true(byte_vector_make(numbers, width, bytes) > 0.0F);
    assert_memory_equal(vector->numbers, bytes, width);
    sentence_model_free(model);
}

static struct query_vectors *open_vectors(void)
{
    struct query_vectors *vectors = NULL;
    char why[200];
    assert_int_equal(query_vectors_open(MODEL, PIECES, QUERIES_WAITING_MAX, &vectors, why,
                                        sizeof(why)), 0);
    return vectors;
}

static void name(char *into, int k)
{
    (void)snprintf(into, 32, "film %d of the sea", k);
}

static void test_waited_for(void **state _unused_)
{
    struct query_vectors *vectors = open_vectors();
    static struct vector_query vector;
    char text[32];
    for (int k = 0; k < TEXTS; k++) {
        name(text, k % 400);
        assert_int_equal(query_vectors_find(vectors, slice_str(text), 0, &vector), QUERY_ENCODED);
        if (k % 97 == 0) { assert_vector(&vector, text); }
    }
    /* 256 are kept: the oldest ones were encoded again, those behind them, too */
    assert_int_equal(query_vectors_encoded(vectors), TEXTS);
    name(text, (TEXTS - 1) % 400);
    assert_int_equal(query_vectors_find(vectors, slice_str(text), 0, &vector), QUERY_ENCODED);
    assert_int_equal(query_vectors_encoded(vectors), TEXTS);
    query_vectors_free(vectors);
}

struct woken {
    pthread_mutex_t lock;
    pthread_cond_t more;
    int count;
    bool has[LATER + 1];
};

static void wake(void *arg, uint64_t waiter)
{
    struct woken *woken = arg;
    pthread_mutex_lock(&woken->lock);
    assert(waiter <= LATER && !woken->has[waiter]);
    woken->has[waiter] = true;
    woken->count++;
    pthread_cond_signal(&woken->more);
    pthread_mutex_unlock(&woken->lock);
}

static void test_later(void **state _unused_)
{
    static struct woken woken = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, {0}};
    static struct vector_query vector;
    struct query_vectors *vectors = open_vectors();
    char text[32];
    int later = 0;
    query_vectors_wake_by(vectors, wake, &woken);
    for (int k = 1; k <= LATER; k++) {
        name(text, k / 2); /* each comes twice */
        later += query_vectors_find(vectors, slice_str(text), (uint64_t)k, &vector) == QUERY_LATER;
    }
    pthread_mutex_lock(&woken.lock);
    while (woken.count < later) { pthread_cond_wait(&woken.more, &woken.lock); }
    pthread_mutex_unlock(&woken.lock);
    assert_true(later >= 1);
    for (int k = 1; k <= LATER; k++) {
        name(text, k / 2);
        assert_int_equal(query_vectors_find(vectors, slice_str(text), (uint64_t)k, &vector),
                         QUERY_ENCODED);
        assert_vector(&vector, text);
    }
    assert_int_equal(query_vectors_encoded(vectors), LATER / 2 + 1);
    query_vectors_end(vectors);
    assert_int_equal(query_vectors_find(vectors, slice_str("new"), 1, &vector), QUERY_REFUSED);
    assert_int_equal(query_vectors_find(vectors, slice_str("new"), 0, &vector), QUERY_REFUSED);
    query_vectors_free(vectors);
    assert_null(query_vectors_free(NULL));
}

/* While the ring is full, a text must do with its words. */
static void test_too_many(void **state _unused_)
{
    static struct vector_query vector;
    struct query_vectors *vectors = open_vectors();
    char text[32];
    int refused = 0;
    for (int k = 0; k < 20000 && !refused; k++) {
        name(text, k);
        refused = query_vectors_find(vectors, slice_str(text), 1, &vector) == QUERY_REFUSED;
    }
    assert_true(refused);
    query_vectors_free(vectors);
}

static void test_no_model(void **state _unused_)
{
    struct query_vectors *vectors = NULL;
    char why[200];
    assert_int_equal(query_vectors_open("tests/none", PIECES, QUERIES_WAITING_MAX, &vectors, why,
                                        sizeof(why)), -1);
    assert_non_null(strstr(why, "tests/none/config.json"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waited_for),
        cmocka_unit_test(test_later),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_no_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
