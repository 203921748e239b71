/* How the lists did (quality_board.h): by hour, by model and segment, by kind of the next action,
 * and the newest trial with both arms side by side.
 */
#include "base/base.h"
#include "base/clock.h"
#include "base/quote.h"
#include "model/rate_difference.h"
#include "serve/console/page.h"
#include "stream/generation.h"

enum { HOURS_SHOWN = 24, HOUR_SECONDS = 3600, BAR_UNITS = 72 };

struct quality_sums {
    struct quality_counts all;
    int64_t unlisted, lists;
    struct quality_counts parts[QUALITY_MODELS][QUALITY_SEGMENTS];
    struct quality_counts kinds[ACTIONS_COUNT];
};

static void add(struct quality_counts *sum, const struct quality_counts *one)
{
    sum->judged += one->judged;
    sum->hits += one->hits;
    sum->repeats += one->repeats;
    sum->ndcg += one->ndcg;
}

static void sum_up(const struct quality_view *view, struct quality_sums *sums)
{
    *sums = (struct quality_sums){0};
    for (size_t i = 0; i < view->hours_count; i++) {
        const struct quality_hour *hour = &view->hours[i];
        add(&sums->all, &hour->all);
        sums->unlisted += hour->unlisted;
        sums->lists += hour->lists;
        for (size_t model = 0; model < QUALITY_MODELS; model++) {
            for (size_t k = 0; k < QUALITY_SEGMENTS; k++) {
                add(&sums->parts[model][k], &hour->parts[model][k]);
            }
        }
        for (size_t k = 0; k < ACTIONS_COUNT; k++) { add(&sums->kinds[k], &hour->kinds[k]); }
    }
}

static double rate(double part, double whole)
{
    return whole > 0.0 ? part / whole : 0.0;
}

/* ---- HTML ---- */

static void put_count(const struct page *page, int64_t count)
{
    html_put(page->out, "<td class=\"number\">");
    html_number(page->out, count);
    html_put(page->out, "</td>");
}

/* A figure, or a dash where nothing was counted that it could be made of. */
static void put_figure(const struct page *page, double part, double whole, int digits)
{
    html_put(page->out, "<td class=\"number\">");
    if (whole > 0.0) {
        html_real(page->out, part / whole, digits);
    } else {
        html_put(page->out, "–");
    }
    html_put(page->out, "</td>");
}

/* hit@10 with a bar beside the best one of the table. */
static void put_hits(const struct page *page, const struct quality_counts *counts, double best)
{
    double hits = rate((double)counts->hits, (double)counts->judged);
    if (!counts->judged) {
        put_figure(page, 0.0, 0.0, 4);
        return;
    }
    html_put(page->out, "<td class=\"number\">");
    html_real(page->out, hits, 4);
    html_put(page->out, "<svg class=\"bar\" viewBox=\"0 0 72 4\" aria-hidden=\"true\"><rect "
                        "width=\"72\" height=\"4\"/><rect height=\"4\" width=\"");
    html_real(page->out, best > 0.0 ? hits / best * BAR_UNITS : 0.0, 1);
    html_put(page->out, "\"/></svg></td>");
}

static void put_heads(const struct page *page, const enum text *heads, size_t count, size_t words)
{
    html_put(page->out, "<thead><tr>");
    for (size_t i = 0; i < count; i++) {
        if (i < words) {
            html_put(page->out, "<th scope=\"col\">");
        } else {
            html_put(page->out, "<th scope=\"col\" class=\"number\">");
        }
        page_put(page, heads[i]);
        html_put(page->out, "</th>");
    }
    html_put(page->out, "</tr></thead><tbody>\n");
}

static void begin_table(const struct page *page, enum text title)
{
    html_put(page->out, "<section><h2>");
    page_put(page, title);
    html_put(page->out, "</h2>");
    page_begin_scroll(page, title);
    html_put(page->out, "<table>");
}

static void end_table(const struct page *page)
{
    html_put(page->out, "</tbody></table></div></section>\n");
}

