#include "base/base.h"
#include "base/version.h"
#include "stream/config/options.h"

#include <setjmp.h>
#include <cmocka.h>
#include <unistd.h>

struct runtime {
    int64_t records;
    int64_t bytes;
    int64_t interval_ms;
    const char *servers;
    const char *password;
    struct properties kafka;
    struct properties producer;
};

struct features {
    double decay;
    bool strict;
    int32_t measure;
    const char *name;
};

static struct runtime runtime;
static struct features features;
static const struct option runtime_options[] = {
    {"batch.records.max", OPTION_LONG, offsetof(struct runtime, records), "5000", 1, 1e5,
     .help = "Bounds a batch"},
    {"batch.bytes.max", OPTION_BYTES, offsetof(struct runtime, bytes), "32m", 1024, 1e9,
     .help = "Bounds a batch"},
    {"commit.interval", OPTION_DURATION, offsetof(struct runtime, interval_ms), "500ms",
     .help = "Paces commits"},
    {"kafka.bootstrap.servers", OPTION_STRING, offsetof(struct runtime, servers), "localhost",
     .help = "Names the brokers"},
    {"http.password", OPTION_SECRET, offsetof(struct runtime, password), "", .help = "Locks"},
    {"kafka.", OPTION_PREFIX, offsetof(struct runtime, kafka), NULL, .help = "Passes on"},
    {"kafka.producer.", OPTION_PREFIX, offsetof(struct runtime, producer), NULL,
     .help = "Passes on"},
};
static const struct option features_options[] = {
    {"decay", OPTION_DOUBLE, offsetof(struct features, decay), "0.5", 0, 1, .help = "Decays"},
    {"strict-mode", OPTION_BOOL, offsetof(struct features, strict), "false", .help = "Refuses",
     .former = "strict"},
    {"measure", OPTION_CHOICE, offsetof(struct features, measure), "cosine",
     .choices = "cosine|jaccard|llr", .help = "Chooses"},
    {"name", OPTION_STRING, offsetof(struct features, name), NULL, .help = "Names"},
};
static const struct option_group groups[] = {
    {"runtime", runtime_options, ARRAY_COUNT(runtime_options), &runtime},
    {"features", features_options, ARRAY_COUNT(features_options), &features},
};

/* ---- A load and what it printed ---- */

static char first_path[64], second_path[64];
static char *errors;
static struct options *options;
static char **rest;
static char *given[100]; /* arguments, which the rest borrows */
static size_t given_count;

static int begin(void **state)
{
    (void)snprintf(first_path, sizeof(first_path), "/tmp/freshet-options-XXXXXX");
    (void)snprintf(second_path, sizeof(second_path), "/tmp/freshet-options-XXXXXX");
    close(mkstemp(first_path));
    close(mkstemp(second_path));
    memset(&runtime, 0, sizeof(runtime));
    memset(&features, 0, sizeof(features));
    return 0;
}

