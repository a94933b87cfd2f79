#include "admin/caller.h"

#include "base/address.h"
#include "front/civetweb_detach.h"

#include <stdio.h>

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
    snprintf(text, CALLER_TEXT_MAX, "%s, port %u", address_part, (unsigned)address.port);
}
