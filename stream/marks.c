#include "base/base.h"
#include "stream/marks.h"

static void drop_finished(struct marks *marks)
{
    size_t done = 0;
    while (done < marks->count && marks->at[done].outstanding == 0) { done++; }
    marks->count -= done;
    memmove(marks->at, marks->at + done, marks->count * sizeof(marks->at[0]));
}

uint64_t marks_count(struct marks *marks, uint64_t mark)
{
    struct mark *newest = marks->count ? &marks->at[marks->count - 1] : NULL;
    assert(!newest || newest->mark <= mark);
    if (newest && newest->mark < mark) {
        drop_finished(marks);
        newest = marks->count ? &marks->at[marks->count - 1] : NULL;
    }
    if (newest && (newest->mark == mark || marks->count == MARKS_MAX)) {
        newest->outstanding++;
        return newest->mark;
    }
    marks->at[marks->count++] = (struct mark){.mark = mark, .outstanding = 1};
    return mark;
}

void marks_acknowledge(struct marks *marks, uint64_t mark)
{
    size_t i = 0;
    while (i < marks->count && marks->at[i].mark != mark) { i++; }
    assert(i < marks->count && marks->at[i].outstanding > 0);
    marks->at[i].outstanding--;
}

void marks_fail(struct marks *marks, uint64_t mark)
{
    assert(mark != MARK_NONE);
    marks_acknowledge(marks, mark);
    bool first = marks->failed_first == MARK_NONE || mark < marks->failed_first;
    if (first) { marks->failed_first = mark; }
    marks->failed_last = MAX_OF(marks->failed_last, mark);
}

/* Only the first and the last failed mark are known: what lies between may be told too early, which
 * costs a batch that is tried again. */
bool marks_take_failed(struct marks *marks, uint64_t mark)
{
    if (marks->failed_first == MARK_NONE || marks->failed_first > mark) { return false; }
    bool more = marks->failed_last > mark;
    marks->failed_first = more ? mark + 1 : MARK_NONE;
    if (!more) { marks->failed_last = MARK_NONE; }
    return true;
}

size_t marks_outstanding(const struct marks *marks, uint64_t mark)
{
    size_t outstanding = 0;
    for (size_t i = 0; i < marks->count && marks->at[i].mark <= mark; i++) {
        outstanding += marks->at[i].outstanding;
    }
    return outstanding;
}
