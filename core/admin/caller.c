#include "admin/caller.h"

#include "base/address.h"
#include "front/civetweb_detach.h"

#include <civetweb.h>
#include <stdio.h>

void caller_set(struct mg_connection *conn, struct caller *caller)
{
    mg_set_user_connection_data(conn, caller);
}

struct caller *caller_get(const struct mg_connection *conn)
{
    return mg_get_user_connection_data(conn);
}

static void describe_local(const struct mg_connection *conn, char text[CALLER_TEXT_MAX])
{
    uid_t user;
    if (mg_peer_user(conn, &user))
        snprintf(text, CALLER_TEXT_MAX, "user %u through the Unix socket", (unsigned)user);
    else
        snprintf(text, CALLER_TEXT_MAX, "the Unix socket");
}

void caller_describe(const struct mg_connection *conn, char text[CALLER_TEXT_MAX])
{
    struct address address;
    char address_part[ADDRESS_TEXT_MAX];
    const struct sockaddr *peer = mg_peer_address(conn);
    if (peer->sa_family == AF_UNIX) {
        describe_local(conn, text);
        return;
    }
    address_from_sockaddr(&address, peer);
    address_text(&address, address_part);
    const struct caller *caller = caller_get(conn);
    bool has_token = caller != NULL && caller->owner.name[0] != '\0';
    snprintf(text, CALLER_TEXT_MAX, "%s, port %u%s%s", address_part, (unsigned)address.port,
             has_token ? ", token " : "", has_token ? caller->owner.name : "");
}
