/*
 * auth: lets in clients that show a good token, ticket or certificate, and names them after it.
 *
 * Checks that are quick run at once on the client's thread. For others the upgrade is deferred, and
 * a worker thread continues (attempt.c). A reload replaces the policy, not the instance.
 */
#include "attempt.h"
#include "credential.h"
#include "meters.h"
#include "policy.h"
#include "recheck.h"
#include "session.h"

#include <sluice/plugin.h>

#include <openssl/crypto.h>
#include <string.h>

#define MAINTENANCE_INTERVAL INT64_C(1000000000)

struct auth {
    pthread_mutex_t lock;  /* of `policy`; held while a reference is taken */
    struct policy *policy; /* owned reference */
    struct policy_home home;
    atomic_bool is_rereading;
    int64_t next_reread; /* the timer's */
};

static struct policy *take_policy(struct sl_instance *self)
{
    struct auth *state = self->state;
    pthread_mutex_lock(&state->lock);
    struct policy *policy = policy_ref(state->policy);
    pthread_mutex_unlock(&state->lock);
    return policy;
}

/* -- upgrades -- */

/* For failures that should not happen: whatever on_error says, nobody gets in unchecked. */
static enum sl_verdict fail_check(const struct auth *state, const struct sl_host *host,
                                  struct sl_request *request)
{
    host->metric_add(state->home.meters.failed, 1);
    host->deny_header(request, "Retry-After", "1");
    return host->deny(request, 503, "Authentication is not possible at the moment.");
}

/* A browser that offered subprotocols gives up if the answer names none. So "bearer" is answered if
 * it was offered; the token beside it never is. The verdict does not matter here: a refusal names
 * no subprotocol, and in shadow mode the client comes in whatever the verdict is. */
static void answer_subprotocol(const struct sl_host *host, struct sl_request *request)
{
    if (request->subprotocol.len == 0)
        (void)host->select_subprotocol(request, BEARER_SUBPROTOCOL);
}

static uint64_t network_of(const struct sl_host *host, const struct sl_client *client)
{
    uint8_t address[16];
    host->client_address_bytes(client, address);
    return slow_network_of(address);
}

static void look_at_request(struct policy *policy, const struct sl_host *host,
                            struct sl_client *client, const struct sl_request *request, char *basic,
                            struct shown *shown)
{
    struct credential_places places = policy->places;
    places.takes_basic = token_source_has_hashes(&policy->tokens);
    *shown = (struct shown){.path = request->path,
                            .address = host->client_address(client),
                            .at = host->time_monotonic()};
    shown->network = network_of(host, client);
    if (!credential_find(host, request, &places, basic, &shown->token, &shown->source))
        shown->token = (struct sl_string){"", 0};
    if (shown->token.len > CREDENTIAL_MAX) /* longer than any good token */
        shown->token.len = CREDENTIAL_MAX + 1;
    if (!host->request_certificate(request, policy->certificate_field, 0, &shown->certificate))
        shown->certificate = (struct sl_string){"", 0};
}

static enum sl_verdict conclude_upgrade(const struct auth *state, const struct policy *policy,
                                        struct sl_instance *self, struct sl_client *client,
                                        struct sl_request *request, enum check result,
                                        struct finding *finding)
{
    const struct sl_host *host = self->host;
    struct outcome outcome = attempt_outcome(policy, result, finding);
    if (outcome.verdict == SL_DENY) {
        host->metric_add(
            result == CHECK_FAILED ? state->home.meters.failed : state->home.meters.refused, 1);
        for (size_t i = 0; i < outcome.header_count; i++)
            host->deny_header(request, outcome.headers[i].name.data, outcome.headers[i].value.data);
        return host->deny(request, outcome.status, outcome.reason);
    }
    if (result != CHECK_ACCEPTED)
        return SL_CONTINUE;
    if (host->identify(self, client, finding->identity, finding->identity_len) != 0)
        return fail_check(state, host, request);
    for (size_t i = 0; i < finding->attribute_count; i++) {
        const struct sl_pair *pair = &finding->attributes[i];
        if (host->attribute_set(self, client, pair->name.data, pair->value.data, pair->value.len) !=
            0)
            return fail_check(state, host, request);
    }
    host->metric_add(state->home.meters.accepted, 1);
    return SL_CONTINUE;
}

