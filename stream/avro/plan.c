/* Making a plan: one step for each field of the writer, all of them STEP_SKIP at first.
 * plan_field() then takes each field of the contract, finds the writer's field by name or alias,
 * and resolves its step; a contract's field that finds none needs a default. A union becomes a step
 * with one part for each branch, where branches that cannot become the reader's type are
 * STEP_REFUSED: they are refused only when a message has them.
 *
 * Running a plan is the hot path: one switch per field, and loops without a switch for columns of
 * plain types. The hazard is a count from untrusted bytes. run_column() checks it against the
 * table's limit and against the bytes left before it allocates, and the cursor checks every read.
 */
#include "base/base.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "stream/avro/plan.h"

enum { PLAN_ARENA_BYTES = 2048, TYPE_WORDS_BYTES = 64 };

enum step_code {
    STEP_SKIP,
    STEP_REFUSED, /* a union's branch that cannot become the reader's type */
    STEP_NULL,    /* a text becomes null */
    STEP_DEFAULT, /* a null: the member keeps its default */
    STEP_STRING,
    STEP_BYTES,
    STEP_BOOL,
    STEP_ENUM,
    STEP_INT,
    STEP_INT_LONG,
    STEP_INT_FLOAT,
    STEP_INT_DOUBLE,
    STEP_LONG,
    STEP_LONG_FLOAT,
    STEP_LONG_DOUBLE,
    STEP_FLOAT,
    STEP_FLOAT_DOUBLE,
    STEP_DOUBLE,
    STEP_UNION,
    STEP_COLUMN,
};

struct step {
    enum step_code code;
    enum field_kind kind; /* of the member, or of the column's element */
    size_t offset;
    size_t limit;
    const char *name;               /* of the reader's field; of a skipped one, the writer's */
    const struct schema_node *node; /* the writer's type */
    struct step *parts;             /* a union's branches, or a column's element */
    size_t parts_count;
    const int32_t *symbols; /* the writer's symbol -> ours, or -1 */
    size_t symbols_count;
};

struct plan {
    struct arena *arena;
    struct step *steps;
    size_t steps_count;
};

/* ---- Making. ---- */

/* Returns the step from a number of the writer's type to one of ours; STEP_REFUSED for a number
 * that would shrink. */
static enum step_code number_step(enum schema_type from, enum field_kind to)
{
    static const enum step_code steps[][4] = {
        [FIELD_INT] = {STEP_INT},
        [FIELD_LONG] = {STEP_INT_LONG, STEP_LONG},
        [FIELD_FLOAT] = {STEP_INT_FLOAT, STEP_LONG_FLOAT, STEP_FLOAT},
        [FIELD_DOUBLE] = {STEP_INT_DOUBLE, STEP_LONG_DOUBLE, STEP_FLOAT_DOUBLE, STEP_DOUBLE},
    };
    if (from < SCHEMA_INT || from > SCHEMA_DOUBLE || to < FIELD_INT || to > FIELD_DOUBLE) {
        return STEP_REFUSED;
    }
    enum step_code code = steps[to][from - SCHEMA_INT];
    return code ? code : STEP_REFUSED;
}

static bool resolve_enum(struct plan *plan, const struct schema_node *reader, struct step *step)
{
    const struct schema_node *writer = step->node;
    if (writer->type != SCHEMA_ENUM || !schema_same_name(reader, writer)) { return false; }
    int32_t *symbols = arena_alloc_array(plan->arena, writer->count, sizeof(*symbols));
    int32_t other = reader->symbol_fallback ? schema_symbol(reader, reader->symbol_fallback) : -1;
    for (size_t i = 0; i < writer->count; i++) {
        symbols[i] = schema_symbol(reader, writer->symbols[i]);
        if (symbols[i] < 0) { symbols[i] = other; }
    }
    step->code = STEP_ENUM;
    step->symbols = symbols;
    step->symbols_count = writer->count;
    return true;
}

