/* The console of freshet-serve: pages of what the topics hold, whatever titles and ids are. */
#include "base/base.h"
#include "schemas/applied_rules.h"
#include "schemas/item.h"
#include "schemas/recommendation_list.h"
#include "schemas/user_history.h"
#include "tests/topology/paged.h"

static const char hostile[] = "</title><script>alert('x')</script>\" onmouseover=\"y";

static void write_pictured(struct rig *rig, const char *id, const char *title, bool available,
                           const char *image)
{
    struct slice tags[] = {slice_str("sad & slow")};
    const struct item item = {.item_id = slice_str(id), .title = slice_str(title),
                              .image = slice_str(image), .tags = {tags, 1},
                              .available = available, .price = 12.5,
                              .created_ms = 1000000000000, .stock = ITEM_NOT_KNOWN};
    append(rig, "items", &item_contract, id, &item);
}

static void write_item(struct rig *rig, const char *id, const char *title, bool available)
{
    write_pictured(rig, id, title, available, "");
}

static void write_user(struct rig *rig)
{
    struct slice items[] = {slice_str("i1"), slice_str("i2")};
    struct slice because[] = {slice_str("seen"), slice_str("")};
    struct slice gone[] = {slice_str("i3")}, rule[] = {slice_str("filter.no<sequels>")};
    struct slice placement[] = {slice_str("home")};
    float scores[] = {5.5F, 4}, evidence[] = {9, 8}, shares[] = {0.5F, 0};
    int32_t reasons[] = {REASON_BECAUSE, REASON_POPULAR}, ranks[] = {1}, none[] = {0}, one[] = {1};
    const struct recommendation_list list = {
        .user_id = slice_str("u<1>"), .items = {items, 2}, .scores = {scores, 2},
        .reasons = {reasons, 2}, .because = {because, 2}, .evidence = {evidence, 2},
        .shares = {shares, 2}, .model = slice_str("item-item"), .made_by = slice_str("counting"),
        .generation = slice_str("g2"), .actions = 1, .as_of_ms = 2000, .rules_offset = 0,
        .list_id = slice_str("main:g2:0123"),
        .placements = {placement, 1}, .placement_counts = {none, 1}, .removal_counts = {one, 1},
        .removal_items = {gone, 1}, .removal_ranks = {ranks, 1}, .removal_rules = {rule, 1},
    };
    append(rig, "recommendations", &recommendation_list_contract, "u<1>", &list);
    static char known[1 << 12]; /* the row of the history is longer than that of the list */
    memset(known, 'x', sizeof(known));
    struct slice seen[] = {slice_str("seen")};
    int32_t kinds[] = {ACTION_PURCHASE};
    float weights[] = {1};
    int64_t times[] = {1000000000000}, offsets[] = {0};
    const struct user_history history = {
        .user_id = slice_str("u<1>"), .items = {seen, 1}, .actions = {kinds, 1},
        .weights = {weights, 1}, .event_times_ms = {times, 1}, .offsets = {offsets, 1},
        .seen = slice_of(known, sizeof(known)), .events_total = 1, .event_time_ms = 1000000000000,
    };
    append(rig, "histories", &user_history_contract, "u<1>", &history);
}

static struct copy *start(struct rig *rig, const char *const *settings)
{
    rig_init(rig, 3);
    write_item(rig, "i1", hostile, true);
    write_item(rig, "i2", "Film 2", true);
    write_item(rig, "i3", "Film 3", true);
    write_item(rig, "seen", "Seen film", true);
    write_item(rig, "off", "Sold out", false);
    write_user(rig);
    struct copy *copy = rig_start(rig, &serve_worker, 0, settings);
    for (int i = 0; i < ROUNDS; i++) { rig_round(rig, false); }
    return copy;
}

static const char *const open_settings[] = {"http.port=0", NULL};

