#include "attempt.h"

#include <openssl/crypto.h>
#include <string.h>

#define TOO_MANY "Too many are being checked; try again."

struct attempt {
    atomic_uint references; /* two: the code that runs it, and the deferral */
    atomic_bool is_cancelled;
    bool is_renewal;
    bool has_waited; /* for keys, once at least */
    struct sl_instance *self;
    struct policy *policy; /* owned reference */
    struct sl_ticket ticket;
    uint64_t client;
    struct session *session; /* the client's state; for on_cancel */
    struct shown shown;      /* into `text` */
    enum check result;
    struct finding finding;
    struct keys_waiter waiter;
    struct slow_job job;
    size_t size; /* of all of it */
    char text[];
};

/* RFC 6750, section 3: asks for a token, and says why the one that was shown is not good. */
static const char *challenge_for(const struct policy *policy, enum check result)
{
    if (result == CHECK_NOT_MINE)
        return token_source_has_hashes(&policy->tokens)
                   ? "Bearer, Basic realm=\"sluice\", charset=\"UTF-8\""
                   : "Bearer";
    return "Bearer error=\"invalid_token\"";
}

bool attempt_is_needed(enum check result)
{
    return result == CHECK_SLOW || result == CHECK_ASK || result == CHECK_KEYS;
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
    if (result == CHECK_FAILED || attempt_is_needed(result)) {
        outcome.status = 503;
        snprintf(finding->retry_text, sizeof finding->retry_text, "%lld",
                 (long long)finding->retry_after);
        outcome.headers[0] =
            (struct sl_pair){sl_string_of("Retry-After"), sl_string_of(finding->retry_text)};
    } else if (result == CHECK_REFUSED && finding->is_scope) {
        outcome.status = 403;
        outcome.header_count = 0;
    } else {
        outcome.headers[0] = (struct sl_pair){sl_string_of("WWW-Authenticate"),
                                              sl_string_of(challenge_for(policy, result))};
    }
    return outcome;
}

static void count_result(const struct sl_instance *self, const struct policy *policy,
                         enum check result)
{
    const struct meters *meters = policy->meters;
    self->host->metric_add(result == CHECK_ACCEPTED  ? meters->accepted
                           : result == CHECK_REFUSED ? meters->refused
                                                     : meters->failed,
                           1);
}

static void attempt_unref(struct attempt *attempt)
{
    const struct sl_host *host = attempt->self->host;
    if (atomic_fetch_sub(&attempt->references, 1) != 1)
        return;
    policy_unref(attempt->policy);
    OPENSSL_cleanse(attempt->text, attempt->size - sizeof *attempt);
    host->release(attempt);
}

/* -- the end -- */

/* Completes the deferral and drops the attempt. If this ends the deferral, on_cancel will not be
 * called, so the deferral's share is dropped too; otherwise on_cancel has dropped it, or will. */
static void complete_deferral(struct attempt *attempt, enum sl_verdict verdict,
                              const struct sl_completion *details)
{
    const struct sl_host *host = attempt->self->host;
    int error = host->complete(attempt->ticket, verdict, details);
    if (error == -1 &&
        details != NULL) /* The attributes cannot be set: nobody gets in unchecked. */
        error = host->complete(attempt->ticket, attempt->is_renewal ? SL_HANDLED : SL_DENY, NULL);
    if (error == 0)
        attempt_unref(attempt);
    attempt_unref(attempt);
}

static void complete_upgrade(struct attempt *attempt)
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
    count_result(attempt->self, attempt->policy, attempt->result);
    complete_deferral(attempt, outcome.verdict, &details);
}

static void do_nothing(struct sl_instance *self, void *context)
{
    (void)self;
    (void)context;
}

/* On the client's thread. */
static void renew_session(struct sl_instance *self, struct sl_client *client, void *context)
{
    struct attempt *attempt = context;
    if (client != NULL && !atomic_load(&attempt->is_cancelled)) {
        if (attempt->result == CHECK_ACCEPTED)
            session_describe(attempt->policy, &attempt->finding);
        session_renew(self->host->client_state(self, client), self, client, attempt->policy,
                      attempt->result, &attempt->finding);
    }
    complete_deferral(attempt, SL_HANDLED, NULL);
}

