#include "base/base.h"
#include "base/xalloc.h"
#include "schemas/trials.h"

#include <xxhash.h>

/* More in one cell is a mistake; sums of all partitions stay exact. */
static const int64_t COUNT_MAX = INT64_C(1) << 38;

void trials_init(struct trials *trials, int32_t partitions)
{
    assert(partitions >= 0);
    *trials = (struct trials){.partitions_max = MIN_OF(partitions, TRIAL_PARTITIONS_MAX)};
}

void trials_release(struct trials *trials)
{
    free(trials->partitions);
    *trials = (struct trials){.partitions_max = trials->partitions_max};
}

static void copy_name(char name[STEP_NAME_BYTES_MAX + 1], struct slice from)
{
    if (from.size) { memcpy(name, from.data, from.size); }
    name[from.size] = '\0';
}

static bool start_makes_sense(const struct trial_record *rec)
{
    bool known = rec->metric == TRIAL_HIT_AT_10 || rec->metric == TRIAL_NDCG_AT_10;
    return known && rec->share > 0 && rec->share < TRIAL_SHARES && rec->margin >= 0.0 &&
           rec->margin <= 1.0 && !slice_equal(rec->generation, rec->live) &&
           generation_step_is_name(rec->generation) &&
           generation_step_is_name(rec->live);
}

/* Says whether a trial is newer than the one that is known; after the last number any other is. */
static bool is_newer(const struct trials *trials, int64_t number)
{
    bool last = trials->number == TRIAL_NUMBER_MAX;
    return last ? number != trials->number : number > trials->number;
}

int64_t trials_next(const struct trials *trials)
{
    return trials->number < TRIAL_NUMBER_MAX ? trials->number + 1 : 1;
}

static bool start(struct trials *trials, const struct trial_record *rec)
{
    if (!start_makes_sense(rec)) { return false; }
    if (!is_newer(trials, rec->trial)) { return true; }
    trials_release(trials);
    trials->number = rec->trial;
    copy_name(trials->generation, rec->generation);
    copy_name(trials->live, rec->live);
    trials->epoch = rec->epoch;
    trials->share = rec->share;
    trials->metric = rec->metric;
    trials->guarded = rec->guarded;
    trials->margin = rec->margin;
    trials->began_ms = rec->time_ms;
    return true;
}

static struct trial_partition *partition_of(struct trials *trials, int32_t partition)
{
    if (partition < 0 || partition >= trials->partitions_max) { return NULL; }
    size_t wanted = (size_t)partition + 1, had = trials->partitions_count;
    if (wanted > had) {
        trials->partitions =
            xreallocarray(trials->partitions, wanted, sizeof(*trials->partitions));
        memset(trials->partitions + had, 0, (wanted - had) * sizeof(*trials->partitions));
        trials->partitions_count = wanted;
    }
    return &trials->partitions[partition];
}

static bool counts_make_sense(const struct trial_record *rec)
{
    if (rec->judged.count != TRIAL_BUCKETS || rec->hits.count != TRIAL_BUCKETS ||
        rec->ndcg.count != TRIAL_BUCKETS || rec->to_offset <= 0) {
        return false;
    }
    for (size_t b = 0; b < TRIAL_BUCKETS; b++) {
        int64_t judged = rec->judged.at[b], hits = rec->hits.at[b];
        double ndcg = rec->ndcg.at[b];
        if (hits < 0 || judged < hits || judged > COUNT_MAX) { return false; }
        if (!(ndcg >= 0.0) || ndcg > (double)hits) { return false; }
    }
    return true;
}

static bool count(struct trials *trials, const struct trial_record *rec)
{
    char name[STEP_NAME_BYTES_MAX + 1];
    copy_name(name, rec->generation);
    enum trial_arm arm = trials_arm(trials, name);
    if (arm == TRIAL_ARMS || !counts_make_sense(rec)) { return false; }
    struct trial_partition *partition = partition_of(trials, rec->partition);
    if (!partition) { return false; }
    struct trial_counts *counts = &partition->counts[arm];
    memcpy(counts->judged, rec->judged.at, sizeof(counts->judged));
    memcpy(counts->hits, rec->hits.at, sizeof(counts->hits));
    memcpy(counts->ndcg, rec->ndcg.at, sizeof(counts->ndcg));
    partition->to_offset[arm] = rec->to_offset;
    return true;
}