static int end(void **state)
{
    unlink(first_path);
    unlink(second_path);
    free(errors);
    errors = NULL;
    options = options_free(options);
    while (given_count > 0) { free(given[--given_count]); }
    return 0;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static enum options_result load_with(char ***ret_rest, const char *const *arguments)
{
    char *argv[40] = {(char[]){"freshet-test"}};
    int argc = 1;
    while (arguments[argc - 1]) {
        argv[argc] = strdup(arguments[argc - 1]);
        argc++;
    }
    free(errors);
    errors = NULL;
    size_t size;
    FILE *err = open_memstream(&errors, &size);
    options = options_free(options);
    enum options_result result = options_load("freshet-test", "Tests.", groups,
                                              ARRAY_COUNT(groups), argc, argv, err, &options,
                                              ret_rest);
    fclose(err);
    assert_true((result == OPTIONS_BAD || result == OPTIONS_USAGE) == (strlen(errors) > 0));
    if (result == OPTIONS_USAGE) { assert_non_null(strstr(errors, "msg=\"bad argument\"")); }
    for (int i = 1; i < argc; i++) { given[given_count++] = argv[i]; }
    return result;
}

#define LOAD(...) load_with(&rest, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static void expect_error(const char *form, const char *file)
{
    char text[1000];
    const char *at = strstr(form, "%s");
    int head = at ? (int)(at - form) : (int)strlen(form);
    (void)snprintf(text, sizeof(text), "%.*s%s%s\n", head, form, at ? file : "", at ? at + 2 : "");
    if (!strstr(errors, text)) { fail_msg("%s\nlacks\n%s", errors, text); }
}

static int count_errors(void)
{
    int count = 0;
    for (const char *at = errors; (at = strchr(at, '\n')); at++) { count++; }
    return count;
}

/* ---- Tests ---- */

static void test_defaults(void **state)
{
    assert_int_equal(LOAD("--set", "name=x"), OPTIONS_OK);
    assert_true(runtime.records == 5000 && runtime.bytes == 32 << 20);
    assert_true(runtime.interval_ms == 500);
    assert_string_equal(runtime.servers, "localhost");
    assert_string_equal(runtime.password, "");
    assert_int_equal(runtime.kafka.count, 0);
    assert_true(features.decay == 0.5 && !features.strict && features.measure == 0);
    assert_string_equal(features.name, "x");
    assert_null(rest[0]);
}

static void test_order(void **state)
{
    write_file(first_path, "name=first\nbatch.records.max=1\ndecay: 0.2\nmeasure=llr\ndecay=0.2");
    write_file(second_path, "batch.records.max = 2\ncommit.interval=1s");
    setenv("FRESHET_COMMIT_INTERVAL", "2s", 1);
    setenv("FRESHET_STRICT_MODE", "true", 1);
    char flag[100];
    (void)snprintf(flag, sizeof(flag), "--config=%s", second_path);
    int result = LOAD("--set", "commit.interval=3s", "--config", first_path, flag);
    unsetenv("FRESHET_COMMIT_INTERVAL");
    unsetenv("FRESHET_STRICT_MODE");
    assert_int_equal(result, OPTIONS_OK);
    assert_true(runtime.records == 2);
    assert_true(runtime.interval_ms == 3000);
    assert_true(features.strict);
    assert_true(features.decay == 0.2);
    assert_int_equal(features.measure, 2);
    assert_string_equal(features.name, "first");
}

static void test_environment(void **state)
{
    setenv("FRESHET_NAME", "from here", 1);
    setenv("FRESHET_UNKNOWN_THING", "1", 1);
    setenv("FRESHET_", "1", 1);
    setenv("FRESHET_KAFKA_", "1", 1);
    setenv("FRESHET_KAFKA_SSL_CA_LOCATION", "/ca", 1);
    setenv("FRESHET_KAFKA_BOOTSTRAP_SERVERS", "b:1", 1);
    setenv("FRESHET_KAFKA_PRODUCER_LINGER_MS", "5", 1);
    int result = LOAD("--set=kafka.ssl.key=k");
    setenv("FRESHET_DECAY", "2", 1);
    assert_int_equal(result, OPTIONS_OK);
    assert_string_equal(features.name, "from here");
    assert_string_equal(runtime.servers, "b:1");
    assert_string_equal(properties_get(&runtime.kafka, "ssl.ca.location"), "/ca");
    assert_string_equal(properties_get(&runtime.kafka, "ssl.key"), "k");
    assert_int_equal(runtime.kafka.count, 2);
    assert_string_equal(properties_get(&runtime.producer, "linger.ms"), "5");
    assert_int_equal(LOAD(NULL), OPTIONS_BAD);
    expect_error("level=error msg=\"bad option\" key=decay value=2 variable=FRESHET_DECAY "
                 "hint=\"expected a decimal number, from 0 to 1\"", NULL);
    static const char *const names[] = {
        "NAME", "UNKNOWN_THING", "", "KAFKA_", "KAFKA_SSL_CA_LOCATION", "KAFKA_BOOTSTRAP_SERVERS",
        "KAFKA_PRODUCER_LINGER_MS", "DECAY"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        char variable[64];
        (void)snprintf(variable, sizeof(variable), "FRESHET_%s", names[i]);
        unsetenv(variable);
    }
}

static void test_prefix(void **state)
{
    write_file(first_path, "name=x\nkafka.ssl.ca.location=/x\nkafka.bootstrap.servers=b\n"
                           "kafka.producer.acks=all\nkafka.producerx=1\n");
    assert_int_equal(LOAD("--config", first_path, "--set", "kafka.producer.acks=1", "--set",
                          "kafka.ssl.ca.location=/y"), OPTIONS_OK);
    assert_string_equal(runtime.servers, "b");
    assert_int_equal(runtime.kafka.count, 2);
    assert_string_equal(properties_get(&runtime.kafka, "ssl.ca.location"), "/y");
    assert_string_equal(properties_get(&runtime.kafka, "producerx"), "1");
    assert_null(properties_get(&runtime.kafka, "bootstrap.servers"));
    assert_int_equal(runtime.producer.count, 1);
    assert_string_equal(properties_get(&runtime.producer, "acks"), "1");
    assert_int_equal(LOAD("--set", "name=x", "--set", "kafka.=1"), OPTIONS_BAD);
}

static void test_all_faults(void **state)
{
    write_file(first_path, "# a worker\n"
                           "batch.records.maxx=5\n"
                           "batch.bytes.max=32q\n"
                           "kafak.ssl.ca.location=/x\n"
                           "=nothing\n"
                           "measure=cosin\n"
                           "entirely.something.else=1\n"
                           "batch.records.max=100001\n");
    runtime.records = 77;
    struct options *before = options;
    assert_int_equal(LOAD("--config", first_path, "--config", "/nonexistent/x", "--wrong",
                          "--batch.records.max=1", "--set", "x", "--set", "=x", "--set",
                          "strict-mode=yes", "--config"), OPTIONS_USAGE);
    assert_ptr_equal(options, before);
    assert_true(runtime.records == 77);
    static const char *const lines[] = {
        "msg=\"bad option\" key=batch.records.maxx file=%s line=2 "
        "hint=\"unknown; did you mean batch.records.max?\"",
        "msg=\"bad option\" key=batch.bytes.max value=32q file=%s line=3 "
        "hint=\"expected a size such as 64k, 32m or 1g, from 1k to 1000000000\"",
        "msg=\"bad option\" key=kafak.ssl.ca.location file=%s line=4 "
        "hint=\"unknown; did you mean kafka.*?\"",
        "msg=\"bad configuration file\" file=%s line=5 hint=\"the key is empty; write key=value\"",
        "msg=\"bad option\" key=measure value=cosin file=%s line=6 "
        "hint=\"expected one of cosine, jaccard or llr; did you mean cosine?\"",
        "msg=\"bad option\" key=entirely.something.else file=%s line=7 "
        "hint=\"unknown; --options prints all\"",
        "msg=\"bad option\" key=batch.records.max value=100001 file=%s line=8 "
        "hint=\"expected a whole number, from 1 to 100000\"",
        "msg=\"bad configuration file\" file=/nonexistent/x hint=\"No such file or directory\"",
        "msg=\"bad argument\" argument=--wrong hint=\"unknown; --help shows the flags\"",
        "msg=\"bad argument\" argument=\"--batch.records.max=1\" "
        "hint=\"write --set batch.records.max=VALUE\"",
        "msg=\"bad argument\" argument=x hint=\"write KEY=VALUE\"",
        "msg=\"bad argument\" argument=\"=****\" hint=\"write KEY=VALUE\"",
        "msg=\"bad option\" key=strict-mode value=yes argument=--set "
        "hint=\"expected true or false; write true\"",
        "msg=\"bad argument\" argument=--config hint=\"needs a FILE\"",
        "msg=\"missing option\" key=name hint=\"required; set it to a text in UTF-8\"",
    };
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) { expect_error(lines[i], first_path); }
    assert_int_equal(count_errors(), ARRAY_COUNT(lines));
}