static double best_hour(const struct quality_view *view)
{
    double best = 0.0;
    for (size_t i = 0; i < view->hours_count; i++) {
        const struct quality_counts *all = &view->hours[i].all;
        best = fmax(best, rate((double)all->hits, (double)all->judged));
    }
    return best;
}

static void put_hours(const struct page *page, const struct quality_view *view)
{
    static const enum text heads[] = {TEXT_HOUR,     TEXT_JUDGED, TEXT_HIT,    TEXT_NDCG,
                                      TEXT_COVERAGE, TEXT_NOVELTY, TEXT_REPEATS, TEXT_LISTS};
    double best = best_hour(view);
    begin_table(page, TEXT_BY_HOUR);
    put_heads(page, heads, ARRAY_COUNT(heads), 1);
    for (size_t i = 0; i < view->hours_count; i++) {
        const struct quality_hour *hour = &view->hours[i];
        double judged = (double)hour->all.judged;
        html_put(page->out, "<tr><td class=\"time\">");
        page_time(page, hour->hour * HOUR_SECONDS * 1000);
        html_put(page->out, "</td>");
        put_count(page, hour->all.judged);
        put_hits(page, &hour->all, best);
        put_figure(page, hour->all.ndcg, judged, 4);
        put_figure(page, hour->coverage, hour->lists > 0 ? 1.0 : 0.0, 4);
        put_figure(page, hour->novelty_bits, (double)hour->places, 2);
        put_figure(page, (double)hour->all.repeats, judged, 4);
        put_count(page, hour->lists);
        html_put(page->out, "</tr>\n");
    }
    end_table(page);
}

static struct slice model_name(const struct page *page, const struct quality_view *view,
                               size_t model)
{
    if (model < view->models_count) { return slice_str(view->models[model]); }
    return slice_str(text_of(TEXT_OTHERS, page->language));
}

static void put_models(const struct page *page, const struct quality_view *view,
                       const struct quality_sums *sums)
{
    static const enum text heads[] = {TEXT_MODEL, TEXT_SEGMENT, TEXT_JUDGED, TEXT_HIT, TEXT_NDCG};
    double best = 0.0;
    for (size_t at = 0; at < QUALITY_MODELS * QUALITY_SEGMENTS; at++) {
        const struct quality_counts *one =
            &sums->parts[at / QUALITY_SEGMENTS][at % QUALITY_SEGMENTS];
        best = fmax(best, rate((double)one->hits, (double)one->judged));
    }
    begin_table(page, TEXT_BY_MODEL);
    put_heads(page, heads, ARRAY_COUNT(heads), 2);
    for (size_t at = 0; at < QUALITY_MODELS * QUALITY_SEGMENTS; at++) {
        size_t model = at / QUALITY_SEGMENTS, segment = at % QUALITY_SEGMENTS;
        const struct quality_counts *one = &sums->parts[model][segment];
        if (!one->judged) { continue; }
        html_put(page->out, "<tr><td>");
        html_text(page->out, model_name(page, view, model));
        html_put(page->out, "</td><td>");
        page_put(page, (enum text)(TEXT_SEGMENT_NEW + segment));
        html_put(page->out, "</td>");
        put_count(page, one->judged);
        put_hits(page, one, best);
        put_figure(page, one->ndcg, (double)one->judged, 4);
        html_put(page->out, "</tr>\n");
    }
    end_table(page);
}

static void put_kinds(const struct page *page, const struct quality_sums *sums)
{
    static const enum text heads[] = {TEXT_KIND, TEXT_JUDGED, TEXT_HIT, TEXT_REPEATS};
    double best = 0.0;
    for (size_t k = 0; k < ACTIONS_COUNT; k++) {
        best = fmax(best, rate((double)sums->kinds[k].hits, (double)sums->kinds[k].judged));
    }
    begin_table(page, TEXT_BY_KIND);
    put_heads(page, heads, ARRAY_COUNT(heads), 1);
    for (size_t k = 0; k < ACTIONS_COUNT; k++) {
        const struct quality_counts *one = &sums->kinds[k];
        if (!one->judged) { continue; }
        html_put(page->out, "<tr><td>");
        page_put(page, (enum text)(TEXT_ACTION_OTHER + k));
        html_put(page->out, "</td>");
        put_count(page, one->judged);
        put_hits(page, one, best);
        put_figure(page, (double)one->repeats, (double)one->judged, 4);
        html_put(page->out, "</tr>\n");
    }
    end_table(page);
}

