#include "admin/admin_access.h"

#include "admin/admin_internal.h"
#include "admin/admin_routes.h"
#include "admin/json.h"
#include "admin/origin.h"
#include "front/civetweb_detach.h"

#include <civetweb.h>
#include <stdio.h>
#include <string.h>

/* Whether a request comes through a Unix socket. */
static bool is_local(const struct mg_connection *conn)
{
    return mg_peer_address(conn)->sa_family == AF_UNIX;
}

static int deny(struct admin *admin, struct mg_connection *conn, enum admin_denial why,
                const char *detail)
{
    atomic_fetch_add_explicit(&admin->denials.counts[why], 1, memory_order_relaxed);
    if (why == ADMIN_DENIED_FOR_TOKEN)
        return json_send_error(conn, 401, "WWW-Authenticate: Bearer\r\n", "unauthorized", detail);
    return json_send_error(conn, 403, "", "forbidden", detail);
}

/* A browser that asks under a name that another site has pointed here (DNS rebinding) would give
 * the answer to that site's page. */
int admin_access_check_host(struct admin *admin, struct mg_connection *conn)
{
    if (is_local(conn) || admin_tokens_are_needed(&admin->tokens) ||
        origin_host_is_plain(mg_get_header(conn, "Host")))
        return 0;
    return deny(admin, conn, ADMIN_DENIED_FOR_HOST,
                "ask for localhost or a numeric address; a listener with admin.token_file or "
                "admin.tokens may be asked by any name");
}

/* Whether a page of another site has made a browser ask for a change. */
static bool is_cross_site(const struct mg_connection *conn)
{
    const char *method = mg_get_request_info(conn)->request_method;
    bool changes = strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
    return changes && !is_local(conn) &&
           !origin_is_ours(mg_get_header(conn, "Origin"), mg_get_header(conn, "Host"));
}

/* Whoever may open the Unix socket's file needs no token, and may do everything. Without a token
 * that is needed, the owner's role is none. */
static bool is_authorized(struct admin *admin, const struct mg_connection *conn,
                          struct admin_token_owner *owner)
{
    *owner = (struct admin_token_owner){.role = ADMIN_ROLE_ALL};
    if (is_local(conn) ||
        admin_tokens_accept(&admin->tokens, mg_get_header(conn, "Authorization"), owner))
        return true;
    owner->role = ADMIN_ROLE_NONE;
    return false;
}

int admin_access_check(struct admin *admin, struct mg_connection *conn,
                       const struct admin_route_match *match, struct admin_token_owner *owner)
{
    char detail[ADMIN_TOKEN_NAME_MAX + 96];
    if (!is_authorized(admin, conn, owner) && !match->is_open)
        return deny(admin, conn, ADMIN_DENIED_FOR_TOKEN,
                    "send a token of admin.token_file or admin.tokens as: Authorization: Bearer "
                    "TOKEN");
    if (is_cross_site(conn))
        return deny(admin, conn, ADMIN_DENIED_FOR_ORIGIN,
                    "a page of another origin must not ask here");
    if (match->route == NULL || owner->role >= match->route->role)
        return 0;
    snprintf(detail, sizeof detail, "this takes a token with the role %s; %s has the role %s",
             admin_role_text(match->route->role), owner->name, admin_role_text(owner->role));
    return deny(admin, conn, ADMIN_DENIED_FOR_ROLE, detail);
}