static void test_user(void **state)
{
    static struct rig rig;
    struct copy *copy = start(&rig, open_settings);
    const char *page = ask_get(copy, "/console/user?id=u%3C1%3E", 200);
    assert_has(asked, "Content-Type: text/html; charset=utf-8\r\n");
    assert_has(asked, "Content-Security-Policy: default-src 'none'; style-src 'self'");
    assert_has(page, "<h1>u&lt;1&gt;</h1>");
    assert_has(page, "&lt;/title&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot; onmouse");
    assert_lacks(page, "<script>");
    assert_lacks(page, "\" onmouseover");
    assert_has(page, "Because of <a href=\"/console/item?id=seen\">Seen film</a>");
    assert_has(page, "<td class=\"kind\">purchase</td>"
                     "<td class=\"number\"><time><span>2001-09-09</span> 01:46</time>"
                     "</td>");
    assert_has(page, "<dt>Generation</dt><dd>g2</dd>");
    assert_has(page, "Removed by rules");
    assert_has(page, "<td>home</td><td class=\"wide\">The filter leaves it out: "
                     "<code>filter.no&lt;sequels&gt;</code></td><td class=\"number\">1</td>");
    assert_has(page, "<a href=\"/console/user?id=u%3C1%3E&amp;placement=\" aria-current=\"true\">"
                     "The list itself</a><a href=\"/console/user?id=u%3C1%3E&amp;placement=home\">"
                     "home</a>");
    assert_has(ask_get(copy, "/console/user?id=nobody", 200), "This user has no list.");
    assert_has(ask_get(copy, "/console/user", 200), "name=\"id\" value=\"\"");
    (void)ask_get(copy, "/console/user?id=%FF", 200); /* as if nothing were asked */
    rig_release(&rig);
}

static void test_why_not(void **state)
{
    static const struct {
        const char *item, *want;
    } cases[] = {
        {"unknown", "It is neither in the catalogue"},
        {"off", "It is not available at present."},
        {"seen", "The user has had it already."},
        {"i2", "It is on the list, at place 2"},
        {"i3", "A rule removed it: The filter leaves it out: <code>filter.no&lt;sequels&gt;"},
        {"%3Cb%3E", "value=\"&lt;b&gt;\""},
    };
    static struct rig rig;
    struct copy *copy = start(&rig, open_settings);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        _cleanup_(xfreep) char *path =
            xprintf("/console/user?id=u%%3C1%%3E&why=%s", cases[i].item);
        assert_has(ask_get(copy, path, 200), cases[i].want);
    }
    write_item(&rig, "i4", "Film 4", true);
    for (int i = 0; i < ROUNDS; i++) { rig_round(&rig, false); }
    assert_has(ask_get(copy, "/console/user?id=u%3C1%3E&why=i4", 200),
               "Score of the last one on the list: 4.000");
    rig_release(&rig);
}

static void test_item_and_try(void **state)
{
    static struct rig rig;
    struct copy *copy = start(&rig, open_settings);
    const char *page = ask_get(copy, "/console/item?id=i1", 200);
    assert_has(page, "<h1>&lt;/title&gt;");
    assert_has(page, "sad &amp; slow");
    assert_has(page, "<dt>Price</dt><dd>12.50</dd>");
    assert_has(page, "It has no neighbours yet.");
    assert_has(ask_get(copy, "/console/item?id=off", 200), "Not available");
    assert_has(ask_get(copy, "/console/item?id=nothing", 404), "This item is not known.");
    page = ask_get(copy, "/console/try?q=FILM+2", 200);
    assert_has(page, "name=\"item\" value=\"i2\"");
    assert_lacks(page, "value=\"i3\"");
    assert_has(ask_get(copy, "/console/try?q=no+such", 200), "Nothing was found.");
    assert_lacks(asked, "data-live");
    assert_has(ask_get(copy, "/console/flow", 200), "<main id=\"content\" data-live>");
    page = ask_get(copy, "/console/try?item=i1&item=seen&item=i1&drop=seen", 200);
    assert_has(page, "name=\"drop\" value=\"i1\"");
    assert_lacks(page, "name=\"drop\" value=\"seen\"");
    assert_has(page, "List for this session");
    assert_has(ask_get(copy, "/console/nothing", 404), "There is no such page.");
    assert_has(ask_get(copy, "/console/style.css", 200), "prefers-color-scheme: dark");
    rig_release(&rig);
}

static void apply_rules(struct rig *rig, const char *text)
{
    const struct applied_rules rules = {.text = slice_str(text)};
    append(rig, "rules", &applied_rules_contract, APPLIED_RULES_KEY, &rules);
    for (int i = 0; i < ROUNDS; i++) { rig_round(rig, false); }
}