/* A prefix takes every key, but not a misspelt option; values have no quotes. */
static void test_misspelt(void **state)
{
    write_file(first_path, "kafka.bootstrap.servrs=b\nname='x'\nmeasure=Cosine\ntopic: x\n");
    assert_int_equal(LOAD("--config", first_path, "--set", "kafka.producer.bootstrap.servers=x"),
                     OPTIONS_BAD);
    static const char *const lines[] = {
        "key=kafka.bootstrap.servrs file=%s line=1 "
        "hint=\"unknown; did you mean kafka.bootstrap.servers?\"",
        "key=name value='x' file=%s line=2 hint=\"values have no quotes around them\"",
        "key=measure value=Cosine file=%s line=3 "
        "hint=\"expected one of cosine, jaccard or llr; did you mean cosine?\"",
        "key=topic file=%s line=4 hint=\"unknown; this looks like YAML: properties are key=value, "
        "with whole keys; --options prints all\"",
    };
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) { expect_error(lines[i], first_path); }
    assert_int_equal(count_errors(), ARRAY_COUNT(lines));
}

/* Variables of others are ignored; a near misspelling of an option is none of theirs. */
static void test_misspelt_variable(void **state)
{
    setenv("FRESHET_BATCH_RECORDS_MAXX", "5", 1);
    setenv("FRESHET_DECAX", "5", 1);
    int result = LOAD("--set", "name = x");
    unsetenv("FRESHET_BATCH_RECORDS_MAXX");
    unsetenv("FRESHET_DECAX");
    assert_int_equal(result, OPTIONS_BAD);
    expect_error("key=batch.records.maxx variable=FRESHET_BATCH_RECORDS_MAXX "
                 "hint=\"unknown; did you mean batch.records.max?\"", NULL);
    assert_int_equal(count_errors(), 1);
    assert_int_equal(LOAD("--set", "name = x", "--set", "STRICT-mode=true"), OPTIONS_BAD);
    expect_error("key=STRICT-mode argument=--set hint=\"unknown; did you mean strict-mode?\"",
                 NULL);
}

