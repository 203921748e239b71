#include "base/base.h"
#include "base/xalloc.h"
#include "model/content_aspects.h"
#include "scorer/list_outcome.h"
#include "scorer/lists/leader.h"
#include "scorer/mixture_trainer.h"

enum { MESSAGE_BYTES_MAX = 1 << 14 };

_Static_assert(MIXTURE_NUMBERS_MAX * sizeof(float) + 1024 < MESSAGE_BYTES_MAX,
               "a mixture fits its message");

void mixture_trainer_init(struct mixture_trainer *trainer, struct run *run, size_t bytes_max,
                          int models_output)
{
    *trainer = (struct mixture_trainer){
        .bytes_max = bytes_max,
        .codec = codec_new(&model_weights_contract, run_schemas(run)),
        .models_output = models_output,
    };
    buf_init(&trainer->message, MESSAGE_BYTES_MAX);
}

void mixture_trainer_release(struct mixture_trainer *trainer)
{
    prediction_log_release(&trainer->predictions);
    published_mixtures_release(&trainer->known);
    codec_free(trainer->codec);
    buf_release(&trainer->message);
    *trainer = (struct mixture_trainer){0};
}

void mixture_trainer_keep(struct mixture_trainer *trainer, const struct prediction *prediction)
{
    if (!trainer->predictions.count) {
        prediction_log_init(&trainer->predictions, trainer->bytes_max);
    }
    prediction_log_put(&trainer->predictions, prediction);
}

bool mixture_trainer_learn(struct mixture_trainer *trainer, struct mixture *mixture,
                           const struct tables *tables, const struct recommendation_list *list,
                           const struct user_history *history)
{
    if (!trainer->predictions.count || !list) { return false; }
    uint64_t user = ids_fingerprint(history->user_id);
    const struct prediction *prediction =
        prediction_log_find(&trainer->predictions, user, list->input_partition, list->input_offset);
    if (!prediction || list->input_partition != history->input_partition) { return false; }
    size_t next = list_outcome_next_action(list, history);
    if (next == history->items.count || !(history->weights.at[next] > 0.0F)) { return false; }
    prediction_learn(prediction, mixture, ids_find(tables->ids, history->items.at[next]));
    return true;
}

void mixture_trainer_publish(struct mixture_trainer *trainer, struct task *task,
                             const struct mixture *mixture, struct mixture *ret_published)
{
    float numbers[MIXTURE_NUMBERS_MAX];
    char key[MODEL_KEY_BYTES_MAX];
    size_t count = mixture_save(mixture, numbers);
    struct mixture published;
    if (mixture_load(&published, numbers, count)) { *ret_published = published; }
    const struct model_weights weights = {
        .model = slice_str(MODEL_BLEND),
        .part = task_partition(task),
        .parts = 1,
        .weights = {numbers, count},
    };
    (void)snprintf(key, sizeof(key), "%s/%d", MODEL_BLEND, weights.part);
    buf_clear(&trainer->message);
    int result = codec_encode(trainer->codec, &weights, &trainer->message);
    assert(result == 0);
    task_emit(task, trainer->models_output, PARTITION_BY_KEY, slice_str(key),
              buf_slice(&trainer->message));
}

static const char *const segments[MIXTURE_SEGMENTS] = {"new", "short", "long"};

static const char *input_name(int input)
{
    return input < MIXTURE_MEMBERS ? leader_name(input)
                                   : content_aspect_name(input - MIXTURE_MEMBERS);
}

static void tell_weights(struct task *task, int segment, const struct mixture_part *part)
{
    struct metrics *metrics = run_metrics(task_run(task));
    char labels[128];
    for (int m = 0; m < MIXTURE_INPUTS; m++) {
        if (!mixture_learned_of(part, m)) { continue; }
        (void)snprintf(labels, sizeof(labels),
                       "partition=\"%d\",segment=\"%s\",input=\"%s\"", task_partition(task),
                       segments[segment], input_name(m));
        metric_set(metrics_gauge(metrics, "freshet_blend_weight_ratio", labels,
                                 "Learned weight of each model and each aspect of content."),
                   (double)part->weights[m]);
    }
}

void mixture_trainer_tell(struct task *task, const struct mixture *mixture)
{
    struct metrics *metrics = run_metrics(task_run(task));
    char labels[128];
    for (int s = 0; s < MIXTURE_SEGMENTS; s++) {
        const struct mixture_part *part = &mixture->parts[s];
        tell_weights(task, s, part);
        for (int c = 0; c < MIXTURE_CONTENDERS && part->asked > 0.0; c++) {
            (void)snprintf(labels, sizeof(labels),
                           "partition=\"%d\",segment=\"%s\",model=\"%s\"",
                           task_partition(task), segments[s], leader_name(c));
            metric_set(metrics_gauge(metrics, "freshet_blend_hr10_ratio", labels,
                                     "HR@10 of each model on users' next actions, of late."),
                       part->hits[c] / part->asked);
            metric_set(metrics_gauge(metrics, "freshet_blend_leads", labels,
                                     "1 for the model that makes the lists."),
                       part->leader == c);
        }
    }
}
