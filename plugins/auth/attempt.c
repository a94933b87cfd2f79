#include "attempt.h"

#include <openssl/crypto.h>
#include <string.h>

struct attempt {
    struct policy *policy; /* owned reference */
    struct sl_ticket ticket;
    struct session *session; /* of a renewal: in the client's state; NULL: an upgrade */
    atomic_bool is_cancelled;
    enum check result;
    struct shown shown; /* into `text` */
    struct finding finding;
    size_t size; /* of all of it */
    char text[];
};

/* RFC 6750, section 3: how to ask for a token, and why the one that came was no good. */
static const char *challenge_for(const struct policy *policy, enum check result)
{
    if (result == CHECK_NOT_MINE)
        return policy->tokens.has_hashes ? "Bearer, Basic realm=\"sluice\", charset=\"UTF-8\""
                                         : "Bearer";
    return "Bearer error=\"invalid_token\"";
}

struct outcome attempt_outcome(const struct policy *policy, enum check result,
                               struct finding *finding)
{
    struct outcome outcome = {.verdict = SL_DENY, .status = 401, .reason = finding->reason};
    outcome.header_count = 1;
    if (result == CHECK_ACCEPTED) {
        session_describe(policy, finding);
        return (struct outcome){.verdict = SL_CONTINUE};
    }
    if (result == CHECK_NOT_MINE && !policy->required)
        return (struct outcome){.verdict = SL_CONTINUE};
    if (result == CHECK_NOT_MINE)
        outcome.reason = "A token is required.";
    if (result == CHECK_FAILED || result == CHECK_SLOW) {
        outcome.status = 503;
        outcome.headers[0] = (struct sl_pair){sl_string_of("Retry-After"), sl_string_of("1")};
    } else if (result == CHECK_REFUSED && finding->is_scope) {
        outcome.status = 403;
        outcome.header_count = 0;
    } else {
        outcome.headers[0] = (struct sl_pair){sl_string_of("WWW-Authenticate"),
                                              sl_string_of(challenge_for(policy, result))};
    }
    return outcome;
}

static void count(const struct sl_instance *self, const struct policy *policy, enum check result)
{
    const struct meters *meters = policy->meters;
    self->host->metric_add(result == CHECK_ACCEPTED  ? meters->accepted
                           : result == CHECK_REFUSED ? meters->refused
                                                     : meters->failed,
                           1);
}

static void complete_upgrade(struct sl_instance *self, struct attempt *attempt)
{
    struct outcome outcome = attempt_outcome(attempt->policy, attempt->result, &attempt->finding);
    struct sl_completion details = {.struct_size = sizeof details,
                                    .code = outcome.status,
                                    .headers = outcome.headers,
                                    .header_count = outcome.header_count};
    if (outcome.verdict == SL_CONTINUE && attempt->result == CHECK_ACCEPTED) {
        details.identity =
            (struct sl_string){attempt->finding.identity, attempt->finding.identity_len};
        details.attributes = attempt->finding.attributes;
        details.attribute_count = attempt->finding.attribute_count;
    } else if (outcome.reason != NULL) {
        details.reason = sl_string_of(outcome.reason);
    }
    count(self, attempt->policy, attempt->result);
    /* Harmless if the client has left in the meantime. If the details cannot be taken, nobody gets
     * in unchecked. */
    if (self->host->complete(attempt->ticket, outcome.verdict, &details) == -1)
        (void)self->host->complete(attempt->ticket, SL_DENY, NULL);
}

static void work(struct sl_instance *self, void *context)
{
    struct attempt *attempt = context;
    if (atomic_load(&attempt->is_cancelled))
        return;
    attempt->result = policy_check(attempt->policy, self, &attempt->shown, true,
                                   &attempt->is_cancelled, &attempt->finding);
    if (attempt->session == NULL)
        complete_upgrade(self, attempt);
}

static void attempt_destroy(const struct sl_instance *self, struct attempt *attempt)
{
    policy_unref(attempt->policy);
    OPENSSL_cleanse(attempt->text, attempt->size - sizeof *attempt);
    self->host->release(attempt);
}

static void done(struct sl_instance *self, struct sl_client *client, void *context)
{
    struct attempt *attempt = context;
    if (attempt->session != NULL && client != NULL && !atomic_load(&attempt->is_cancelled)) {
        if (attempt->result == CHECK_ACCEPTED)
            session_describe(attempt->policy, &attempt->finding);
        session_renew(attempt->session, self, client, attempt->policy, attempt->result,
                      &attempt->finding);
        (void)self->host->complete(attempt->ticket, SL_HANDLED, NULL);
    }
    attempt_destroy(self, attempt);
}

static void on_cancel(struct sl_instance *self, struct sl_ticket ticket, void *context,
                      enum sl_cancel_reason reason)
{
    struct attempt *attempt = context;
    (void)self;
    (void)ticket;
    (void)reason;
    atomic_store(&attempt->is_cancelled, true);
}

static struct sl_string copy(char **at, struct sl_string text)
{
    struct sl_string copied = {*at, text.len};
    if (text.len > 0)
        memcpy(*at, text.data, text.len);
    *at += text.len;
    return copied;
}

static struct attempt *attempt_create(struct policy *policy, const struct sl_host *host,
                                      const struct shown *shown)
{
    size_t size = sizeof(struct attempt) + shown->token.len + shown->path.len + shown->address.len +
                  shown->certificate.len;
    struct attempt *attempt = host->allocate(size);
    if (attempt == NULL)
        return NULL;
    memset(attempt, 0, sizeof *attempt);
    atomic_init(&attempt->is_cancelled, false);
    char *at = attempt->text;
    attempt->size = size;
    attempt->policy = policy_ref(policy);
    attempt->result = CHECK_FAILED;
    attempt->shown = (struct shown){.token = copy(&at, shown->token),
                                    .source = shown->source,
                                    .path = copy(&at, shown->path),
                                    .address = copy(&at, shown->address),
                                    .certificate = copy(&at, shown->certificate)};
    finding_init(&attempt->finding);
    attempt->finding.reason = "Authentication is not possible at the moment.";
    return attempt;
}

enum sl_verdict attempt_start(struct policy *policy, struct sl_instance *self,
                              struct sl_client *client, struct session *session,
                              const struct shown *shown)
{
    const struct sl_host *host = self->host;
    struct attempt *attempt = attempt_create(policy, host, shown);
    if (attempt == NULL)
        return SL_ERROR;
    attempt->session = session;
    struct sl_deferral how = {
        .struct_size = sizeof how, .context = attempt, .on_cancel = on_cancel};
    enum sl_verdict verdict = host->defer(self, client, &how, &attempt->ticket);
    if (verdict == SL_DEFER &&
        host->offload(self, host->client_id(client), work, done, attempt) == 0) {
        host->metric_add(policy->meters->deferred, 1);
        return verdict;
    }
    attempt_destroy(self, attempt); /* Not deferred, then: the server forgets the ticket. */
    return SL_ERROR;
}
