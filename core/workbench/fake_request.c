/*
 * The upgrade request that on_connect is shown, and what it answers.
 */
#include "workbench/fake_internal.h"

#include <stdio.h>
#include <string.h>
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

/* Holds as much of the request as the server's own code looks at; the plugin is shown all of it. */
struct upgrade *fake_make_upgrade(const struct fake_client *client)
{
    static const char *const names[] = {"Sec-WebSocket-Protocol"};
    const struct fake_upgrade *asked = &client->request;
    char offers[1024] = "";
    const char *const values[] = {offers};
    struct request *request;
    struct upgrade *upgrade;
    for (size_t i = 0; i < FAKE_SUBPROTOCOLS_MAX && asked->subprotocols[i] != NULL; i++) {
        size_t used = strlen(offers);
        snprintf(offers + used, sizeof offers - used, "%s%s", i > 0 ? ", " : "",
                 asked->subprotocols[i]);
    }
    const struct request_source source = {.method = "GET",
                                          .http_version = "1.1",
                                          .path = client->endpoint,
                                          .header_count = offers[0] != '\0',
                                          .header_names = names,
                                          .header_values = values};
    if (request_create(&source, &request) != OK ||
        upgrade_create(request, asked->secure, asked->subprotocol, &upgrade) != OK)
        abort();
    return upgrade;
}

static struct sl_string lend_string(struct fake_request *request, struct sl_string text,
                                    const char *what)
{
    return (struct sl_string){borrowed_lend(text.data, text.len, 1, what, &request->loans),
                              text.len};
}

struct fake_request *fake_request_create(struct fake_client *client, struct upgrade *upgrade)
{
    struct fake_request *request = fake_zalloc(sizeof *request);
    request->asked = &client->request;
    request->upgrade = upgrade;
    request->seen =
        borrowed_lend(&upgrade->seen, sizeof upgrade->seen, 16, "the request", &request->loans);
    request->seen->path = lend_string(request, upgrade->seen.path, "the request's path");
    return request;
}

void fake_request_destroy(struct fake_request *request)
{
    borrowed_end(&request->loans);
    free(request);
}

/* -- what it holds -- */

static struct fake_request *current_request(const struct sl_request *request, const char *function)
{
    struct fake_request *current = fake_running.request;
    fake_require_hook(function);
    if (current == NULL || request != current->seen)
        fake_fail("host->%s was called outside on_connect, or with another request than the hook's",
                  function);
    return current;
}

static bool lend_text(struct fake_request *request, const char *text, const char *what,
                      struct sl_string *found)
{
    *found = lend_string(request, fake_string(text), what);
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

static bool get_header(const struct sl_request *seen, const char *name, struct sl_string *found)
{
    struct fake_request *request = current_request(seen, "request_header");
    return lend_value(request, request->asked->headers, name, true, "a header of the request",
                      found);
}

static bool get_query(const struct sl_request *seen, const char *name, struct sl_string *found)
{
    struct fake_request *request = current_request(seen, "request_query");
    return lend_value(request, request->asked->query, name, false,
                      "a query parameter of the request", found);
}

static bool get_cookie(const struct sl_request *seen, const char *name, struct sl_string *found)
{
    struct fake_request *request = current_request(seen, "request_cookie");
    return lend_value(request, request->asked->cookies, name, false, "a cookie of the request",
                      found);
}

static bool get_subprotocol(const struct sl_request *seen, size_t index, struct sl_string *found)
{
    struct fake_request *request = current_request(seen, "request_subprotocol");
    const char *const *offers = request->asked->subprotocols;
    return index < FAKE_SUBPROTOCOLS_MAX && offers[index] != NULL &&
           lend_text(request, offers[index], "a subprotocol of the request", found);
}

static bool get_certificate(const struct sl_request *seen, enum sl_certificate_field field,
                            size_t index, struct sl_string *found)
{
    static const char *const names[] = {"",       "subject", "common_name", "issuer", "serial",
                                        "sha256", "dns",     "email",       "uri"};
    struct fake_request *request = current_request(seen, "request_certificate");
    const struct fake_pair *pairs = request->asked->certificate;
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
    struct fake_request *request = current_request(seen, "select_subprotocol");
    if (upgrade_select_subprotocol(request->upgrade, name) != OK)
        return -1;
    seen->subprotocol =
        lend_string(request, request->upgrade->seen.subprotocol, "the request's subprotocol");
    return 0;
}

static enum sl_verdict deny_request(struct sl_request *seen, int status, const char *reason)
{
    const struct fake_request *request = current_request(seen, "deny");
    if (status < 400 || status > 599)
        fake_fail("host->deny was given status %d; a refusal has 400 to 599", status);
    upgrade_refuse(request->upgrade, status, reason);
    return SL_DENY;
}

static int add_deny_header(struct sl_request *seen, const char *name, const char *value)
{
    return upgrade_add_header(current_request(seen, "deny_header")->upgrade, name, value) == OK
               ? 0
               : -1;
}

bool fake_result_has_header(const struct fake_result *result, const char *name, const char *value)
{
    char line[512];
    snprintf(line, sizeof line, "%s: %s\n", name, value);
    return strstr(result->headers, line) != NULL;
}

void fake_request_provide(struct sl_host *host)
{
    host->request_header = get_header;
    host->request_query = get_query;
    host->request_cookie = get_cookie;
    host->request_subprotocol = get_subprotocol;
    host->request_certificate = get_certificate;
    host->select_subprotocol = select_subprotocol;
    host->deny = deny_request;
    host->deny_header = add_deny_header;
}
