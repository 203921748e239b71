/* How the lists did (quality_board.h): by hour, by model and segment, by kind of the next action
 * (quality_tables.h); those of another generation side by side (`with=NAME`, quality_beside.h); and
 * the newest trial with both arms.
 */
#include "base/base.h"
#include "base/clock.h"
#include "base/quote.h"
#include "model/rate_difference.h"
#include "serve/console/quality_tables.h"
#include "stream/generation.h"

enum { HOUR_SECONDS = 3600, VERDICT_DIGITS = 4 };

/* What is asked for beside the own generation. */
struct beside {
    bool asked, valid;
    char name[GENERATION_BYTES_MAX + 1];
    enum beside_state state;
    char why[BESIDE_WHY_BYTES];
};

static double rate(double part, double whole)
{
    return whole > 0.0 ? part / whole : 0.0;
}

/* ---- The trial ---- */

static void put_count(const struct page *page, int64_t count)
{
    html_put(page->out, "<td class=\"number\">");
    html_number(page->out, count);
    html_put(page->out, "</td>");
}

static void put_rate(const struct page *page, double part, double whole)
{
    html_put(page->out, "<td class=\"number\">");
    html_measure(page->out, whole > 0.0 ? part / whole : NAN, VERDICT_DIGITS);
    html_put(page->out, "</td>");
}

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

static void begin_trial(const struct page *page)
{
    static const enum text heads[] = {TEXT_GENERATION, TEXT_JUDGED, TEXT_HIT, TEXT_NDCG};
    page_begin_scroll_section(page, TEXT_TRIAL);
    html_put(page->out, "<table><thead><tr>");
    for (size_t i = 0; i < ARRAY_COUNT(heads); i++) { page_head(page, heads[i], i > 0); }
    html_put(page->out, "</tr></thead><tbody>\n");
}