static void put_total(const struct page *page, enum text name, double part, double whole,
                      int digits)
{
    html_put(page->out, "<div><dt>");
    page_put(page, name);
    html_put(page->out, "</dt><dd class=\"large\">");
    if (whole > 0.0) {
        html_real(page->out, part / whole, digits);
    } else {
        html_put(page->out, "–");
    }
    html_put(page->out, "</dd></div>");
}

static void put_totals(const struct page *page, const struct quality_view *view,
                       const struct quality_sums *sums)
{
    double judged = (double)sums->all.judged;
    html_put(page->out, "<section><h2>");
    page_put(page, TEXT_ALL_HOURS);
    html_put(page->out, ": ");
    html_number(page->out, (int64_t)view->hours_count);
    html_put(page->out, "</h2><dl>");
    put_total(page, TEXT_JUDGED, judged, 1.0, 0);
    put_total(page, TEXT_HIT, (double)sums->all.hits, judged, 4);
    put_total(page, TEXT_NDCG, sums->all.ndcg, judged, 4);
    put_total(page, TEXT_REPEATS, (double)sums->all.repeats, judged, 4);
    put_total(page, TEXT_UNLISTED, (double)sums->unlisted, 1.0, 0);
    put_total(page, TEXT_LISTS, (double)sums->lists, 1.0, 0);
    html_put(page->out, "</dl></section>\n");
}

/* ---- The trial ---- */

static enum rate_verdict compare(const struct quality_view *view,
                                 struct rate_difference *ret_difference)
{
    struct rate_sums sums[TRIAL_ARMS];
    for (int arm = 0; arm < TRIAL_ARMS; arm++) {
        sums[arm] = (struct rate_sums){view->trial.arms[arm].judged, view->trial.gains[arm]};
    }
    rate_difference_find(TRIAL_BUCKETS, &sums[TRIAL_ARM_LIVE], &sums[TRIAL_ARM_TRIAL],
                         ret_difference);
    return rate_difference_verdict(ret_difference);
}

static enum text trial_state(const struct quality_view *view)
{
    if (view->trial.runs) { return TEXT_TRIAL_RUNS; }
    if (!view->trial.ended) { return TEXT_TRIAL_OVER; }
    switch (view->trial.ending) {
    case TRIAL_STOPPED: return TEXT_TRIAL_STOPPED;
    case TRIAL_TAKEN_BACK: return TEXT_TRIAL_TAKEN_BACK;
    case TRIAL_PROMOTED: return TEXT_TRIAL_PROMOTED;
    default: return TEXT_TRIAL_OVER;
    }
}

static void put_verdict(const struct page *page, const struct quality_view *view)
{
    static const enum text verdicts[] = {[RATE_UNKNOWN] = TEXT_TRIAL_TOO_FEW,
                                         [RATE_UNDECIDED] = TEXT_TRIAL_UNDECIDED,
                                         [RATE_WORSE] = TEXT_TRIAL_WORSE,
                                         [RATE_BETTER] = TEXT_TRIAL_BETTER};
    struct rate_difference difference;
    enum rate_verdict verdict = compare(view, &difference);
    html_put(page->out, "<p class=\"answer\"><strong>");
    page_put(page, verdicts[verdict]);
    html_put(page->out, "</strong>");
    if (verdict != RATE_UNKNOWN) {
        buf_printf(page->out, " %s: %+.1f %% (%+.1f … %+.1f %%)",
                   view->trial.metric == TRIAL_HIT_AT_10 ? "hit@10" : "NDCG@10",
                   100.0 * difference.part, 100.0 * difference.lower, 100.0 * difference.upper);
    }
    html_put(page->out, "</p>\n");
}