static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    struct auth *state = self->state;
    struct policy *policy = take_policy(self);
    char basic[CREDENTIAL_BASIC_MAX];
    struct shown shown;
    struct finding finding;
    enum sl_verdict verdict;
    finding_init(&finding);
    look_at_request(policy, self->host, client, request, basic, &shown);
    enum check result = policy_check(policy, self, &shown, 0, &finding);
    answer_subprotocol(self->host, request);
    verdict = attempt_is_needed(result)
                  ? attempt_start(policy, self, client, false, &shown, result)
                  : conclude_upgrade(state, policy, self, client, request, result, &finding);
    OPENSSL_cleanse(basic, sizeof basic);
    policy_unref(policy);
    return verdict == SL_ERROR ? fail_check(state, self->host, request) : verdict;
}

/* -- sessions -- */

static void on_open(struct sl_instance *self, struct sl_client *client)
{
    struct policy *policy = take_policy(self);
    session_begin(self->host->client_state(self, client), self, client, policy);
    policy_unref(policy);
}

static enum sl_verdict on_recheck(struct sl_instance *self, struct sl_client *client)
{
    struct policy *policy = take_policy(self);
    enum sl_verdict verdict = recheck(policy, self, client);
    policy_unref(policy);
    return verdict;
}

static void on_close(struct sl_instance *self, struct sl_client *client, const struct sl_close *how)
{
    struct auth *state = self->state;
    (void)how;
    session_end(self->host->client_state(self, client), self->host->client_id(client),
                &state->home.watch);
}

static enum sl_verdict renew_by_message(struct policy *policy, struct sl_instance *self,
                                        struct sl_client *client, struct sl_string token)
{
    struct session *session = self->host->client_state(self, client);
    struct shown shown = {.token = token,
                          .source = CREDENTIAL_HEADER,
                          .path = self->host->client_endpoint(client),
                          .address = self->host->client_address(client),
                          .certificate = {"", 0},
                          .at = self->host->time_monotonic(),
                          .network = network_of(self->host, client)};
    struct finding finding;
    finding_init(&finding);
    enum check result = policy_check(policy, self, &shown, 0, &finding);
    if (attempt_is_needed(result) &&
        attempt_start(policy, self, client, true, &shown, result) == SL_DEFER)
        return SL_DEFER;
    if (attempt_is_needed(result))
        result = finding_fail(&finding, "Authentication is not possible at the moment.");
    if (result == CHECK_ACCEPTED)
        session_describe(policy, &finding);
    session_renew(session, self, client, policy, result, &finding);
    return SL_HANDLED;
}

/* Handles a message that begins like a renewal. */
static enum sl_verdict look_closer(struct sl_instance *self, struct sl_client *client,
                                   const struct sl_message *message)
{
    enum sl_verdict verdict = SL_HANDLED;
    char token[CREDENTIAL_MAX];
    size_t len;
    struct policy *policy = take_policy(self);
    if (!session_names_renewal(policy->renewal, message)) {
        policy_unref(policy);
        return SL_CONTINUE;
    }
    if (session_may_renew(self->host->client_state(self, client), self, client, policy) &&
        session_is_renewal(policy->renewal, message, token, sizeof token, &len)) {
        verdict = renew_by_message(policy, self, client, (struct sl_string){token, len});
        OPENSSL_cleanse(token, sizeof token);
    }
    policy_unref(policy);
    return verdict;
}

/* Every message comes through here: two words are compared, no lock is taken, nothing is parsed. */
static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    struct auth *state = self->state;
    struct session_watch *watch = &state->home.watch;
    uint64_t front = atomic_load_explicit(&watch->front, memory_order_relaxed);
    if (atomic_load_explicit(&watch->unchecked, memory_order_relaxed) > 0) {
        const struct session *session = self->host->client_state(self, client);
        if (session->is_unchecked)
            return self->host->close_with(client, CLOSE_UNCHECKED,
                                          "Your credentials could not be checked in time.");
    }
    if (front == 0 || !session_has_front(front, message))
        return SL_CONTINUE;
    return look_closer(self, client, message);
}

/* -- upkeep -- */

