/*
 * The upgrade request that on_connect is shown, and what it answers.
 */
#include "workbench/fake_internal.h"

#include <stdio.h>
#include <strings.h>

bool fake_pairs_add(struct fake_pair pairs[FAKE_PAIRS_MAX], const char *name, const char *value)
{
    size_t count = 0;
    while (count < FAKE_PAIRS_MAX && pairs[count].name != NULL)
        count++;
    if (count == FAKE_PAIRS_MAX)
        return false;
    pairs[count] = (struct fake_pair){name, value};
    return true;
}

struct fake_request *fake_request_create(struct sl_client *client, struct fake_result *result)
{
    const struct fake_arrival *arrival = &client->arrival;
    const char *path = client->endpoint;
    struct fake_request *request = fake_zalloc(sizeof *request);
    request->client = client;
    request->result = result;
    request->seen = borrowed_lend(NULL, sizeof *request->seen, 16, "the request", &request->loans);
    *request->seen = (struct sl_request){
        .struct_size = sizeof *request->seen,
        .secure = arrival->secure,
        .path = {borrowed_lend(path, strlen(path), 1, "the request's path", &request->loans),
                 strlen(path)},
        .query = fake_string(""),
        .subprotocol = fake_string(arrival->subprotocol != NULL ? arrival->subprotocol : "")};
    return request;
}

void fake_request_destroy(struct fake_request *request)
{
    borrowed_end(&request->loans);
    free(request);
}

/* -- what it holds -- */

static struct fake_request *current_request(const struct sl_request *request)
{
    struct fake_request *current = fake_running.request;
    if (current == NULL || request != current->seen)
        fake_fail("a request function was called outside on_connect, or with another request "
                  "than the hook's");
    return current;
}

static bool lend_text(struct fake_request *request, const char *text, const char *what,
                      struct sl_string *found)
{
    size_t len = strlen(text);
    *found = (struct sl_string){borrowed_lend(text, len, 1, what, &request->loans), len};
    return true;
}

static bool lend_value(struct fake_request *request, const struct fake_pair *pairs,
                       const char *name, bool any_case, const char *what, struct sl_string *found)
{
    for (size_t i = 0; i < FAKE_PAIRS_MAX && pairs[i].name != NULL; i++)
        if ((any_case ? strcasecmp(pairs[i].name, name) : strcmp(pairs[i].name, name)) == 0)
            return lend_text(request, pairs[i].value, what, found);
    return false;
}

static bool request_header(const struct sl_request *seen, const char *name, struct sl_string *found)
{
    struct fake_request *request = current_request(seen);
    return lend_value(request, request->client->arrival.headers, name, true,
                      "a header of the request", found);
}

static bool request_query(const struct sl_request *seen, const char *name, struct sl_string *found)
{
    struct fake_request *request = current_request(seen);
    return lend_value(request, request->client->arrival.query, name, false,
                      "a query parameter of the request", found);
}

static bool request_cookie(const struct sl_request *seen, const char *name, struct sl_string *found)
{
    struct fake_request *request = current_request(seen);
    return lend_value(request, request->client->arrival.cookies, name, false,
                      "a cookie of the request", found);
}

static bool request_subprotocol(const struct sl_request *seen, size_t index,
                                struct sl_string *found)
{
    struct fake_request *request = current_request(seen);
    const char *const *offers = request->client->arrival.subprotocols;
    return index < FAKE_SUBPROTOCOLS_MAX && offers[index] != NULL &&
           lend_text(request, offers[index], "a subprotocol of the request", found);
}

static bool request_certificate(const struct sl_request *seen, enum sl_certificate_field field,
                                size_t index, struct sl_string *found)
{
    static const char *const names[] = {"",       "subject", "common_name", "issuer", "serial",
                                        "sha256", "dns",     "email",       "uri"};
    struct fake_request *request = current_request(seen);
    const struct fake_pair *pairs = request->client->arrival.certificate;
    if ((unsigned)field >= sizeof names / sizeof *names)
        return false;
    for (size_t i = 0; i < FAKE_PAIRS_MAX && pairs[i].name != NULL; i++)
        if (strcmp(pairs[i].name, names[field]) == 0 && index-- == 0)
            return lend_text(request, pairs[i].value, "a field of the certificate", found);
    return false;
}

/* -- the answer -- */

static int select_subprotocol(struct sl_request *seen, const char *name)
{
    struct fake_request *request = current_request(seen);
    const char *const *offers = request->client->arrival.subprotocols;
    for (size_t i = 0; i < FAKE_SUBPROTOCOLS_MAX && offers[i] != NULL; i++) {
        if (strcmp(offers[i], name) != 0)
            continue;
        snprintf(request->result->subprotocol, sizeof request->result->subprotocol, "%s", name);
        return 0;
    }
    return -1;
}

static enum sl_verdict deny_request(struct sl_request *seen, int status, const char *reason)
{
    struct fake_result *result = current_request(seen)->result;
    if (status < 400 || status > 599)
        fake_fail("host->deny was given status %d; a refusal has 400 to 599", status);
    result->code = status;
    snprintf(result->reason, sizeof result->reason, "%s", reason != NULL ? reason : "");
    return SL_DENY;
}

static int add_deny_header(struct sl_request *seen, const char *name, const char *value)
{
    struct fake_result *result = current_request(seen)->result;
    size_t used = strlen(result->headers);
    if (strpbrk(name, "\r\n: ") != NULL || strpbrk(value, "\r\n") != NULL)
        return -1;
    snprintf(result->headers + used, sizeof result->headers - used, "%s: %s\n", name, value);
    return 0;
}

bool fake_result_has_header(const struct fake_result *result, const char *name, const char *value)
{
    char line[512];
    snprintf(line, sizeof line, "%s: %s\n", name, value);
    return strstr(result->headers, line) != NULL;
}

void fake_request_provide(struct sl_host *host)
{
    host->request_header = request_header;
    host->request_query = request_query;
    host->request_cookie = request_cookie;
    host->request_subprotocol = request_subprotocol;
    host->request_certificate = request_certificate;
    host->select_subprotocol = select_subprotocol;
    host->deny = deny_request;
    host->deny_header = add_deny_header;
}
