/* What the first rows show of each column is gathered first: numbers, times, texts. Then either the
 * columns that the user names are looked up, or the names in the first line, or the order of
 * columns counts; the last only when what was gathered agrees. Every refusal ends in the same
 * advice: --columns, with the first line as an example of what there is.
 */
#include "base/base.h"
#include "base/number.h"
#include "base/xalloc.h"
#include "evaluate/column_guess.h"


/* Seconds since 1970 of 1998 and of 2039; as milliseconds they are a thousand times as many.
 * Numbers from the last on are no seconds. */
#define EPOCH_FIRST 9e8
#define EPOCH_LAST 2.2e9
#define SECONDS_MOST 1e11

enum { COLUMNS_SEEN = 16, NUMBER_BYTES_MAX = 63 };

/* What the rows after the first show of a column. */
struct column_look {
    size_t numbers, iso, texts, empty;
    size_t epoch; /* numbers that look like times of any unit */
    size_t finer; /* numbers that are too large for seconds */
};

struct column_guess {
    const char *path;
    const struct action_format *format;
    struct column_layout *layout;
    char *first_line;
    struct delimited_row first;
    struct column_look looks[COLUMNS_SEEN];
    size_t columns; /* most of a row */
    size_t rows;
};

struct column_guess *column_guess_new(const char *path, const struct action_format *format,
                                      struct column_layout *layout)
{
    struct column_guess *guess = xcalloc(1, sizeof(*guess));
    *layout = (struct column_layout){.user = -1, .item = -1, .rating = -1, .time = -1};
    guess->path = path;
    guess->format = format;
    guess->layout = layout;
    delimited_row_init(&guess->first, 1 << 20);
    return guess;
}

struct column_guess *column_guess_free(struct column_guess *guess)
{
    if (!guess) { return NULL; }
    delimited_row_release(&guess->first);
    free(guess->first_line);
    free(guess);
    return NULL;
}

/* ---- Splitting and numbers ---- */

/* Reads a field that is a finite number and nothing else. */
bool column_is_none(struct slice field)
{
    static const char *const words[] = {"NA", "N/A", "NaN", "nan", "NULL", "null", "None", "\\N"};
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        if (slice_equal(field, slice_str(words[i]))) { return true; }
    }
    return false;
}

bool column_number(struct slice field, double *ret_number)
{
    char text[NUMBER_BYTES_MAX + 1], *end;
    if (!field.size || field.size > NUMBER_BYTES_MAX) { return false; }
    memcpy(text, field.data, field.size);
    text[field.size] = '\0';
    double number = strtod(text, &end);
    if (end == text || *end || !isfinite(number)) { return false; }
    *ret_number = number;
    return true;
}

/* Splits `a::b::c`. */
static int split_colons(struct delimited_row *row, struct slice line)
{
    const char *at = line.data;
    row->count = 0;
    for (;;) {
        if (row->count == DELIMITED_FIELDS_MAX) { return -E2BIG; }
        const char *end = strstr(at, "::");
        size_t size = end ? (size_t)(end - at) : strlen(at);
        row->quoted[row->count] = false;
        row->fields[row->count++] = slice_of(at, size);
        if (!end) { return 0; }
        at = end + 2;
    }
}

int column_layout_split(const struct column_layout *layout, struct delimited_row *row,
                        struct slice line)
{
    if (layout->separator == COLUMN_COLONS) { return split_colons(row, line); }
    const struct delimited_format format = {layout->separator, layout->separator != '\t'};
    struct slice rest = line;
    return line.size ? delimited_row_read(row, format, &rest) : -ENODATA;
}

/* ---- Refusing ---- */

/* Refuses to guess. */
static int ask(const struct column_guess *guess, struct reason *reason, const char *why)
{
    return reason_give(reason, "%s: %s; hint: say what the columns are, --columns "
                       "user=NAME,item=NAME,time=NAME:UNIT (or numbers: user=1,item=3); the first "
                       "line is \"%.80s\"",
                       guess->path, why, guess->first_line);
}

/* ---- Looking ---- */

