#include "admin/admin_access.h"
#include "admin/metrics.h"

#include "front/front.h"
#include "hub/serving.h"
#include "hub/watchdog.h"

#include <ctype.h>

#define LINES_MAX 2048
#define TWO_ENDPOINTS                                                                              \
    "loops: 2\n"                                                                                   \
    "endpoints:\n"                                                                                 \
    "- {path: /ws, pipeline: [{plugin: probe}, {plugin: leave-notice}, {plugin: probe}]}\n"        \
    "- {path: '/a\"b', pipeline: [{plugin: probe}]}\n"

/* The server that the metrics are of. */
static struct serving serving;
static struct front *front;
static const struct watchdog_status watched; /* nothing stands still */

static int write_all(struct buffer *to)
{
    static const struct admin_denials denials; /* nothing was denied */
    struct metrics_sources sources = {
        .hub = serving.hub, .front = front, .watched = &watched, .admin_denials = &denials};
    return metrics_write(&sources, to);
}

static void start(const char *yaml)
{
    struct diagnostics diagnostics;
    serving = serve(yaml);
    diagnostics_init(&diagnostics);
    int error = front_create(serving.config, serving.hub, &diagnostics, &front);
    diagnostics_print(&diagnostics);
    diagnostics_deinit(&diagnostics);
    assert_int_equal(error, OK);
}

static void stop(void)
{
    front_destroy(front);
    end_serving(&serving);
}

/* The text cut into its lines. */
struct page {
    struct buffer text;
    char *lines[LINES_MAX];
    size_t count;
};

static void read_page(struct page *page)
{
    *page = (struct page){.count = 0};
    buffer_init(&page->text, 1 << 20);
    assert_int_equal(write_all(&page->text), OK);
    assert_int_equal(page->text.data[page->text.len - 1], '\n');
    page->text.data[page->text.len - 1] = '\0';
    assert_int_equal(strlen((char *)page->text.data), page->text.len - 1);
    for (char *line = strtok((char *)page->text.data, "\n"); line != NULL;
         line = strtok(NULL, "\n")) {
        assert_true(page->count < LINES_MAX);
        page->lines[page->count++] = line;
    }
}

static bool page_has(const struct page *page, const char *line)
{
    for (size_t i = 0; i < page->count; i++)
        if (strcmp(page->lines[i], line) == 0)
            return true;
    return false;
}

/* Waits until the page has that line. */
static void wait_for_line(const char *line)
{
    struct page page;
    bool found = false;
    int64_t deadline = clock_monotonic() + PATIENCE_SECONDS * NS_PER_S;
    while (!found && clock_monotonic() < deadline) {
        read_page(&page);
        found = page_has(&page, line);
        buffer_release(&page.text);
        poll(NULL, 0, found ? 0 : 1);
    }
    if (!found)
        fail_msg("waited in vain for: %s", line);
}

/* -- the format, by its own grammar -- */

static const char *skip_name(const char *at)
{
    assert_true(isalpha((unsigned char)*at) || *at == '_');
    while (isalnum((unsigned char)*at) || *at == '_')
        at++;
    return at;
}

/* label="value" with \\, \" and \n as the only escapes. */
static const char *skip_label(const char *at)
{
    at = skip_name(at);
    assert_memory_equal(at, "=\"", 2);
    for (at += 2; *at != '"'; at++) {
        assert_int_not_equal(*at, '\0');
        if (*at == '\\') {
            at++;
            assert_non_null(strchr("\\\"n", *at));
        }
    }
    return at + 1;
}

static const char *skip_labels(const char *at)
{
    if (*at != '{')
        return at;
    do
        at = skip_label(at + 1);
    while (*at == ',');
    assert_int_equal(*at, '}');
    return at + 1;
}

/* Checks a sample's line. Returns the length of its series: name and labels. */
static size_t check_sample(const char *line)
{
    char *end;
    const char *at = skip_labels(skip_name(line));
    size_t len = (size_t)(at - line);
    assert_int_equal(*at, ' ');
    strtod(at + 1, &end);
    assert_true(end > at + 1);
    assert_int_equal(*end, '\0');
    return len;
}

static void every_sample_stands_below_its_help_and_type(void **state)
{
    struct page page;
    char family[128] = "", expected[160];
    size_t samples = 0;
    (void)state;
    start(TWO_ENDPOINTS);
    read_page(&page);
    for (size_t i = 0; i < page.count; i++) {
        const char *line = page.lines[i];
        if (strncmp(line, "# HELP ", 7) == 0) {
            snprintf(family, sizeof family, "%.*s", (int)(skip_name(line + 7) - line - 7),
                     line + 7);
            snprintf(expected, sizeof expected, "# TYPE %s ", family);
            assert_true(i + 1 < page.count);
            assert_memory_equal(page.lines[i + 1], expected, strlen(expected));
            const char *type = page.lines[++i] + strlen(expected);
            assert_true(strcmp(type, "counter") == 0 || strcmp(type, "gauge") == 0 ||
                        strcmp(type, "histogram") == 0);
            continue;
        }
        check_sample(line);
        bool is_histogram = strstr(family, "_seconds") != NULL; /* with _bucket, _sum and _count */
        if (!is_histogram)
            assert_int_equal(skip_name(line) - line, strlen(family));
        assert_memory_equal(line, family, strlen(family));
        samples++;
    }
    assert_true(samples > 50);
    buffer_release(&page.text);
    stop();
}