static void put_trial(const struct page *page, const struct quality_view *view)
{
    static const enum text heads[] = {TEXT_GENERATION, TEXT_JUDGED, TEXT_HIT, TEXT_NDCG};
    if (!view->trial.known) { return; }
    begin_table(page, TEXT_TRIAL);
    put_heads(page, heads, ARRAY_COUNT(heads), 1);
    for (int arm = 0; arm < TRIAL_ARMS; arm++) {
        const struct trial_totals *of = &view->trial.arms[arm];
        html_put(page->out, "<tr><td>");
        html_text(page->out, slice_str(generation_label(view->trial.names[arm])));
        html_put(page->out, "<small>");
        page_put(page, arm == TRIAL_ARM_LIVE ? TEXT_ARM_LIVE : TEXT_ARM_TRIAL);
        html_put(page->out, "</small></td>");
        put_count(page, (int64_t)of->all_judged);
        put_figure(page, of->all_hits, of->all_judged, 4);
        put_figure(page, of->all_ndcg, of->all_judged, 4);
        html_put(page->out, "</tr>\n");
    }
    html_put(page->out, "</tbody></table></div>\n");
    put_verdict(page, view);
    html_put(page->out, "<p class=\"soft\">");
    page_put(page, trial_state(view));
    buf_printf(page->out, " · %.4g %% · ", 100.0 * view->trial.share / TRIAL_SHARES);
    page_time(page, view->trial.began_ms);
    if (view->trial.ended) {
        html_put(page->out, " – ");
        page_time(page, view->trial.ended_ms);
    }
    html_put(page->out, "</p></section>\n");
}

/* ---- JSON ---- */

static void put_json_counts(struct buf *out, const struct quality_counts *counts)
{
    buf_printf(out, "\"judged\":%" PRId64 ",\"hits\":%" PRId64 ",\"repeats\":%" PRId64
                    ",\"hit_at_10\":%.6g,\"ndcg_at_10\":%.6g",
               counts->judged, counts->hits, counts->repeats,
               rate((double)counts->hits, (double)counts->judged),
               rate(counts->ndcg, (double)counts->judged));
}

static void put_json_parts(const struct page *page, const struct quality_view *view,
                           const struct quality_sums *sums)
{
    static const char *const kinds[ACTIONS_COUNT] = {
        [ACTION_OTHER] = "other",   [ACTION_VIEW] = "view", [ACTION_CLICK] = "click",
        [ACTION_LIKE] = "like",     [ACTION_CART] = "cart", [ACTION_PURCHASE] = "purchase",
        [ACTION_RATING] = "rating", [ACTION_DISLIKE] = "dislike",
    };
    struct buf *out = page->out;
    const char *comma = "";
    buf_printf(out, "],\"models\":[");
    for (size_t at = 0; at < QUALITY_MODELS * QUALITY_SEGMENTS; at++) {
        const struct quality_counts *one =
            &sums->parts[at / QUALITY_SEGMENTS][at % QUALITY_SEGMENTS];
        if (!one->judged) { continue; }
        size_t model = at / QUALITY_SEGMENTS;
        buf_printf(out, "%s{\"model\":", comma);
        quote_json(out, slice_str(model < view->models_count ? view->models[model] : ""),
                   QUOTE_EITHER);
        buf_printf(out, ",\"segment\":%zu,", at % QUALITY_SEGMENTS);
        put_json_counts(out, one);
        buf_printf(out, "}");
        comma = ",";
    }
    buf_printf(out, "],\"actions\":[");
    comma = "";
    for (size_t k = 0; k < ACTIONS_COUNT; k++) {
        if (!sums->kinds[k].judged) { continue; }
        buf_printf(out, "%s{\"kind\":\"%s\",\"judged\":%" PRId64 ",\"hits\":%" PRId64
                        ",\"repeats\":%" PRId64 "}",
                   comma, kinds[k], sums->kinds[k].judged, sums->kinds[k].hits,
                   sums->kinds[k].repeats);
        comma = ",";
    }
    buf_printf(out, "]");
}

