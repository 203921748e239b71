#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/judge.h"
#include "scorer/teacher.h"

enum { MESSAGE_BYTES_MAX = 1 << 14 };

_Static_assert(MIXTURE_NUMBERS * sizeof(float) + 1024 < MESSAGE_BYTES_MAX,
               "a mixture fits its message");

void teacher_init(struct teacher *teacher, struct run *run, size_t bytes_max, int models_output)
{
    *teacher = (struct teacher){
        .bytes_max = bytes_max,
        .codec = codec_new(&model_weights_contract, run_schemas(run)),
        .models_output = models_output,
    };
    buf_init(&teacher->message, MESSAGE_BYTES_MAX);
}

void teacher_release(struct teacher *teacher)
{
    slips_release(&teacher->slips);
    free(teacher->known);
    codec_free(teacher->codec);
    buf_release(&teacher->message);
    *teacher = (struct teacher){0};
}

const char *teacher_note(struct teacher *teacher, const struct model_weights *weights)
{
    int32_t partition = weights->part;
    struct mixture mixture;
    if (partition < 0 || partition >= TEACHER_PARTITIONS_MAX) { return "bad_blend"; }
    if (!mixture_load(&mixture, weights->weights.at, weights->weights.count)) {
        return "bad_blend";
    }
    if (partition >= teacher->known_count) {
        teacher->known =
            xreallocarray(teacher->known, (size_t)partition + 1, sizeof(*teacher->known));
        while (teacher->known_count <= partition) {
            mixture_init(&teacher->known[teacher->known_count++]);
        }
    }
    teacher->known[partition] = mixture;
    return NULL;
}

void teacher_begin(const struct teacher *teacher, int32_t partition, struct mixture *ret_mixture)
{
    if (partition < teacher->known_count) {
        *ret_mixture = teacher->known[partition];
    } else {
        mixture_init(ret_mixture);
    }
}

void teacher_keep(struct teacher *teacher, const struct slip *slip)
{
    if (!teacher->slips.count) { slips_init(&teacher->slips, teacher->bytes_max); }
    slips_put(&teacher->slips, slip);
}

bool teacher_learn(struct teacher *teacher, struct mixture *mixture, const struct tables *tables,
                   const struct recommendation_list *list, const struct user_history *history)
{
    if (!teacher->slips.count || !list) { return false; }
    uint64_t user = ids_fingerprint(history->user_id);
    const struct slip *slip =
        slips_find(&teacher->slips, user, list->input_partition, list->input_offset);
    if (!slip || list->input_partition != history->input_partition) { return false; }
    size_t next = judge_next_action(list, history);
    if (next == history->items.count || !(history->weights.at[next] > 0.0F)) { return false; }
    slip_teach(slip, mixture, ids_find(tables->ids, history->items.at[next]));
    return true;
}

void teacher_tell(struct teacher *teacher, struct task *task, const struct mixture *mixture)
{
    float numbers[MIXTURE_NUMBERS];
    char key[MODEL_KEY_BYTES_MAX];
    mixture_save(mixture, numbers);
    const struct model_weights weights = {
        .model = slice_str(MODEL_BLEND),
        .part = task_partition(task),
        .parts = 1,
        .weights = {numbers, MIXTURE_NUMBERS},
    };
    (void)snprintf(key, sizeof(key), "%s/%d", MODEL_BLEND, weights.part);
    buf_clear(&teacher->message);
    int result = codec_encode(teacher->codec, &weights, &teacher->message);
    assert(result == 0);
    task_emit(task, teacher->models_output, PARTITION_BY_KEY, slice_str(key),
              buf_slice(&teacher->message));
}
