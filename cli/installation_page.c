/* Two pages of one document: `status` with a line for each partition, and the table of `top` with a
 * line for each worker. Every text comes from outside (a broker, a copy's port), so each passes
 * quote_line(); what is not known is "-", never 0: a lag of 0 would say that all is read. Columns
 * are chosen so that a line of usual numbers fits 80 columns.
 */
#include "base/base.h"
#include "base/quote.h"
#include "cli/installation_page.h"
#include "cli/rest_line.h"
#include "stream/avro/render.h"

enum { TIME_BYTES_MAX = 64, SECONDS_SHOWN_MAX = 359999 };

static const char nothing[] = "-";

/* A text of the document or of a copy's answer, as it may be printed. */
static struct quoted text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return quote_line(slice_str(text ? text : nothing));
}

static bool flag_of(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

static const char *generation_text(const char *name)
{
    return name[0] ? name : "base";
}

struct number_text {
    char text[32];
};

/* A number, or "-" when it is not known. */
static struct number_text number_of(const json_t *object, const char *key)
{
    struct number_text number;
    const json_t *value = json_object_get(object, key);
    (void)snprintf(number.text, sizeof(number.text), "%s", nothing);
    if (json_is_integer(value)) {
        (void)snprintf(number.text, sizeof(number.text), "%lld",
                       (long long)json_integer_value(value));
    }
    return number;
}

static long long integer_of(const json_t *object, const char *key)
{
    return (long long)json_integer_value(json_object_get(object, key));
}

/* ---- Partitions ---- */

static void print_partition(const char *worker, const char *topic, const json_t *found, FILE *out)
{
    fprintf(out, "%-8s %-16s %4lld ", worker, topic, integer_of(found, "partition"));
    if (json_object_get(found, "why")) {
        fprintf(out, " %s\n", text_of(found, "why").text);
        return;
    }
    long long left = integer_of(found, "restore_remaining");
    fprintf(out, "%10s %10s %9s  %s", number_of(found, "committed").text,
            number_of(found, "end").text, number_of(found, "lag").text,
            text_of(found, "state").text);
    if (left > 0) { fprintf(out, " %lld", left); }
    fprintf(out, "\n");
}

/* Says whether the worker is optional and was never seen. */
static bool is_absent(const json_t *worker)
{
    const json_t *members = json_object_get(worker, "members");
    return flag_of(worker, "optional") && json_integer_value(members) == 0 &&
           !flag_of(worker, "committed");
}

static void print_partitions(const json_t *worker, FILE *out)
{
    size_t t, p;
    json_t *topic, *partition;
    struct quoted name = text_of(worker, "worker");
    if (is_absent(worker)) { return; }
    json_array_foreach(json_object_get(worker, "topics"), t, topic)
    {
        struct quoted topic_name = text_of(topic, "topic");
        if (json_object_get(topic, "why")) {
            fprintf(out, "%-8s %-16s    -  %s\n", name.text, topic_name.text,
                    text_of(topic, "why").text);
        }
        json_array_foreach(json_object_get(topic, "partitions"), p, partition)
        {
            print_partition(name.text, topic_name.text, partition, out);
        }
    }
}

/* ---- Workers ---- */

static void print_prefixes(const json_t *prefixes, FILE *out)
{
    size_t index;
    json_t *prefix;
    json_array_foreach(prefixes, index, prefix)
    {
        fprintf(out, "%sgroup.prefix=%s", index ? ", " : "; groups of its name exist with ",
                quote_line(slice_str(json_string_value(prefix))).text);
    }
}

/* A group without members or offsets is mostly one that was meant otherwise, or a worker that does
 * not run: a lag of nothing would say neither. */
static void print_worker(const json_t *worker, FILE *out)
{
    const json_t *members = json_object_get(worker, "members");
    struct quoted name = text_of(worker, "worker"), group = text_of(worker, "group");
    if (json_is_null(members)) { return; }
    if (is_absent(worker)) {
        fprintf(out, "%s: does not run (it is optional)\n", name.text);
        return;
    }
    long long count = (long long)json_integer_value(members);
    if (count) {
        fprintf(out, "%s: %lld %s in group %s", name.text, count, count == 1 ? "copy" : "copies",
                group.text);
    } else {
        fprintf(out, "%s: NO COPY RUNS in group %s", name.text, group.text);
    }
    if (!flag_of(worker, "committed")) {
        fprintf(out, ", which has committed nothing of this input");
        print_prefixes(json_object_get(worker, "other_prefixes"), out);
    }
    fprintf(out, "\n");
}

/* Says whether no copy of any worker runs, as far as the broker and this machine know. */
static bool nothing_runs(const json_t *look)
{
    size_t index;
    json_t *worker;
    json_array_foreach(json_object_get(look, "workers"), index, worker)
    {
        const json_t *members = json_object_get(worker, "members");
        if (json_is_null(members) || json_integer_value(members) > 0) { return false; }
    }
    return json_array_size(json_object_get(look, "copies")) == 0;
}

static void print_nothing(const json_t *look, FILE *out)
{
    struct quoted generation = text_of(look, "generation");
    fprintf(out,
            "NOTHING RUNS: no worker has a copy with topic.prefix=%s group.prefix=%s "
            "generation=%s;\n  is it this installation? --config FILE of a worker, --prefix and "
            "--group-prefix name another\n",
            text_of(look, "topic_prefix").text, text_of(look, "group_prefix").text,
            generation_text(generation.text));
}

/* Workers of a generation that is not live may rightly have ended. */
static void print_live(const json_t *look, FILE *out)
{
    const char *live = json_string_value(json_object_get(look, "live"));
    struct quoted shown = text_of(look, "generation");
    if (!live || strcmp(live, shown.text) == 0) { return; }
    struct quoted name = quote_line(slice_str(generation_text(live)));
    fprintf(out, "LIVE IS %s, and these are the workers of %s;\n  `freshet status -g %s` shows "
                 "those of %s\n",
            name.text, generation_text(shown.text), name.text, name.text);
}

static void print_dead_letters(const json_t *letters, FILE *out)
{
    if (!json_is_object(letters)) { return; }
    long long kept = integer_of(letters, "kept");
    fprintf(out, "%s: %lld kept%s\n", text_of(letters, "topic").text, kept,
            kept ? "; `freshet refusals` shows why, `freshet redrive\n  --dry-run` counts them "
                   "by reason" : "");
}

/* ---- The copies of this machine ---- */

static void print_reasons(const json_t *copy, FILE *out)
{
    const char *reason, *before = ", dead letters since its start: ";
    json_t *count;
    json_object_foreach(json_object_get(copy, "dead_letters"), reason, count)
    {
        fprintf(out, "%s%s %lld", before, quote_line(slice_str(reason)).text,
                (long long)json_integer_value(count));
        before = ", ";
    }
}

static void print_copy(const json_t *copy, FILE *out)
{
    struct quoted generation = text_of(copy, "generation");
    bool named = generation.text[0] && strcmp(generation.text, nothing) != 0;
    fprintf(out, "%s%s%s slot %lld: pid %lld, tables %s", text_of(copy, "worker").text,
            named ? " of generation " : "", named ? generation.text : "",
            integer_of(copy, "slot"), integer_of(copy, "pid"),
            flag_of(copy, "loaded") ? "loaded" : "loading");
    const char *before = ", stands by for";
    size_t index;
    json_t *one;
    json_array_foreach(json_object_get(copy, "standby"), index, one)
    {
        long long lag = integer_of(one, "lag");
        fprintf(out, "%s %lld", before, integer_of(one, "partition"));
        if (lag < 0) { fprintf(out, " (not open)"); }
        if (lag >= 0) { fprintf(out, " (lag %lld)", lag); }
        before = ",";
    }
    print_reasons(copy, out);
    fprintf(out, "\n");
}

void installation_page(const json_t *look, FILE *out)
{
    const json_t *workers = json_object_get(look, "workers");
    const json_t *copies = json_object_get(look, "copies");
    size_t index;
    json_t *one;
    fprintf(out, "%-8s %-16s %4s %10s %10s %9s  %s\n", "worker", "input", "part", "committed",
            "end", "lag", "state");
    json_array_foreach(workers, index, one) { print_partitions(one, out); }
    json_array_foreach(workers, index, one) { print_worker(one, out); }
    print_dead_letters(json_object_get(look, "dead_letters"), out);
    json_array_foreach(copies, index, one) { print_copy(one, out); }
    print_rest(copies, out);
    print_live(look, out);
    if (nothing_runs(look)) { print_nothing(look, out); }
}

/* ---- The table of `freshet top` ---- */

/* Records per second between two looks; below 0: not known. */
static double rate_of(const json_t *now, const json_t *before, const char *key, int64_t passed_ms)
{
    const json_t *to = json_object_get(now, key), *from = json_object_get(before, key);
    if (!json_is_integer(to) || !json_is_integer(from) || passed_ms <= 0) { return -1; }
    double change = (double)json_integer_value(to) - (double)json_integer_value(from);
    return change < 0 ? 0 : change * 1000.0 / (double)passed_ms;
}

/* How long a lag takes at a rate. */
static struct number_text time_left(long long lag, double rate)
{
    struct number_text left;
    double seconds = rate > 0 ? (double)lag / rate : 0;
    (void)snprintf(left.text, sizeof(left.text), "%s", lag ? nothing : "0 s");
    if (lag && rate > 0 && seconds <= SECONDS_SHOWN_MAX) {
        int whole = (int)seconds;
        if (whole < 100) {
            (void)snprintf(left.text, sizeof(left.text), "%d s", whole);
        } else {
            (void)snprintf(left.text, sizeof(left.text), "%d:%02d h", whole / 3600,
                           whole / 60 % 60);
        }
    }
    return left;
}

struct worker_counts {
    size_t partitions, broken, restoring;
    long long left;
};

static struct worker_counts count(const json_t *worker)
{
    struct worker_counts counts = {0};
    size_t t, p;
    json_t *topic, *partition;
    json_array_foreach(json_object_get(worker, "topics"), t, topic)
    {
        counts.broken += json_object_get(topic, "why") != NULL;
        json_array_foreach(json_object_get(topic, "partitions"), p, partition)
        {
            counts.partitions++;
            counts.broken += json_object_get(partition, "why") != NULL;
            counts.restoring += integer_of(partition, "restore_remaining") > 0;
            counts.left += integer_of(partition, "restore_remaining");
        }
    }
    return counts;
}

static void print_remark(const json_t *worker, const struct worker_counts *counts, FILE *out)
{
    if (counts->broken) {
        fprintf(out, "input cannot be read");
    } else if (integer_of(worker, "members") == 0) {
        fprintf(out, flag_of(worker, "optional") ? "does not run" : "NO COPY RUNS");
    } else if (counts->restoring) {
        fprintf(out, "restores %lld", counts->left);
    } else if (!flag_of(worker, "committed")) {
        fprintf(out, "nothing committed");
    } else {
        fprintf(out, "runs");
    }
}

static void print_row(const json_t *worker, const json_t *before, int64_t passed_ms, FILE *out)
{
    struct worker_counts counts = count(worker);
    double rate = rate_of(worker, before, "read", passed_ms);
    char shown[32] = "-";
    if (rate >= 0) { (void)snprintf(shown, sizeof(shown), "%.0f", rate); }
    bool known = json_is_integer(json_object_get(worker, "lag"));
    struct number_text left = time_left(integer_of(worker, "lag"), rate);
    fprintf(out, "%-8s %6s %5zu %11s %9s %8s  ", text_of(worker, "worker").text,
            number_of(worker, "members").text, counts.partitions, number_of(worker, "lag").text,
            shown, known ? left.text : nothing);
    print_remark(worker, &counts, out);
    fprintf(out, "\n");
}

static void print_head(const json_t *look, FILE *out)
{
    struct buf time;
    struct quoted generation = text_of(look, "generation");
    buf_init(&time, TIME_BYTES_MAX);
    bool rendered = render_time(&time, LOGICAL_TIMESTAMP_MILLIS, integer_of(look, "time_ms"));
    fprintf(out, "%.*s  generation %s\n", rendered ? (int)time.size - 2 : 0,
            rendered ? time.data + 1 : "", /* without its quotes */
            generation_text(generation.text));
    buf_release(&time);
    fprintf(out, "%-8s %6s %5s %11s %9s %8s  %s\n", "worker", "copies", "parts", "lag", "read/s",
            "left", "state");
}

void installation_table(const json_t *look, const json_t *before, FILE *out)
{
    int64_t passed_ms = integer_of(look, "time_ms") - integer_of(before, "time_ms");
    const json_t *letters = json_object_get(look, "dead_letters");
    const json_t *former = json_object_get(before, "workers");
    size_t index;
    json_t *worker;
    print_head(look, out);
    json_array_foreach(json_object_get(look, "workers"), index, worker)
    {
        print_row(worker, json_array_get(former, index), before ? passed_ms : 0, out);
    }
    double rate = rate_of(letters, json_object_get(before, "dead_letters"), "kept",
                          before ? passed_ms : 0);
    fprintf(out, "dead letters: %s kept", number_of(letters, "kept").text);
    if (rate >= 0) { fprintf(out, ", %.0f/s", rate); }
    fprintf(out, "\n");
    if (nothing_runs(look)) { fprintf(out, "NOTHING RUNS; `freshet status` says more\n"); }
}