static void no_series_and_no_family_comes_twice(void **state)
{
    struct page page;
    (void)state;
    start(TWO_ENDPOINTS);
    read_page(&page);
    for (size_t i = 0; i < page.count; i++) {
        const char *line = page.lines[i];
        size_t len = line[0] == '#' ? (size_t)(skip_name(line + 7) - line) : check_sample(line);
        for (size_t j = 0; j < i; j++)
            assert_false(strncmp(page.lines[j], line, len) == 0 && page.lines[j][len] == ' ');
    }
    buffer_release(&page.text);
    stop();
}

static void counters_end_in_total_and_gauges_do_not(void **state)
{
    struct page page;
    (void)state;
    start(TWO_ENDPOINTS);
    read_page(&page);
    for (size_t i = 0; i < page.count; i++) {
        if (strncmp(page.lines[i], "# TYPE ", 7) != 0)
            continue;
        const char *end = skip_name(page.lines[i] + 7);
        assert_int_equal(strncmp(end - 6, "_total", 6) == 0, strcmp(end, " counter") == 0);
    }
    buffer_release(&page.text);
    stop();
}

/* -- what it says -- */

static void counts_clients_and_messages(void **state)
{
    (void)state;
    start(TWO_ENDPOINTS);
    int one = join(serving.hub, "/ws"), two = join(serving.hub, "/ws");
    int other = join(serving.hub, "/a\"b");
    send_text(one, "hello");
    expect_text(one, "hello");
    expect_text(two, "hello");
    wait_for_line("sluice_clients{endpoint=\"/ws\"} 2");
    wait_for_line("sluice_clients{endpoint=\"/a\\\"b\"} 1");
    wait_for_line("sluice_messages_total{endpoint=\"/ws\",direction=\"in\"} 1");
    wait_for_line("sluice_messages_total{endpoint=\"/ws\",direction=\"out\"} 2");
    wait_for_line("sluice_messages_total{endpoint=\"/a\\\"b\",direction=\"in\"} 0");
    wait_for_line("sluice_upgrades_admitted_total 3");
    wait_for_line("sluice_queued_bytes 0");
    leave(other);
    leave(one);
    expect_text(two, "somebody left");
    leave(two);
    wait_for_line("sluice_clients{endpoint=\"/ws\"} 0");
    wait_for_line("sluice_closes_total{endpoint=\"/ws\",code=\"1000\"} 2");
    stop();
}

static void counts_verdicts_for_each_use_of_a_plugin(void **state)
{
    (void)state;
    start(TWO_ENDPOINTS);
    int client = join(serving.hub, "/ws");
    send_text(client, "hello");
    expect_text(client, "hello");
    send_text(client, "drop");
    send_text(client, "error");
    send_text(client, "close 4429");
    expect_close(client, 4429, "asked for");
    send_close(client, 4429);
    expect_end(client);
#define VERDICT(position, use, verdict, count)                                                     \
    "sluice_plugin_verdicts_total{endpoint=\"/ws\",plugin=\"probe\",position=\"" position          \
    "\",instance=\"probe#" use "\",mode=\"enforce\",verdict=\"" verdict "\"} " count
    wait_for_line(VERDICT("1", "1", "continue", "2"));
    wait_for_line(VERDICT("3", "2", "continue", "2"));
    wait_for_line(VERDICT("1", "1", "drop", "1"));
    wait_for_line(VERDICT("3", "2", "drop", "0"));
    wait_for_line(VERDICT("1", "1", "error", "1"));
    wait_for_line(VERDICT("1", "1", "close", "1"));
    wait_for_line("sluice_drops_total{reason=\"plugin\"} 1");
    wait_for_line("sluice_drops_total{reason=\"plugin_error\"} 1");
    wait_for_line("sluice_closes_total{endpoint=\"/ws\",code=\"4429\"} 1");
    stop();
}

static void counts_refusals_by_their_reason(void **state)
{
    struct address address = address_of(1);
    (void)state;
    start("limits: {clients_per_address: 1}\nendpoints: [{path: /ws}]\n");
    struct endpoint *endpoint = hub_find_endpoint(serving.hub, "/ws");
    hub_admit(serving.hub, endpoint, &address);
    hub_admit(serving.hub, endpoint, &address);
    wait_for_line("sluice_upgrades_admitted_total 1");
    wait_for_line("sluice_upgrades_refused_total{reason=\"address_clients\"} 1");
    wait_for_line("sluice_upgrades_refused_total{reason=\"clients\"} 0");
    stop();
}

static void longest_names_fit(void **state)
{
    struct page page;
    char yaml[512] = "endpoints: [{path: '/";
    (void)state;
    memset(yaml + strlen(yaml), '"', 254);
    strcat(yaml, "', pipeline: [{plugin: probe}]}]\n");
    start(yaml);
    read_page(&page);
    for (size_t i = 0; i < page.count; i++)
        if (page.lines[i][0] != '#')
            check_sample(page.lines[i]);
    buffer_release(&page.text);
    stop();
}

static void says_so_when_the_page_does_not_fit(void **state)
{
    struct buffer small;
    (void)state;
    start(TWO_ENDPOINTS);
    buffer_init(&small, 1000);
    assert_int_equal(write_all(&small), ERR_LIMIT);
    assert_true(small.len <= 1000);
    buffer_release(&small);
    stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_stands_below_its_help_and_type),
        cmocka_unit_test(no_series_and_no_family_comes_twice),
        cmocka_unit_test(counters_end_in_total_and_gauges_do_not),
        cmocka_unit_test(counts_clients_and_messages),
        cmocka_unit_test(counts_verdicts_for_each_use_of_a_plugin),
        cmocka_unit_test(counts_refusals_by_their_reason),
        cmocka_unit_test(longest_names_fit),
        cmocka_unit_test(says_so_when_the_page_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