static void reread_files(struct sl_instance *self, void *context)
{
    struct auth *state = self->state;
    struct policy *policy = take_policy(self);
    (void)context;
    policy_reread(policy, self);
    policy_unref(policy);
    atomic_store(&state->is_rereading, false);
}

static void maintain_keys_and_files(struct sl_instance *self)
{
    struct auth *state = self->state;
    struct policy *policy = take_policy(self);
    int64_t now = self->host->time_monotonic();
    session_close_expired(self, policy);
    if (policy->jwt.fetched != NULL)
        fetched_keys_maintain(policy->jwt.fetched, &policy->jwt.fetch, self);
    if (policy->reread > 0 && policy_has_files(policy) && now >= state->next_reread) {
        state->next_reread = now + policy->reread;
        if (!atomic_exchange(&state->is_rereading, true) &&
            self->host->offload(self, 0, reread_files, NULL, NULL) != 0)
            atomic_store(&state->is_rereading, false);
    }
    policy_unref(policy);
}

static void on_timer(struct sl_instance *self, uint64_t timer, uint64_t tag)
{
    (void)timer;
    (void)tag;
    maintain_keys_and_files(self);
}

static void take_over(struct auth *state, struct policy *policy)
{
    pthread_mutex_lock(&state->lock);
    struct policy *before = state->policy;
    state->policy = policy;
    atomic_store(&state->home.watch.front, session_front_of(policy->renewal));
    pthread_mutex_unlock(&state->lock);
    policy_unref(before);
}

/* Sets what /metrics and /readyz say about keys. */
static void report_keys(struct sl_instance *self, const struct policy *policy)
{
    const struct sl_host *host = self->host;
    if (policy->jwt.fetched != NULL) {
        fetched_keys_report(policy->jwt.fetched, &policy->jwt.fetch, self);
        return;
    }
    host->metric_set(policy->meters->keys, 0);
    host->metric_set(policy->meters->fetched, 0);
    if (SL_HAS(host, set_unready))
        host->set_unready(self, NULL);
}

static int create(struct sl_instance *self)
{
    struct auth *state = self->state;
    meters_init(&state->home.meters, self);
    struct policy *policy = policy_create(self, &state->home, NULL);
    if (policy == NULL)
        return SL_ERROR;
    state->next_reread = self->host->time_monotonic() + policy->reread;
    pthread_mutex_init(&state->lock, NULL);
    slow_queue_init(&state->home.slow, self->host);
    expiry_init(&state->home.watch.expiry, self->host);
    take_over(state, policy);
    report_keys(self, policy);
    if (self->host->timer_start(self, 1, MAINTENANCE_INTERVAL, 0) != 0)
        return 0;
    policy_unref(policy);
    expiry_deinit(&state->home.watch.expiry);
    slow_queue_deinit(&state->home.slow);
    pthread_mutex_destroy(&state->lock);
    return sl_fail(self, "there is no memory for a timer");
}

static int on_reload(struct sl_instance *self)
{
    struct auth *state = self->state;
    struct policy *next = policy_create(self, &state->home, state->policy);
    if (next == NULL)
        return SL_ERROR;
    struct fetched_keys *fetched = state->policy->jwt.fetched;
    if (fetched != NULL && fetched != next->jwt.fetched)
        fetched_keys_end_reports(fetched);
    take_over(state, next);
    report_keys(self, next);
    return 0;
}

static void destroy(struct sl_instance *self)
{
    struct auth *state = self->state;
    policy_unref(state->policy);
    expiry_deinit(&state->home.watch.expiry);
    slow_queue_deinit(&state->home.slow);
    pthread_mutex_destroy(&state->lock);
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "auth",
    .version = "2.0.0",
    .summary = "Lets in clients with a token, JWT, ticket or certificate, and names them",
    .license = "MIT",
    SL_OPTIONS(policy_options),
    .instance_size = sizeof(struct auth),
    .client_size = sizeof(struct session),
    .create = create,
    .destroy = destroy,
    .on_connect = on_connect,
    .on_open = on_open,
    .on_message = on_message,
    .on_close = on_close,
    .on_timer = on_timer,
    .on_reload = on_reload,
    .on_recheck = on_recheck,
};
