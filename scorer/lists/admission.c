#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "scorer/lists/admission.h"

enum {
    NUMBERS_FACTOR = 3,  /* numbers for each slot of items.max */
    CANDIDATES = 32,     /* looked at for a slot to take */
    STRONGER = 1,        /* a row must have 2 to this power times the actions of one it replaces */
    FIRST = 1024,
};

int32_t admission_numbers(int64_t items_max)
{
    return (int32_t)MIN_OF(items_max * NUMBERS_FACTOR, (int64_t)INT32_MAX);
}

void admission_init(struct admission *admission, int64_t items_max, double actions_min)
{
    *admission = (struct admission){.ids = ids_new(admission_numbers(items_max)),
                                    .items_max = (int32_t)items_max,
                                    .actions_min = actions_min};
}

void admission_release(struct admission *admission)
{
    ids_free(admission->ids);
    free(admission->at);
    *admission = (struct admission){0};
}

static struct admitted *reach(struct admission *admission, int32_t item)
{
    ARRAY_RESERVE_ZEROS(admission->at, admission->capacity, (size_t)item + 1, FIRST);
    return &admission->at[item];
}

/* Gives a number without a slot to an id that has none. */
static int32_t number_of(struct admission *admission, struct slice id)
{
    int32_t before = ids_count(admission->ids), item = ids_put(admission->ids, id);
    if (item == before) { reach(admission, item)->retired = true; }
    return item;
}

int32_t admission_list(struct admission *admission, struct slice id)
{
    int32_t item = ids_find(admission->ids, id);
    bool listed = item != ID_NONE && admission->at[item].listed;
    if (listed) { return item; }
    bool held = item != ID_NONE && !admission->at[item].retired;
    if (admission->listed == admission->items_max) { return held ? item : ID_NONE; }
    item = number_of(admission, id);
    if (item == ID_NONE) { return ID_NONE; }
    admission->others -= held;
    admission->listed++;
    admission->at[item].listed = true;
    admission->at[item].retired = false;
    return item;
}

/* Says whether an id that is not of the catalogue may have a number: the catalogue's are kept. */
static bool has_room(const struct admission *admission)
{
    int64_t others = (int64_t)ids_count(admission->ids) - admission->listed;
    return others < (int64_t)admission->items_max * (NUMBERS_FACTOR - 1);
}

static double strength_of(const struct claim *claim)
{
    return claim->actions > 0 ? log2(claim->actions) + (double)claim->epoch : -INFINITY;
}

/* Retires the weakest of a few rows, unless it has half of these actions. */
static int32_t retire_one(struct admission *admission, const struct claim *claim)
{
    int32_t weakest = ID_NONE;
    uint64_t count = (uint64_t)ids_count(admission->ids);
    for (int i = 0; i < CANDIDATES; i++) {
        uint64_t spread = ++admission->turn * UINT64_C(0x9e3779b97f4a7c15);
        int32_t item = (int32_t)((spread >> 32) % count);
        const struct admitted *at = &admission->at[item];
        if (at->listed || at->retired || !at->present) { continue; }
        if (weakest == ID_NONE || at->strength < admission->at[weakest].strength) {
            weakest = item;
        }
    }
    if (weakest == ID_NONE ||
        admission->at[weakest].strength + STRONGER >= strength_of(claim)) {
        return ID_NONE;
    }
    admission->at[weakest] = (struct admitted){.retired = true};
    admission->others--;
    return weakest;
}

int32_t admission_admit(struct admission *admission, struct slice id, const struct claim *claim,
                        int32_t *ret_retired)
{
    int32_t item = ids_find(admission->ids, id);
    *ret_retired = ID_NONE;
    if (item != ID_NONE && !admission->at[item].retired) { return item; }
    if (claim->actions < admission->actions_min) { return ID_NONE; }
    if (item == ID_NONE && !has_room(admission)) { return ID_NONE; }
    if (admission->others >= admission->items_max) {
        if (!claim->row) { return ID_NONE; }
        *ret_retired = retire_one(admission, claim);
        if (*ret_retired == ID_NONE) { return ID_NONE; }
    }
    item = number_of(admission, id);
    if (item == ID_NONE) { return ID_NONE; }
    admission->at[item].retired = false;
    admission->others++;
    return item;
}

int32_t admission_number(struct admission *admission, struct slice id)
{
    int32_t retired, item = ids_find(admission->ids, id);
    if (item != ID_NONE) { return item; }
    const struct claim claim = {.actions = admission->actions_min};
    item = admission_admit(admission, id, &claim, &retired);
    return item == ID_NONE && has_room(admission) ? number_of(admission, id) : item;
}

void admission_put_row(struct admission *admission, int32_t item, const struct claim *claim)
{
    admission->at[item].strength = strength_of(claim);
    admission->at[item].present = true;
}

void admission_remove_row(struct admission *admission, int32_t item)
{
    admission->at[item].present = false;
}

bool admission_retired(const struct admission *admission, int32_t item)
{
    return admission->at[item].retired;
}

int32_t admission_count(const struct admission *admission)
{
    return admission->listed + admission->others;
}
