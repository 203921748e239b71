#include "base/base.h"
#include "base/xalloc.h"
#include "stream/avro/codec.h"
#include "stream/avro/framing.h"
#include "stream/avro/schema.h"
#include "stream/avro/shape.h"

/* Our codec, asked like the resolver (tests/evolution/resolver): any flat schema becomes a
 * contract, and what it makes of a message is answered as the reader's bytes.
 *
 *     S JSON                 the next schema, numbered from 0: "known"
 *     M WRITER READER HEX    a framed message, a schema's id its number: the record as the reader's
 *                            bytes, in hex; it was written in the same framing
 *     F SCHEMA               the fingerprint of the canonical form
 *
 * What cannot be done is answered with "! ", the reason and where. */

enum {
    SCHEMAS_MAX = 100000,
    MESSAGE_BYTES_MAX = 1 << 22,
    LIMIT = 1 << 20, /* of each text and column: none that matters here */
};

/* A schema by its number, and what reads it: made when first asked for. */
struct known {
    char *json;
    struct schema *schema; /* NULL: it is none */
    struct contract *contract;
    struct codec *codecs[2]; /* by framing */
};

/* Reads messages of one writer for one reader whose frames have a fingerprint, with a cache of
 * these two alone: many of the schemas here share their fingerprint. */
struct pair {
    const struct known *reader;
    const struct known *writer;
    struct schema_cache *cache;
    struct codec *codec;
};

struct resolver {
    struct schema_cache *cache;
    struct pair pair; /* the last one that was asked for */
    struct known *schemas;
    size_t count;
    struct arena *arena;
    struct buf message;
    struct buf out;
};

static void refuse(const struct codec_error *error)
{
    printf("! %s: %s\n", error->reason, error->detail);
}

/* Tells the kind of a value, and whether a contract of ours may have it at all. */
static bool kind_of(const struct schema_node *node, enum field_kind *ret_kind)
{
    static const enum field_kind plain[] = {
        [SCHEMA_STRING] = FIELD_STRING, [SCHEMA_BYTES] = FIELD_BYTES,
        [SCHEMA_INT] = FIELD_INT,       [SCHEMA_LONG] = FIELD_LONG,
        [SCHEMA_FLOAT] = FIELD_FLOAT,   [SCHEMA_DOUBLE] = FIELD_DOUBLE,
        [SCHEMA_BOOLEAN] = FIELD_BOOL,  [SCHEMA_ENUM] = FIELD_ENUM,
    };
    static const enum field_kind columns[] = {
        [SCHEMA_STRING] = FIELD_STRINGS, [SCHEMA_INT] = FIELD_INTS,
        [SCHEMA_LONG] = FIELD_LONGS,     [SCHEMA_FLOAT] = FIELD_FLOATS,
        [SCHEMA_DOUBLE] = FIELD_DOUBLES, [SCHEMA_ENUM] = FIELD_ENUMS,
    };
    enum schema_type type = node->type;
    if (type == SCHEMA_UNION && node->count == 2) {
        size_t other = node->branches[0]->type == SCHEMA_NULL;
        if (node->branches[1 - other]->type != SCHEMA_NULL) { return false; }
        return kind_of(node->branches[other], ret_kind);
    }
    if (type == SCHEMA_ARRAY) {
        type = node->items->type;
        bool fits = type < ARRAY_COUNT(columns) && columns[type] != FIELD_STRING;
        *ret_kind = fits ? columns[type] : FIELD_STRING;
        return fits;
    }
    bool fits = type < ARRAY_COUNT(plain) && (plain[type] != FIELD_STRING || type == SCHEMA_STRING);
    *ret_kind = fits ? plain[type] : FIELD_STRING;
    return fits;
}

/* Makes a contract of a flat record; NULL when it is none. Its members lie at multiples of 16. */
static struct contract *contract_of(const struct known *known)
{
    const struct schema_node *root = schema_root(known->schema);
    if (root->type != SCHEMA_RECORD) { return NULL; }
    struct contract_field *fields = xcalloc(root->count + 1, sizeof(*fields));
    for (size_t i = 0; i < root->count; i++) {
        fields[i] = (struct contract_field){
            .name = root->fields[i].name, .offset = 16 * i, .limit = LIMIT};
        if (!kind_of(root->fields[i].type, &fields[i].kind)) {
            free(fields);
            return NULL;
        }
    }
    struct contract *contract = xcalloc(1, sizeof(*contract));
    *contract = (struct contract){.name = root->name,
                                  .schema = known->json,
                                  .fields = fields,
                                  .fields_count = root->count,
                                  .size = 16 * (root->count + 1)};
    return contract;
}

static struct known *schema_at(struct resolver *resolver, const char *word)
{
    size_t number = strtoul(word, NULL, 10);
    assert(number < resolver->count);
    return &resolver->schemas[number];
}

static void add_schema(struct resolver *resolver, const char *json)
{
    assert(resolver->count < SCHEMAS_MAX);
    struct codec_error error;
    struct known *known = &resolver->schemas[resolver->count++];
    known->json = xprintf("%s", json);
    known->schema = schema_parse(json, &error);
    uint32_t id = (uint32_t)(resolver->count - 1);
    if (!known->schema || schema_cache_bind(resolver->cache, id, json, &error)) {
        known->schema = schema_free(known->schema);
        refuse(&error);
        return;
    }
    printf("known\n");
}