static void complete_renewal(struct attempt *attempt)
{
    static const char sorry[] = "{\"renewed\":false,\"error\":\"Try again.\"}";
    const struct sl_host *host = attempt->self->host;
    if (host->offload(attempt->self, attempt->client, do_nothing, renew_session, attempt) == 0)
        return;
    host->metric_add(attempt->policy->meters->renewals_refused, 1);
    (void)host->send(attempt->self, attempt->client, SL_TEXT, sorry, sizeof sorry - 1);
    complete_deferral(attempt, SL_HANDLED, NULL);
}

/* -- going on -- */

static void continue_attempt(struct attempt *attempt, enum check result);

static enum check check_again(struct attempt *attempt, unsigned may)
{
    if (attempt->has_waited)
        may |= POLICY_HAS_WAITED;
    return atomic_load(&attempt->is_cancelled)
               ? CHECK_FAILED
               : policy_check(attempt->policy, attempt->self, &attempt->shown, may,
                              &attempt->finding);
}

static void run_slow_check(struct sl_instance *self, void *context);

/* Starts the jobs that may run now. An attempt that the server's pool has no room for ends with
 * 503. */
static void start_slow(struct slow_queue *queue, struct sl_instance *self)
{
    for (struct slow_job *job; (job = slow_queue_take(queue)) != NULL;) {
        struct attempt *attempt = (struct attempt *)((char *)job - offsetof(struct attempt, job));
        if (self->host->offload(self, 0, run_slow_check, NULL, attempt) == 0)
            continue;
        slow_queue_end(queue, job);
        continue_attempt(attempt, finding_fail(&attempt->finding, TOO_MANY));
    }
}

/* On a worker thread. */
static void run_slow_check(struct sl_instance *self, void *context)
{
    struct attempt *attempt = context;
    struct slow_queue *queue = attempt->policy->slow;
    enum check result = check_again(attempt, POLICY_MAY_BLOCK);
    slow_queue_end(queue, &attempt->job);
    start_slow(queue, self);
    continue_attempt(attempt, result);
}

static bool check_slowly(struct attempt *attempt)
{
    const struct policy *policy = attempt->policy;
    struct slow_queue *queue = policy->slow;
    struct sl_instance *self = attempt->self;
    attempt->job.network = attempt->shown.network;
    if (!slow_queue_add(queue, &attempt->job, policy->slow_places, policy->slow_places_each)) {
        self->host->metric_add(policy->meters->slow_refused, 1);
        return false;
    }
    start_slow(queue, self);
    return true;
}

static void on_answer(struct sl_instance *self, struct sl_client *client,
                      const struct sl_http_response *response, void *context)
{
    struct attempt *attempt = context;
    (void)client;
    if (atomic_load(&attempt->is_cancelled) || response->outcome == SL_HTTP_CANCELLED) {
        continue_attempt(attempt, CHECK_FAILED);
        return;
    }
    enum check result = callback_understand(&attempt->policy->callback, self, &attempt->shown,
                                            response, &attempt->finding);
    continue_attempt(attempt,
                     policy_conclude(attempt->policy, &attempt->shown, result, &attempt->finding));
}

/* A client that goes takes the request with it. */
static bool ask_service(struct attempt *attempt)
{
    return callback_ask(&attempt->policy->callback, attempt->self, attempt->client, &attempt->shown,
                        on_answer, attempt);
}

static void on_keys(struct keys_waiter *waiter)
{
    struct attempt *attempt = (struct attempt *)((char *)waiter - offsetof(struct attempt, waiter));
    continue_attempt(attempt, check_again(attempt, 0));
}

static bool wait_for_keys(struct attempt *attempt)
{
    const struct jwt_method *jwt = &attempt->policy->jwt;
    attempt->has_waited = true;
    attempt->waiter.on_keys = on_keys;
    attempt->waiter.is_cancelled = &attempt->is_cancelled;
    return fetched_keys_wait(jwt->fetched, &jwt->fetch, attempt->self, &attempt->waiter);
}

