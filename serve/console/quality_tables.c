/* A table has one column for each measure and generation: with two generations the measure stands
 * above both of its columns. What was not counted is a dash. A script draws the columns whose heads
 * have `data-line` (charts.js).
 */
#include "base/base.h"
#include "serve/console/quality_tables.h"

enum { HOURS_SHOWN = 24, HOUR_MS = 3600000 };

/* ---- Sums ---- */

static void add(struct quality_counts *sum, const struct quality_counts *one)
{
    sum->judged += one->judged;
    sum->hits += one->hits;
    sum->repeats += one->repeats;
    sum->ndcg += one->ndcg;
}

static void add_hour(struct quality_sums *sums, const struct quality_hour *hour)
{
    add(&sums->all, &hour->all);
    sums->unlisted += hour->unlisted;
    sums->lists += hour->lists;
    sums->places += hour->places;
    sums->novelty_bits += hour->novelty_bits;
    sums->coverage = fmax(sums->coverage, hour->coverage);
    for (size_t at = 0; at < QUALITY_MODELS * QUALITY_SEGMENTS; at++) {
        size_t model = at / QUALITY_SEGMENTS, segment = at % QUALITY_SEGMENTS;
        add(&sums->parts[model][segment], &hour->parts[model][segment]);
    }
    for (size_t k = 0; k < ACTIONS_COUNT; k++) { add(&sums->kinds[k], &hour->kinds[k]); }
}

void quality_sums_find(struct quality_view *view, int64_t now_ms, struct quality_sums *ret_sums)
{
    int64_t now = now_ms / HOUR_MS;
    *ret_sums = (struct quality_sums){0};
    while (view->hours_count && view->hours[view->hours_count - 1].hour <= now - HOURS_SHOWN) {
        view->hours_count--;
    }
    view->hours_count = MIN_OF(view->hours_count, (size_t)HOURS_SHOWN);
    for (size_t i = 0; i < view->hours_count; i++) { add_hour(ret_sums, &view->hours[i]); }
}

/* ---- Measures ---- */

/* A share, sum or mean, NAN where there is nothing to make it of. */
struct measure {
    enum text head;
    int digits;
    bool drawn; /* as lines by the hour */
    double (*of_counts)(const struct quality_counts *counts);
    double (*of_hour)(const struct quality_hour *hour);
};

static double share(double part, double whole)
{
    return whole > 0.0 ? part / whole : NAN;
}

static double judged(const struct quality_counts *counts)
{
    return (double)counts->judged;
}

static double hit_rate(const struct quality_counts *counts)
{
    return share((double)counts->hits, (double)counts->judged);
}

static double ndcg(const struct quality_counts *counts)
{
    return share(counts->ndcg, (double)counts->judged);
}

static double repeats(const struct quality_counts *counts)
{
    return share((double)counts->repeats, (double)counts->judged);
}

static double coverage(const struct quality_hour *hour)
{
    return hour->lists > 0 ? hour->coverage : NAN;
}

static double novelty(const struct quality_hour *hour)
{
    return share(hour->novelty_bits, (double)hour->places);
}

static double lists(const struct quality_hour *hour)
{
    return (double)hour->lists;
}

static const struct measure hour_measures[] = {
    {TEXT_JUDGED, 0, false, judged, NULL},    {TEXT_HIT, 4, true, hit_rate, NULL},
    {TEXT_NDCG, 4, true, ndcg, NULL},         {TEXT_COVERAGE, 4, true, NULL, coverage},
    {TEXT_NOVELTY, 2, true, NULL, novelty},   {TEXT_REPEATS, 4, false, repeats, NULL},
    {TEXT_LISTS, 0, false, NULL, lists},
};
static const struct measure kind_measures[] = {
    {TEXT_JUDGED, 0, false, judged, NULL},
    {TEXT_HIT, 4, false, hit_rate, NULL},
    {TEXT_REPEATS, 4, false, repeats, NULL},
};
static const struct measure model_measures[] = {
    {TEXT_JUDGED, 0, false, judged, NULL},
    {TEXT_HIT, 4, false, hit_rate, NULL},
    {TEXT_NDCG, 4, false, ndcg, NULL},
};

/* ---- Cells ---- */

/* A number; hit@10 with a bar beside the best one of the table. */
static void put_cell(const struct page *page, const struct measure *measure, double value,
                     double best)
{
    html_put(page->out, "<td class=\"number\">");
    html_measure(page->out, value, measure->digits);
    if (measure->head == TEXT_HIT && !isnan(value)) {
        html_bar(page->out, best > 0.0 ? value / best : 0.0);
    }
    html_put(page->out, "</td>");
}