static bool read_hex(const char *text, struct buf *ret)
{
    buf_clear(ret);
    for (; text[0] && text[1]; text += 2) {
        char digits[3] = {text[0], text[1]};
        buf_append(ret, &(char){(char)strtoul(digits, NULL, 16)}, 1);
    }
    return !buf_failed(ret);
}

/* The codec that reads, and writes in that framing; NULL with the error told. */
static struct codec *codec_of(struct resolver *resolver, struct known *reader, enum framing framing,
                              struct codec_error *ret_error)
{
    *ret_error =
        (struct codec_error){.reason = "no_contract", .detail = "no record of flat fields"};
    if (reader->schema && !reader->contract) { reader->contract = contract_of(reader); }
    if (reader->contract && !reader->codecs[framing]) {
        schema_cache_write(resolver->cache, framing);
        reader->codecs[framing] = codec_new(reader->contract, resolver->cache);
    }
    return reader->codecs[framing];
}

/* The body of what was written; its frame has to name the schema in the framing that was asked. */
static struct slice body_of(struct resolver *resolver, struct schema_cache *cache,
                            const struct known *reader, enum framing framing)
{
    struct frame frame;
    struct slice body;
    int rc = frame_read(buf_slice(&resolver->out), &frame, &body, NULL);
    assert(rc == 0 && frame.framing == framing);
    const struct schema *named = schema_cache_find(cache, frame);
    assert(named && schema_crc(named) == schema_crc(reader->schema));
    return body;
}

static void forget_pair(struct pair *pair)
{
    codec_free(pair->codec);
    schema_cache_free(pair->cache);
    *pair = (struct pair){0};
}

static void make_pair(struct pair *pair, struct known *reader, const struct known *writer)
{
    if (pair->reader == reader && pair->writer == writer) { return; }
    struct codec_error error;
    forget_pair(pair);
    *pair = (struct pair){.reader = reader, .writer = writer, .cache = schema_cache_new()};
    int rc = schema_cache_bind(pair->cache, 0, writer->json, &error);
    assert(rc == 0);
    pair->codec = codec_new(reader->contract, pair->cache);
}

static void read_message(struct resolver *resolver, struct known *reader,
                         const struct known *writer, const char *hex)
{
    struct codec_error error;
    struct schema_cache *cache = resolver->cache;
    bool well = read_hex(hex, &resolver->message);
    assert(well);
    enum framing framing = hex[0] == '0' && hex[1] == '0' ? FRAMING_CONFLUENT : FRAMING_SINGLE;
    struct codec *codec = codec_of(resolver, reader, framing, &error);
    if (!codec) {
        refuse(&error);
        return;
    }
    if (framing == FRAMING_SINGLE) {
        make_pair(&resolver->pair, reader, writer);
        codec = resolver->pair.codec;
        cache = resolver->pair.cache;
    }
    _cleanup_(xfreep) char *object = xcalloc(1, reader->contract->size);
    /* of its own size, so that a sanitizer sees every step beyond */
    struct slice message = buf_slice(&resolver->message);
    _cleanup_(xfreep) char *bytes = xmemdup(message.data, message.size);
    message = slice_of(bytes, message.size);
    arena_reset(resolver->arena);
    if (codec_decode(codec, message, resolver->arena, object, &error)) {
        refuse(&error);
    } else {
        buf_clear(&resolver->out);
        int rc = codec_encode(codec, object, &resolver->out);
        assert(rc == 0);
        struct slice body = body_of(resolver, cache, reader, framing);
        for (size_t i = 0; i < body.size; i++) { printf("%02x", (uint8_t)body.data[i]); }
        printf("\n");
    }
}

static void answer(struct resolver *resolver, char *line)
{
    char *at = line;
    const char *word = strsep(&at, " ");
    if (strcmp(word, "S") == 0) {
        add_schema(resolver, at);
    } else if (strcmp(word, "F") == 0) {
        const struct known *known = schema_at(resolver, at);
        printf("%016" PRIx64 "\n", known->schema ? schema_crc(known->schema) : 0);
    } else {
        assert(strcmp(word, "M") == 0);
        const struct known *writer = schema_at(resolver, strsep(&at, " "));
        struct known *reader = schema_at(resolver, strsep(&at, " "));
        read_message(resolver, reader, writer, at);
    }
}

int main(void)
{
    struct resolver resolver = {.cache = schema_cache_new(), .arena = arena_new(1 << 16)};
    resolver.schemas = xcalloc(SCHEMAS_MAX, sizeof(*resolver.schemas));
    buf_init(&resolver.message, MESSAGE_BYTES_MAX);
    buf_init(&resolver.out, MESSAGE_BYTES_MAX);
    char *line = NULL;
    size_t room = 0;
    for (ssize_t size; (size = getline(&line, &room, stdin)) > 0;) {
        if (line[size - 1] == '\n') { line[size - 1] = '\0'; }
        answer(&resolver, line);
    }
    free(line);
    forget_pair(&resolver.pair);
    for (size_t i = 0; i < resolver.count; i++) {
        struct known *known = &resolver.schemas[i];
        codec_free(known->codecs[FRAMING_SINGLE]);
        codec_free(known->codecs[FRAMING_CONFLUENT]);
        if (known->contract) { free((void *)known->contract->fields); }
        free(known->contract);
        schema_free(known->schema);
        free(known->json);
    }
    free(resolver.schemas);
    schema_cache_free(resolver.cache);
    arena_free(resolver.arena);
    buf_release(&resolver.message);
    buf_release(&resolver.out);
    return 0;
}
