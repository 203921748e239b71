#include "base/base.h"
#include "trainer/similarity/served.h"

enum {
    TOP = 10, /* a neighbour that comes among so many matters, however little it changes the row */
};

/* Counts below these change by much whenever they change: a difference from them matters less. */
#define ACTIONS_FEW 1.0
#define TREND_FEW 10.0
/* The trend decays fast and only orders the items that fill lists up. */
#define TREND_SHARES 4.0

void served_set(struct served *served, const struct row *row, struct topk *best, size_t best_max)
{
    served->change = 0;
    served->strength = 0;
    served->mark = DBL_TRUE_MIN; /* any neighbour comes to the top */
    served->newcomer = false;
    served->actions = row->actions;
    served->trend = row->trend;
    topk_clear(best, best_max);
    row_best(row, best);
    for (size_t i = 0; i < best->count; i++) { served->strength += best->entries[i].score; }
    if (best->count >= TOP) { served->mark = MAX_OF(best->entries[TOP - 1].score, DBL_TRUE_MIN); }
}

void served_rescale(struct served *served, double factor)
{
    served->change *= factor;
    served->strength *= factor;
    served->mark = MAX_OF(served->mark * factor, DBL_TRUE_MIN);
    served->actions *= factor;
}

void served_trend_rescale(struct served *served, double factor)
{
    served->trend *= factor;
}

void served_note(struct served *served, const struct neighbour *terms, size_t count, double scale,
                 bool newcomer)
{
    double change = 0;
    for (size_t i = 0; i < count; i++) {
        change += fabs(neighbour_strength(terms[i].co, terms[i].forward, terms[i].backward));
    }
    served->change += change * scale;
    served->newcomer |= newcomer;
}

bool served_differs(const struct served *served, const struct row *row, double share)
{
    return served->newcomer || served->change > share * served->strength ||
           fabs(row->actions - served->actions) > share * MAX_OF(served->actions, ACTIONS_FEW) ||
           fabs(row->trend - served->trend) >
               share * TREND_SHARES * MAX_OF(served->trend, TREND_FEW);
}
