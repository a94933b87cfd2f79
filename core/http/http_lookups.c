#include "http/http_lookups.h"

#include <stdlib.h>
#include <sys/socket.h>

/* Of one that is kept: no resolver takes as long. It bounds what has a socket without our being
 * asked, as a resolver that comes after the connection to a proxy. */
#define LONGEST_MS 3600000L

void http_lookups_init(struct http_lookups *lookups, unsigned under_way, unsigned per_owner)
{
    *lookups = (struct http_lookups){.most = 2 * under_way, .most_of_owner = 2 * per_owner};
}

/* -- what hangs -- */

void http_lookups_expire(struct http_lookups *lookups, int64_t now)
{
    struct http_lookup *next;
    for (struct http_lookup *lookup = lookups->first; lookup != NULL; lookup = next) {
        next = lookup->next;
        if (lookup->handle == NULL && lookup->over_at <= now)
            http_lookups_end(lookups, lookup);
    }
}

const char *http_lookups_error(struct http_lookups *lookups, uint64_t server, uint64_t owner,
                               int64_t now)
{
    unsigned of_server = 0, of_owner = 0;
    http_lookups_expire(lookups, now);
    for (const struct http_lookup *lookup = lookups->first; lookup != NULL; lookup = lookup->next) {
        of_server += lookup->server == server && now - lookup->begun >= HTTP_LOOKUP_HANGS_AFTER;
        of_owner += lookup->owner == owner;
    }
    if (of_server >= HTTP_LOOKUPS_OF_SERVER)
        return "earlier lookups of the server's name in DNS hang";
    if (of_owner >= lookups->most_of_owner || lookups->count >= lookups->most)
        return "too many lookups of servers' names in DNS hang";
    return NULL;
}

static void keep_lookup(struct http_lookups *lookups, struct http_exchange *exchange)
{
    struct http_lookup *lookup = exchange->lookup;
    exchange->lookup = NULL;
    lookup->exchange = NULL;
    lookup->next = lookups->first;
    lookups->first = lookup;
    lookups->count++;
}

void http_lookups_end(struct http_lookups *lookups, struct http_lookup *lookup)
{
    struct http_lookup **link = &lookups->first;
    while (*link != lookup)
        link = &(*link)->next;
    *link = lookup->next;
    lookups->count--;
    lookup->curl->easy_cleanup(lookup->handle);
    lookup->curl->slist_free_all(lookup->headers);
    free(lookup);
}

/* -- libcurl's callbacks -- */

/* Before a name is looked up; not if libcurl still knows its addresses. */
static int on_lookup(void *resolver, void *reserved, void *context)
{
    struct http_lookup *lookup = context;
    struct http_exchange *exchange = lookup->exchange;
    const char *text = NULL;
    (void)resolver, (void)reserved;
    if (exchange == NULL)
        return 1;
    lookup->curl->easy_getinfo(exchange->handle, CURLINFO_EFFECTIVE_URL, &text);
    struct sl_string url = text != NULL ? sl_string_of(text) : exchange->request.url;
    bool may_use_proxy = (exchange->request.flags & SL_HTTP_PROXY_FROM_ENVIRONMENT) != 0;
    if (!may_use_proxy && http_has_address(url))
        return 0;
    lookup->server = http_server(url);
    lookup->begun = clock_monotonic();
    exchange->error = http_lookups_error(lookup->all, lookup->server, lookup->owner, lookup->begun);
    if (exchange->error != NULL)
        exchange->stop = HTTP_STOP_LOOKUP;
    lookup->is_under_way = exchange->error == NULL;
    return exchange->error != NULL;
}

/* The lookup is over. If nobody waits for it any more, there is nothing to connect to. */
static curl_socket_t on_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct http_lookup *lookup = context;
    (void)purpose;
    lookup->is_under_way = false;
    if (lookup->exchange == NULL)
        return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* What calls these is a handle that nobody waits for. */
static size_t on_unwanted(char *data, size_t size, size_t count, void *context)
{
    (void)data, (void)size, (void)count, (void)context;
    return 0;
}

static int on_unwanted_request(void *context, char *remote_ip, char *local_ip, int remote_port,
                               int local_port)
{
    (void)context, (void)remote_ip, (void)local_ip, (void)remote_port, (void)local_port;
    return CURL_PREREQFUNC_ABORT;
}

/* -- libcurl's handle -- */

#define SET(option, value) (curl->easy_setopt(handle, CURLOPT_##option, (value)) == CURLE_OK)

int http_lookup_watch(struct http_lookups *lookups, struct http_exchange *exchange)
{
    const struct http_library *curl = exchange->curl;
    CURL *handle = exchange->handle;
    struct http_lookup *lookup = calloc(1, sizeof *lookup);
    if (lookup == NULL)
        return ERR_NO_MEMORY;
    *lookup = (struct http_lookup){
        .all = lookups, .curl = curl, .exchange = exchange, .owner = exchange->owner_number};
    exchange->lookup = lookup;
    return SET(PRIVATE, lookup) && SET(RESOLVER_START_FUNCTION, on_lookup) &&
                   SET(RESOLVER_START_DATA, lookup) && SET(OPENSOCKETFUNCTION, on_socket) &&
                   SET(OPENSOCKETDATA, lookup)
               ? OK
               : ERR_INVALID;
}

void http_lookup_destroy(struct http_exchange *exchange)
{
    free(exchange->lookup);
    exchange->lookup = NULL;
}

void http_lookups_keep(struct http_lookups *lookups, struct http_exchange *exchange)
{
    struct http_lookup *lookup = exchange->lookup;
    const struct http_library *curl = lookup->curl;
    CURL *handle = exchange->handle;
    keep_lookup(lookups, exchange);
    lookup->handle = handle;
    lookup->headers = exchange->headers;
    exchange->handle = NULL;
    exchange->headers = NULL;
    /* Nothing of the exchange is touched any more. These do not fail: they take no memory. */
    (void)(SET(ERRORBUFFER, (char *)NULL) && SET(HEADERFUNCTION, on_unwanted) &&
           SET(WRITEFUNCTION, on_unwanted) && SET(PREREQFUNCTION, on_unwanted_request) &&
           SET(TIMEOUT_MS, LONGEST_MS) && SET(CONNECTTIMEOUT_MS, LONGEST_MS));
}

#undef SET

void http_lookups_keep_for_a_time(struct http_lookups *lookups, struct http_exchange *exchange,
                                  int64_t now)
{
    exchange->lookup->over_at = now + HTTP_LOOKUP_TIME;
    keep_lookup(lookups, exchange);
}