static void put_json_trial(struct buf *out, const struct quality_view *view)
{
    static const char *const verdicts[] = {[RATE_UNKNOWN] = "null",
                                           [RATE_UNDECIDED] = "\"undecided\"",
                                           [RATE_WORSE] = "\"worse\"",
                                           [RATE_BETTER] = "\"better\""};
    struct rate_difference difference;
    if (!view->trial.known) {
        buf_printf(out, "null");
        return;
    }
    enum rate_verdict verdict = compare(view, &difference);
    buf_printf(out, "{\"trial\":%" PRId64 ",\"runs\":%s,\"arms\":[", view->trial.number,
               view->trial.runs ? "true" : "false");
    for (int arm = 0; arm < TRIAL_ARMS; arm++) {
        const struct trial_totals *of = &view->trial.arms[arm];
        buf_printf(out, "%s{\"generation\":", arm ? "," : "");
        quote_json(out, slice_str(generation_label(view->trial.names[arm])), QUOTE_EITHER);
        buf_printf(out, ",\"judged\":%.0f,\"hit_at_10\":%.6g,\"ndcg_at_10\":%.6g}",
                   of->all_judged, rate(of->all_hits, of->all_judged),
                   rate(of->all_ndcg, of->all_judged));
    }
    buf_printf(out, "],\"verdict\":%s,\"difference\":%.6g,\"lower\":%.6g,\"upper\":%.6g}",
               verdicts[verdict], difference.part, difference.lower, difference.upper);
}

static void put_json(const struct page *page, const struct quality_view *view,
                     const struct quality_sums *sums)
{
    struct buf *out = page->out;
    buf_printf(out, "{\"hours\":[");
    for (size_t i = 0; i < view->hours_count; i++) {
        const struct quality_hour *hour = &view->hours[i];
        buf_printf(out, "%s{\"time_ms\":%" PRId64 ",", i ? "," : "",
                   hour->hour * HOUR_SECONDS * 1000);
        put_json_counts(out, &hour->all);
        buf_printf(out, ",\"unlisted\":%" PRId64 ",\"lists\":%" PRId64 ",\"coverage\":%.6g,"
                        "\"novelty\":%.6g}",
                   hour->unlisted, hour->lists, hour->coverage,
                   rate(hour->novelty_bits, (double)hour->places));
    }
    put_json_parts(page, view, sums);
    buf_printf(out, ",\"trial\":");
    put_json_trial(out, view);
    buf_printf(out, "}\n");
}

void quality_page(struct page *page)
{
    struct quality_view *view = arena_alloc(page->arena, sizeof(*view));
    struct quality_sums *sums = arena_alloc(page->arena, sizeof(*sums));
    quality_board_look(page->quality, view);
    int64_t now = clock_wall_ms() / (HOUR_SECONDS * 1000);
    while (view->hours_count && view->hours[view->hours_count - 1].hour <= now - HOURS_SHOWN) {
        view->hours_count--;
    }
    view->hours_count = MIN_OF(view->hours_count, (size_t)HOURS_SHOWN);
    sum_up(view, sums);
    if (page_wants_json(page)) {
        put_json(page, view, sums);
        return;
    }
    page_begin(page, TEXT_QUALITY, slice_str(text_of(TEXT_QUALITY, page->language)),
               TEXT_QUALITY_ABOUT);
    put_trial(page, view);
    if (view->hours_count) {
        put_totals(page, view, sums);
        put_hours(page, view);
        html_put(page->out, "<div class=\"columns\">");
        put_kinds(page, sums);
        put_models(page, view, sums);
        html_put(page->out, "</div>\n");
    } else {
        page_say(page, TEXT_NO_QUALITY);
    }
    page_end(page);
}
