/*
 * http-auth: asks an HTTP service whether a client may come in.
 *
 * A hook must not wait for an answer, so the upgrade is deferred, and a worker thread asks. Handles
 * of libcurl keep their connections; each is used by one thread at a time and then put back.
 */
#include <curl/curl.h>
#include <sluice/plugin.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TOKEN_MAX 4096
#define HANDLES_KEPT 16

struct state {
    const char *url;      /* an option's text, which is zero-terminated */
    long timeout;         /* ms */
    pthread_mutex_t lock; /* of the handles */
    CURL *handles[HANDLES_KEPT];
    size_t handle_count;
};

/* One question on its way. It is the worker's; a cancellation comes before that has answered, or
 * not at all. */
struct question {
    atomic_bool is_cancelled;
    struct sl_ticket ticket;
    char identity[256];
    char authorization[TOKEN_MAX + 32]; /* the whole header */
};

/* -- asking, on a worker thread -- */

static CURL *take_handle(struct state *state)
{
    pthread_mutex_lock(&state->lock);
    CURL *handle = state->handle_count > 0 ? state->handles[--state->handle_count] : NULL;
    pthread_mutex_unlock(&state->lock);
    return handle != NULL ? handle : curl_easy_init();
}

static void put_handle(struct state *state, CURL *handle)
{
    pthread_mutex_lock(&state->lock);
    bool is_kept = state->handle_count < HANDLES_KEPT;
    if (is_kept)
        state->handles[state->handle_count++] = handle;
    pthread_mutex_unlock(&state->lock);
    if (!is_kept)
        curl_easy_cleanup(handle);
}

static size_t ignore_body(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    (void)context;
    return size * count;
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
    static const char name[] = "X-Identity:";
    struct question *question = context;
    size_t len = size * count;
    if (len > sizeof name && strncasecmp(data, name, sizeof name - 1) == 0) {
        const char *value = data + sizeof name - 1;
        value += strspn(value, " ");
        snprintf(question->identity, sizeof question->identity, "%.*s", (int)strcspn(value, "\r\n"),
                 value);
    }
    return len;
}

/* A client that has left needs no answer. */
static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct question *question = context;
    (void)a, (void)b, (void)c, (void)d;
    return atomic_load(&question->is_cancelled) ? 1 : 0;
}

static long perform(const struct state *state, CURL *handle, struct question *question)
{
    long status = 0;
    struct curl_slist *headers = curl_slist_append(NULL, question->authorization);
    if (headers == NULL)
        return 0;
    curl_easy_setopt(handle, CURLOPT_URL, state->url);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, state->timeout);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, ignore_body);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, question);
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, question);
    if (curl_easy_perform(handle) == CURLE_OK)
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    return status;
}

static void answer(struct sl_instance *self, const struct question *question, long status)
{
    struct sl_completion details = {.struct_size = sizeof details};
    enum sl_verdict verdict = SL_ERROR; /* No answer, or one that says nothing: on_error decides. */
    if (status == 200) {
        verdict = SL_CONTINUE;
        details.identity = sl_string_of(question->identity);
    } else if (status == 401 || status == 403) {
        verdict = SL_DENY;
        details.code = (int)status;
        details.reason = sl_string_of("The authentication service refuses this client");
    }
    /* Harmless if the client has left in the meantime. */
    self->host->complete(question->ticket, verdict, &details);
}

static void ask(struct sl_instance *self, void *context)
{
    struct question *question = context;
    CURL *handle = take_handle(self->state);
    long status = handle != NULL ? perform(self->state, handle, question) : 0;
    if (handle != NULL)
        put_handle(self->state, handle);
    if (status == 0 && !atomic_load(&question->is_cancelled))
        sl_log(self, SL_LOG_WARN, "the authentication service gave no answer");
    if (!atomic_load(&question->is_cancelled))
        answer(self, question, status);
}

static void done(struct sl_instance *self, struct sl_client *client, void *context)
{
    (void)self;
    (void)client;
    free(context);
}

/* -- the hook -- */

static void on_cancel(struct sl_instance *self, struct sl_ticket ticket, void *context,
                      enum sl_cancel_reason reason)
{
    struct question *question = context;
    (void)self;
    (void)ticket;
    (void)reason;
    atomic_store(&question->is_cancelled, true);
}

static bool find_token(const struct sl_instance *self, const struct sl_request *request,
                       struct sl_string *token)
{
    if (self->host->request_header(request, "Authorization", token) && token->len > 7 &&
        strncasecmp(token->data, "Bearer ", 7) == 0) {
        token->data += 7;
        token->len -= 7;
        return true;
    }
    return self->host->request_query(request, "token", token);
}

static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    struct sl_string token;
    if (!find_token(self, request, &token) || token.len == 0 || token.len > TOKEN_MAX ||
        memchr(token.data, '\r', token.len) != NULL ||
        memchr(token.data, '\n', token.len) != NULL) {
        self->host->deny_header(request, "WWW-Authenticate", "Bearer");
        return self->host->deny(request, 401, "This endpoint needs a token");
    }
    struct question *question = calloc(1, sizeof *question);
    if (question == NULL)
        return SL_ERROR;
    snprintf(question->authorization, sizeof question->authorization, "Authorization: Bearer %.*s",
             (int)token.len, token.data);
    struct sl_deferral how = {
        .struct_size = sizeof how, .context = question, .on_cancel = on_cancel};
    enum sl_verdict verdict = self->host->defer(self, client, &how, &question->ticket);
    if (verdict == SL_DEFER &&
        self->host->offload(self, self->host->client_id(client), ask, done, question) == 0)
        return verdict;
    free(question); /* Not deferred, then: the server forgets the ticket. */
    return SL_ERROR;
}

/* -- instances -- */

static int create(struct sl_instance *self)
{
    struct state *state = self->state;
    state->url = sl_option_string(self, "url").data;
    state->timeout = (long)(sl_option_integer(self, "timeout") / 1000000);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return sl_fail(self, "libcurl cannot be used");
    pthread_mutex_init(&state->lock, NULL);
    return 0;
}

static void destroy(struct sl_instance *self)
{
    struct state *state = self->state;
    while (state->handle_count > 0)
        curl_easy_cleanup(state->handles[--state->handle_count]);
    pthread_mutex_destroy(&state->lock);
}

static const struct sl_option options[] = {
    {.name = "url",
     .type = SL_OPTION_STRING,
     .flags = SL_OPTION_REQUIRED,
     .summary = "What is asked, with GET"},
    {.name = "timeout",
     .type = SL_OPTION_DURATION,
     .default_value = "1s",
     .minimum = 1e6,
     .maximum = 60e9,
     .summary = "How long an answer may take"},
};

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "http-auth",
    .version = "1.0.0",
    .summary = "Asks an HTTP service who may come in",
    .license = "MIT",
    SL_OPTIONS(options),
    .instance_size = sizeof(struct state),
    .create = create,
    .destroy = destroy,
    .on_connect = on_connect,
};
