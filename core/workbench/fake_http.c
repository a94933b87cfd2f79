/*
 * HTTP without a network: requests are answered by what the test says, when offloaded work is run.
 */
#include "workbench/fake_internal.h"

#include "http/http_check.h"

struct fake_exchange {
    struct fake_exchange *next;
    struct instance *instance;
    uint64_t client_id;
    void (*done)(struct sl_instance *, struct sl_client *, const struct sl_http_response *, void *);
    void *context;
    struct fake_http_reply reply;
    size_t max_body;
    int64_t begun;
    int64_t due; /* its deadline */
};

static struct fake_exchange *first_exchange;
static struct fake_exchange **last_link = &first_exchange;
static fake_http_server *server;
static void *server_context;

void fake_http_serve(fake_http_server *answer, void *context)
{
    server = answer;
    server_context = context;
}

static struct fake_http_reply ask_server(const struct sl_http_request *request)
{
    struct fake_http_reply reply = {.outcome = SL_HTTP_FAILED, .error = "there is no network here"};
    if (server != NULL)
        server(request, &reply, server_context);
    return reply;
}

static int send_request(struct sl_instance *self, uint64_t client_id,
                        const struct sl_http_request *given,
                        void (*done)(struct sl_instance *, struct sl_client *,
                                     const struct sl_http_response *, void *),
                        void *context)
{
    struct sl_http_request request;
    if (done == NULL)
        fake_fail("host->http_request was called without done");
    const char *error = http_check(given, &request);
    if (error != NULL) {
        fake_note(FAKE_LOGGED, self, 0, fake_string("warn"), SL_TEXT, fake_string(error), 0);
        return -1;
    }
    fake_lock();
    struct fake_http_reply reply = ask_server(&request);
    if (!reply.is_not_taken) {
        struct fake_exchange *exchange = fake_zalloc(sizeof *exchange);
        *exchange = (struct fake_exchange){.instance = (struct instance *)self,
                                           .client_id = client_id,
                                           .done = done,
                                           .context = context,
                                           .reply = reply,
                                           .max_body = request.max_body,
                                           .begun = fake.now,
                                           .due = fake.now + request.timeout};
        *last_link = exchange;
        last_link = &exchange->next;
    }
    fake_unlock();
    return reply.is_not_taken ? -1 : 0;
}

/* -- what comes of them -- */

/* What is true of an exchange whatever was to be answered. */
static struct fake_http_reply settled_reply(const struct fake_exchange *exchange, bool is_cancelled)
{
    if (is_cancelled)
        return (struct fake_http_reply){.outcome = SL_HTTP_CANCELLED,
                                        .error = "the client is gone"};
    if (exchange->reply.outcome == 0)
        return (struct fake_http_reply){.outcome = SL_HTTP_TIMEOUT,
                                        .error = "there was no whole response in time"};
    if (exchange->reply.body.len > exchange->max_body)
        return (struct fake_http_reply){.outcome = SL_HTTP_TOO_LARGE,
                                        .error = "the response's body is too long"};
    return exchange->reply;
}

static struct sl_string lend_text(struct sl_string text, struct loan **loans)
{
    return (struct sl_string){borrowed_lend(text.data, text.len, 1, "a response's text", loans),
                              text.len};
}

static struct sl_http_response *lend_response(const struct fake_http_reply *reply, int64_t duration,
                                              struct loan **loans)
{
    struct sl_http_response *seen = borrowed_lend(NULL, sizeof *seen, 16, "the response", loans);
    struct sl_pair *headers = borrowed_lend(NULL, (reply->header_count + 1) * sizeof *headers, 16,
                                            "the response's headers", loans);
    for (size_t i = 0; i < reply->header_count; i++)
        headers[i] = (struct sl_pair){lend_text(reply->headers[i].name, loans),
                                      lend_text(reply->headers[i].value, loans)};
    *seen = (struct sl_http_response){
        .struct_size = sizeof *seen,
        .outcome = reply->outcome,
        .status = reply->status,
        .error = lend_text(fake_string(reply->error != NULL ? reply->error : ""), loans),
        .headers = headers,
        .header_count = reply->header_count,
        .body = lend_text(reply->body, loans),
        .duration = duration};
    return seen;
}

static void end_exchange(struct fake_exchange *exchange, bool is_cancelled)
{
    struct loan *loans = NULL;
    struct sl_client *client = fake_client_by_id(exchange->client_id);
    struct fake_http_reply reply = settled_reply(exchange, is_cancelled);
    const struct sl_http_response *response =
        lend_response(&reply, fake.now - exchange->begun, &loans);
    fake_enter("http_request's done", fake_hook_limit);
    exchange->done(&exchange->instance->seen, is_cancelled ? NULL : client, response,
                   exchange->context);
    fake_leave();
    borrowed_end(&loans);
    free(exchange);
}

static bool is_orphaned(const struct fake_exchange *exchange)
{
    return exchange->client_id != 0 && fake_client_by_id(exchange->client_id) == NULL;
}

/* Takes the first one that `fits`. */
static struct fake_exchange *take_exchange(bool (*fits)(const struct fake_exchange *exchange,
                                                        const void *context),
                                           const void *context)
{
    fake_lock();
    struct fake_exchange **link = &first_exchange;
    while (*link != NULL && !fits(*link, context))
        link = &(*link)->next;
    struct fake_exchange *exchange = *link;
    if (exchange != NULL)
        *link = exchange->next;
    if (*link == NULL)
        last_link = link;
    fake_unlock();
    return exchange;
}

static bool is_answered(const struct fake_exchange *exchange, const void *context)
{
    (void)context;
    return exchange->reply.outcome != 0 || is_orphaned(exchange);
}

static bool is_due(const struct fake_exchange *exchange, const void *context)
{
    (void)context;
    return exchange->due <= fake.now;
}

static bool is_of(const struct fake_exchange *exchange, const void *context)
{
    return exchange->instance == context;
}

bool fake_http_deliver(void)
{
    struct fake_exchange *exchange = take_exchange(is_answered, NULL);
    if (exchange != NULL)
        end_exchange(exchange, is_orphaned(exchange));
    return exchange != NULL;
}

bool fake_http_waits(void)
{
    fake_lock();
    bool waits = first_exchange != NULL;
    fake_unlock();
    return waits;
}

int64_t fake_http_next(int64_t until)
{
    for (const struct fake_exchange *exchange = first_exchange; exchange != NULL;
         exchange = exchange->next)
        if (exchange->due < until)
            until = exchange->due;
    return until;
}

void fake_http_pass(void)
{
    struct fake_exchange *exchange;
    while ((exchange = take_exchange(is_due, NULL)) != NULL)
        end_exchange(exchange, is_orphaned(exchange));
}

void fake_http_forget(const struct instance *instance)
{
    struct fake_exchange *exchange;
    while ((exchange = take_exchange(is_of, instance)) != NULL)
        end_exchange(exchange, true);
}

void fake_http_provide(struct sl_host *host)
{
    host->http_request = send_request;
    host->http_header = http_header;
    host->http_url_error = http_url_error;
}