static bool resolve_scalar(struct plan *plan, const struct schema_node *reader, struct step *step)
{
    enum schema_type from = step->node->type;
    bool text = from == SCHEMA_STRING || from == SCHEMA_BYTES;
    switch (step->kind) {
    case FIELD_STRING:
        step->code = STEP_STRING;
        return text;
    case FIELD_BYTES:
        step->code = STEP_BYTES;
        return text;
    case FIELD_BOOL:
        step->code = STEP_BOOL;
        return from == SCHEMA_BOOLEAN;
    case FIELD_ENUM:
        return resolve_enum(plan, reader, step);
    default:
        step->code = number_step(from, step->kind);
        return step->code != STEP_REFUSED;
    }
}

/* Returns the step of a null in this field, for a writer that may write one. */
static enum step_code null_step(const struct shape_field *field)
{
    enum field_kind kind = field->row->kind;
    if (field->null_branch >= 0) {
        return kind == FIELD_STRING || kind == FIELD_BYTES ? STEP_NULL : STEP_DEFAULT;
    }
    return field->field->fallback ? STEP_DEFAULT : STEP_REFUSED;
}

/* Resolves step->node to step->kind. `reader` is our schema's type of the same value, `null` the
 * step of a null. */
static bool resolve(struct plan *plan, const struct schema_node *reader, enum step_code null,
                    struct step *step)
{
    const struct schema_node *writer = step->node;
    if (writer->type == SCHEMA_NULL) {
        step->code = null;
        return null != STEP_REFUSED;
    }
    if (writer->type == SCHEMA_UNION) {
        bool any = false;
        step->code = STEP_UNION;
        step->parts_count = writer->count;
        step->parts = arena_alloc_array(plan->arena, writer->count, sizeof(*step->parts));
        for (size_t i = 0; i < writer->count; i++) {
            struct step *part = &step->parts[i];
            *part = *step;
            part->node = writer->branches[i];
            if (resolve(plan, reader, null, part)) {
                any = true;
            } else {
                part->code = STEP_REFUSED;
            }
        }
        return any;
    }
    if (!shape_is_column(step->kind)) { return resolve_scalar(plan, reader, step); }
    if (writer->type != SCHEMA_ARRAY) { return false; }
    step->code = STEP_COLUMN;
    step->parts_count = 1;
    step->parts = arena_alloc(plan->arena, sizeof(*step->parts));
    *step->parts = (struct step){
        .kind = shape_element(step->kind), .limit = COLUMN_STRING_BYTES_MAX, .node = writer->items};
    return resolve(plan, reader->items, STEP_REFUSED, step->parts);
}

static size_t find_field(const struct schema_node *record, const char *name)
{
    for (size_t i = 0; i < record->count; i++) {
        if (strcmp(record->fields[i].name, name) == 0) { return i; }
    }
    return SIZE_MAX;
}

/* Finds the writer's field for one of ours: by its name, else by the first alias that the writer
 * has, unless another field of ours has that name or took that field before. */
static size_t source_of(const struct shape *shape, const struct schema_node *writer,
                        const struct plan *plan, const struct schema_field *field)
{
    size_t at = find_field(writer, field->name);
    for (size_t i = 0; i < field->aliases.count && at == SIZE_MAX; i++) {
        at = find_field(writer, field->aliases.at[i]);
        if (at == SIZE_MAX) { continue; }
        bool ours = find_field(schema_root(shape->schema), field->aliases.at[i]) != SIZE_MAX;
        if (ours || plan->steps[at].code != STEP_SKIP) { at = SIZE_MAX; }
    }
    return at;
}

/* Writes a type in words: "long", "array of string", "enum freshet.Action". */
static void describe(const struct schema_node *node, char *ret, size_t size)
{
    const char *between = "";
    const char *more = "";
    if (node->name) {
        between = " ";
        more = node->name;
    } else if (node->type == SCHEMA_ARRAY) {
        between = " of ";
        more = node->items->name ? node->items->name : schema_type_name(node->items->type);
    }
    (void)snprintf(ret, size, "%s%s%.40s", schema_type_name(node->type), between, more);
}

