#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "model/ids.h"
#include "serve/item_lists.h"

enum { PIECE_US = 5000, AGAIN_MS = 5000, KEYS_FIRST = 1024 };

/* What is known of a key. */
struct known {
    uint64_t message; /* fingerprint of the topic's newest one; 0: none, or a tombstone */
    uint64_t round;   /* in which its list was made last */
};

struct item_lists {
    struct item_lists_parts parts;
    struct codec *codec;
    struct buf message;
    struct ids *keys;
    struct known *known; /* by the key's number */
    size_t capacity;
    uint64_t rounds;
    struct metric *sent, *removed, *left_out;
};

/* Kinds in the order of enum item_list_kind, then the keys that nobody made. */
struct item_lists_part {
    uint64_t round;   /* 0: none is under way */
    int64_t due_ms;
    int32_t partitions; /* of `requests`, when it began */
    int kind;
    int32_t number; /* of the next item, tag or key; -1: the list of all items */
    int tags;       /* of this kind, so far */
};

/* What one list is made for. */
struct making {
    struct item_lists *lists;
    struct task *task;
    struct item_lists_part *part;
};

struct item_lists *item_lists_new(struct run *run, const struct item_lists_parts *parts)
{
    struct item_lists *lists = xcalloc(1, sizeof(*lists));
    struct metrics *metrics = run_metrics(run);
    lists->parts = *parts;
    lists->codec = codec_new(&item_list_contract, run_schemas(run));
    lists->keys = ids_new(ITEM_LISTS_MAX);
    buf_init(&lists->message, ITEM_LIST_BYTES_MAX);
    lists->sent = metrics_counter(metrics, "freshet_item_lists_sent_total", "",
                                  "Lists of items sent (item.lists.every.ms).");
    lists->removed = metrics_counter(metrics, "freshet_item_lists_removed_total", "",
                                     "Lists of items that were removed.");
    lists->left_out = metrics_counter(metrics, "freshet_item_lists_left_out_total", "",
                                      "Lists of items that were not sent: there are too many.");
    return lists;
}

struct item_lists *item_lists_free(struct item_lists *lists)
{
    if (!lists) { return NULL; }
    codec_free(lists->codec);
    ids_free(lists->keys);
    buf_release(&lists->message);
    free(lists->known);
    free(lists);
    return NULL;
}

struct item_lists_part *item_lists_part_new(void)
{
    return xcalloc(1, sizeof(struct item_lists_part));
}

/* Finds or adds a key; NULL: there are too many. */
static struct known *known_of(struct item_lists *lists, struct slice key)
{
    int32_t number = ids_put(lists->keys, key);
    if (number == ID_NONE) { return NULL; }
    ARRAY_RESERVE_ZEROS(lists->known, lists->capacity, (size_t)number + 1, KEYS_FIRST);
    return &lists->known[number];
}

static uint64_t message_fingerprint(struct slice value)
{
    uint64_t fingerprint = ids_fingerprint(value);
    return fingerprint ? fingerprint : 1;
}

void item_lists_see(struct item_lists *lists, const struct record *rec)
{
    if (!lists->parts.every_ms || !rec->key.data || rec->key.size > ITEM_LIST_KEY_BYTES_MAX) {
        return;
    }
    /* A tombstone of an unknown key says nothing, and a number is for good. */
    if (!rec->value.data && ids_find(lists->keys, rec->key) == ID_NONE) { return; }
    struct known *known = known_of(lists, rec->key);
    if (known) { known->message = rec->value.data ? message_fingerprint(rec->value) : 0; }
}

int32_t item_lists_known(const struct item_lists *lists)
{
    return ids_count(lists->keys);
}

/* ---- One list ---- */

static bool is_ours(const struct task *task, const struct item_lists_part *part, struct slice key)
{
    return ids_partition(ids_fingerprint(key), part->partitions) == task_partition(task);
}

static void remove_list(struct item_lists *lists, struct task *task, struct slice key,
                        struct known *known)
{
    if (!known->message) { return; }
    task_emit(task, lists->parts.output, PARTITION_BY_KEY, key, (struct slice){0});
    known->message = 0;
    metric_add(lists->removed, 1);
}