/* Pictures are shown of hosts that are named, and the policy lets a browser load no other. */
static void test_pictures(void **state)
{
    static struct rig rig;
    static const char *const pictured[] = {
        "http.port=0", "console.images=https://img.example http://cdn:81", NULL};
    static const char picture[] = "https://img.example/1.png?\"onload=\"x";
    struct copy *copy = start(&rig, open_settings);
    write_pictured(&rig, "i1", "Film 1", true, picture);
    for (int i = 0; i < ROUNDS; i++) { rig_round(&rig, false); }
    assert_lacks(ask_get(copy, "/console/item?id=i1", 200), "<img");
    assert_lacks(asked, "img-src");
    rig_finish(copy);
    copy = rig_start(&rig, &serve_worker, 0, pictured);
    write_pictured(&rig, "i2", "Film 2", true, "https://evil.example/2.png");
    for (int i = 0; i < ROUNDS; i++) { rig_round(&rig, false); }
    const char *page = ask_get(copy, "/console/user?id=u%3C1%3E", 200);
    assert_has(page, "referrerpolicy=\"no-referrer\" src=\"https://img.example/1.png?&quot;"
                     "onload=&quot;x\">");
    assert_lacks(page, "evil.example");
    assert_has(asked, "frame-ancestors 'none'; img-src https://img.example http://cdn:81\r\n");
    assert_has(ask_get(copy, "/console/item?id=i1", 200), "<img class=\"picture\" alt=\"\"");
    assert_has(ask_get(copy, "/console/item?id=i1&format=json", 200),
               ",\"image\":\"https://img.example/1.png?\\\"onload=\\\"x\",");
    rig_release(&rig);
}

/* A placement's list says what rules moved and removed, by the rule's words and its text. */
static void test_placements(void **state)
{
    static struct rig rig;
    struct copy *copy = start(&rig, open_settings);
    struct slice items[] = {slice_str("i1"), slice_str("i2")}, because[] = {{"", 0}, {"", 0}};
    struct slice names[] = {slice_str("home"), slice_str("mail")};
    struct slice placed[] = {slice_str("i2"), slice_str("i1")}, none = slice_str("");
    struct slice rules[] = {slice_str("pin.top"), none};
    struct slice gone[] = {slice_str("i3"), slice_str("seen")};
    struct slice gone_by[] = {slice_str("cap.two"), slice_str("exclude.<had>")};
    float scores[] = {5, 4}, evidence[] = {9, 8};
    int32_t reasons[] = {REASON_POPULAR, REASON_POPULAR}, counts[] = {2, 0}, ranks[] = {2, 1};
    int32_t gone_counts[] = {1, 1}, gone_ranks[] = {3, 1};
    const struct recommendation_list list = {
        .user_id = slice_str("u2"), .items = {items, 2}, .scores = {scores, 2},
        .reasons = {reasons, 2}, .because = {because, 2}, .evidence = {evidence, 2},
        .placements = {names, 2}, .placement_counts = {counts, 2},
        .removal_counts = {gone_counts, 2},
        .placement_items = {placed, 2}, .placement_scores = {scores, 2},
        .placement_ranks = {ranks, 2}, .placement_rules = {rules, 2}, .rules_offset = 0,
        .removal_items = {gone, 2}, .removal_ranks = {gone_ranks, 2},
        .removal_rules = {gone_by, 2},
    };
    append(&rig, "recommendations", &recommendation_list_contract, "u2", &list);
    apply_rules(&rig, "# home.pin.top=no\nhome.pin.topmost=1 if id = 'i1'\n"
                      "  home.pin.top = 1 if id = 'i2' and price < 20\n"
                      "home.cap.two=2 per brand\nmail.length=4\n");
    const char *page = ask_get(copy, "/console/user?id=u2&placement=home", 200);
    assert_has(page, "It was pinned here by <code>pin.top = 1 if id = &#39;i2&#39; and price "
                     "&lt; 20</code> Place without rules: 2");
    assert_has(page, "The cap has no room for more like it: <code>cap.two = 2 per brand</code></td>"
                     "<td class=\"number\">3</td>");
    assert_lacks(page, "exclude.");
    assert_has(page, "name=\"placement\" value=\"home\"");
    page = ask_get(copy, "/console/user?id=u2", 200);
    assert_lacks(page, "pinned");
    assert_has(page, "<td>home</td><td class=\"wide\">The cap");
    assert_has(page, "<td>mail</td><td class=\"wide\">The exclusion leaves it out: "
                     "<code>exclude.&lt;had&gt;</code>");
    assert_has(ask_get(copy, "/console/user?id=u2&placement=mail&why=seen&format=json", 200),
               ",\"why\":{\"item\":\"seen\",\"answer\":\"rule\",\"placement\":\"mail\","
               "\"rule\":\"exclude.<had>\"}}");
    assert_has(ask_get(copy, "/console/user?id=u2&why=i2&format=json", 200),
               "\"answer\":\"listed\",\"place\":2}");
    assert_has(ask_get(copy, "/console/user?id=u2&placement=none", 200), "aria-current=\"true\">"
                                                                         "The list itself");
    rig_release(&rig);
}

