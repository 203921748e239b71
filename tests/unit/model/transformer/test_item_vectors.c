#include "base/base.h"
#include "model/transformer/item_vectors.h"
#include "tests/unit/numbers.h"

enum { ITEMS = 9, ATTRIBUTES = 5, D = 16 };

/* Item i has the attributes a with a bit set in has[i]; some items none, one attribute nobody. */
static const unsigned has[ITEMS] = {3, 0, 8, 15, 1, 2, 0, 9, 10};

static void test_sums(void **state)
{
    uint64_t rng = 4;
    size_t starts[ITEMS + 1] = {0}, count = 0;
    int32_t ids[ITEMS * ATTRIBUTES];
    for (size_t i = 0; i < ITEMS; i++) {
        for (int32_t a = 0; a < ATTRIBUTES; a++) {
            if (has[i] >> a & 1) { ids[count++] = a; }
        }
        starts[i + 1] = count;
    }
    struct item_attributes of;
    item_attributes_init(&of, ITEMS, ATTRIBUTES, starts, ids);
    _cleanup_(xfreep) float *own = draw_many(&rng, ITEMS * D, 1.0);
    _cleanup_(xfreep) float *shared = draw_many(&rng, ATTRIBUTES * D, 1.0);
    _cleanup_(xfreep) float *dw = draw_many(&rng, ITEMS * D, 1.0);
    _cleanup_(xfreep) float *w = zeros(ITEMS * D);
    _cleanup_(xfreep) float *dshared = zeros(ATTRIBUTES * D);
    item_vectors_compose(&of, own, shared, D, 0, 4, w);
    assert_true(w[4 * D] == 0.0f);
    item_vectors_compose(&of, own, shared, D, 4, ITEMS, w);
    item_vectors_back(&of, dw, D, 0, 2, dshared);
    item_vectors_back(&of, dw, D, 2, ATTRIBUTES, dshared);
    double want_shared[ATTRIBUTES * D] = {0};
    for (size_t i = 0; i < ITEMS; i++) {
        for (size_t c = 0; c < D; c++) {
            double want = own[i * D + c], share = 1.0 / sqrt(__builtin_popcount(has[i]));
            for (size_t a = 0; a < ATTRIBUTES; a++) {
                if (!(has[i] >> a & 1)) { continue; }
                want += share * shared[a * D + c];
                want_shared[a * D + c] += share * dw[i * D + c];
            }
            near_to(w[i * D + c], want, 1e-6, "w", i * D + c);
        }
    }
    for (size_t i = 0; i < ATTRIBUTES * D; i++) {
        near_to(dshared[i], want_shared[i], 1e-6, "dshared", i);
    }
    item_attributes_release(&of);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
