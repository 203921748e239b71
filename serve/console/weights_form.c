#include "base/base.h"
#include "base/number.h"
#include "serve/console/weights_form.h"

enum { WEIGHT_BYTES = 24, COUNTING_WEIGHTS = 4, WEIGHTS = MIXTURE_INPUTS + COUNTING_WEIGHTS };

/* A weight is shown with two digits: what differs by less is the same. */
#define WEIGHT_STEP 0.01

#define OFFSET_OF_ASPECT(aspect) offsetof(struct tried_weights, inputs[MIXTURE_MEMBERS + (aspect)])

static const struct {
    const char *name;
    enum text label;
    size_t offset; /* in struct tried_weights */
} weights[WEIGHTS] = {
    {"w_counting", TEXT_MEMBER_COUNTING, offsetof(struct tried_weights, inputs[MEMBER_COUNTING])},
    {"w_sequence", TEXT_MEMBER_SEQUENCE, offsetof(struct tried_weights, inputs[MEMBER_SEQUENCE])},
    {"w_content", TEXT_MEMBER_CONTENT, offsetof(struct tried_weights, inputs[MEMBER_CONTENT])},
    {"w_users", TEXT_MEMBER_USERS, offsetof(struct tried_weights, inputs[MEMBER_USERS])},
    {"w_tags", TEXT_ASPECT_TAGS, OFFSET_OF_ASPECT(ASPECT_TAGS)},
    {"w_category", TEXT_ASPECT_CATEGORY, OFFSET_OF_ASPECT(ASPECT_CATEGORY)},
    {"w_brand", TEXT_ASPECT_BRAND, OFFSET_OF_ASPECT(ASPECT_BRAND)},
    {"w_price", TEXT_ASPECT_PRICE, OFFSET_OF_ASPECT(ASPECT_PRICE)},
    {"w_words", TEXT_ASPECT_WORDS, OFFSET_OF_ASPECT(ASPECT_WORDS)},
    {"w_text", TEXT_ASPECT_TEXT, OFFSET_OF_ASPECT(ASPECT_TEXT)},
    {"w_given", TEXT_ASPECT_GIVEN, OFFSET_OF_ASPECT(ASPECT_GIVEN)},
    {"w_vectors_1", TEXT_ASPECT_VECTORS_1, OFFSET_OF_ASPECT(ASPECT_NAMED)},
    {"w_vectors_2", TEXT_ASPECT_VECTORS_2, OFFSET_OF_ASPECT(ASPECT_NAMED + 1)},
    {"w_vectors_3", TEXT_ASPECT_VECTORS_3, OFFSET_OF_ASPECT(ASPECT_NAMED + 2)},
    {"w_vectors_4", TEXT_ASPECT_VECTORS_4, OFFSET_OF_ASPECT(ASPECT_NAMED + 3)},
    {"w_vectors_5", TEXT_ASPECT_VECTORS_5, OFFSET_OF_ASPECT(ASPECT_NAMED + 4)},
    {"w_next", TEXT_WEIGHT_NEXT, offsetof(struct tried_weights, counting.directed)},
    {"w_together", TEXT_WEIGHT_TOGETHER, offsetof(struct tried_weights, counting.symmetric)},
    {"w_popular", TEXT_WEIGHT_POPULAR, offsetof(struct tried_weights, counting.popularity)},
    {"w_cross", TEXT_WEIGHT_CROSS, offsetof(struct tried_weights, counting.cross)},
};

static double *weight_at(struct tried_weights *tried, size_t at)
{
    return (double *)(void *)((char *)tried + weights[at].offset);
}

static double weight_of(const struct tried_weights *tried, size_t at)
{
    return *(const double *)(const void *)((const char *)tried + weights[at].offset);
}

/* Says whether a member beside counting has scores. */
static bool is_blended(const struct list_weights *usual)
{
    return usual->present[MEMBER_SEQUENCE] || usual->present[MEMBER_CONTENT] ||
           usual->present[MEMBER_USERS];
}

static bool is_shown(const struct weights_form *form, size_t at)
{
    if (at < MIXTURE_INPUTS) { return is_blended(&form->usual) && form->usual.present[at]; }
    return at + 1 < WEIGHTS || form->usual.crossing;
}

/* Reads a weight: false: none is asked for that may be. */
static bool read_weight(const struct page *page, const char *name, double *ret_weight)
{
    char text[WEIGHT_BYTES];
    struct slice sent = page_argument(page, name);
    if (!sent.size || sent.size >= sizeof(text)) { return false; }
    (void)snprintf(text, sizeof(text), "%.*s", SLICE_ARGS(sent));
    return number_parse_real(text, ret_weight) && *ret_weight >= 0.0 && *ret_weight <= WEIGHT_MOST;
}

void weights_form_read(const struct page *page, int64_t actions, struct weights_form *ret_form)
{
    struct weights_form *form = ret_form;
    *form = (struct weights_form){0};
    live_tables_weights(page->live, actions, &form->usual);
    form->tried = form->usual.weights;
    for (size_t at = 0; at < WEIGHTS; at++) {
        double weight, *tried = weight_at(&form->tried, at);
        if (!is_shown(form, at) || !read_weight(page, weights[at].name, &weight)) { continue; }
        if (fabs(weight - *tried) < WEIGHT_STEP / 2.0) { continue; }
        *tried = weight;
        form->changed = true;
    }
}

void weights_form_keep(const struct page *page, const struct weights_form *form)
{
    for (size_t at = 0; at < WEIGHTS; at++) {
        double weight = weight_of(&form->tried, at), usual = weight_of(&form->usual.weights, at);
        if (!(fabs(weight - usual) > 0.0)) { continue; }
        buf_printf(page->out, "<input type=\"hidden\" name=\"%s\" value=\"%.2f\">",
                   weights[at].name, weight);
    }
}

static void put_field(const struct page *page, const struct weights_form *form, size_t at)
{
    html_put(page->out, "<label>");
    page_put(page, weights[at].label);
    buf_printf(page->out, "<input type=\"number\" name=\"%s\" value=\"%.2f\" min=\"0\" "
                          "max=\"%.0f\" step=\"0.01\" required><small>",
               weights[at].name, weight_of(&form->tried, at), WEIGHT_MOST);
    page_put(page, TEXT_USUAL_WEIGHT);
    buf_printf(page->out, " %.2f</small></label>", weight_of(&form->usual.weights, at));
}

void weights_form_put(const struct page *page, const struct weights_form *form)
{
    page_say(page, is_blended(&form->usual) ? TEXT_WEIGHTS_ABOUT : TEXT_WEIGHTS_COUNTING);
    html_put(page->out, "<div class=\"weights\">");
    for (size_t at = 0; at < WEIGHTS; at++) {
        if (is_shown(form, at)) { put_field(page, form, at); }
    }
    html_put(page->out, "</div><button>");
    page_put(page, TEXT_WEIGH);
    html_put(page->out, "</button>");
}
