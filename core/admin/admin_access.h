/*
 * Who may ask the admin listener for what: tokens and their roles, and what browsers may be made to
 * ask by pages of other sites.
 *
 * On the CivetWeb worker that runs the request's callback.
 */
#ifndef SLUICE_ADMIN_ADMIN_ACCESS_H
#define SLUICE_ADMIN_ADMIN_ACCESS_H

#include "admin/admin_token.h"

#include <stdatomic.h>

struct admin;
struct admin_route_match;
struct mg_connection;

/* Name, label, why a request is denied. */
#define ADMIN_DENIALS(DENIAL)                                                                      \
    DENIAL(TOKEN, "token")   /* none, or one that is not valid: 401 */                             \
    DENIAL(ROLE, "role")     /* a valid one whose role is too small: 403 */                        \
    DENIAL(ORIGIN, "origin") /* a change that a page of another site asks for: 403 */              \
    DENIAL(HOST, "host")     /* a name that another site has pointed here: 403 */

enum admin_denial {
#define DENIAL(name, label) ADMIN_DENIED_FOR_##name,
    ADMIN_DENIALS(DENIAL)
#undef DENIAL
        ADMIN_DENIAL_COUNT
};

struct admin_denials {
    atomic_ullong counts[ADMIN_DENIAL_COUNT];
};

/* Whether the request's Host may be asked for. Returns 0, or the status with which it has been
 * denied. */
int admin_access_check_host(struct admin *admin, struct mg_connection *conn);

/* Whether the request may have what it asks for; who asks is in *owner then. Returns 0, or the
 * status with which it has been denied. */
int admin_access_check(struct admin *admin, struct mg_connection *conn,
                       const struct admin_route_match *match, struct admin_token_owner *owner);

#endif
