#include "base/base.h"
#include "cli/generations/trial_table.h"
#include "cli/screen.h"
#include "model/rate_difference.h"
#include "stream/generation.h"

enum { TIME_BYTES = 32 };

struct figures {
    const char *labels[TRIAL_ARMS];
    struct trial_totals arms[TRIAL_ARMS];
    struct rate_difference difference;
    const char *verdict; /* NULL: too little was judged */
};

static void find_figures(const struct trials *trials, struct figures *ret_figures)
{
    static const char *const verdicts[] = {[RATE_UNKNOWN] = NULL,
                                           [RATE_UNDECIDED] = "undecided",
                                           [RATE_WORSE] = "worse",
                                           [RATE_BETTER] = "better"};
    struct rate_sums sums[TRIAL_ARMS];
    ret_figures->labels[TRIAL_ARM_LIVE] = generation_label(trials->live);
    ret_figures->labels[TRIAL_ARM_TRIAL] = generation_label(trials->generation);
    for (int arm = 0; arm < TRIAL_ARMS; arm++) {
        struct trial_totals *totals = &ret_figures->arms[arm];
        trials_sum(trials, arm, totals);
        sums[arm] = (struct rate_sums){totals->judged, trials_gains(trials, totals)};
    }
    struct rate_difference *difference = &ret_figures->difference;
    rate_difference_find(TRIAL_BUCKETS, &sums[TRIAL_ARM_LIVE], &sums[TRIAL_ARM_TRIAL], difference);
    ret_figures->verdict = verdicts[rate_difference_verdict(difference)];
}

static const char *state_of(const struct trials *trials, const struct generations *generations)
{
    static const char *const endings[] = {[TRIAL_ENDING_OTHER] = "ended",
                                          [TRIAL_STOPPED] = "stopped",
                                          [TRIAL_TAKEN_BACK] = "taken back",
                                          [TRIAL_PROMOTED] = "promoted"};
    if (trials_run(trials, generations)) { return "runs"; }
    if (!trials->ended) { return "over: another generation was promoted"; }
    size_t ending = (size_t)trials->ending;
    return endings[ending < ARRAY_COUNT(endings) ? ending : TRIAL_ENDING_OTHER];
}

static void time_text(int64_t time_ms, char ret_text[TIME_BYTES])
{
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm parts;
    if (!gmtime_r(&seconds, &parts) ||
        !strftime(ret_text, TIME_BYTES, "%Y-%m-%dT%H:%M:%SZ", &parts)) {
        (void)snprintf(ret_text, TIME_BYTES, "%" PRId64, time_ms);
    }
}

static double mean(double sum, double count)
{
    return count > 0.0 ? sum / count : 0.0;
}

static void print_json(const struct trials *trials, const struct figures *figures,
                       const char *state, int32_t owed, FILE *out)
{
    fprintf(out,
            "{\"trial\":%" PRId64 ",\"generation\":\"%s\",\"live\":\"%s\",\"share\":%.4g,"
            "\"metric\":\"%s\",\"guarded\":%s,\"margin\":%.6g,\"state\":\"%s\",\"began_ms\":"
            "%" PRId64 ",\"ended_ms\":%" PRId64 ",\"partitions_owed\":%d,\"arms\":[",
            trials->number, figures->labels[TRIAL_ARM_TRIAL],
            figures->labels[TRIAL_ARM_LIVE], (double)trials->share / TRIAL_SHARES,
            trials->metric == TRIAL_HIT_AT_10 ? "hit@10" : "ndcg@10",
            trials->guarded ? "true" : "false", trials->margin, state, trials->began_ms,
            trials->ended_ms, owed);
    for (int arm = 0; arm < TRIAL_ARMS; arm++) {
        const struct trial_totals *of = &figures->arms[arm];
        fprintf(out,
                "%s{\"generation\":\"%s\",\"judged\":%.0f,\"hits\":%.0f,\"hit_at_10\":%.6g,"
                "\"ndcg_at_10\":%.6g}",
                arm ? "," : "", figures->labels[arm], of->all_judged, of->all_hits,
                mean(of->all_hits, of->all_judged), mean(of->all_ndcg, of->all_judged));
    }
    if (!figures->verdict) {
        fprintf(out, "],\"verdict\":null}\n");
        return;
    }
    fprintf(out, "],\"verdict\":\"%s\",\"difference\":%.6g,\"lower\":%.6g,\"upper\":%.6g}\n",
            figures->verdict, figures->difference.part, figures->difference.lower,
            figures->difference.upper);
}

static void print_text(const struct trials *trials, const struct figures *figures,
                       const char *state, int32_t owed, FILE *out)
{
    char began[TIME_BYTES], ended[TIME_BYTES];
    const char *metric = trials->metric == TRIAL_HIT_AT_10 ? "hit@10" : "NDCG@10";
    time_text(trials->began_ms, began);
    time_text(trials->ended_ms, ended);
    screen_line(out, "trial %" PRId64 ": %s against %s, with %g %% of the users", trials->number,
                figures->labels[TRIAL_ARM_TRIAL], figures->labels[TRIAL_ARM_LIVE],
                100.0 * trials->share / TRIAL_SHARES);
    if (trials->ended) {
        screen_line(out, "%s; from %s to %s", state, began, ended);
    } else {
        screen_line(out, "%s; since %s", state, began);
    }
    if (trials->guarded) {
        screen_line(out, "taken back when its %s is worse by more than %g %%", metric,
                    100.0 * trials->margin);
    } else {
        screen_line(out, "without a guard rail: never taken back");
    }
    screen_line(out, "%-12s %10s %8s %8s", "", "judged", "hit@10", "NDCG@10");
    for (int arm = 0; arm < TRIAL_ARMS; arm++) {
        const struct trial_totals *of = &figures->arms[arm];
        screen_line(out, "%-12s %10.0f %8.4f %8.4f", figures->labels[arm], of->all_judged,
                    mean(of->all_hits, of->all_judged), mean(of->all_ndcg, of->all_judged));
    }
    if (figures->verdict) {
        screen_line(out, "%s differs by %+.1f %%, between %+.1f %% and %+.1f %%: %s", metric,
                    100.0 * figures->difference.part, 100.0 * figures->difference.lower,
                    100.0 * figures->difference.upper, figures->verdict);
    } else {
        screen_line(out, "too few lists were judged to say more");
    }
    if (owed) { screen_line(out, "%d partitions may still hold lists of the trial", owed); }
}

void trial_table_print(const struct trials *trials, const struct generations *generations,
                       int32_t owed, bool json, FILE *out)
{
    struct figures figures;
    const char *state = state_of(trials, generations);
    find_figures(trials, &figures);
    if (json) {
        print_json(trials, &figures, state, owed, out);
    } else {
        print_text(trials, &figures, state, owed, out);
    }
}
