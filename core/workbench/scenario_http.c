#include "workbench/scenario_http.h"

#include "workbench/scenario_expect.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ENTRIES_MAX 64
#define HEADERS_MAX 32

/* One entry of the list: whom it answers, and with what. */
struct entry {
    const struct yaml_node *node;
    unsigned left; /* requests that it answers */
    struct fake_http_reply reply;
    struct sl_pair headers[HEADERS_MAX];
};

static struct entry entries[ENTRIES_MAX];
static size_t entry_count;

/* -- reading -- */

static void read_headers(const struct yaml_node *respond, struct entry *entry)
{
    const struct yaml_node *headers = yaml_node_get(respond, "headers");
    size_t count = headers != NULL ? headers->count : 0;
    if (count > HEADERS_MAX)
        scenario_fail(headers, "at most %d headers", HEADERS_MAX);
    for (size_t i = 0; i < count; i++)
        entry->headers[i] =
            (struct sl_pair){sl_string_of(headers->entries[i].key),
                             sl_string_of(scenario_text(headers, headers->entries[i].key))};
    entry->reply.headers = entry->headers;
    entry->reply.header_count = count;
}

static void read_response(const struct yaml_node *respond, struct entry *entry)
{
    static const char *const keys[] = {"status", "headers", "body", NULL};
    const char *status = scenario_text(respond, "status");
    const char *body = scenario_text(respond, "body");
    scenario_check_keys(respond, keys);
    entry->reply = (struct fake_http_reply){.outcome = SL_HTTP_ANSWERED,
                                            .status = status != NULL ? atoi(status) : 200,
                                            .body = sl_string_of(body != NULL ? body : "")};
    if (entry->reply.status < 200 || entry->reply.status > 599)
        scenario_fail(respond, "a status is 200 to 599");
    read_headers(respond, entry);
}

/* A word instead of a response. */
static void read_outcome(const struct yaml_node *respond, struct entry *entry)
{
    static const struct {
        const char *word;
        struct fake_http_reply reply;
    } words[] = {
        {"fail", {.outcome = SL_HTTP_FAILED, .error = "the connection was refused"}},
        {"nothing", {.outcome = (enum sl_http_outcome)0}},
        {"too_large", {.outcome = SL_HTTP_TOO_LARGE, .error = "the response's body is too long"}},
        {"refuse",
         {.outcome = SL_HTTP_REFUSED,
          .error = "the server has failed several times in a row and is left alone"}},
        {"not_taken", {.is_not_taken = true}},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(respond->text, words[i].word) != 0)
            continue;
        entry->reply = words[i].reply;
        return;
    }
    scenario_fail(respond,
                  "respond: expected a mapping of status, headers and body, or one of fail, "
                  "nothing, too_large, refuse, not_taken");
}

static void read_entry(const struct yaml_node *node, struct entry *entry)
{
    static const char *const keys[] = {"expect", "respond", "times", NULL};
    static const char *const expected[] = {"url",  "method",   "headers", "body",
                                           "json", "contains", NULL};
    scenario_check_keys(node, keys);
    const struct yaml_node *expect = yaml_node_get(node, "expect");
    const struct yaml_node *respond = yaml_node_get(node, "respond");
    const char *times = scenario_text(node, "times");
    if (expect != NULL)
        scenario_check_keys(expect, expected);
    if (respond == NULL)
        scenario_fail(node, "an entry of http needs 'respond'");
    if (respond->kind == NODE_MAPPING)
        read_response(respond, entry);
    else
        read_outcome(respond, entry);
    entry->node = node;
    entry->left = times != NULL ? (unsigned)strtoul(times, NULL, 10) : 1;
}

/* -- answering -- */

static bool is_text(const struct yaml_node *expect, const char *key, struct sl_string found)
{
    const char *wanted = expect != NULL ? scenario_text(expect, key) : NULL;
    return wanted == NULL ||
           (strlen(wanted) == found.len && memcmp(wanted, found.data, found.len) == 0);
}

static bool has_header(const struct sl_http_request *request, const char *name, const char *value)
{
    for (size_t i = 0; i < request->header_count; i++) {
        const struct sl_pair *header = &request->headers[i];
        if (header->name.len == strlen(name) &&
            strncasecmp(header->name.data, name, header->name.len) == 0 &&
            header->value.len == strlen(value) &&
            memcmp(header->value.data, value, header->value.len) == 0)
            return true;
    }
    return false;
}

/* What is expected of the request that an entry answers. */
static void check_request(const struct yaml_node *expect, const struct sl_http_request *request)
{
    const struct yaml_node *headers = yaml_node_get(expect, "headers");
    for (size_t i = 0; headers != NULL && i < headers->count; i++) {
        const char *name = headers->entries[i].key;
        const char *value = scenario_text(headers, name);
        if (!has_header(request, name, value))
            scenario_fail(headers->entries[i].value, "the request has no header '%s: %s'", name,
                          value);
    }
    char *body = strndup(request->body.data != NULL ? request->body.data : "", request->body.len);
    expect_text(expect, "body", body);
    expect_json(expect, body);
    expect_contains(expect, "contains", body);
    free(body);
}

/* The first entry with that method and URL that has answered too few requests answers. */
static void answer_request(const struct sl_http_request *request, struct fake_http_reply *reply,
                           void *context)
{
    const struct yaml_node *list = context;
    for (size_t i = 0; i < entry_count; i++) {
        const struct yaml_node *expect = yaml_node_get(entries[i].node, "expect");
        if (entries[i].left == 0 || !is_text(expect, "url", request->url) ||
            !is_text(expect, "method", request->method))
            continue;
        entries[i].left--;
        if (expect != NULL)
            check_request(expect, request);
        *reply = entries[i].reply;
        return;
    }
    scenario_fail(list, "the plugin has asked for %.*s %.*s, which no entry of 'http' answers",
                  (int)request->method.len, request->method.data, (int)request->url.len,
                  request->url.data);
}

void scenario_http_begin(const struct yaml_node *list)
{
    entry_count = 0;
    if (list == NULL)
        return;
    if (list->kind != NODE_SEQUENCE || list->count > ENTRIES_MAX)
        scenario_fail(list, "http: expected a list of at most %d entries", ENTRIES_MAX);
    for (size_t i = 0; i < list->count; i++)
        read_entry(list->entries[i].value, &entries[entry_count++]);
    fake_http_serve(answer_request, (void *)(uintptr_t)list);
}

void scenario_http_end(void)
{
    for (size_t i = 0; i < entry_count; i++)
        if (entries[i].left > 0)
            scenario_fail(entries[i].node, "the plugin has not asked for this%s",
                          entries[i].left > 1 ? " so often" : "");
}
