/* The way of an event: each worker with its copies, lag and rate, as a picture and as a table, and
 * what is wrong in words, with the command that helps. The picture says nothing that the table does
 * not, so programs that read the page aloud pass it over.
 */
#include "base/base.h"
#include "base/clock.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "serve/console/flow_faults.h"
#include "serve/console/page.h"

enum { BOX_WIDTH = 150, BOX_HEIGHT = 76, ARROWS_MAX = 9 };

/* An arrow, its tip, and where the name of its topic stands. */
struct arrow {
    const char *path, *tip, *topic;
    int x, y;
};

/* Where each worker's box is, and the arrows. */
struct drawing {
    const char *class, *view_box;
    struct {
        int x, y;
    } boxes[STAGES_COUNT];
    struct arrow arrows[ARROWS_MAX];
};

/* One for wide windows and one for narrow ones; the style sheet shows one of them. */
static const struct drawing drawings[] = {
    {.class = "flow",
     .view_box = "0 0 1140 400",
     .boxes = {{10, 110}, {260, 110}, {510, 10}, {760, 110}, {510, 210}, {980, 110}, {510, 310}},
     .arrows = {{"M160 148H250", "M260 148l-9 -5v10z", "events", 205, 140},
                {"M410 130H460V48H500", "M510 48l-9 -5v10z", "pair-deltas", 455, 40},
                {"M660 48H715V130H750", "M760 130l-9 -5v10z", "serving-rows", 715, 40},
                {"M410 148H750", "M760 148l-9 -5v10z", "histories", 585, 140},
                {"M410 166H460V248H500", "M510 248l-9 -5v10z", "", 0, 0},
                {"M660 248H715V166H750", "M760 166l-9 -5v10z", "item-vectors", 762, 252},
                {"M660 348H835V196", "M835 186l-5 9h10z", "content-vectors", 745, 340},
                {"M585 310V296", "M585 286l-5 9h10z", "", 0, 0},
                {"M910 148H970", "M980 148l-9 -5v10z", "lists", 940, 140}}},
    {.class = "flow tall",
     .view_box = "0 0 360 746",
     .boxes = {{105, 10}, {105, 130}, {5, 270}, {105, 540}, {205, 270}, {105, 660}, {205, 410}},
     .arrows = {{"M180 86V120", "M180 130l-5 -9h10z", "events", 215, 113},
                {"M145 206V240H80V260", "M80 270l-5 -9h10z", "pair-deltas", 70, 232},
                {"M80 346V500H140V530", "M140 540l-5 -9h10z", "serving-rows", 75, 516},
                {"M168 206V530", "M168 540l-5 -9h10z", "", 0, 0},
                {"M215 206V240H280V260", "M280 270l-5 -9h10z", "histories", 290, 232},
                {"M205 330H192V530", "M192 540l-5 -9h10z", "item-vectors", 250, 382},
                {"M280 486V510H220V530", "M220 540l-5 -9h10z", "content-vectors", 296, 530},
                {"M325 410V356", "M325 346l-5 9h10z", "", 0, 0},
                {"M180 616V650", "M180 660l-5 -9h10z", "lists", 205, 642}}},
};

static struct slice words(const struct page *page, enum text text)
{
    return slice_str(text_of(text, page->language));
}

/* ---- The picture ---- */

static void put_word(const struct page *page, int x, int y, const char *class, const char *word)
{
    buf_printf(page->out, "<text x=\"%d\" y=\"%d\" class=\"", x, y);
    html_text(page->out, slice_str(class));
    html_put(page->out, "\">");
    html_text(page->out, slice_str(word));
    html_put(page->out, "</text>");
}

static void put_arrows(const struct page *page, const struct drawing *drawing)
{
    for (size_t i = 0; i < ARROWS_MAX; i++) {
        const struct arrow *arrow = &drawing->arrows[i];
        html_put(page->out, "<path d=\"");
        html_text(page->out, slice_str(arrow->path));
        html_put(page->out, "\"/><path class=\"tip\" d=\"");
        html_text(page->out, slice_str(arrow->tip));
        html_put(page->out, "\"/>");
        if (arrow->topic[0]) { put_word(page, arrow->x, arrow->y, "topic", arrow->topic); }
    }
}

static const char *box_class(const struct flow_stage *stage, const struct flow_faults *faults,
                             int at)
{
    for (size_t i = 0; i < faults->count; i++) {
        if (faults->at[i].stage == at) { return "box wrong"; }
    }
    return stage->members > 0 ? "box runs" : "box";
}

