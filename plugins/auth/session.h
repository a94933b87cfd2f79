/*
 * A client that is connected: when its credentials expire, and how it renews them.
 *
 * The expiry is an attribute of the client too (auth.expires, seconds since 1970), so that an
 * instance that a reload brings knows it; and so are the names of the attributes that came from
 * the credentials (auth.given), which a renewal takes back. Runs on the client's thread, but for
 * session_close_expired.
 */
#ifndef AUTH_SESSION_H
#define AUTH_SESSION_H

#include "finding.h"
#include "policy.h"

#define SESSION_EXPIRES "auth.expires"
#define SESSION_METHOD "auth.method"
#define SESSION_BY "auth.by"       /* the instance that let it in: there may be several */
#define SESSION_GIVEN "auth.given" /* names, with line feeds between */
#define CLOSE_EXPIRED 4401
#define CLOSE_UNCHECKED 1013

struct session {
    int64_t expires;   /* seconds since 1970; 0: never */
    int64_t renewals;  /* ns, monotonic: until when the renewals that it has sent would last */
    uint32_t slot;     /* in the instance's struct expiry; 0: none */
    bool is_unchecked; /* the check missed its deadline, and on_error let the client pass */
};

/* Adds the attributes that a session begins with. */
void session_describe(const struct policy *policy, struct finding *finding);

/* Begins the session of a client that is open, from its attributes; who is unchecked is closed. */
void session_begin(struct session *session, struct sl_instance *self, struct sl_client *client,
                   const struct policy *policy);

/* Ends it. */
void session_end(struct session *session, uint64_t client, struct session_watch *watch);

/* Closes those whose credentials have expired, by the wall clock of this moment. Called once a
 * second, on the thread of the instance's timers. */
void session_close_expired(struct sl_instance *self, const struct policy *policy);

/* Prolongs it by what a renewal found, if it is the same client's; says so to the client. What the
 * credentials of before gave and the new ones do not is taken back. */
void session_renew(struct session *session, struct sl_instance *self, struct sl_client *client,
                   const struct policy *policy, enum check result, const struct finding *finding);

/* What a message that renews begins with, as far as a word can hold it; 0: none does. */
uint64_t session_front_of(const char *member_cstr);

/* Whether a message may be a renewal, by such a word; cheap, for every message, however large. */
bool session_has_front(uint64_t front, const struct sl_message *message);

/* Whether the name of its first member makes it a renewal; nothing is parsed. */
bool session_names_renewal(const char *member_cstr, const struct sl_message *message);

/* Whether a client may send a renewal now, which is then counted. If not it is told so. */
bool session_may_renew(struct session *session, struct sl_instance *self, struct sl_client *client,
                       const struct policy *policy);

/* Whether a message is a renewal: {"MEMBER": "TOKEN"}. The token is copied to `token`, of `size`
 * bytes; *len is 0 if there is none that could be good. */
bool session_is_renewal(const char *member_cstr, const struct sl_message *message, char *token,
                        size_t size, size_t *len);

#endif
