#include "model/nearest.h"

#include <algorithm>
#include <cerrno>
#include <exception>

#include <hnswlib/hnswlib.h>

/* hnswlib locks pairs of rows in no fixed order, which is safe with one thread at a time. The
 * thread sanitizer's search for deadlocks is therefore switched off in programs with an index. */
#if defined(__SANITIZE_THREAD__)
extern "C" const char *__tsan_default_options()
{
    return "detect_deadlocks=0";
}
#endif

struct nearest {
    explicit nearest(const nearest_settings &settings)
        : space(settings.d), graph(&space, std::max<size_t>(settings.rows, 1), settings.links,
                                   settings.breadth)
    {
    }

    hnswlib::InnerProductSpace space;
    hnswlib::HierarchicalNSW<float> graph;
};

struct nearest *nearest_new(const struct nearest_settings *settings)
{
    try {
        return new nearest(*settings);
    } catch (const std::exception &) {
        return nullptr;
    }
}

struct nearest *nearest_free(struct nearest *nearest)
{
    delete nearest;
    return nullptr;
}

int nearest_add(struct nearest *nearest, const float *row)
{
    try {
        const size_t count = nearest->graph.cur_element_count;
        if (count == nearest->graph.max_elements_) {
            nearest->graph.resizeIndex(count + count / 8 + 1);
        }
        nearest->graph.addPoint(row, count);
        return 0;
    } catch (const std::exception &) {
        return -ENOMEM;
    }
}

size_t nearest_count(const struct nearest *nearest)
{
    return nearest->graph.cur_element_count;
}

size_t nearest_find(struct nearest *nearest, const float *query, size_t wanted, size_t breadth,
                    int32_t *ret_rows)
{
    try {
        nearest->graph.setEf(std::max(breadth, wanted));
        auto found = nearest->graph.searchKnn(query, wanted);
        const size_t count = found.size();
        for (size_t left = count; left > 0; left--) { /* the farthest is on top */
            ret_rows[left - 1] = static_cast<int32_t>(found.top().second);
            found.pop();
        }
        return count;
    } catch (const std::exception &) {
        return 0;
    }
}