static bool give_back(struct trials *trials, const struct trial_record *rec)
{
    struct trial_partition *partition = partition_of(trials, rec->partition);
    if (partition) { partition->returned = true; }
    return partition != NULL;
}

bool trials_apply(struct trials *trials, const struct trial_record *rec)
{
    if (MAX_OF(rec->generation.size, rec->live.size) > STEP_NAME_BYTES_MAX) { return false; }
    if (rec->trial <= 0 || rec->trial > TRIAL_NUMBER_MAX) { return false; }
    if (rec->kind == TRIAL_STARTED) { return start(trials, rec); }
    if (rec->trial != trials->number) { return true; }
    if (rec->kind == TRIAL_COUNTED) { return count(trials, rec); }
    if (rec->kind == TRIAL_RETURNED) { return give_back(trials, rec); }
    if (rec->kind == TRIAL_ENDED) {
        trials->ended = true;
        trials->ending = rec->ending;
        trials->ended_ms = rec->time_ms;
    }
    return true;
}

bool trials_run(const struct trials *trials, const struct generations *generations)
{
    return trials->number && !trials->ended && trials->epoch == generations->epoch;
}

bool trials_owe(const struct trials *trials, const struct generations *generations,
                int32_t partition)
{
    if (!trials->number || !trials->ended || trials->epoch != generations->epoch) { return false; }
    if (partition < 0 || partition >= trials->partitions_max) { return false; }
    return (size_t)partition >= trials->partitions_count ||
           !trials->partitions[partition].returned;
}

struct trial_user trials_user(const struct trials *trials, struct slice user_id)
{
    uint64_t seed = XXH3_64bits(trials->generation, strlen(trials->generation)) +
                    (uint64_t)trials->number;
    uint64_t hash = XXH3_64bits_withSeed(user_id.data, user_id.size, seed);
    double place = (double)(hash >> 11) * 0x1p-53;
    return (struct trial_user){.in_trial = place < (double)trials->share / TRIAL_SHARES,
                               .bucket = (size_t)(hash % TRIAL_BUCKETS)};
}

enum trial_arm trials_arm(const struct trials *trials, const char *generation)
{
    if (!trials->number) { return TRIAL_ARMS; }
    if (strcmp(generation, trials->live) == 0) { return TRIAL_ARM_LIVE; }
    return strcmp(generation, trials->generation) == 0 ? TRIAL_ARM_TRIAL : TRIAL_ARMS;
}

const struct trial_counts *trials_counts(const struct trials *trials, enum trial_arm arm,
                                         int32_t partition, int64_t *ret_to_offset)
{
    if (arm == TRIAL_ARMS || partition < 0 || (size_t)partition >= trials->partitions_count) {
        return NULL;
    }
    const struct trial_partition *of = &trials->partitions[partition];
    if (!of->to_offset[arm]) { return NULL; }
    *ret_to_offset = of->to_offset[arm];
    return &of->counts[arm];
}

void trials_sum(const struct trials *trials, enum trial_arm arm, struct trial_totals *ret_totals)
{
    *ret_totals = (struct trial_totals){0};
    for (size_t p = 0; p < trials->partitions_count; p++) {
        const struct trial_counts *counts = &trials->partitions[p].counts[arm];
        for (size_t b = 0; b < TRIAL_BUCKETS; b++) {
            ret_totals->judged[b] += (double)counts->judged[b];
            ret_totals->hits[b] += (double)counts->hits[b];
            ret_totals->ndcg[b] += counts->ndcg[b];
        }
    }
    for (size_t b = 0; b < TRIAL_BUCKETS; b++) {
        ret_totals->all_judged += ret_totals->judged[b];
        ret_totals->all_hits += ret_totals->hits[b];
        ret_totals->all_ndcg += ret_totals->ndcg[b];
    }
}

const double *trials_gains(const struct trials *trials, const struct trial_totals *totals)
{
    return trials->metric == TRIAL_HIT_AT_10 ? totals->hits : totals->ndcg;
}

void trials_describe(const struct trials *trials, enum trial_record_kind kind,
                     struct trial_record *ret_rec)
{
    *ret_rec = (struct trial_record){
        .kind = kind,
        .trial = trials->number,
        .generation = slice_str(trials->generation),
        .live = slice_str(trials->live),
        .epoch = trials->epoch,
        .share = trials->share,
        .metric = trials->metric,
        .guarded = trials->guarded,
        .margin = trials->margin,
        .time_ms = trials->began_ms,
        .partition = -1,
    };
}