static void send_if_new(struct item_lists *lists, struct task *task, struct slice key,
                        struct known *known)
{
    uint64_t fingerprint = message_fingerprint(buf_slice(&lists->message));
    if (known->message == fingerprint) { return; }
    task_emit(task, lists->parts.output, PARTITION_BY_KEY, key, buf_slice(&lists->message));
    known->message = fingerprint;
    metric_add(lists->sent, 1);
}

static bool wants_list(void *arg, const struct item_list *list)
{
    const struct making *making = arg;
    char bytes[ITEM_LIST_KEY_BYTES_MAX];
    bool ours = list->about.size <= ID_BYTES_MAX &&
                is_ours(making->task, making->part, item_list_key(list, bytes));
    bool of_tag = list->kind >= ITEM_LIST_POPULAR && list->about.size > 0;
    if (!of_tag || making->part->tags++ < ITEM_LIST_TAGS_MAX) { return ours; }
    metric_add(making->lists->left_out, ours);
    return false;
}

static void take_list(void *arg, const struct item_list *list)
{
    const struct making *making = arg;
    struct item_lists *lists = making->lists;
    char bytes[ITEM_LIST_KEY_BYTES_MAX];
    struct slice key = item_list_key(list, bytes);
    if (!list->items.count && ids_find(lists->keys, key) == ID_NONE) { return; }
    struct known *known = known_of(lists, key);
    if (!known) {
        metric_add(lists->left_out, 1);
        return;
    }
    known->round = making->part->round;
    buf_clear(&lists->message);
    if (!list->items.count || codec_encode(lists->codec, list, &lists->message) < 0) {
        remove_list(lists, making->task, key, known);
        return;
    }
    send_if_new(lists, making->task, key, known);
}

/* ---- A round ---- */

static void begin_kind(struct item_lists_part *part, int kind)
{
    bool beside = kind == ITEM_LIST_SIMILAR || kind == ITEM_LIST_TOGETHER;
    part->kind = kind;
    part->tags = 0;
    part->number = beside || kind == ITEM_LIST_KINDS ? 0 : -1;
}

static void begin_round(struct item_lists *lists, struct task *task, struct item_lists_part *part)
{
    int64_t now_ms = run_now_ms(task_run(task));
    if (now_ms < part->due_ms) { return; }
    part->partitions = run_topic_partitions(task_run(task), "requests", /* shared= */ true);
    part->due_ms = now_ms + (part->partitions ? lists->parts.every_ms : AGAIN_MS);
    if (part->partitions <= task_partition(task)) { return; }
    part->round = ++lists->rounds;
    begin_kind(part, ITEM_LIST_SIMILAR);
}

/* Makes the next list; false: there is none of this kind any more. */
static bool make_next(struct item_lists *lists, struct task *task, struct item_lists_part *part)
{
    struct making making = {lists, task, part};
    const struct items_taker taker = {lists->parts.length, &making, wants_list, take_list};
    bool of_tag = part->kind >= ITEM_LIST_POPULAR && part->number >= 0;
    if (of_tag && !lists->parts.tagged) { return false; }
    return live_tables_items(lists->parts.live, (enum item_list_kind)part->kind, part->number++,
                             &taker);
}

/* Removes the next key if its list was not made in this round; false: there is none any more. */
static bool sweep_next(struct item_lists *lists, struct task *task, struct item_lists_part *part)
{
    if (part->number >= ids_count(lists->keys)) { return false; }
    struct slice key = ids_text(lists->keys, part->number);
    struct known *known = &lists->known[part->number++];
    if (known->round != part->round && is_ours(task, part, key)) {
        remove_list(lists, task, key, known);
    }
    return true;
}

void item_lists_send(struct item_lists *lists, struct task *task, struct item_lists_part *part)
{
    int64_t until_us = run_work_us(task_run(task)) + PIECE_US;
    if (!lists->parts.every_ms) { return; }
    if (!part->round) { begin_round(lists, task, part); }
    while (part->round && run_work_us(task_run(task)) < until_us) {
        bool sweeps = part->kind == ITEM_LIST_KINDS;
        bool more = sweeps ? sweep_next(lists, task, part) : make_next(lists, task, part);
        if (more) { continue; }
        if (sweeps) { part->round = 0; }
        if (!sweeps) { begin_kind(part, part->kind + 1); }
    }
}