static void test_repeated_key(void **state)
{
    write_file(first_path, "name=x\ndecay=0.1\nhttp.password=a\ndecay=0.2\nhttp.password=b\n");
    assert_int_equal(LOAD("--config", first_path, "--set", "decay=0.3"), OPTIONS_BAD);
    expect_error("level=error msg=\"bad option\" key=decay file=%s line=2 hint=\"line 4 has the "
                 "key again, with another value; keep one of them\"", first_path);
    expect_error("key=http.password file=%s line=3 hint=\"line 5 has the key again, with another "
                 "value; keep one of them\"", first_path);
    assert_int_equal(count_errors(), 2);
    write_file(second_path, "name=y\n");
    write_file(first_path, "name=x\nname=x\n");
    assert_int_equal(LOAD("--config", first_path, "--config", second_path), OPTIONS_OK);
    assert_string_equal(features.name, "y");
}

static void test_other_formats(void **state)
{
    write_file(first_path, "\xef\xbb\xbfname=x\r\ndecay: 0.2\r\n");
    assert_int_equal(LOAD("--config", first_path), OPTIONS_OK);
    assert_string_equal(features.name, "x");
    write_file(first_path, "name:\n  x: y\n");
    assert_int_equal(LOAD("--config", first_path), OPTIONS_BAD);
    expect_error("level=error msg=\"bad configuration file\" file=%s line=2 hint=\"this looks "
                 "like YAML; a properties file has one key=value on each line, with whole keys "
                 "such as map.user=customer.id\"", first_path);
}