static void put_box(const struct page *page, const struct drawing *drawing,
                    const struct flow_view *view, const struct flow_faults *faults, int at)
{
    char line[64];
    const struct flow_stage *stage = &view->stages[at];
    int x = drawing->boxes[at].x, y = drawing->boxes[at].y;
    buf_printf(page->out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"10\" "
                          "class=\"%s\"/>",
               x, y, BOX_WIDTH, BOX_HEIGHT, box_class(stage, faults, at));
    if (stage->told) {
        (void)snprintf(line, sizeof(line), "%s × %d", stages[at].worker, stage->members);
    } else {
        (void)snprintf(line, sizeof(line), "%s", stages[at].worker);
    }
    put_word(page, x + BOX_WIDTH / 2, y + 24, "name", line);
    if (stage->committed) {
        (void)snprintf(line, sizeof(line), "%.0f/s", stage->rate);
        put_word(page, x + BOX_WIDTH / 2, y + 45, "figure", line);
        (void)snprintf(line, sizeof(line), "%s %" PRId64, text_of(TEXT_LAG, page->language),
                       stage->lag);
        put_word(page, x + BOX_WIDTH / 2, y + 64, "figure", line);
    } else {
        put_word(page, x + BOX_WIDTH / 2, y + 45, "figure", "–");
    }
}

static void put_picture(const struct page *page, const struct flow_view *view,
                        const struct flow_faults *faults)
{
    html_put(page->out, "<section>");
    page_begin_scroll(page, TEXT_FLOW);
    for (size_t i = 0; i < ARRAY_COUNT(drawings); i++) {
        buf_printf(page->out, "<svg class=\"%s\" viewBox=\"%s\" aria-hidden=\"true\">",
                   drawings[i].class, drawings[i].view_box);
        put_arrows(page, &drawings[i]);
        for (int at = 0; at < STAGES_COUNT; at++) {
            put_box(page, &drawings[i], view, faults, at);
        }
        html_put(page->out, "</svg>");
    }
    html_put(page->out, "</div></section>\n");
}

/* ---- The table ---- */

static void put_cell(const struct page *page, bool known, double value, int digits)
{
    html_put(page->out, "<td class=\"number\">");
    if (known) {
        html_real(page->out, value, digits);
    } else {
        html_put(page->out, "–");
    }
    html_put(page->out, "</td>");
}

/* Appends a number behind its name. */
static void put_count(const struct page *page, enum text name, size_t count)
{
    page_put(page, name);
    html_put(page->out, " ");
    html_number(page->out, (int64_t)count);
}

static void put_version(const struct page *page, bool runs)
{
    struct live_version version;
    if (!live_tables_version(page->live, &version) || !(version.name[0] || runs)) { return; }
    html_put(page->out, "<small>");
    page_put(page, version.name[0] ? TEXT_VERSION_SERVED : TEXT_VERSION_NONE);
    if (version.name[0]) {
        html_put(page->out, " ");
        html_text(page->out, slice_str(version.name));
        html_put(page->out, ", ");
        put_count(page, TEXT_VERSION_ITEMS, version.items);
    }
    html_put(page->out, "</small>");
}

static void put_groups(const struct page *page)
{
    size_t clusters, segments;
    live_tables_count_groups(page->live, &clusters, &segments);
    if (!clusters && !segments) { return; }
    html_put(page->out, "<small>");
    put_count(page, TEXT_CLUSTERS_SERVED, clusters);
    html_put(page->out, ", ");
    put_count(page, TEXT_SEGMENTS_SERVED, segments);
    html_put(page->out, "</small>");
}

/* What the optional workers have made, as far as it is in use here. */
static void put_made(const struct page *page, const char *worker, bool runs)
{
    size_t texts = 0, ours = 0;
    if (strcmp(worker, "sequence") == 0) {
        put_version(page, runs);
        put_groups(page);
    }
    if (strcmp(worker, "embed") == 0) { live_tables_count_texts(page->live, &texts, &ours); }
    if (texts) {
        html_put(page->out, "<small>");
        put_count(page, TEXT_TEXTS_SERVED, texts);
        html_put(page->out, "</small>");
    }
}

