/* A worker has its own table alone: those of the others are in other programs. So the names are
 * here once more; a test compares them with what each program prints
 * (tests/deploy/test_mistakes.py).
 */
#include "base/base.h"
#include "stream/config/option_owners.h"

static const struct {
    const char *workers, *names;
} owners[] = {
    {"ingest",
     "sources source.* source.format source.frame source.schema source.message "
     "source.columns source.separator source.record.bytes.max source.record.elements.max "
     "source.record.values.max key.format json.strict becomes map.user map.item map.action "
     "map.time map.weight map.id map.sequence map.list map.place map.rule map.value "
     "map.taken.back map.anonymous map.query map.title map.tags map.text map.vector "
     "map.vectors map.available map.created map.price map.stock map.brand map.category "
     "category.separator map.group map.item.kind map.available.from map.available.until "
     "map.image map.birth.year map.country map.device map.channel map.region map.geohash "
     "map.latitude map.longitude map.time.zone time.zone map.kind kind.* kind.default "
     "time.format created.format numbers.as.text trim absent.values elements.without.id "
     "tombstones ids.shared tags.separator available.values unavailable.values "
     "action.default action.* weight.max weight.above weight.negative time.earliest "
     "time.ahead.max id.bytes.max partitions.align partitions.ahead.max partitions.wait.max "
     "dead.letters.bytes"},
    {"ingest and serve",
     "pseudonym.keys"},
    {"features",
     "history.length history.actions.max history.seen.max pairs.window transitions.window "
     "transitions.exponent weights.power decay.half.life trend.half.life event.future.max "
     "event.latest users.cache.bytes history.archive history.shown.max "
     "history.taken.back.max outcomes.counted outcomes.kept history.listed.max cross.pairs "
     "history.searches.max context.counted"},
    {"features, trainer, scorer and serve",
     "items.max"},
    {"trainer",
     "neighbours.max rows.cache.bytes checkpoint.replay.ms checkpoint.interval.ms "
     "checkpoint.rest.ms serving.neighbours.max serving.change serving.staleness.ms"},
    {"sequence",
     "train.threads train.cpu.share train.memory.max train.checkpoint.interval.ms "
     "train.publish.interval.ms train.d train.blocks train.heads train.length train.dropout "
     "train.mask.share train.weights.power train.batch train.rate train.epochs.max "
     "train.patience train.actions.min train.run.growth train.items.max train.seed "
     "train.attributes train.vectors train.vectors.d train.searches.max publish.rows.max "
     "segments.every.ms segments.users.min segments.item.users.min segments.max "
     "segments.items segments.memory.max clusters.every.ms clusters.max clusters.d "
     "clusters.users.min clusters.item.users.min clusters.items clusters.factors "
     "clusters.users.told clusters.memory.max"},
    {"sequence, scorer and serve",
     "query.model.path query.pieces.max"},
    {"embed",
     "model.path pieces.max"},
    {"scorer and serve",
     "list.length recent.items directed.weight symmetric.weight similarity.measure "
     "popularity.weight backward.weight shrink source.power target.power kernel.power "
     "recency.decay recency.power neighbours.used items.admit.actions items.required "
     "model.name vectors.used vectors.index.from content.used blend.leader "
     "recent.weights.power dislike.weight cross.weight shown.weight shown.half.life "
     "candidates.used candidates.weight candidates.memory.max profiles.used "
     "profiles.memory.max clusters.used clusters.table.memory.max users.used search.used "
     "search.user.weight search.vectors.weight search.weight search.actions search.fresh "
     "query.cache explore.logged"},
    {"scorer",
     "lists.evaluated lists.json lists.remake.share lists.remake.rest.ms list.age.max "
     "blend.memory.max"},
    {"serve",
     "http.address http.port http.connections.max http.timeout.ms http.tokens users.recent "
     "item.lists.every.ms item.lists.length item.lists.tags console.sources console.images "
     "console.config segments.used segments.table.memory.max context.weight"},
};

static bool names_key(const char *name, size_t size, const char *key, bool prefixes)
{
    bool is_prefix = name[size - 1] == '*';
    if (is_prefix != prefixes) { return false; }
    if (is_prefix) { return strncmp(name, key, size - 1) == 0 && key[size - 1]; }
    return strncmp(name, key, size) == 0 && !key[size];
}

static const char *find(const char *key, bool prefixes)
{
    for (size_t i = 0; i < ARRAY_COUNT(owners); i++) {
        for (const char *at = owners[i].names; *at;) {
            size_t size = strcspn(at, " ");
            if (names_key(at, size, key, prefixes)) { return owners[i].workers; }
            at += size + (at[size] ? 1 : 0);
        }
    }
    return NULL;
}

const char *option_owners(const char *key)
{
    const char *exact = find(key, /* prefixes= */ false);
    return exact ? exact : find(key, /* prefixes= */ true);
}