static bool plan_field(struct plan *plan, const struct schema_node *writer,
                       const struct shape *shape, const struct shape_field *field,
                       struct codec_error *error)
{
    const char *name = field->field->name;
    size_t at = source_of(shape, writer, plan, field->field);
    if (at == SIZE_MAX) {
        if (field->field->fallback) { return true; }
        (void)snprintf(error->detail, sizeof(error->detail),
                       "field %.60s: %.60s does not have it and there is no default", name,
                       writer->name);
        return false;
    }
    struct step *step = &plan->steps[at];
    step->kind = field->row->kind;
    step->offset = field->row->offset;
    step->limit = field->row->limit;
    step->name = name;
    if (resolve(plan, field->value, null_step(field), step)) { return true; }
    char from[TYPE_WORDS_BYTES];
    char to[TYPE_WORDS_BYTES];
    describe(step->node, from, sizeof(from));
    describe(field->value, to, sizeof(to));
    (void)snprintf(error->detail, sizeof(error->detail), "field %.50s: %s cannot become %s", name,
                   from, to);
    return false;
}

static bool make(struct plan *plan, const struct schema_node *writer, const struct shape *shape,
                 struct codec_error *error)
{
    const struct schema_node *reader = schema_root(shape->schema);
    if (writer->type != SCHEMA_RECORD || !schema_same_name(reader, writer)) {
        (void)snprintf(error->detail, sizeof(error->detail), "%.80s is not %.80s",
                       writer->name ? writer->name : schema_type_name(writer->type), reader->name);
        return false;
    }
    plan->steps_count = writer->count;
    plan->steps = arena_alloc_array(plan->arena, writer->count, sizeof(*plan->steps));
    for (size_t i = 0; i < writer->count; i++) {
        plan->steps[i] = (struct step){
            .code = STEP_SKIP, .node = writer->fields[i].type, .name = writer->fields[i].name};
    }
    for (size_t i = 0; i < shape->fields_count; i++) {
        if (!plan_field(plan, writer, shape, &shape->fields[i], error)) { return false; }
    }
    return true;
}

struct plan *plan_new(const struct schema_node *writer, const struct shape *shape,
                      struct codec_error *ret_error)
{
    struct codec_error error = {.reason = "schema_mismatch"};
    struct plan *plan = xcalloc(1, sizeof(*plan));
    plan->arena = arena_new(PLAN_ARENA_BYTES);
    if (make(plan, writer, shape, &error)) { return plan; }
    if (ret_error) { *ret_error = error; }
    return plan_free(plan);
}

struct plan *plan_free(struct plan *plan)
{
    if (!plan) { return NULL; }
    arena_free(plan->arena);
    free(plan);
    return NULL;
}

/* ---- Running. ---- */

struct run {
    struct cursor *cursor;
    struct arena *arena;
    size_t element; /* index in the column being read; SIZE_MAX outside of columns */
};

bool floats_finite(const float *at, size_t count)
{
    const uint32_t exponent = 0x7f800000u;
    uint32_t bad = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &at[i], sizeof(bits));
        bad |= (bits & exponent) == exponent;
    }
    return !bad;
}

bool doubles_finite(const double *at, size_t count)
{
    const uint64_t exponent = 0x7ff0000000000000u;
    uint64_t bad = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t bits;
        memcpy(&bits, &at[i], sizeof(bits));
        bad |= (bits & exponent) == exponent;
    }
    return !bad;
}

static bool not_finite(struct cursor *cursor)
{
    return cursor_refuse(cursor, "not_finite", "infinite or not a number");
}

static inline bool run_text(struct cursor *cursor, const struct step *step, bool utf8,
                            struct slice *ret)
{
    struct slice text;
    if (!cursor_slice(cursor, &text)) { return false; }
    if (text.size > step->limit) {
        return cursor_refuse(cursor, "over_limit", "%zu bytes, at most %zu", text.size,
                             step->limit);
    }
    if (utf8 && !utf8_valid(text.data, text.size)) {
        return cursor_refuse(cursor, "bad_utf8", "not UTF-8");
    }
    *ret = text;
    return true;
}

