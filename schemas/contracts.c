#include "base/base.h"
#include "schemas/contracts.h"
#include "schemas/applied_rules.h"
#include "schemas/candidate_list.h"
#include "schemas/content_vectors.h"
#include "schemas/forget_receipt.h"
#include "schemas/forget_request.h"
#include "schemas/generation_step.h"
#include "schemas/given_vector.h"
#include "schemas/group_profile.h"
#include "schemas/item.h"
#include "schemas/item_list.h"
#include "schemas/item_neighbours.h"
#include "schemas/item_vector.h"
#include "schemas/list_quality.h"
#include "schemas/merge_receipt.h"
#include "schemas/model_weights.h"
#include "schemas/pair_deltas.h"
#include "schemas/placement_outcomes.h"
#include "schemas/recommendation_list.h"
#include "schemas/recommendation_request.h"
#include "schemas/recommendation_response.h"
#include "schemas/redrive_mark.h"
#include "schemas/served_place.h"
#include "schemas/serving_row.h"
#include "schemas/trial_record.h"
#include "schemas/user_archive.h"
#include "schemas/user_erasure.h"
#include "schemas/user_event.h"
#include "schemas/user_history.h"
#include "schemas/user_move.h"
#include "schemas/user_profile.h"
#include "schemas/user_state.h"

const struct contract *const contracts[] = {
    &user_event_contract,      &user_history_contract,        &pair_deltas_contract,
    &item_neighbours_contract, &user_state_contract,          &item_contract,
    &user_profile_contract,    &recommendation_list_contract, &list_quality_contract,
    &user_archive_contract,    &forget_request_contract,      &forget_receipt_contract,
    &generation_step_contract, &redrive_mark_contract,
    &item_vector_contract,     &model_weights_contract,       &serving_row_contract,
    &user_erasure_contract,    &recommendation_request_contract,
    &recommendation_response_contract, &applied_rules_contract,
    &content_vectors_contract, &placement_outcomes_contract,
    &trial_record_contract,
    &user_move_contract,       &merge_receipt_contract,
    &item_list_contract,       &served_place_contract,
    &candidate_list_contract,  &group_profile_contract,
    &given_vector_contract,
};
const size_t contracts_count = ARRAY_COUNT(contracts);

void contracts_add_all(struct schema_cache *schemas)
{
    for (size_t i = 0; i < contracts_count; i++) {
        struct codec_error error;
        int result = codec_know(contracts[i], schemas, &error);
        assert(result == 0);
    }
}