static void test_placeholders(void **state)
{
    write_file(second_path, "hush\n");
    char text[300];
    (void)snprintf(text, sizeof(text), "name=<${file:%s}>\nhttp.password=${file:%s}\n"
                   "kafka.sasl.password=${file:%s}\ndecay=${file:/nonexistent/overridden}\n",
                   second_path, second_path, second_path);
    write_file(first_path, text);
    assert_int_equal(LOAD("--config", first_path, "--set", "decay=1"), OPTIONS_OK);
    assert_string_equal(features.name, "<hush>");
    assert_string_equal(runtime.password, "hush");
    assert_string_equal(properties_get(&runtime.kafka, "sasl.password"), "hush");
    assert_int_equal(LOAD("--config", first_path), OPTIONS_BAD);
    expect_error("key=decay file=%s line=4 hint=\"cannot read /nonexistent/overridden: "
                 "No such file or directory\"", first_path);
    assert_int_equal(count_errors(), 1);
}

static void test_included_text_is_not_printed(void **state)
{
    write_file(second_path, "hush\n");
    char pair[100];
    (void)snprintf(pair, sizeof(pair), "decay=${file:%s}", second_path);
    assert_int_equal(LOAD("--set", "name=x", "--set", pair), OPTIONS_BAD);
    assert_null(strstr(errors, "hush"));
    expect_error("key=decay argument=--set hint=\"expected a decimal number, from 0 to 1\"", NULL);
}

static void test_rest(void **state)
{
    assert_int_equal(LOAD("replay", "-x", "--set", "name=x", "from", "--", "--set", "y"),
                     OPTIONS_OK);
    static const char *const expected[] = {"replay", "-x", "from", "--set", "y"};
    for (size_t i = 0; i < ARRAY_COUNT(expected); i++) {
        assert_string_equal(rest[i], expected[i]);
    }
    assert_null(rest[ARRAY_COUNT(expected)]);
    assert_int_equal(load_with(NULL, (const char *const[]){"x", "--set", "name=x", NULL}),
                     OPTIONS_USAGE);
    expect_error("level=error msg=\"bad argument\" argument=x "
                 "hint=\"unexpected argument; --help shows the flags\"", NULL);
}

