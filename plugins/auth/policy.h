/*
 * What one instance lets in: all of its options, and the methods in their order.
 *
 * Reference-counted, since a reload replaces it while attempts that began under it are still
 * running. Immutable after policy_create, except for the token list, the keys and the answer cache,
 * each of which updates itself behind a lock of its own. It holds copies of the options' texts.
 */
#ifndef AUTH_POLICY_H
#define AUTH_POLICY_H

#include "callback.h"
#include "credential.h"
#include "expiry.h"
#include "finding.h"
#include "jwt_method.h"
#include "meters.h"
#include "signed_ticket.h"
#include "slow_queue.h"
#include "token_source.h"

enum method {
    METHOD_CERTIFICATE,
    METHOD_JWT,
    METHOD_TICKET,
    METHOD_TOKENS,
    METHOD_HTTP,
    METHODS /* how many there are */
};

struct policy_text; /* one copied text, in a list */

/* What the instance knows about its sessions. Every message reads it, without a lock. */
struct session_watch {
    atomic_uint unchecked;  /* clients that were let in unchecked and are being closed */
    _Atomic uint64_t front; /* how renewals begin, as session_front_of returns it */
    struct expiry expiry;   /* messages do not read it */
};

/* The parts of the instance that its policies use, and that outlive them. */
struct policy_home {
    struct meters meters;
    struct session_watch watch;
    struct slow_queue slow;
};

struct policy {
    atomic_uint references;
    const struct sl_host *host;
    const char *instance_cstr;   /* the instance's name, borrowed */
    const struct meters *meters; /* borrowed from the instance, as is the next one */
    struct session_watch *watch;
    struct policy_text *texts; /* owned */
    struct slow_queue *slow;
    size_t slow_places;      /* the most checks that may wait or run */
    size_t slow_places_each; /* and of these, those of one network */

    enum method methods[METHODS]; /* in the order in which they are asked */
    size_t method_count;
    bool required; /* a client that shows nothing is refused */
    struct credential_places places;
    char **allow; /* owned; the texts are not; NULL: everybody */
    size_t allow_count;

    struct token_source tokens;
    struct jwt_method jwt;
    struct ticket_secrets ticket_secrets;
    struct callback callback;
    enum sl_certificate_field certificate_field;

    int64_t reread;           /* ns between checks of files for changes; 0: never */
    int64_t grace;            /* ns that a client may stay after its expiry */
    const char *renewal;      /* the member of a message that renews; NULL: renewal is off */
    int64_t renewal_interval; /* ns between renewals of a client */
    int64_t renewal_burst;    /* ns that a client's renewals may be ahead of that */
    bool closes_expired;
    bool sets_attributes; /* auth.method and auth.expires */
};

#define POLICY_OPTION_COUNT 43

/* policy_table.c */
extern const struct sl_option policy_options[POLICY_OPTION_COUNT];

/* The choices of `from`, `methods` and `certificate_identity`, the first two in the order of their
 * enums; NULL at the end. */
extern const char *const policy_source_names[];
extern const char *const policy_method_names[];
extern const char *const policy_certificate_names[];

/* Reads the instance's options. `before` (or NULL) is the policy that the new one replaces; fetched
 * keys of the same URL are taken over from it. Returns the policy with one reference, or NULL after
 * host->fail. */
struct policy *policy_create(struct sl_instance *self, struct policy_home *home,
                             const struct policy *before);

struct policy *policy_ref(struct policy *policy);
void policy_unref(struct policy *policy);

/* Copies a text, zero-terminated, for as long as the policy lives. NULL: no memory. */
const char *policy_text(struct policy *policy, struct sl_string text);

/* Asks the methods in their order. CHECK_SLOW, CHECK_ASK and CHECK_KEYS say what has to be done
 * before the check can go on. CHECK_NOT_MINE: the client shows nothing. Any thread. */
enum check policy_check(struct policy *policy, struct sl_instance *self, const struct shown *shown,
                        unsigned may, struct finding *finding);

/* The last step of every check: a client whose identity is known may still not be allowed. */
enum check policy_conclude(const struct policy *policy, const struct shown *shown,
                           enum check result, struct finding *finding);

/* Whether `allow` names the identity, or is not set. */
bool policy_allows(const struct policy *policy, const char *identity, size_t len);

/* Whether the method of this name is in use. */
bool policy_has_method(const struct policy *policy, const char *name, size_t len);

/* Whether any files are configured; and reading those that have changed [a thread that may block,
 * one at a time]. */
bool policy_has_files(const struct policy *policy);
void policy_reread(struct policy *policy, struct sl_instance *self);

#endif
