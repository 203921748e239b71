#include "base/base.h"
#include "base/quote.h"
#include "stream/stored_table.h"

/* Says why stored rows must be read again; NULL: they need not. They may lack deletions when they
 * are older than the topic's tombstones, and the topic may be another one of the same name. What
 * the topic has lost at its start does not matter: no copy that starts anew has that. */
static const char *doubt_rows(struct run *run, const struct table_store *table_store, int input,
                              int32_t partition, int64_t low, int64_t end)
{
    const struct bookmark bookmark = table_store_bookmark(table_store, partition);
    const struct log_facts facts = run_input_facts(run, input, low, end);
    const char *why = NULL;
    if (bookmark.changelog_offset <= low) { return NULL; } /* nothing is stored */
    bool dated = bookmark.current_ms > 0; /* else its records have no timestamps */
    if (dated && trust_bookmark(&bookmark, &facts, &why) != TRUST_WHOLE) { return why; }
    if (bookmark.position_offset > low &&
        run_input_differs(run, input, partition, bookmark.position_offset - 1,
                          bookmark.current_ms)) {
        return "they are of another topic of the same name";
    }
    return NULL;
}

static void tell_again(struct run *run, int input, int32_t partition, const char *why)
{
    run_log(run, LOG_WARN, "state does not fit, reading the table again",
            "topic=%s partition=%d why=%s", run_input_topic(run, input), partition,
            quote_text(why).text);
}

static int64_t read_again(struct table_store *table_store, int32_t partition, int64_t low)
{
    return table_store_begin_again(table_store, partition, low) < 0 ? OFFSET_NONE : low;
}

int64_t stored_table_resume(struct run *run, struct table_store *table_store, int input,
                            int32_t partition, int64_t low, int64_t end,
                            int (*each)(void *arg, struct slice key, struct slice value),
                            void *arg)
{
    int64_t from = OFFSET_NONE;
    if (table_store_open(table_store, partition, low, end, &from) < 0) { return OFFSET_NONE; }
    const char *doubt = table_store_doubt(table_store, partition);
    if (doubt) { tell_again(run, input, partition, doubt); }
    doubt = doubt_rows(run, table_store, input, partition, low, end);
    if (doubt) {
        tell_again(run, input, partition, doubt);
        return read_again(table_store, partition, low);
    }
    if (each && table_store_scan(table_store, partition, each, arg) < 0) {
        run_log(run, LOG_WARN, "state is damaged, reading the table again",
                "topic=%s partition=%d", run_input_topic(run, input), partition);
        return read_again(table_store, partition, low);
    }
    return from;
}