static void check_shown(const char *flag, const char *start)
{
    char text[64] = "";
    fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    FILE *file = freopen(second_path, "w", stdout);
    assert_non_null(file);
    int result = LOAD("--wrong", "--set", "--help", flag, "--config", "/nonexistent/x");
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    assert_int_equal(result, OPTIONS_SHOWN);
    file = fopen(second_path, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
    fclose(file);
    if (strncmp(text, start, strlen(start)) != 0) { fail_msg("%s: %s", flag, text); }
}

static void test_shown(void **state)
{
    check_shown("--help", "usage: freshet-test ");
    check_shown("--options", "# freshet-test\n\nTests.\n\n## runtime\n\n| name |");
    char version[64];
    (void)snprintf(version, sizeof(version), "freshet-test %s\n", version_number());
    check_shown("--version", version);
}

/* ---- Former names ---- */

static void test_former_name(void **state)
{
    write_file(first_path, "name=x\nstrict=true\n");
    assert_int_equal(LOAD("--config", first_path), OPTIONS_OK);
    assert_true(features.strict);
    assert_ptr_equal(options_former(options, 0), &features_options[1]);
    assert_null(options_former(options, 1));
    assert_int_equal(LOAD("--set", "name=x", "--set", "strict=true", "--set", "strict=false"),
                     OPTIONS_OK);
    assert_false(features.strict);
    assert_non_null(options_former(options, 0));
    assert_null(options_former(options, 1));
    setenv("FRESHET_STRICT", "true", 1);
    int result = LOAD("--set", "name=x");
    unsetenv("FRESHET_STRICT");
    assert_int_equal(result, OPTIONS_OK);
    assert_true(features.strict && options_former(options, 0));
    assert_int_equal(LOAD("--set", "name=x", "--set", "strict-mode=true"), OPTIONS_OK);
    assert_null(options_former(options, 0));
}

/* Both names set the same option, so the later source wins; the former one is still told of. */
static void test_former_name_is_overridden(void **state)
{
    write_file(first_path, "name=x\nstrict=true\n");
    assert_int_equal(LOAD("--config", first_path, "--set", "strict-mode=false"), OPTIONS_OK);
    assert_true(!features.strict && options_former(options, 0));
    write_file(first_path, "name=x\nstrict-mode=true\n");
    assert_int_equal(LOAD("--config", first_path, "--set", "strict=false"), OPTIONS_OK);
    assert_false(features.strict);
    assert_int_equal(LOAD("--set", "name=x", "--set", "strict=true", "--set", "strict-mode=true"),
                     OPTIONS_OK);
}

static void test_both_names_differ(void **state)
{
    write_file(first_path, "name=x\nstrict-mode=true\nstrict=false\n");
    assert_int_equal(LOAD("--config", first_path), OPTIONS_BAD);
    expect_error("level=error msg=\"bad option\" key=strict file=%s line=3 hint=\"its new name "
                 "strict-mode has another value; keep that one\"", first_path);
    assert_int_equal(LOAD("--set", "name=x", "--set", "strict=true", "--set", "strict-mode=false"),
                     OPTIONS_BAD);
    assert_int_equal(count_errors(), 1);
    setenv("FRESHET_STRICT", "true", 1);
    setenv("FRESHET_STRICT_MODE", "false", 1);
    int result = LOAD("--set", "name=x");
    unsetenv("FRESHET_STRICT");
    unsetenv("FRESHET_STRICT_MODE");
    assert_int_equal(result, OPTIONS_BAD);
    expect_error("key=strict variable=FRESHET_STRICT hint=\"its new name strict-mode has "
                 "another value; keep that one\"", NULL);
}

/* A fault names what was written, a hint only what is to be written from now on. */
static void test_former_name_in_faults(void **state)
{
    assert_int_equal(LOAD("--set", "name=x", "--set", "strict=maybe", "--set", "strictt=true",
                          "--strict=true"), OPTIONS_USAGE);
    expect_error("key=strict value=maybe argument=--set hint=\"expected true or false\"", NULL);
    expect_error("key=strictt argument=--set hint=\"unknown; --options prints all\"", NULL);
    expect_error("argument=\"--strict=true\" hint=\"write --set strict-mode=VALUE\"", NULL);
}

/* However a secret is mistyped, and wherever it stands, it is not printed. */
static void test_secrets_are_not_printed(void **state)
{
    static const char *const lines[] = {"http.passwrd=hunter2\n", "http.password hunter2\n",
                                        "sasl.pasword=hunter2\n", "name=x\nsasl-token: hunter2\n"};
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        write_file(first_path, lines[i]);
        assert_int_equal(LOAD("--config", first_path), OPTIONS_BAD);
        assert_null(strstr(errors, "hunter2"));
    }
    assert_int_equal(LOAD("--kafka.sasl.password=hunter2", "--set", "=hunter2", "--sasl=hunter2",
                          "--set", "http.passwrd=hunter2"), OPTIONS_USAGE);
    assert_null(strstr(errors, "hunter2"));
    setenv("FRESHET_BATCH_RECORDS_MAX", "x", 1);
    assert_int_equal(LOAD("--set", "name=x"), OPTIONS_BAD);
    assert_non_null(strstr(errors, "value=x"));
    unsetenv("FRESHET_BATCH_RECORDS_MAX");
}