static void test_json(void **state)
{
    static struct rig rig;
    struct copy *copy = start(&rig, open_settings);
    assert_begins(ask_get(copy, "/console/user?id=u%3C1%3E&format=json", 200),
                  "{\"actions\":[{\"item\":\"seen\",\"kind\":\"PURCHASE\","
                  "\"time_ms\":1000000000000}],\"list\":{"
                  "\"user\":\"u<1>\",\"items\":[{\"item\":\"i1\",");
    assert_has(asked, "Content-Type: application/json\r\n");
    for (int time = 0; time < 2; time++) { /* what is read of a list stays when more is read */
        assert_has(ask_get(copy, "/console/user?id=u%3C1%3E&format=json", 200),
                   "\"list_id\":\"main:g2:0123\"");
    }
    assert_begins(ask_get(copy, "/console/item?id=i2&format=json", 200),
                  "{\"item\":\"i2\",\"title\":\"Film 2\",\"available\":true,");
    assert_begins(ask_get(copy, "/console/try?item=i2&format=json", 200), "{\"user\":\"\",");
    rig_release(&rig);
}

static void test_languages(void **state)
{
    static struct rig rig;
    struct copy *copy = start(&rig, open_settings);
    const char *page = ask_body("zh", ask(copy, "GET /console/user HTTP/1.1\r\nHost: x\r\n"
                                                "Accept-Language: zh-CN,en;q=0.8\r\n"
                                                "Connection: close\r\n\r\n"), 200);
    assert_has(page, "<html lang=\"zh\">");
    assert_has(page, "Freshet 控制台");
    assert_has(page, "href=\"/console/user?lang=en\"");
    page = ask_get(copy, "/console/user?id=u%3C1%3E&lang=zh", 200);
    assert_has(page, "购买");
    assert_has(page, "href=\"/console/item?id=i2&amp;lang=zh\"");
    rig_release(&rig);
}

/* A browser sends the token as a password; the style needs none. */
static void test_tokens(void **state)
{
    static struct rig rig;
    rig_init(&rig, 1);
    _cleanup_(xfreep) char *path = xprintf("%s/tokens", rig.dir);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    (void)fprintf(file, "0123456789abcdef\n");
    assert_int_equal(fclose(file), 0);
    _cleanup_(xfreep) char *pair = xprintf("http.tokens=%s", path);
    const char *const settings[] = {"http.port=0", pair, NULL};
    struct copy *copy = rig_start(&rig, &serve_worker, 0, settings);
    for (int i = 0; i < ROUNDS; i++) { rig_round(&rig, false); }
    (void)ask_get(copy, "/console/try", 401);
    assert_has(asked, "WWW-Authenticate: Basic realm=\"freshet\"\r\n");
    (void)ask_get(copy, "/console/style.css", 200);
    static const struct {
        const char *sent;
        int code;
    } cases[] = {
        {"Basic YW5hOjAxMjM0NTY3ODlhYmNkZWY=", 200}, /* ana:0123456789abcdef */
        {"Bearer 0123456789abcdef", 200},
        {"Basic OjAxMjM0NTY3ODlhYmNkZWY=", 200}, /* :0123456789abcdef */
        {"Basic YW5hOjAxMjM0NTY3ODlhYmNkZQ==", 401},
        {"Basic MDEyMzQ1Njc4OWFiY2RlZg==", 401},
        {"Basic ", 401},
        {"Basic !", 401},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        _cleanup_(xfreep) char *request =
            xprintf("GET /console/try HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\n"
                    "Connection: close\r\n\r\n", cases[i].sent);
        (void)ask_body(cases[i].sent, ask(copy, request), cases[i].code);
    }
    rig_release(&rig);
}

