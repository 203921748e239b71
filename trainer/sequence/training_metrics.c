#include "base/base.h"
#include "trainer/sequence/training_metrics.h"

void training_metrics_start(struct training_metrics *to, struct metrics *metrics)
{
    to->training = metrics_gauge(metrics, "freshet_training", "", "1 while this copy trains.");
    to->idle = metrics_gauge(metrics, "freshet_training_idle", "",
                                "1 when all is learned and published, until users act.");
    metrics_formerly(metrics, to->idle, "freshet_training_resting");
    to->steps = metrics_gauge(metrics, "freshet_training_steps", "",
                                 "Steps of the optimiser behind the model.");
    to->training_runs =
        metrics_gauge(metrics, "freshet_training_runs", "", "Training runs begun.");
    metrics_formerly(metrics, to->training_runs, "freshet_training_seasons");
    to->epochs = metrics_gauge(metrics, "freshet_training_epochs", "",
                                  "Epochs ended, over all users or over those who acted.");
    metrics_formerly(metrics, to->epochs, "freshet_training_rounds");
    to->loss =
        metrics_gauge(metrics, "freshet_training_loss_nats", "", "Mean loss of the last epoch.");
    to->hr10 =
        metrics_gauge(metrics, "freshet_training_hr10_ratio", "",
                      "HR@10 on validation examples, which are predicted before they are learned.");
    to->ndcg10 = metrics_gauge(metrics, "freshet_training_ndcg10_ratio", "",
                                  "NDCG@10 on the same validation examples.");
    to->items_known =
        metrics_gauge(metrics, "freshet_training_items", "", "Items that have a vector.");
    to->content_items =
        metrics_gauge(metrics, "freshet_training_content_items", "",
                      "Items whose content vector the model takes.");
    to->searches = metrics_gauge(metrics, "freshet_training_searches", "",
                                 "Texts that users searched for which have a vector.");
    to->users =
        metrics_gauge(metrics, "freshet_training_users", "", "Users whose sequence is in memory.");
    to->actions = metrics_gauge(metrics, "freshet_training_actions", "",
                                   "Actions that arrived, of all users.");
    to->bytes =
        metrics_gauge(metrics, "freshet_training_sequence_bytes", "", "Memory of the sequences.");
    to->dropped = metrics_gauge(metrics, "freshet_training_users_dropped", "",
                                   "Users left out so far to keep within train.memory.max.");
    to->checkpoints = metrics_gauge(metrics, "freshet_training_checkpoints", "",
                                       "Checkpoints written since the start.");
    to->checkpoint_failures = metrics_gauge(metrics, "freshet_training_checkpoint_failures", "",
                                               "Checkpoints that could not be written.");
    to->model_versions = metrics_gauge(metrics, "freshet_model_versions_published", "",
                                          "Model versions published whole since the start.");
    metrics_formerly(metrics, to->model_versions, "freshet_generations_published");
    to->rows = metrics_gauge(metrics, "freshet_vectors_published", "",
                                "Item vectors sent since the start.");
}

void training_metrics_tell(const struct training_metrics *to,
                           const struct training_thread_report *report,
                           struct training_set *training_set, size_t searches)
{
    metric_set(to->steps, (double)report->learner.steps);
    metric_set(to->training_runs, (double)report->learner.training_runs);
    metric_set(to->epochs, (double)report->learner.epochs);
    metric_set(to->loss, report->learner.loss);
    metric_set(to->hr10, report->learner.hr10);
    metric_set(to->ndcg10, report->learner.ndcg10);
    metric_set(to->items_known, (double)report->learner.items);
    metric_set(to->content_items, (double)report->learner.content_items);
    metric_set(to->searches, (double)searches);
    metric_set(to->users, (double)training_set_users(training_set));
    metric_set(to->actions, (double)training_set_arrived(training_set));
    metric_set(to->bytes, (double)training_set_bytes(training_set));
    metric_set(to->dropped, (double)training_set_dropped(training_set));
    metric_set(to->checkpoints, (double)report->checkpoints);
    metric_set(to->checkpoint_failures, (double)report->checkpoint_failures);
}