static bool is_iso(const struct column_guess *guess, struct slice field)
{
    int64_t ms;
    return field.size >= 10 && field.data[4] == '-' && guess->format->read_time &&
           guess->format->read_time("iso8601", field, &ms) == 0;
}

static bool looks_like_epoch(double number)
{
    for (int unit = 0; unit < 4; unit++) {
        if (number >= EPOCH_FIRST && number <= EPOCH_LAST) { return true; }
        number /= 1000.0;
    }
    return false;
}

static void look(struct column_guess *guess, struct column_look *seen, struct slice field)
{
    double number;
    if (!field.size || column_is_none(field)) {
        seen->empty++;
    } else if (column_number(field, &number)) {
        seen->numbers++;
        seen->finer += fabs(number) >= SECONDS_MOST;
        seen->epoch += looks_like_epoch(number);
    } else if (is_iso(guess, field)) {
        seen->iso++;
    } else {
        seen->texts++;
    }
}

static char separator_of(const char *line)
{
    size_t commas = 0, semicolons = 0, bars = 0;
    if (strstr(line, "::")) { return COLUMN_COLONS; }
    if (strchr(line, '\t')) { return '\t'; }
    for (const char *at = line; *at; at++) {
        commas += *at == ',';
        semicolons += *at == ';';
        bars += *at == '|';
    }
    if (semicolons > commas) { return ';'; }
    if (commas) { return ','; }
    return bars ? '|' : ' ';
}

/* `17:`, and behind it a line for each user. */
static bool is_item_of_group(struct slice line)
{
    size_t digits = 0;
    while (digits < line.size && line.data[digits] >= '0' && line.data[digits] <= '9') { digits++; }
    return digits && digits + 1 == line.size && line.data[digits] == ':';
}

int column_guess_first(struct column_guess *guess, struct slice line, struct reason *reason)
{
    guess->first_line = xprintf("%.*s", SLICE_ARGS(line));
    if (line.data[0] == '{' || line.data[0] == '[') {
        return reason_give(reason,
                           "%s: JSON is not among the formats: see `freshet evaluate --help`; "
                           "hint: jq -r '[.user_id,.item_id,.rating,.timestamp]|@csv'",
                           guess->path);
    }
    if (is_item_of_group(line)) {
        return reason_give(reason,
                           "%s: it is grouped by item, as the Netflix Prize's files are; hint: awk "
                           "-F, '/:/{i=$1+0;next}{print $1\",\"i\",\"$2\",\"$3}' makes columns",
                           guess->path);
    }
    char given = guess->format->separator;
    guess->layout->separator = given ? given : separator_of(guess->first_line);
    if (guess->layout->separator == ' ' && guess->format->columns) {
        return ask(guess, reason, "no separator between columns is found: say --separator");
    }
    if (guess->layout->separator == ' ') { return 0; }
    int rc = column_layout_split(guess->layout, &guess->first, slice_str(guess->first_line));
    guess->columns = guess->first.count;
    return rc ? ask(guess, reason, "the first line has a quote that is not closed, or too many "
                    "columns") : 0;
}

void column_guess_row(struct column_guess *guess, const struct delimited_row *row)
{
    guess->rows++;
    guess->columns = MAX_OF(guess->columns, row->count);
    for (size_t i = 0; i < row->count && i < COLUMNS_SEEN; i++) {
        look(guess, &guess->looks[i], row->fields[i]);
    }
}

/* ---- Times ---- */

int column_layout_time(const struct column_layout *layout, const struct action_format *format,
                       struct slice text, int64_t *ret_ms)
{
    double number;
    if (layout->unit[0] == 's' && !layout->unit[1]) {
        if (!column_number(text, &number) || fabs(number) > 9e15) { return -EINVAL; }
        *ret_ms = (int64_t)floor(number * 1000.0 + 1e-4);
        return 0;
    }
    return format->read_time ? format->read_time(layout->unit, text, ret_ms) : -EINVAL;
}