static void append_bad(struct rig *rig, const char *key)
{
    memlog_append(rig->log, "items", PARTITION_BY_KEY, slice_str(key),
                  slice_str("<script>\x01\xff"), RIG_WALL_MS);
}

/* A refused record of the catalogue comes back to the page, escaped. */
static void test_letters(void **state)
{
    static struct rig rig;
    struct copy *copy = start(&rig, open_settings);
    assert_has(ask_get(copy, "/console/letters", 200), "There are no dead letters.");
    append_bad(&rig, "<b>");
    for (int i = 0; i < ROUNDS; i++) { rig_round(&rig, false); }
    const char *page = ask_get(copy, "/console/letters", 200);
    assert_has(page, "<h2>By reason</h2>");
    assert_has(page, "Not sent again:");
    assert_lacks(page, "freshet redrive");
    assert_has(page, "<dd>&lt;b&gt;</dd>");
    assert_has(page, "<dd>&lt;script&gt;\\x01\\xff</dd>");
    assert_has(page, "<dt>origin.topic</dt><dd>items</dd>");
    assert_lacks(page, "<script>");
    assert_lacks(ask_get(copy, "/console/letters?reason=none", 200), "origin.topic");
    assert_begins(ask_get(copy, "/console/letters?format=json", 200),
                  "{\"reasons\":[{\"count\":1,\"reason\":\"");
    assert_has(ask_get(copy, "/console/letters?format=json", 200),
               "\"worker\":\"serve\",\"topic\":\"items\"}]");
    assert_has(ask_get(copy, "/console/letters?format=json", 200), "\"key\":\"<b>\"");
    assert_has(ask_get(copy, "/console/letters?lang=zh", 200), "按原因");
    rig_release(&rig);
}

static void assert_since(const struct copy *copy, const char *id, int64_t since_ms)
{
    _cleanup_(xfreep) char *path = xprintf("/console/item?id=%s&format=json", id);
    _cleanup_(xfreep) char *want = xprintf("\"since_ms\":%" PRId64 ",", since_ms);
    assert_has(ask_get(copy, path, 200), want);
}

static void write_dated(struct rig *rig, const char *id, int64_t time_ms)
{
    const struct item item = {.item_id = slice_str(id), .title = slice_str("Dated"),
                              .available = true, .stock = ITEM_NOT_KNOWN};
    append_at(rig, "items", &item_contract, id, &item, time_ms);
    for (int i = 0; i < ROUNDS; i++) { rig_round(rig, false); }
}

/* An item is in the catalogue since its first record, after a restart too, until it is removed. */
static void test_since(void **state)
{
    static struct rig rig;
    struct copy *copy = start(&rig, open_settings);
    write_dated(&rig, "d", 1500000000000);
    write_dated(&rig, "d", 1600000000000);
    assert_since(copy, "d", 1500000000000);
    assert_has(ask_get(copy, "/console/item?id=d", 200),
               "<dt>In the catalogue at least since (UTC)</dt>"
               "<dd><time><span>2017-07-14</span> 02:40</time>"
               "</dd>");
    rig_finish(copy);
    copy = rig_start(&rig, &serve_worker, 0, open_settings);
    write_dated(&rig, "d", 1650000000000);
    assert_since(copy, "d", 1500000000000);
    memlog_append(rig.log, "items", PARTITION_BY_KEY, slice_str("d"), (struct slice){0},
                  1660000000000);
    write_dated(&rig, "d", 1700000000000);
    assert_since(copy, "d", 1700000000000);
    rig_release(&rig);
}