/* Values become parts of messages, which are UTF-8; only a secret may hold other bytes. */
static void test_latin1(void **state)
{
    assert_int_equal(LOAD("--set", "name=caf\xe9"), OPTIONS_BAD);
    expect_error("key=name value=\"caf\\xe9\" argument=--set "
                 "hint=\"expected a text in UTF-8\"", NULL);
    assert_int_equal(LOAD("--set", "name=x", "--set", "kafka.client.rack=\xe9"), OPTIONS_BAD);
    expect_error("key=kafka.client.rack argument=--set hint=\"expected a text in UTF-8\"", NULL);
    assert_int_equal(LOAD("--set", "name=caf\xc3\xa9", "--set", "kafka.sasl.password=\xe9"),
                     OPTIONS_OK);
}

static void test_fill(void **state)
{
    static const char *const pairs[] = {"name=x", "decay=0.25", "kafka.a=b", "name=y"};
    setenv("FRESHET_DECAY", "1", 1);
    int result = options_fill(groups, 2, pairs, ARRAY_COUNT(pairs), stderr, &options);
    unsetenv("FRESHET_DECAY");
    assert_int_equal(result, 0);
    assert_string_equal(features.name, "y");
    assert_true(features.decay == 0.25 && runtime.records == 5000);
    assert_string_equal(properties_get(&runtime.kafka, "a"), "b");
    size_t size;
    FILE *err = open_memstream(&errors, &size);
    struct options *before = options;
    static const char *const bad[] = {"name", "decay=x"};
    assert_int_equal(options_fill(groups, 2, bad, ARRAY_COUNT(bad), err, &options), -EINVAL);
    fclose(err);
    assert_int_equal(count_errors(), 3);
    assert_ptr_equal(options, before);
}

/* A prefix of nothing takes the keys that nobody else knows: a tool reads a worker's file. */
static void test_empty_prefix(void **state)
{
    struct tool {
        const char *name;
        struct properties kafka, others;
    } tool;
    static const struct option tool_options[] = {
        {"", OPTION_PREFIX, offsetof(struct tool, others), NULL, .help = "Takes the rest"},
        {"name", OPTION_STRING, offsetof(struct tool, name), "", .help = "Names"},
        {"kafka.", OPTION_PREFIX, offsetof(struct tool, kafka), NULL, .help = "Passes on"},
    };
    const struct option_group group = {"tool", tool_options, ARRAY_COUNT(tool_options), &tool};
    static const char *const pairs[] = {"map.user=u", "name=x", "kafka.a=b"};
    assert_int_equal(options_fill(&group, 1, pairs, ARRAY_COUNT(pairs), stderr, &options), 0);
    assert_string_equal(tool.name, "x");
    assert_string_equal(properties_get(&tool.kafka, "a"), "b");
    assert_int_equal(tool.others.count, 1);
    assert_string_equal(properties_get(&tool.others, "map.user"), "u");
}

static void test_too_many(void **state)
{
    FILE *file = fopen(first_path, "w");
    assert_non_null(file);
    for (int i = 0; i < 4097; i++) { fprintf(file, "kafka.k%d=1\n", i); }
    fclose(file);
    assert_int_equal(LOAD("--config", first_path, "--config", first_path), OPTIONS_BAD);
    expect_error("level=error msg=\"bad argument\" argument=--config "
                 "hint=\"more than 4096 settings\"", NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(test_defaults),
        TEST(test_order),
        TEST(test_environment),
        TEST(test_prefix),
        TEST(test_all_faults),
        TEST(test_misspelt),
        TEST(test_misspelt_variable),
        TEST(test_repeated_key),
        TEST(test_other_formats),
        TEST(test_placeholders),
        TEST(test_rest),
        TEST(test_included_text_is_not_printed),
        TEST(test_shown),
        TEST(test_former_name),
        TEST(test_former_name_is_overridden),
        TEST(test_both_names_differ),
        TEST(test_former_name_in_faults),
        TEST(test_secrets_are_not_printed),
        TEST(test_latin1),
        TEST(test_fill),
        TEST(test_empty_prefix),
        TEST(test_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
