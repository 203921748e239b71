#include "base/base.h"
#include "model/biased_mf.h"
#include "model/bpr.h"
#include "model/ease.h"
#include "model/following.h"
#include "model/foretelling.h"
#include "model/given_vectors.h"
#include "model/ials.h"
#include "model/isgd.h"
#include "model/item_knn.h"
#include "model/models.h"
#include "model/popularity.h"
#include "model/recipe.h"
#include "model/sgns.h"
#include "model/user_knn.h"

const struct recommender *const models[] = {
    &counting_recommender,
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
    &foretelling_recommender,
    &following_recommender,
};
const size_t models_count = ARRAY_COUNT(models);

const struct recommender *models_find(const char *name)
{
    for (size_t at = 0; at < models_count; at++) {
        if (strcmp(models[at]->name, name) == 0) { return models[at]; }
    }
    return NULL;
}
