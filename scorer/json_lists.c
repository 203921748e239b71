#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/json_lists.h"
#include "scorer/lists/list_json.h"

enum { ARENA_BYTES = 1 << 16, JSON_BYTES_MAX = (1 << 20) - 4096 };

struct json_lists {
    int output;
    struct codec *codec;
    struct arena *arena;
    struct buf text;
    struct metric *sent, *left_out;
};

struct json_lists *json_lists_new(struct run *run, int output)
{
    struct json_lists *lists = xcalloc(1, sizeof(*lists));
    struct metrics *metrics = run_metrics(run);
    lists->output = output;
    lists->codec = codec_new(&recommendation_list_contract, run_schemas(run));
    lists->arena = arena_new(ARENA_BYTES);
    buf_init(&lists->text, JSON_BYTES_MAX);
    lists->sent = metrics_counter(metrics, "freshet_lists_json_total", "",
                                  "Lists sent as JSON (lists.json).");
    lists->left_out = metrics_counter(metrics, "freshet_lists_json_left_out_total", "",
                                      "Lists that do not fit a message as JSON.");
    return lists;
}

struct json_lists *json_lists_free(struct json_lists *lists)
{
    if (!lists) { return NULL; }
    codec_free(lists->codec);
    arena_free(lists->arena);
    buf_release(&lists->text);
    free(lists);
    return NULL;
}

/* Prints a list; false: it is none, or does not fit. */
static bool print(struct json_lists *lists, struct slice value)
{
    struct recommendation_list list;
    arena_reset(lists->arena);
    buf_clear(&lists->text);
    if (codec_decode(lists->codec, value, lists->arena, &list, NULL) < 0) { return false; }
    if (!list_columns_agree(&list)) { return false; }
    list_json_print(&list, &lists->text);
    return !buf_failed(&lists->text);
}

void json_lists_send(struct json_lists *lists, struct task *task, struct slice user_id,
                     struct slice value)
{
    struct slice text = {0};
    if (value.data && print(lists, value)) {
        text = buf_slice(&lists->text);
        metric_add(lists->sent, 1);
    } else if (value.data) {
        metric_add(lists->left_out, 1);
    }
    task_emit(task, lists->output, task_partition(task), user_id, text);
}
