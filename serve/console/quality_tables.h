/* The tables of the page `quality`: of one generation, or of two side by side. */
#ifndef FRESHET_SERVE_CONSOLE_QUALITY_TABLES_H
#define FRESHET_SERVE_CONSOLE_QUALITY_TABLES_H

#include "serve/console/page.h"

enum { QUALITY_SIDES = 2 };

/* The hours of a view together. */
struct quality_sums {
    struct quality_counts all;
    int64_t unlisted, lists, places;
    double novelty_bits, coverage; /* coverage: of the best hour */
    struct quality_counts parts[QUALITY_MODELS][QUALITY_SEGMENTS];
    struct quality_counts kinds[ACTIONS_COUNT];
};

/* A generation: its label, its hours and their sums. */
struct quality_side {
    const char *name;
    struct quality_view *view;
    struct quality_sums sums;
};

struct quality_sides {
    struct quality_side at[QUALITY_SIDES]; /* the first one serves */
    size_t count;
};

/* Drops the hours of a view that are too old for the page at this time, and sums up the others. */
void quality_sums_find(struct quality_view *view, int64_t now_ms, struct quality_sums *ret_sums);
/* Appends what the hours together say: of two sides, with the difference. */
void quality_tables_totals(const struct page *page, const struct quality_sides *sides);
/* Append the tables by hour, by kind of the next action, and by model and segment of users. */
void quality_tables_hours(const struct page *page, const struct quality_sides *sides);
void quality_tables_kinds(const struct page *page, const struct quality_sides *sides);
void quality_tables_models(const struct page *page, const struct quality_sides *sides);

#endif
