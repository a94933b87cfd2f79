/*
 * What one instance lets in: everything that its options say, and the methods in their order.
 *
 * Reference-counted, since a reload replaces it while attempts that began under it are still under
 * way. Immutable after policy_create, save for what keeps itself up to date behind its own lock
 * (token list, keys, answer cache). It holds copies of the options' texts.
 */
#ifndef AUTH_POLICY_H
#define AUTH_POLICY_H

#include "callback.h"
#include "credential.h"
#include "finding.h"
#include "jwt_method.h"
#include "meters.h"
#include "signed_ticket.h"
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

struct policy {
    atomic_uint references;
    const struct sl_host *host;
    const struct meters *meters; /* borrowed from the instance */
    struct policy_text *texts;   /* owned */

    enum method methods[METHODS]; /* in the order in which they are asked */
    size_t method_count;
    bool required; /* who shows nothing is refused */
    struct credential_places places;
    char **allow; /* owned; the texts are not; NULL: all */
    size_t allow_count;

    struct token_source tokens;
    struct jwt_method jwt;
    struct ticket_secrets ticket_secrets;
    struct callback callback;
    struct http http;
    enum sl_certificate_field certificate_field;

    int64_t reread;      /* ns between looks at files; 0: never */
    int64_t grace;       /* ns that a client may stay after its expiry */
    const char *renewal; /* the member of a message that renews; NULL: none does */
    bool closes_expired;
    bool sets_attributes; /* auth.method and auth.expires */
};

#define POLICY_OPTION_COUNT 38

extern const struct sl_option policy_options[POLICY_OPTION_COUNT];

/* Reads the instance's options. `before` (or NULL) is the policy that this one is to replace: keys
 * that come from the same URL are taken over. Returns it with one reference, or NULL after
 * host->fail. */
struct policy *policy_create(struct sl_instance *self, const struct meters *meters,
                             const struct policy *before);

struct policy *policy_ref(struct policy *policy);
void policy_unref(struct policy *policy);

/* Copies a text, zero-terminated, for as long as the policy lives. NULL: no memory. */
const char *policy_text(struct policy *policy, struct sl_string text);

/* Asks the methods in their order. Without may_block the answer may be CHECK_SLOW: then ask again
 * on a thread that may. CHECK_NOT_MINE: the client shows nothing. */
enum check policy_check(struct policy *policy, struct sl_instance *self, const struct shown *shown,
                        bool may_block, const atomic_bool *is_cancelled, struct finding *finding);

/* Looks after keys and, with `reread`, files [a thread that may block]. */
void policy_maintain(struct policy *policy, struct sl_instance *self, bool reread);

#endif
