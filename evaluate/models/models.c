#include "base/base.h"
#include "evaluate/models/alike_recommender.h"
#include "evaluate/models/biased_mf.h"
#include "evaluate/models/bpr.h"
#include "evaluate/models/counting_recommender.h"
#include "evaluate/models/directed_counting.h"
#include "evaluate/models/ease.h"
#include "evaluate/models/transformer_online.h"
#include "evaluate/models/transformer_recommender.h"
#include "evaluate/models/given_vectors.h"
#include "evaluate/models/ials.h"
#include "evaluate/models/isgd.h"
#include "evaluate/models/item_knn.h"
#include "evaluate/models/models.h"
#include "evaluate/models/popularity.h"
#include "evaluate/models/sgns.h"
#include "evaluate/models/user_knn.h"

const struct recommender *const models[] = {
    &counting_recommender,
    &directed_counting_recommender,
    &popularity_recommender,
    &isgd_recommender,
    &ease_recommender,
    &ials_recommender,
    &sgns_recommender,
    &given_vectors_recommender,
    &item_knn_recommender,
    &user_knn_recommender,
    &bpr_recommender,
    &biased_mf_recommender,
    &transformer_recommender,
    &transformer_online_recommender,
    &alike_recommender,
};
const size_t models_count = ARRAY_COUNT(models);

const struct recommender *models_find(const char *name)
{
    for (size_t at = 0; at < models_count; at++) {
        if (strcmp(models[at]->name, name) == 0) { return models[at]; }
    }
    return NULL;
}