/* Nobody asks Kafka here, so only what the tables say is known. */
static void test_flow(void **state)
{
    static struct rig rig;
    struct copy *copy = start(&rig, open_settings);
    const struct recommendation_list list = {.user_id = slice_str("u2"),
                                             .received_ms = RIG_WALL_MS - 250};
    append(&rig, "recommendations", &recommendation_list_contract, "u2", &list);
    for (int i = 0; i < ROUNDS; i++) { rig_round(&rig, false); }
    const char *page = ask_get(copy, "/console/flow", 200);
    assert_has(page, "Kafka has not answered yet.");
    assert_has(page, "\">freshet status --bootstrap ");
    assert_has(page, "<script src=\"/console/live.js\" defer>");
    assert_has(page, "data-line=\"Lag\" data-column=\"2\">");
    assert_has(page, "<dt>p99</dt><dd class=\"large\">0.250 s</dd>");
    assert_has(ask_get(copy, "/console/flow?lang=zh", 200), "存在的问题");
    const char *json = ask_get(copy, "/console/flow?format=json", 200);
    assert_begins(json, "{\"known\":false,\"time_ms\":0,\"workers\":[{\"worker\":\"ingest\","
                        "\"copies\":null,\"lag\":null,\"rate\":null,\"behind_s\":null}");
    assert_has(json, "\"freshness\":{\"lists\":1,\"p50_s\":0.25,\"p99_s\":0.25}");
    rig_release(&rig);
}

static const char *ask_event(const struct copy *copy, const char *last)
{
    _cleanup_(xfreep) char *request =
        xprintf("GET /console/user?id=u%%3C1%%3E&format=events HTTP/1.1\r\nHost: localhost\r\n"
                "Connection: close\r\n%s%s%s\r\n",
                last ? "Last-Event-ID: " : "", last ? last : "", last ? "\r\n" : "");
    return ask_body("events", ask(copy, request), 200);
}

/* The page is said to have changed when it has, and not before. */
static void test_events(void **state)
{
    static struct rig rig;
    char id[17] = "";
    struct copy *copy = start(&rig, open_settings);
    const char *event = ask_event(copy, NULL);
    assert_has(asked, "Content-Type: text/event-stream\r\n");
    assert_begins(event, "retry: 2000\nid: ");
    assert_has(event, "event: known\n");
    memcpy(id, strstr(event, "id: ") + 4, 16);
    assert_lacks(ask_event(copy, id), "event:");
    write_item(&rig, "seen", "Another title", true);
    for (int i = 0; i < ROUNDS; i++) { rig_round(&rig, false); }
    event = ask_event(copy, id);
    assert_has(event, "event: changed\n");
    assert_lacks(event, id);
    rig_release(&rig);
}

/* An event always comes with 200, of an item that is not known, too: after another code a browser
 * asks no more. */
static void test_event_of_an_error(void **state)
{
    static struct rig rig;
    struct copy *copy = start(&rig, open_settings);
    (void)ask_get(copy, "/console/item?id=nothing", 404);
    assert_has(ask_get(copy, "/console/item?id=nothing&format=events", 200), "event: known\n");
    assert_has(asked, "Content-Type: text/event-stream\r\n");
    rig_release(&rig);
}

/* So does that of a server that reads its tables. */
static void test_event_before_the_tables(void **state)
{
    static struct rig rig;
    rig_init(&rig, 1);
    struct copy *copy = rig_start(&rig, &serve_worker, 0, open_settings);
    (void)ask_get(copy, "/console/flow", 503);
    assert_has(ask_get(copy, "/console/flow?format=events", 200), "event: known\n");
    rig_release(&rig);
}

static void test_accept(void **state)
{
    static struct rig rig;
    struct copy *copy = start(&rig, open_settings);
    const char *answer = ask(copy, "GET /console/user?id=u%3C1%3E HTTP/1.1\r\nHost: localhost\r\n"
                                   "Connection: close\r\nAccept: application/json\r\n\r\n");
    assert_has(answer, "Content-Type: application/json\r\n");
    assert_has(answer, "{\"actions\":[{\"item\":\"seen\"");
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_user),       cmocka_unit_test(test_why_not),
        cmocka_unit_test(test_placements),
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_item_and_try), cmocka_unit_test(test_json),
        cmocka_unit_test(test_languages),  cmocka_unit_test(test_tokens),
        cmocka_unit_test(test_letters),
        cmocka_unit_test(test_since),
        cmocka_unit_test(test_flow),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_event_of_an_error),
        cmocka_unit_test(test_event_before_the_tables),
        cmocka_unit_test(test_accept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