static inline bool run_enum(struct cursor *cursor, const struct step *step, int32_t *ret)
{
    int64_t symbol;
    if (!cursor_long(cursor, &symbol)) { return false; }
    if ((uint64_t)symbol >= step->symbols_count) {
        return cursor_refuse(cursor, "bad_enum", "symbol %" PRId64 " of %zu", symbol,
                             step->symbols_count);
    }
    *ret = step->symbols[symbol];
    if (*ret >= 0) { return true; }
    return cursor_refuse(cursor, "bad_enum", "symbol %.60s is unknown here",
                         step->node->symbols[symbol]);
}

static inline bool run_float(struct cursor *cursor, float *ret)
{
    const char *bytes;
    if (!cursor_take(cursor, sizeof(*ret), &bytes)) { return false; }
    memcpy(ret, bytes, sizeof(*ret));
    return floats_finite(ret, 1) || not_finite(cursor);
}

static inline bool run_double(struct cursor *cursor, double *ret)
{
    const char *bytes;
    if (!cursor_take(cursor, sizeof(*ret), &bytes)) { return false; }
    memcpy(ret, bytes, sizeof(*ret));
    return doubles_finite(ret, 1) || not_finite(cursor);
}

/* Reads a number and promotes it to the member's type. */
static bool run_promoted(struct cursor *cursor, const struct step *step, void *member)
{
    int32_t small = 0;
    int64_t whole = 0;
    float narrow = 0;
    enum step_code code = step->code;
    bool from_int = code == STEP_INT_LONG || code == STEP_INT_FLOAT || code == STEP_INT_DOUBLE;
    if (from_int) {
        if (!cursor_int(cursor, &small)) { return false; }
        whole = small;
    } else if (code == STEP_FLOAT_DOUBLE) {
        if (!run_float(cursor, &narrow)) { return false; }
    } else if (!cursor_long(cursor, &whole)) {
        return false;
    }
    if (step->kind == FIELD_LONG) {
        *(int64_t *)member = whole;
    } else if (step->kind == FIELD_FLOAT) {
        *(float *)member = (float)whole;
    } else {
        *(double *)member = code == STEP_FLOAT_DOUBLE ? (double)narrow : (double)whole;
    }
    return true;
}

static bool run_union(struct run *run, const struct step *step, void *member);
static bool run_column(struct run *run, const struct step *step, void *member);

static inline bool run_step(struct run *run, const struct step *step, void *member)
{
    struct cursor *cursor = run->cursor;
    switch (step->code) {
    case STEP_SKIP:
        return cursor_skip(cursor, step->node, 1);
    case STEP_REFUSED:
        return cursor_refuse(cursor, "bad_union", "a branch of type %s",
                             schema_type_name(step->node->type));
    case STEP_NULL:
        *(struct slice *)member = (struct slice){0};
        return true;
    case STEP_DEFAULT:
        return true;
    case STEP_STRING:
        return run_text(cursor, step, true, member);
    case STEP_BYTES:
        return run_text(cursor, step, false, member);
    case STEP_BOOL:
        return cursor_bool(cursor, member);
    case STEP_ENUM:
        return run_enum(cursor, step, member);
    case STEP_INT:
        return cursor_int(cursor, member);
    case STEP_LONG:
        return cursor_long(cursor, member);
    case STEP_FLOAT:
        return run_float(cursor, member);
    case STEP_DOUBLE:
        return run_double(cursor, member);
    case STEP_UNION:
        return run_union(run, step, member);
    case STEP_COLUMN:
        return run_column(run, step, member);
    default:
        return run_promoted(cursor, step, member);
    }
}

static bool run_union(struct run *run, const struct step *step, void *member)
{
    size_t branch;
    if (!cursor_branch(run->cursor, step->parts_count, &branch)) { return false; }
    return run_step(run, &step->parts[branch], member);
}

static bool copy_numbers(struct run *run, void *at, size_t count, size_t bytes)
{
    const char *from;
    if (!cursor_take(run->cursor, count * bytes, &from)) { return false; }
    memcpy(at, from, count * bytes);
    bool finite = bytes == sizeof(float) ? floats_finite(at, count) : doubles_finite(at, count);
    return finite || not_finite(run->cursor);
}