/* Finds the unit of the time's column by what was seen of it. */
static int find_unit(struct column_guess *guess, struct reason *reason)
{
    struct column_layout *layout = guess->layout;
    if (layout->time < 0 || layout->unit[0]) { return 0; }
    if (layout->time >= COLUMNS_SEEN) { return ask(guess, reason, "the time needs a unit"); }
    const struct column_look *seen = &guess->looks[layout->time];
    if (seen->iso && !seen->numbers && !seen->texts) {
        (void)snprintf(layout->unit, sizeof(layout->unit), "iso8601");
        return 0;
    }
    if (seen->finer) {
        return ask(guess, reason, "the times look like milliseconds or a finer unit, not like "
                   "seconds");
    }
    if (seen->texts && !seen->numbers) {
        return ask(guess, reason, "the times are neither seconds nor ISO 8601");
    }
    (void)snprintf(layout->unit, sizeof(layout->unit), "s");
    return 0;
}

/* ---- Named by the user ---- */

static int *role_of(struct column_layout *layout, struct slice role)
{
    if (slice_equal(role, slice_str("user"))) { return &layout->user; }
    if (slice_equal(role, slice_str("item"))) { return &layout->item; }
    if (slice_equal(role, slice_str("rating"))) { return &layout->rating; }
    return slice_equal(role, slice_str("time")) ? &layout->time : NULL;
}

/* Finds a column by its name in the first line, or by its number. */
static int find_column(struct column_guess *guess, const char *name, int *ret_column,
                       struct reason *reason)
{
    const char *at = name;
    int64_t number;
    int named = delimited_row_find(&guess->first, name);
    if (named >= 0) {
        guess->layout->names = true;
        *ret_column = named;
        return 0;
    }
    if (number_read(&at, &number) && !*at && number >= 1 && number <= (int64_t)guess->columns) {
        *ret_column = (int)number - 1;
        return 0;
    }
    _cleanup_(xfreep) char *why = xprintf("there is no column %.60s", name);
    return ask(guess, reason, why);
}

static int take_column(struct column_guess *guess, struct slice part, struct reason *reason)
{
    struct column_layout *layout = guess->layout;
    const char *equals = memchr(part.data, '=', part.size);
    int *column = equals ? role_of(layout, slice_of(part.data, (size_t)(equals - part.data)))
                         : NULL;
    if (!column || *column >= 0) {
        return ask(guess, reason, "--columns wants user, item, rating and time, each once");
    }
    _cleanup_(xfreep) char *name =
        xprintf("%.*s", (int)(part.size - (size_t)(equals + 1 - part.data)), equals + 1);
    char *colon = column == &layout->time ? strchr(name, ':') : NULL;
    if (colon && delimited_row_find(&guess->first, name) < 0) {
        if (strlen(colon + 1) >= UNIT_BYTES_MAX || !colon[1]) {
            return ask(guess, reason, "the unit of time is empty or too long");
        }
        (void)snprintf(layout->unit, sizeof(layout->unit), "%s", colon + 1);
        *colon = '\0';
    }
    return find_column(guess, name, column, reason);
}

static int take_columns(struct column_guess *guess, struct reason *reason)
{
    const char *at = guess->format->columns;
    int rc = 0;
    while (*at && !rc) {
        size_t size = strcspn(at, ",");
        rc = take_column(guess, slice_of(at, size), reason);
        at += size + (at[size] == ',');
    }
    if (!rc && (guess->layout->user < 0 || guess->layout->item < 0)) {
        return ask(guess, reason, "--columns names no user and item");
    }
    return rc;
}

/* ---- Named by the first line ---- */

/* Says whether a name is one of the words; ignores case and everything from a colon on. */
static bool is_one_of(struct slice name, const char *const *words)
{
    const char *colon = memchr(name.data, ':', name.size);
    size_t size = colon ? (size_t)(colon - name.data) : name.size;
    for (; *words; words++) {
        if (strlen(*words) == size && strncasecmp(name.data, *words, size) == 0) { return true; }
    }
    return false;
}

/* Finds the columns by the first line's names. 1; 0 when it names neither user nor item; -1 when it
 * names only one of them, or one twice. */
