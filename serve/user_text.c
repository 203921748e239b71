#include "base/base.h"
#include "base/quote.h"
#include "model/segment_counts.h"
#include "serve/user_text.h"

static void put_user(struct buf *out, const struct similar_user *one)
{
    buf_printf(out, "{\"user\":");
    quote_json(out, one->user, QUOTE_EITHER);
    buf_printf(out, ",\"cosine\":%.9g,\"common\":%zu,\"pearson\":", one->likeness.cosine,
               one->likeness.common);
    if (isnan(one->likeness.pearson)) {
        buf_printf(out, "null}");
    } else {
        buf_printf(out, "%.9g}", one->likeness.pearson);
    }
}

void user_text_similar(struct buf *out, const struct found_user *user)
{
    buf_printf(out, "\"users\":[");
    for (size_t k = 0; k < user->similar_count; k++) {
        if (k) { buf_append(out, ",", 1); }
        put_user(out, &user->similar[k]);
    }
    buf_printf(out, "],");
}

static void put_items(struct buf *out, const struct live_cluster *cluster)
{
    buf_printf(out, ",\"items\":[");
    for (size_t k = 0; k < cluster->items.count; k++) {
        double users = cluster->item_users.at[k], all = cluster->item_all_users.at[k];
        double gain = segment_gain(users, cluster->users, all, cluster->all_users);
        buf_printf(out, "%s{\"item\":", k ? "," : "");
        quote_json(out, cluster->items.at[k], QUOTE_EITHER);
        buf_printf(out, ",\"gain\":%.6g,\"users\":%.0f,\"all_users\":%.0f}", gain, users, all);
    }
    buf_printf(out, "]");
}

static void put_cluster(struct buf *out, const struct live_cluster *cluster)
{
    buf_printf(out, "{\"name\":");
    quote_json(out, cluster->name, QUOTE_EITHER);
    buf_printf(out,
               ",\"version\":%" PRId64 ",\"distance\":%.6g,\"users\":%.0f,\"all_users\":%.0f",
               cluster->version, (double)cluster->distance, cluster->users, cluster->all_users);
    put_items(out, cluster);
    buf_printf(out, "},");
}

void user_text_profile(struct buf *out, const struct found_user *user)
{
    buf_printf(out, "\"actions\":%" PRId64 ",\"cluster\":", user->actions);
    if (user->clustered) {
        put_cluster(out, &user->cluster);
    } else {
        buf_printf(out, "null,");
    }
    buf_printf(out, "\"segments\":[");
    for (size_t k = 0; k < user->segments.count; k++) {
        if (k) { buf_append(out, ",", 1); }
        quote_json(out, user->segments.at[k], QUOTE_EITHER);
    }
    buf_printf(out, "],");
    user_text_similar(out, user);
}