static void begin_head(const struct page *page, size_t rows)
{
    html_put(page->out, "<th scope=\"col\"");
    if (rows > 1) { html_put(page->out, " rowspan=\"2\""); }
    html_put(page->out, ">");
}

static void begin_number_head(const struct page *page, const struct measure *measure,
                              const char *name, size_t column)
{
    html_put(page->out, "<th scope=\"col\" class=\"number\"");
    if (measure->drawn) {
        html_put(page->out, " data-line=\"");
        page_put(page, measure->head);
        html_put(page->out, "\" data-name=\"");
        html_text(page->out, slice_str(name));
        html_put(page->out, "\" data-column=\"");
        html_number(page->out, (int64_t)column);
        html_put(page->out, "\"");
    }
    html_put(page->out, ">");
}

/* The second row of heads, below measures that are of two generations. */
static void put_names(const struct page *page, const struct quality_sides *sides,
                      const struct measure *measures, size_t count, size_t words)
{
    html_put(page->out, "</tr><tr>");
    for (size_t at = 0; at < count * sides->count; at++) {
        const char *name = sides->at[at % sides->count].name;
        begin_number_head(page, &measures[at / sides->count], name, words + at);
        html_text(page->out, slice_str(name));
        html_put(page->out, "</th>");
    }
}

/* Heads of columns of words, then of measures. */
static void put_heads(const struct page *page, const struct quality_sides *sides,
                      const enum text *words, size_t words_count, const struct measure *measures,
                      size_t count)
{
    html_put(page->out, "<thead><tr>");
    for (size_t i = 0; i < words_count; i++) {
        begin_head(page, sides->count);
        page_put(page, words[i]);
        html_put(page->out, "</th>");
    }
    for (size_t i = 0; i < count; i++) {
        if (sides->count > 1) {
            html_put(page->out, "<th scope=\"colgroup\" class=\"number\" colspan=\"2\">");
        } else {
            begin_number_head(page, &measures[i], sides->at[0].name, words_count + i);
        }
        page_put(page, measures[i].head);
        html_put(page->out, "</th>");
    }
    if (sides->count > 1) { put_names(page, sides, measures, count, words_count); }
    html_put(page->out, "</tr></thead><tbody>\n");
}

static void end_table(const struct page *page)
{
    html_put(page->out, "</tbody></table></div></section>\n");
}

/* ---- By hour ---- */

static const struct quality_hour *find_hour(const struct quality_view *view, int64_t hour)
{
    for (size_t i = 0; i < view->hours_count; i++) {
        if (view->hours[i].hour == hour) { return &view->hours[i]; }
    }
    return NULL;
}

static double of_hour(const struct measure *measure, const struct quality_hour *hour)
{
    if (!hour) { return NAN; }
    return measure->of_hour ? measure->of_hour(hour) : measure->of_counts(&hour->all);
}

static void put_hour(const struct page *page, const struct quality_sides *sides, int64_t hour,
                     double best)
{
    html_put(page->out, "<tr><td class=\"time\">");
    page_time(page, hour * HOUR_MS);
    html_put(page->out, "</td>");
    for (size_t i = 0; i < ARRAY_COUNT(hour_measures); i++) {
        for (size_t k = 0; k < sides->count; k++) {
            const struct quality_hour *of = find_hour(sides->at[k].view, hour);
            put_cell(page, &hour_measures[i], of_hour(&hour_measures[i], of), best);
        }
    }
    html_put(page->out, "</tr>\n");
}

static double best_hour(const struct quality_sides *sides)
{
    double best = 0.0;
    for (size_t k = 0; k < sides->count; k++) {
        const struct quality_view *view = sides->at[k].view;
        for (size_t i = 0; i < view->hours_count; i++) {
            best = fmax(best, hit_rate(&view->hours[i].all)); /* a NAN does not count */
        }
    }
    return best;
}

void quality_tables_hours(const struct page *page, const struct quality_sides *sides)
{
    static const enum text words[] = {TEXT_HOUR};
    int64_t newest = 0, oldest = INT64_MAX;
    for (size_t k = 0; k < sides->count; k++) {
        const struct quality_view *view = sides->at[k].view;
        if (!view->hours_count) { continue; }
        newest = MAX_OF(newest, view->hours[0].hour);
        oldest = MIN_OF(oldest, view->hours[view->hours_count - 1].hour);
    }
    page_begin_scroll_section(page, TEXT_BY_HOUR);
    html_put(page->out, "<table data-chart>");
    put_heads(page, sides, words, 1, hour_measures, ARRAY_COUNT(hour_measures));
    double best = best_hour(sides);
    for (int64_t hour = newest; hour >= oldest; hour--) {
        bool known = false;
        for (size_t k = 0; k < sides->count; k++) {
            known = known || find_hour(sides->at[k].view, hour);
        }
        if (known) { put_hour(page, sides, hour, best); }
    }
    end_table(page);
}

