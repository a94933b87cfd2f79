/*
 * The session of a connected client: when its credentials expire, and how it renews them.
 *
 * The expiry is also an attribute of the client (auth.expires, seconds since 1970), so that the
 * instance that replaces this one after a reload knows it. So are the names of the attributes that
 * came from the credentials (auth.given), which a renewal takes back. Runs on the client's thread,
 * except session_close_expired.
 */
#ifndef AUTH_SESSION_H
#define AUTH_SESSION_H

#include "finding.h"
#include "policy.h"

#define SESSION_EXPIRES "auth.expires"
#define SESSION_METHOD "auth.method"
#define SESSION_BY "auth.by"       /* the instance that let it in (a pipeline may have several) */
#define SESSION_GIVEN "auth.given" /* names, with line feeds between */
#define CLOSE_EXPIRED 4401
#define CLOSE_UNCHECKED 1013

struct session {
    int64_t expires;   /* seconds since 1970; 0: never */
    int64_t renewals;  /* ns, monotonic: when the renewals that it has sent are used up */
    uint32_t slot;     /* in the instance's struct expiry; 0: none */
    bool is_unchecked; /* the check missed its deadline, and on_error let the client pass */
};

/* Adds the attributes of a new session. */
void session_describe(const struct policy *policy, struct finding *finding);

/* Begins the session of an open client, from its attributes. A client that nobody checked is
 * closed. */
void session_begin(struct session *session, struct sl_instance *self, struct sl_client *client,
                   const struct policy *policy);

/* Ends it. */
void session_end(struct session *session, uint64_t client, struct session_watch *watch);

/* Closes clients whose credentials have expired, by the wall clock. Called once a second on the
 * thread of the instance's timers. */
void session_close_expired(struct sl_instance *self, const struct policy *policy);

/* Prolongs a session by the result of a renewal, if that is for the same identity, and tells the
 * client. Attributes that the old credentials gave and the new ones do not are removed. */
void session_renew(struct session *session, struct sl_instance *self, struct sl_client *client,
                   const struct policy *policy, enum check result, const struct finding *finding);

/* The first bytes of a message that renews, as far as one word holds them; 0 if renewal is off. */
uint64_t session_front_of(const char *member_cstr);

/* Whether a message may be a renewal, by such a word. Costs little however large the message is. */
bool session_has_front(uint64_t front, const struct sl_message *message);

/* Whether the name of the message's first member makes it a renewal. Nothing is parsed. */
bool session_names_renewal(const char *member_cstr, const struct sl_message *message);

/* Whether a client may send a renewal now; if so the renewal is counted, if not the client is told.
 */
bool session_may_renew(struct session *session, struct sl_instance *self, struct sl_client *client,
                       const struct policy *policy);

/* Whether a message is a renewal: {"MEMBER": "TOKEN"}. The token is copied to `token`, of `size`
 * bytes; *len is 0 if there is no token, or one that is too long to be good. */
bool session_is_renewal(const char *member_cstr, const struct sl_message *message, char *token,
                        size_t size, size_t *len);

#endif