static void put_table(const struct page *page, const struct flow_view *view)
{
    static const enum text heads[] = {TEXT_COPIES, TEXT_LAG, TEXT_RATE, TEXT_BEHIND};
    page_begin_scroll_section(page, TEXT_WORKERS);
    html_put(page->out, "<table data-track><thead><tr>");
    page_head(page, TEXT_WORKER, /* numbers= */ false);
    for (size_t i = 0; i < ARRAY_COUNT(heads); i++) {
        html_put(page->out, "<th scope=\"col\" class=\"number\"");
        if (heads[i] == TEXT_LAG || heads[i] == TEXT_RATE) {
            html_put(page->out, " data-line=\"");
            page_put(page, heads[i]);
            html_put(page->out, "\" data-column=\"");
            html_number(page->out, (int64_t)i + 1);
            html_put(page->out, "\"");
        }
        html_put(page->out, ">");
        page_put(page, heads[i]);
        html_put(page->out, "</th>");
    }
    html_put(page->out, "</tr></thead><tbody>\n");
    for (int at = 0; at < STAGES_COUNT; at++) {
        const struct flow_stage *stage = &view->stages[at];
        html_put(page->out, "<tr><td>");
        html_text(page->out, slice_str(stages[at].worker));
        html_put(page->out, "<small>");
        page_put(page, (enum text)(TEXT_DOES_INGEST + at));
        html_put(page->out, "</small>");
        put_made(page, stages[at].worker, stage->members > 0);
        html_put(page->out, "</td>");
        put_cell(page, stage->told, stage->members, 0);
        put_cell(page, stage->committed, (double)stage->lag, 0);
        put_cell(page, stage->committed, stage->rate, 1);
        put_cell(page, stage->committed && isfinite(stage->behind_s), stage->behind_s, 1);
        html_put(page->out, "</tr>\n");
    }
    html_put(page->out, "</tbody></table></div></section>\n");
}

/* ---- What is wrong ---- */

static void put_faults(const struct page *page, const struct flow_view *view,
                       const struct flow_faults *faults)
{
    html_put(page->out, "<section><h2>");
    page_put(page, TEXT_WRONG);
    html_put(page->out, "</h2>\n");
    if (view->asking) { page_say(page, TEXT_ASKING); }
    if (!view->asking && !faults->count) { page_say(page, TEXT_ALL_WELL); }
    if (faults->count) { html_put(page->out, "<ul class=\"faults\">"); }
    for (size_t i = 0; i < faults->count; i++) {
        const struct flow_fault *fault = &faults->at[i];
        html_put(page->out, "<li>");
        if (fault->stage >= 0) {
            html_put(page->out, "<strong>");
            html_text(page->out, slice_str(stages[fault->stage].worker));
            html_put(page->out, "</strong> ");
        }
        page_put(page, fault->text);
        if (fault->number >= 0) {
            html_put(page->out, " ");
            html_number(page->out, fault->number);
        }
        if (fault->why[0]) {
            html_put(page->out, " ");
            html_text(page->out, slice_str(fault->why));
        }
        page_begin_command(page);
        html_text(page->out, slice_str(fault->command));
        if (fault->flagged) { html_text(page->out, slice_str(page->command_flags)); }
        page_end_command(page);
        html_put(page->out, "</li>\n");
    }
    if (faults->count) { html_put(page->out, "</ul>"); }
    html_put(page->out, "</section>\n");
}

static void begin_fact(const struct page *page, struct slice name)
{
    html_put(page->out, "<div><dt>");
    html_text(page->out, name);
    html_put(page->out, "</dt><dd class=\"large\">");
}

static void put_freshness(const struct page *page, const struct flow_view *view)
{
    html_put(page->out, "<section><h2>");
    page_put(page, TEXT_FRESHNESS);
    html_put(page->out, "</h2>\n");
    if (view->lists) {
        html_put(page->out, "<dl>");
        begin_fact(page, slice_str("p50"));
        html_real(page->out, view->p50_s, 3);
        html_put(page->out, " s</dd></div>");
        begin_fact(page, slice_str("p99"));
        html_real(page->out, view->p99_s, 3);
        html_put(page->out, " s</dd></div>");
        begin_fact(page, words(page, TEXT_LISTS));
        html_number(page->out, (int64_t)view->lists);
        html_put(page->out, "</dd></div></dl>");
    } else {
        page_say(page, TEXT_NO_FRESHNESS);
    }
    html_put(page->out, "</section>\n");
}

static void put_letters(const struct page *page, const struct refusal_sums *letters)
{
    html_put(page->out, "<section><h2><a href=\"/console/letters");
    if (page_argument(page, "lang").size) {
        buf_printf(page->out, "?lang=%s", page->language == LANGUAGE_ZH ? "zh" : "en");
    }
    html_put(page->out, "\">");
    page_put(page, TEXT_LETTERS);
    html_put(page->out, "</a></h2>\n");
    if (!letters->count) { page_say(page, TEXT_NO_LETTERS); }
    if (letters->count) { html_put(page->out, "<dl>"); }
    for (size_t i = 0; i < letters->count; i++) {
        begin_fact(page, slice_str(letters->at[i].reason));
        html_number(page->out, letters->at[i].number);
        html_put(page->out, "</dd></div>");
    }
    if (letters->count) { html_put(page->out, "</dl>"); }
    html_put(page->out, "</section>\n");
}