/* ---- By kind, and by model and segment ---- */

/* What each side has of one row; NULL: nothing. */
struct row {
    const struct quality_counts *at[QUALITY_SIDES];
};

static bool is_empty(const struct quality_sides *sides, const struct row *row)
{
    for (size_t k = 0; k < sides->count; k++) {
        if (row->at[k] && row->at[k]->judged) { return false; }
    }
    return true;
}

static void put_counts(const struct page *page, const struct quality_sides *sides,
                       const struct measure *measures, size_t count, const struct row *row,
                       double best)
{
    for (size_t at = 0; at < count * sides->count; at++) {
        const struct measure *measure = &measures[at / sides->count];
        const struct quality_counts *counts = row->at[at % sides->count];
        put_cell(page, measure, counts ? measure->of_counts(counts) : NAN, best);
    }
    html_put(page->out, "</tr>\n");
}

static struct row kind_row(const struct quality_sides *sides, size_t kind)
{
    struct row row = {{NULL}};
    for (size_t k = 0; k < sides->count; k++) { row.at[k] = &sides->at[k].sums.kinds[kind]; }
    return row;
}

void quality_tables_kinds(const struct page *page, const struct quality_sides *sides)
{
    static const enum text words[] = {TEXT_KIND};
    double best = 0.0;
    for (size_t at = 0; at < ACTIONS_COUNT * sides->count; at++) {
        best = fmax(best, hit_rate(&sides->at[at % sides->count].sums.kinds[at / sides->count]));
    }
    page_begin_scroll_section(page, TEXT_BY_KIND);
    html_put(page->out, "<table>");
    put_heads(page, sides, words, 1, kind_measures, ARRAY_COUNT(kind_measures));
    for (size_t kind = 0; kind < ACTIONS_COUNT; kind++) {
        struct row row = kind_row(sides, kind);
        if (is_empty(sides, &row)) { continue; }
        html_put(page->out, "<tr><td>");
        page_put(page, (enum text)(TEXT_ACTION_OTHER + kind));
        html_put(page->out, "</td>");
        put_counts(page, sides, kind_measures, ARRAY_COUNT(kind_measures), &row, best);
    }
    end_table(page);
}

static struct slice others_name(const struct page *page)
{
    return slice_str(text_of(TEXT_OTHERS, page->language));
}

/* The last one: all others together. */
static struct slice model_name(const struct page *page, const struct quality_view *view,
                               size_t model)
{
    return model < view->models_count ? slice_str(view->models[model]) : others_name(page);
}

/* Returns the number of a model in a view, which numbers its models by itself; QUALITY_MODELS: it
 * has none of this name. */
static size_t find_model(const struct page *page, const struct quality_view *view,
                         struct slice name)
{
    for (size_t model = 0; model < view->models_count; model++) {
        if (slice_equal(slice_str(view->models[model]), name)) { return model; }
    }
    return slice_equal(name, others_name(page)) ? QUALITY_MODELS - 1 : QUALITY_MODELS;
}

static struct row model_row(const struct page *page, const struct quality_sides *sides,
                            struct slice name, size_t segment)
{
    struct row row = {{NULL}};
    for (size_t k = 0; k < sides->count; k++) {
        size_t model = find_model(page, sides->at[k].view, name);
        if (model < QUALITY_MODELS) { row.at[k] = &sides->at[k].sums.parts[model][segment]; }
    }
    return row;
}

static void put_model(const struct page *page, const struct quality_sides *sides,
                      struct slice name, double best)
{
    for (size_t segment = 0; segment < QUALITY_SEGMENTS; segment++) {
        struct row row = model_row(page, sides, name, segment);
        if (is_empty(sides, &row)) { continue; }
        html_put(page->out, "<tr><td>");
        html_text(page->out, name);
        html_put(page->out, "</td><td>");
        page_put(page, (enum text)(TEXT_SEGMENT_NEW + segment));
        html_put(page->out, "</td>");
        put_counts(page, sides, model_measures, ARRAY_COUNT(model_measures), &row, best);
    }
}

static double best_model(const struct quality_sides *sides)
{
    double best = 0.0;
    for (size_t k = 0; k < sides->count; k++) {
        const struct quality_sums *sums = &sides->at[k].sums;
        for (size_t at = 0; at < QUALITY_MODELS * QUALITY_SEGMENTS; at++) {
            best = fmax(best, hit_rate(&sums->parts[at / QUALITY_SEGMENTS][at % QUALITY_SEGMENTS]));
        }
    }
    return best;
}