/* Does what the result of a check asks for, or completes with it. */
static void continue_attempt(struct attempt *attempt, enum check result)
{
    if ((result == CHECK_SLOW && check_slowly(attempt)) ||
        (result == CHECK_ASK && ask_service(attempt)) ||
        (result == CHECK_KEYS && wait_for_keys(attempt)))
        return;
    if (attempt_is_needed(result))
        result = finding_fail(&attempt->finding, TOO_MANY);
    attempt->result = result;
    if (attempt->is_renewal)
        complete_renewal(attempt);
    else
        complete_upgrade(attempt);
}

/* -- starting -- */

/* Removes a cancelled attempt from the queue that it may be in, so that it will not be run. A
 * question to the service is done in any case. */
static void stop_waiting(struct attempt *attempt)
{
    const struct policy *policy = attempt->policy;
    bool has_left = slow_queue_leave(policy->slow, &attempt->job);
    if (!has_left && policy->jwt.fetched != NULL)
        has_left = fetched_keys_leave(policy->jwt.fetched, &attempt->waiter);
    if (has_left)
        attempt_unref(attempt);
}

/* On the client's thread. */
static void on_cancel(struct sl_instance *self, struct sl_ticket ticket, void *context,
                      enum sl_cancel_reason reason)
{
    struct attempt *attempt = context;
    (void)self;
    (void)ticket;
    atomic_store(&attempt->is_cancelled, true);
    stop_waiting(attempt);
    if (reason == SL_CANCEL_TIMEOUT && !attempt->is_renewal)
        attempt->session->is_unchecked =
            true; /* on_error may let the client pass; auth does not. */
    attempt_unref(attempt);
}

static struct sl_string copy_text(char **at, struct sl_string text)
{
    struct sl_string copied = {*at, text.len};
    if (text.len > 0)
        memcpy(*at, text.data, text.len);
    *at += text.len;
    return copied;
}

static struct attempt *attempt_create(struct policy *policy, struct sl_instance *self,
                                      const struct shown *shown)
{
    size_t size = sizeof(struct attempt) + shown->token.len + shown->path.len + shown->address.len +
                  shown->certificate.len;
    struct attempt *attempt = self->host->allocate(size);
    if (attempt == NULL)
        return NULL;
    memset(attempt, 0, sizeof *attempt);
    atomic_init(&attempt->references, 2);
    atomic_init(&attempt->is_cancelled, false);
    char *at = attempt->text;
    attempt->size = size;
    attempt->self = self;
    attempt->policy = policy_ref(policy);
    attempt->shown = (struct shown){.token = copy_text(&at, shown->token),
                                    .source = shown->source,
                                    .path = copy_text(&at, shown->path),
                                    .address = copy_text(&at, shown->address),
                                    .certificate = copy_text(&at, shown->certificate),
                                    .at = shown->at,
                                    .network = shown->network};
    finding_init(&attempt->finding);
    attempt->finding.reason = "Authentication is not possible at the moment.";
    return attempt;
}

enum sl_verdict attempt_start(struct policy *policy, struct sl_instance *self,
                              struct sl_client *client, bool is_renewal, const struct shown *shown,
                              enum check result)
{
    const struct sl_host *host = self->host;
    struct attempt *attempt = attempt_create(policy, self, shown);
    if (attempt == NULL)
        return SL_ERROR;
    attempt->is_renewal = is_renewal;
    attempt->client = host->client_id(client);
    attempt->session = host->client_state(self, client);
    struct sl_deferral how = {
        .struct_size = sizeof how, .context = attempt, .on_cancel = on_cancel};
    if (host->defer(self, client, &how, &attempt->ticket) != SL_DEFER) {
        attempt_unref(attempt);
        attempt_unref(attempt);
        return SL_ERROR;
    }
    host->metric_add(policy->meters->deferred, 1);
    continue_attempt(attempt, result);
    return SL_DEFER;
}
