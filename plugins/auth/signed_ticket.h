/*
 * Signed tickets: for applications that have no JWT library.
 *
 *     t1.IDENTITY.EXPIRY.SIGNATURE
 *
 * IDENTITY is base64url of the client's name, EXPIRY seconds since 1970 in decimal, SIGNATURE
 * base64url of HMAC-SHA256 under the shared secret of the text
 *
 *     t1 LF PATH LF IDENTITY LF EXPIRY
 *
 * with PATH as the endpoint's path and IDENTITY and EXPIRY as they stand in the ticket. A ticket is
 * good for one path, until it expires. Pure; any thread.
 */
#ifndef AUTH_SIGNED_TICKET_H
#define AUTH_SIGNED_TICKET_H

#include "finding.h"

#define TICKET_SECRETS 2     /* the current one and the one before */
#define TICKET_SECRET_MIN 16 /* bytes */

struct ticket_secrets {
    struct sl_string items[TICKET_SECRETS]; /* empty: none */
};

/* Checks what is shown at the time `now` (seconds since 1970). */
enum check signed_ticket_check(const struct ticket_secrets *secrets, const struct shown *shown,
                               int64_t now, struct finding *finding);

#endif