void quality_tables_models(const struct page *page, const struct quality_sides *sides)
{
    static const enum text words[] = {TEXT_MODEL, TEXT_SEGMENT};
    double best = best_model(sides);
    const struct quality_view *own = sides->at[0].view;
    page_begin_scroll_section(page, TEXT_BY_MODEL);
    html_put(page->out, "<table>");
    put_heads(page, sides, words, 2, model_measures, ARRAY_COUNT(model_measures));
    for (size_t model = 0; model < QUALITY_MODELS; model++) {
        bool named = model < own->models_count || model == QUALITY_MODELS - 1;
        if (named) { put_model(page, sides, model_name(page, own, model), best); }
    }
    for (size_t k = 1; k < sides->count; k++) { /* models that only the other one has */
        const struct quality_view *view = sides->at[k].view;
        for (size_t model = 0; model < view->models_count; model++) {
            struct slice name = slice_str(view->models[model]);
            if (find_model(page, own, name) < QUALITY_MODELS) { continue; }
            put_model(page, sides, name, best);
        }
    }
    end_table(page);
}

/* ---- All hours together ---- */

struct total {
    enum text name;
    int digits;
    double value;
};

enum { TOTALS = 8 };

static void find_totals(const struct quality_sums *sums, struct total *ret_totals)
{
    const struct total totals[TOTALS] = {
        {TEXT_JUDGED, 0, (double)sums->all.judged},
        {TEXT_HIT, 4, hit_rate(&sums->all)},
        {TEXT_NDCG, 4, ndcg(&sums->all)},
        {TEXT_COVERAGE, 4, sums->lists ? sums->coverage : NAN},
        {TEXT_NOVELTY, 2, share(sums->novelty_bits, (double)sums->places)},
        {TEXT_REPEATS, 4, repeats(&sums->all)},
        {TEXT_UNLISTED, 0, (double)sums->unlisted},
        {TEXT_LISTS, 0, (double)sums->lists},
    };
    memcpy(ret_totals, totals, sizeof(totals));
}

static void put_total(const struct page *page, const struct total *total)
{
    html_put(page->out, "<div><dt>");
    page_put(page, total->name);
    html_put(page->out, "</dt><dd class=\"large\">");
    html_measure(page->out, total->value, total->digits);
    html_put(page->out, "</dd></div>");
}

/* A row with both values and by which part the other one is greater. */
static void put_pair(const struct page *page, const struct total *own, const struct total *other)
{
    html_put(page->out, "<tr><td>");
    page_put(page, own->name);
    html_put(page->out, "</td><td class=\"number\">");
    html_measure(page->out, own->value, own->digits);
    html_put(page->out, "</td><td class=\"number\">");
    html_measure(page->out, other->value, other->digits);
    html_put(page->out, "</td><td class=\"number\">");
    double part = own->value > 0.0 ? other->value / own->value - 1.0 : NAN;
    if (isnan(part)) {
        html_put(page->out, "–");
    } else {
        buf_printf(page->out, "%+.1f %%", 100.0 * part);
    }
    html_put(page->out, "</td></tr>\n");
}

static void put_pairs(const struct page *page, const struct quality_sides *sides)
{
    struct total totals[QUALITY_SIDES][TOTALS];
    page_begin_scroll(page, TEXT_ALL_HOURS);
    html_put(page->out, "<table><thead><tr>");
    page_head(page, TEXT_MEASURE, /* numbers= */ false);
    for (size_t k = 0; k < QUALITY_SIDES; k++) {
        find_totals(&sides->at[k].sums, totals[k]);
        html_put(page->out, "<th scope=\"col\" class=\"number\">");
        html_text(page->out, slice_str(sides->at[k].name));
        html_put(page->out, "</th>");
    }
    page_head(page, TEXT_DIFFERENCE, /* numbers= */ true);
    html_put(page->out, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < TOTALS; i++) { put_pair(page, &totals[0][i], &totals[1][i]); }
    html_put(page->out, "</tbody></table></div>");
}

void quality_tables_totals(const struct page *page, const struct quality_sides *sides)
{
    struct total totals[TOTALS];
    html_put(page->out, "<section><h2>");
    page_put(page, TEXT_ALL_HOURS);
    if (sides->count > 1) {
        html_put(page->out, "</h2>");
        put_pairs(page, sides);
    } else {
        html_put(page->out, ": ");
        html_number(page->out, (int64_t)sides->at[0].view->hours_count);
        html_put(page->out, "</h2><dl>");
        find_totals(&sides->at[0].sums, totals);
        for (size_t i = 0; i < TOTALS; i++) { put_total(page, &totals[i]); }
        html_put(page->out, "</dl>");
    }
    html_put(page->out, "</section>\n");
}