static void put_trial(const struct page *page, const struct quality_view *view)
{
    if (!view->trial.known) { return; }
    begin_trial(page);
    for (int arm = 0; arm < TRIAL_ARMS; arm++) {
        const struct trial_totals *of = &view->trial.arms[arm];
        html_put(page->out, "<tr><td>");
        html_text(page->out, slice_str(generation_label(view->trial.names[arm])));
        html_put(page->out, "<small>");
        page_put(page, arm == TRIAL_ARM_LIVE ? TEXT_ARM_LIVE : TEXT_ARM_TRIAL);
        html_put(page->out, "</small></td>");
        put_count(page, (int64_t)of->all_judged);
        put_rate(page, of->all_hits, of->all_judged);
        put_rate(page, of->all_ndcg, of->all_judged);
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

/* ---- Another generation beside it ---- */

static void read_beside(const struct page *page, struct beside *beside)
{
    char label[GENERATION_BYTES_MAX + 1] = "";
    struct slice asked = page_argument(page, "with");
    *beside = (struct beside){.asked = asked.size > 0};
    if (!asked.size || asked.size >= sizeof(label) || memchr(asked.data, '\0', asked.size)) {
        return;
    }
    memcpy(label, asked.data, asked.size);
    const char *name = generation_parse(label);
    beside->valid = name && strcmp(name, quality_beside_own(page->beside)) != 0;
    if (beside->valid) { (void)snprintf(beside->name, sizeof(beside->name), "%s", name); }
}

static void put_choice(const struct page *page, const char *name, const struct beside *beside)
{
    html_put(page->out, "<a href=\"/console/quality?with=");
    quote_url(page->out, slice_str(generation_label(name)));
    page_keep_language_in_link(page);
    html_put(page->out, "\"");
    if (beside->valid && strcmp(beside->name, name) == 0) {
        html_put(page->out, " aria-current=\"true\"");
    }
    html_put(page->out, ">");
    html_text(page->out, slice_str(generation_label(name)));
    html_put(page->out, "</a> ");
}

/* Asks which generation shall stand beside this one, and links to those that are known. */
static void put_choices(const struct page *page, const struct quality_view *view,
                        const struct beside *beside)
{
    const char *own = quality_beside_own(page->beside);
    page_form(page, "quality", "with", TEXT_BESIDE, TEXT_COMPARE, page_argument(page, "with"));
    if (view->generations_count < 2) { return; }
    html_put(page->out, "<nav class=\"placements\" aria-label=\"");
    page_put(page, TEXT_BESIDE);
    html_put(page->out, "\">");
    for (size_t i = 0; i < view->generations_count; i++) {
        if (strcmp(view->generations[i], own) == 0) { continue; }
        put_choice(page, view->generations[i], beside);
    }
    html_put(page->out, "</nav>\n");
}

static void say_beside(const struct page *page, const struct beside *beside)
{
    if (!beside->asked) { return; }
    html_put(page->out, "<p class=\"answer\" role=\"status\">");
    if (!beside->valid) {
        page_put(page, TEXT_BESIDE_WRONG);
    } else if (beside->state == BESIDE_READING) {
        page_put(page, TEXT_BESIDE_READING);
    } else if (beside->state == BESIDE_FULL) {
        page_put(page, TEXT_BESIDE_FULL);
    } else if (beside->state == BESIDE_FAILED) {
        page_put(page, TEXT_BESIDE_FAILED);
        html_put(page->out, " ");
        html_text(page->out, slice_str(beside->why));
    } else {
        page_put(page, TEXT_BESIDE_ABOUT);
    }
    html_put(page->out, "</p>\n");
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

static void put_json_side(const struct page *page, const struct quality_side *side)
{
    struct buf *out = page->out;
    buf_printf(out, "\"hours\":[");
    for (size_t i = 0; i < side->view->hours_count; i++) {
        const struct quality_hour *hour = &side->view->hours[i];
        buf_printf(out, "%s{\"time_ms\":%" PRId64 ",", i ? "," : "",
                   hour->hour * HOUR_SECONDS * 1000);
        put_json_counts(out, &hour->all);
        buf_printf(out, ",\"unlisted\":%" PRId64 ",\"lists\":%" PRId64 ",\"coverage\":%.6g,"
                        "\"novelty\":%.6g}",
                   hour->unlisted, hour->lists, hour->coverage,
                   rate(hour->novelty_bits, (double)hour->places));
    }
    put_json_parts(page, side->view, &side->sums);
}

static void put_json(const struct page *page, const struct quality_sides *sides,
                     const struct beside *beside)
{
    static const char *const states[] = {
        [BESIDE_READING] = "reading", [BESIDE_KNOWN] = "known", [BESIDE_FAILED] = "failed",
        [BESIDE_FULL] = "full"};
    struct buf *out = page->out;
    buf_printf(out, "{");
    put_json_side(page, &sides->at[0]);
    buf_printf(out, ",\"trial\":");
    put_json_trial(out, sides->at[0].view);
    if (beside->valid) {
        buf_printf(out, ",\"with\":{\"generation\":");
        quote_json(out, slice_str(generation_label(beside->name)), QUOTE_EITHER);
        buf_printf(out, ",\"state\":\"%s\",", states[beside->state]);
        put_json_side(page, &sides->at[1]);
        buf_printf(out, "}");
    }
    buf_printf(out, "}\n");
}

/* ---- The page ---- */

static void find_sides(const struct page *page, struct beside *beside, struct quality_sides *sides)
{
    int64_t now_ms = clock_wall_ms();
    for (size_t k = 0; k < QUALITY_SIDES; k++) {
        sides->at[k].view = arena_alloc(page->arena, sizeof(struct quality_view));
    }
    sides->count = 1;
    sides->at[0].name = generation_label(quality_beside_own(page->beside));
    quality_board_look(page->quality, sides->at[0].view);
    quality_sums_find(sides->at[0].view, now_ms, &sides->at[0].sums);
    if (!beside->valid) { return; }
    sides->at[1].name = generation_label(beside->name);
    beside->state =
        quality_beside_look(page->beside, beside->name, sides->at[1].view, beside->why);
    quality_sums_find(sides->at[1].view, now_ms, &sides->at[1].sums);
    if (beside->state == BESIDE_KNOWN) { sides->count = 2; }
}

void quality_page(struct page *page)
{
    struct beside beside;
    struct quality_sides *sides = arena_alloc(page->arena, sizeof(*sides));
    page->charted = true;
    read_beside(page, &beside);
    find_sides(page, &beside, sides);
    if (page_wants_json(page)) {
        put_json(page, sides, &beside);
        return;
    }
    const struct quality_view *view = sides->at[0].view;
    page_begin(page, TEXT_QUALITY, slice_str(text_of(TEXT_QUALITY, page->language)),
               TEXT_QUALITY_ABOUT);
    put_choices(page, view, &beside);
    say_beside(page, &beside);
    put_trial(page, view);
    if (view->hours_count || sides->at[1].view->hours_count) {
        quality_tables_totals(page, sides);
        quality_tables_hours(page, sides);
        html_put(page->out, "<div class=\"columns\">");
        quality_tables_kinds(page, sides);
        quality_tables_models(page, sides);
        html_put(page->out, "</div>\n");
    } else {
        page_say(page, TEXT_NO_QUALITY);
    }
    page_end(page);
}