/* ---- JSON ---- */

static void put_json_real(struct buf *out, const char *name, bool known, double value)
{
    if (known && isfinite(value)) {
        buf_printf(out, ",\"%s\":%.6g", name, value);
    } else {
        buf_printf(out, ",\"%s\":null", name);
    }
}

/* What the optional workers have made, as far as it is in use here. */
static void put_json_made(const struct page *page)
{
    struct live_version version = {.name = ""};
    size_t texts = 0, ours = 0, clusters, segments;
    (void)live_tables_version(page->live, &version);
    live_tables_count_texts(page->live, &texts, &ours);
    live_tables_count_groups(page->live, &clusters, &segments);
    buf_printf(page->out, ",\"in_use\":{\"model_version\":");
    quote_json(page->out, slice_str(version.name), QUOTE_EITHER);
    buf_printf(page->out, ",\"texts\":%zu,\"clusters\":%zu,\"segments\":%zu}", texts, clusters,
               segments);
}

static void put_json(const struct page *page, const struct flow_view *view,
                     const struct flow_faults *faults, const struct refusal_sums *letters)
{
    struct buf *out = page->out;
    buf_printf(out, "{\"known\":%s,\"time_ms\":%" PRId64 ",\"workers\":[",
               view->known ? "true" : "false", view->time_ms);
    for (int at = 0; at < STAGES_COUNT; at++) {
        const struct flow_stage *stage = &view->stages[at];
        buf_printf(out, "%s{\"worker\":\"%s\"", at ? "," : "", stages[at].worker);
        put_json_real(out, "copies", stage->told, stage->members);
        put_json_real(out, "lag", stage->committed, (double)stage->lag);
        put_json_real(out, "rate", stage->committed, stage->rate);
        put_json_real(out, "behind_s", stage->committed, stage->behind_s);
        buf_printf(out, "}");
    }
    buf_printf(out, "]");
    put_json_made(page);
    buf_printf(out, ",\"freshness\":{\"lists\":%zu", view->lists);
    put_json_real(out, "p50_s", view->lists > 0, view->p50_s);
    put_json_real(out, "p99_s", view->lists > 0, view->p99_s);
    buf_printf(out, "},\"dead_letters\":[");
    for (size_t i = 0; i < letters->count; i++) {
        buf_printf(out, "%s{\"reason\":", i ? "," : "");
        quote_json(out, slice_str(letters->at[i].reason), QUOTE_EITHER);
        buf_printf(out, ",\"count\":%" PRId64 "}", letters->at[i].number);
    }
    buf_printf(out, "],\"faults\":[");
    for (size_t i = 0; i < faults->count; i++) {
        const struct flow_fault *fault = &faults->at[i];
        buf_printf(out, "%s{\"worker\":", i ? "," : "");
        quote_json(out, slice_str(fault->stage >= 0 ? stages[fault->stage].worker : ""),
                   QUOTE_EITHER);
        buf_printf(out, ",\"text\":");
        quote_json(out, words(page, fault->text), QUOTE_EITHER);
        buf_printf(out, ",\"why\":");
        quote_json(out, slice_str(fault->why), QUOTE_EITHER);
        _cleanup_(xfreep) char *command =
            xprintf("%s%s", fault->command, fault->flagged ? page->command_flags : "");
        buf_printf(out, ",\"command\":");
        quote_json(out, slice_str(command), QUOTE_EITHER);
        buf_printf(out, "}");
    }
    buf_printf(out, "]}\n");
}

void flow_page(struct page *page)
{
    struct flow_view *view = arena_alloc(page->arena, sizeof(*view));
    struct flow_faults *faults = arena_alloc(page->arena, sizeof(*faults));
    struct refusal_sums *letters = arena_alloc(page->arena, sizeof(*letters));
    flow_watch_look(page->flow, view);
    refusal_sums_find(page->letters, clock_wall_ms(), letters);
    flow_faults_find(view, letters, page->age_ms, faults);
    page->charted = true;
    if (page_wants_json(page)) {
        put_json(page, view, faults, letters);
        return;
    }
    page_begin(page, TEXT_FLOW, words(page, TEXT_FLOW), TEXT_FLOW_ABOUT);
    put_faults(page, view, faults);
    put_picture(page, view, faults);
    put_table(page, view);
    html_put(page->out, "<div class=\"columns\">");
    put_freshness(page, view);
    put_letters(page, letters);
    html_put(page->out, "</div>\n");
    page_end(page);
}