static int take_names(struct column_guess *guess)
{
    static const char *const users[] = {"user", "userid", "user_id", "user-id", "uid", NULL};
    static const char *const items[] = {"item",     "itemid",   "item_id",   "item-id",
                                        "iid",      "movieid",  "movie_id",  "productid",
                                        "product_id", NULL};
    static const char *const ratings[] = {"rating", "rating_or_0", "score", "stars", NULL};
    static const char *const times[] = {"ts", "timestamp", "time", NULL};
    struct column_layout *layout = guess->layout;
    const struct {
        const char *const *words;
        int *column;
    } roles[] = {{users, &layout->user}, {items, &layout->item}, {ratings, &layout->rating},
                 {times, &layout->time}};
    bool twice = false;
    for (size_t i = 0; i < guess->first.count; i++) {
        for (size_t k = 0; k < ARRAY_COUNT(roles); k++) {
            if (!is_one_of(guess->first.fields[i], roles[k].words)) { continue; }
            twice |= *roles[k].column >= 0;
            *roles[k].column = (int)i;
        }
    }
    if (layout->user < 0 && layout->item < 0) { return 0; }
    layout->names = true;
    return layout->user < 0 || layout->item < 0 || twice ? -1 : 1;
}

/* ---- By their order ---- */

static bool looks_like_times(const struct column_look *seen, size_t rows)
{
    return seen->iso > 0 || seen->epoch == rows;
}

/* The first line looks like names when its third column is a text where the others have numbers. */
static bool is_line_of_names(const struct column_guess *guess)
{
    double number;
    if (guess->columns < 3 || guess->first.count < 3 || !guess->looks[2].numbers) { return false; }
    return !column_number(guess->first.fields[2], &number);
}

/* Returns why the order user, item, rating, time would be a guess; NULL: it is safe. */
static const char *order_fault(struct column_guess *guess)
{
    const struct column_look *looks = guess->looks;
    if (is_line_of_names(guess)) {
        return "the first line looks like names, but names no user and item";
    }
    column_guess_row(guess, &guess->first);
    if (guess->columns > 4) { return "more than four columns, and the first line has no names"; }
    bool times = looks_like_times(&looks[1], guess->rows);
    if (looks[1].iso || (times && guess->columns > 2)) {
        return "the second column looks like a time, not like an item";
    }
    if (looks[0].iso || (guess->columns > 2 && looks_like_times(&looks[0], guess->rows))) {
        return "the first column looks like a time, not like a user";
    }
    if (guess->columns > 2 && looks_like_times(&looks[2], guess->rows)) {
        return "the third column looks like a time, not like a rating";
    }
    if (guess->columns > 2 && looks[2].texts && !looks[2].numbers) {
        return "the third column holds texts, not ratings";
    }
    return NULL;
}

static int take_order(struct column_guess *guess, struct reason *reason)
{
    struct column_layout *layout = guess->layout;
    const char *fault = order_fault(guess);
    if (fault) { return ask(guess, reason, fault); }
    layout->user = 0;
    layout->item = 1;
    layout->rating = guess->columns > 2 ? 2 : -1;
    layout->time = guess->columns > 3 ? 3 : -1;
    return 0;
}

static bool is_without_values(const struct column_guess *guess, int column)
{
    return guess->rows && column < COLUMNS_SEEN && guess->looks[column].empty == guess->rows;
}

int column_guess_decide(struct column_guess *guess, struct reason *reason)
{
    if (!guess->first_line || guess->layout->separator == ' ') { return 0; }
    int rc = 0;
    if (guess->format->columns) {
        rc = take_columns(guess, reason);
    } else {
        int named = take_names(guess);
        if (named < 0) {
            return ask(guess, reason, "the first line names no columns user and item, or one "
                       "of them twice");
        }
        if (!named) { rc = take_order(guess, reason); }
        if (named && is_without_values(guess, guess->layout->user)) {
            return ask(guess, reason, "the column of users has no values (NA, NULL ...)");
        }
    }
    return rc ? rc : find_unit(guess, reason);
}
