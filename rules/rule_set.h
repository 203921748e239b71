/* Rule set: the placements of a platform and their rules, parsed from a text.
 *
 * The text has the format of properties files (stream/config/properties.h). A key is
 * PLACEMENT.SETTING or PLACEMENT.KIND.NAME, and each rule has a name, by which accounts and metrics
 * call it:
 *
 *     home.length=10
 *     home.filter.in_stock=stock > 0 or stock is unknown
 *     home.exclude.bought=purchase
 *     home.exclude.seen=view 3 times for 7d
 *     home.boost.christmas=1.5 if tags has 'christmas' from 2026-12-01 until 2026-12-27
 *     home.pin.campaign=1 if id = 'A17'
 *     home.cap.brand=2 per brand
 *     home.share.new=20% if age < 14d
 *     home.again.coffee=purchase every 30d if tags has 'coffee'
 *     home.diversity=0.3
 *     home.fallback=popular
 *     home.explore=10 of 20 at 0.1
 *
 * docs/rules.md explains each. The same parser checks a file before it is applied and reads the
 * topic `rules`. Everything is checked; all faults of a text are found at once.
 */
#ifndef FRESHET_RULES_RULE_SET_H
#define FRESHET_RULES_RULE_SET_H

#include "base/buf.h"
#include "rules/condition.h"
#include "rules/list_draw.h"
#include "schemas/applied_rules.h"
#include "schemas/recommendation_list.h"

enum {
    PLACEMENTS_MAX = LIST_PLACEMENTS_MAX,
    PLACEMENT_RULES_MAX = 64,
    PLACEMENT_PLACES_MAX = LIST_PLACES_MAX, /* of all placements together */
    PLACEMENT_LENGTH = 10, /* of a placement whose rules do not say it */
    RULE_NAME_BYTES_MAX = 64,
    RULE_FAULTS_MAX = 20,
};

/* The placement that is a user's list itself; all others stand beside it. */
#define PLACEMENT_MAIN "main"

enum rule_kind {
    RULE_FILTER,
    RULE_EXCLUDE,
    RULE_BOOST,
    RULE_PIN,
    RULE_CAP,
    RULE_SHARE,
    RULE_AGAIN,
    RULE_KINDS,
};

enum cap_by { CAP_ALL, CAP_BRAND, CAP_GROUP, CAP_KIND, CAP_CATEGORY, CAP_TAG };

enum fallback { FALLBACK_POPULAR = 1, FALLBACK_NEW = 2, FALLBACK_UNCAPPED = 4 };

/* A period that never ends. */
#define RULE_FOR_EVER INT64_MAX

struct steering_rule {
    enum rule_kind kind;
    char name[RULE_NAME_BYTES_MAX + 1]; /* "boost.christmas" without "boost." */
    struct condition *condition;        /* NULL: always */
    int64_t from_ms, until_ms;          /* it holds from then on, and before then */
    uint32_t actions;                   /* exclude, again: a bit for each enum action_kind */
    int64_t times;                      /* exclude: so many of them */
    int64_t in_ms, for_ms;              /* exclude: within; rests for */
    double factor, addend;              /* boost */
    size_t number;                      /* pin: the place from 1; cap: so many */
    enum cap_by by;                     /* cap */
    double share;                       /* share: of the places */
    int64_t every_ms;                   /* again: the period; above 0 */
};

/* One place is drawn (list_draw.h). */
struct explored_place {
    size_t place;       /* from 1; 0: none */
    size_t candidates;  /* that the place is drawn from */
    double temperature; /* on the scale of relevance (list_cut.h) */
};

struct placement {
    char name[RULE_NAME_BYTES_MAX + 1];
    size_t length;
    struct explored_place explore;
    bool repeats; /* items that the user has had may be listed */
    bool only_again; /* nothing is listed but what is due by a rule `again` */
    double diversity;
    unsigned fallbacks; /* enum fallback */
    struct steering_rule *rules;
    size_t rules_count;
};

struct rule_set {
    struct placement placements[PLACEMENTS_MAX];
    size_t count;
};

/* Parses a text; texts of conditions become symbols of the columns. NULL: every fault is a line in
 * `faults`: what, where, and what to do. `length` is that of placements without one. Free with
 * rule_set_free(). */
struct rule_set *rule_set_parse(struct slice text, struct item_columns *columns, size_t length,
                                struct buf *faults);
/* Frees it; takes NULL; returns NULL. */
struct rule_set *rule_set_free(struct rule_set *rules);
/* Finds a placement; NULL: there is none of that name. */
const struct placement *rule_set_find(const struct rule_set *rules, struct slice name);
/* Says whether a placement has a rule of this kind. */
bool placement_has(const struct placement *placement, enum rule_kind kind);
/* Returns the places of all placements. */
size_t rule_set_places(const struct rule_set *rules);
/* Returns the first time after `after_ms` at which a rule begins or ends to hold; INT64_MAX:
 * none. */
int64_t rule_set_next_ms(const struct rule_set *rules, int64_t after_ms);
/* Says whether a placement's rules read something of the request that this context has. */
bool placement_sees(const struct placement *placement, const struct request_context *context);
/* Says whether some rule reads users' profiles. */
bool rule_set_sees_profiles(const struct rule_set *rules);
/* Returns a kind's name, as in keys. */
const char *rule_kind_name(enum rule_kind kind);

#endif