/* Reads the elements of one block. Plain types have loops of their own, without a switch inside. */
static bool run_elements(struct run *run, const struct step *part, void *at, size_t count)
{
    struct cursor *cursor = run->cursor;
    size_t bytes = shape_member_bytes(part->kind);
    size_t *i = &run->element;
    bool good = true;
    if (part->code == STEP_FLOAT || part->code == STEP_DOUBLE) {
        return copy_numbers(run, at, count, bytes);
    }
    if (part->code == STEP_STRING) {
        for (*i = 0; good && *i < count; ++*i) {
            good = run_text(cursor, part, true, (struct slice *)at + *i);
        }
    } else if (part->code == STEP_LONG) {
        for (*i = 0; good && *i < count; ++*i) { good = cursor_long(cursor, (int64_t *)at + *i); }
    } else if (part->code == STEP_INT) {
        for (*i = 0; good && *i < count; ++*i) { good = cursor_int(cursor, (int32_t *)at + *i); }
    } else if (part->code == STEP_ENUM) {
        for (*i = 0; good && *i < count; ++*i) {
            good = run_enum(cursor, part, (int32_t *)at + *i);
        }
    } else {
        for (*i = 0; good && *i < count; ++*i) {
            good = run_step(run, part, (char *)at + *i * bytes);
        }
    }
    return good;
}

/* Makes room for a block's elements after the `count` that are there. Mostly there is one block. */
static void *grow_column(struct run *run, struct slices *column, size_t *capacity, size_t more,
                         size_t bytes)
{
    if (column->count + more > *capacity) {
        *capacity = MAX_OF(column->count + more, *capacity * 2);
        void *at = arena_alloc_array(run->arena, *capacity, bytes);
        if (column->count) { memcpy(at, column->at, column->count * bytes); }
        column->at = at;
    }
    return (char *)column->at + column->count * bytes;
}

static bool run_column(struct run *run, const struct step *step, void *member)
{
    struct cursor *cursor = run->cursor;
    size_t bytes = shape_member_bytes(step->parts->kind);
    struct slices column = {0}; /* all columns look alike */
    size_t capacity = 0;
    struct cursor_block block;
    for (;;) {
        run->element = SIZE_MAX;
        if (!cursor_block(cursor, &block)) { return false; }
        if (block.count == 0) { break; }
        if (block.count > step->limit - column.count) {
            return cursor_refuse(cursor, "over_limit", "more than %zu elements", step->limit);
        }
        if (block.count > cursor_left(cursor)) {
            return cursor_refuse(cursor, "truncated", "%zu elements, %zu bytes left", block.count,
                                 cursor_left(cursor));
        }
        void *at = grow_column(run, &column, &capacity, block.count, bytes);
        if (!run_elements(run, step->parts, at, block.count)) {
            if (run->element != SIZE_MAX) { run->element += column.count - 1; }
            return false;
        }
        run->element = SIZE_MAX;
        if (!cursor_block_done(cursor, &block)) { return false; }
        column.count += block.count;
    }
    memcpy(member, &column, sizeof(column));
    return true;
}

static void fill_error(const struct run *run, const struct step *step, struct codec_error *ret)
{
    if (!ret) { return; }
    const struct cursor *cursor = run->cursor;
    ret->reason = cursor->reason;
    ret->unknown_id = false;
    if (run->element != SIZE_MAX) {
        (void)snprintf(ret->detail, sizeof(ret->detail), "field %.40s, element %zu: %s",
                       step->name, run->element, cursor->message);
    } else {
        (void)snprintf(ret->detail, sizeof(ret->detail), "field %.70s: %s", step->name,
                       cursor->message);
    }
}

bool plan_run(const struct plan *plan, struct cursor *cursor, struct arena *arena, void *object,
              struct codec_error *ret_error)
{
    struct run run = {.cursor = cursor, .arena = arena, .element = SIZE_MAX};
    for (size_t i = 0; i < plan->steps_count; i++) {
        const struct step *step = &plan->steps[i];
        if (!run_step(&run, step, (char *)object + step->offset)) {
            fill_error(&run, step, ret_error);
            return false;
        }
    }
    return true;
}
