/*
 * The HTTP client's thread: starts what waits for its turn, ends what is done, late or cancelled,
 * and waits in libcurl in between.
 */
#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/thread_trace.h"
#include "http/http_client_internal.h"

#define STOPPING "the server is stopping"
#define OTHERS "too many other requests were under way"
#define IDLE_MS INT64_C(60000) /* of a wait if nothing is to be done: it is woken up otherwise */
#define STARTS_MAX 256         /* requests at once, between which others are served */
#define TELL_AGAIN (60 * NS_PER_S) /* that requests fail, of which each starts the thread */

/* Ends one that neither waits nor is libcurl's. */
static void end_exchange(struct http_client *client, struct http_exchange *exchange)
{
    pthread_mutex_lock(&client->lock);
    http_client_settle(client, exchange);
    pthread_mutex_unlock(&client->lock);
    exchange->on_done(exchange);
}

/* -- the thread: what is to be done -- */

static struct http_exchange *take_next(struct http_client *client)
{
    pthread_mutex_lock(&client->lock);
    struct http_exchange *exchange = http_queue_take(&client->queue, clock_monotonic());
    if (exchange != NULL && exchange->pass == HTTP_PASS_NONE)
        http_client_untie(client, exchange); /* It is counted as neither waiting nor under way. */
    pthread_mutex_unlock(&client->lock);
    return exchange;
}

/* Returns whether there may be more to start, once others have had their turn. */
static bool start_waiting(struct http_client *client)
{
    for (int i = 0; i < STARTS_MAX; i++) {
        struct http_exchange *exchange = take_next(client);
        if (exchange == NULL)
            return false;
        if (exchange->is_late)
            http_exchange_end(exchange, SL_HTTP_TIMEOUT, OTHERS);
        else if (exchange->pass == HTTP_PASS_NONE)
            http_exchange_end(exchange, SL_HTTP_REFUSED,
                              "the server has failed several times in a row and is left alone");
        else if (http_transfers_start(&client->transfers, exchange) == OK)
            continue;
        end_exchange(client, exchange);
    }
    return true;
}

/* Ends what waits and has a deadline up to `until`. INT64_MAX: all, and with them the thread. */
static void end_waiting(struct http_client *client, int64_t until, enum sl_http_outcome outcome,
                        const char *sentence)
{
    pthread_mutex_lock(&client->lock);
    struct http_exchange *list = http_queue_take_expired(&client->queue, until);
    for (struct http_exchange *exchange = list; exchange != NULL; exchange = exchange->next) {
        http_exchange_end(exchange, outcome, sentence);
        http_client_settle(client, exchange);
    }
    client->is_over = until == INT64_MAX;
    pthread_mutex_unlock(&client->lock);
    http_client_hand_back(list);
}

static void end_finished(struct http_client *client)
{
    struct http_exchange *exchange;
    while ((exchange = http_transfers_take_ended(&client->transfers)) != NULL)
        end_exchange(client, exchange);
}

/* Only this thread changes the list of transfers, and others `is_cancelled`, with the lock. */
static struct http_exchange *find_cancelled(struct http_client *client)
{
    pthread_mutex_lock(&client->lock);
    struct http_exchange *exchange = client->has_cancelled ? client->transfers.first : NULL;
    while (exchange != NULL && !exchange->is_cancelled)
        exchange = exchange->next;
    client->has_cancelled = exchange != NULL;
    pthread_mutex_unlock(&client->lock);
    return exchange;
}

static void end_cancelled(struct http_client *client)
{
    struct http_exchange *exchange;
    while ((exchange = find_cancelled(client)) != NULL) {
        http_transfers_take(&client->transfers, exchange);
        end_exchange(client, exchange);
    }
}

/* Takes note that whatever others have done so far is seen. Returns false if the client stops. */
static bool begin_look(struct http_client *client)
{
    pthread_mutex_lock(&client->lock);
    client->is_woken = false;
    bool goes_on = !client->is_stopped;
    pthread_mutex_unlock(&client->lock);
    return goes_on;
}

/* Also lets others know what only this thread does. */
static int time_to_wait(struct http_client *client)
{
    http_lookups_expire(&client->transfers.lookups, clock_monotonic());
    pthread_mutex_lock(&client->lock);
    int64_t next = client->queue.next_expiry;
    client->hanging_lookups = client->transfers.lookups.count;
    pthread_mutex_unlock(&client->lock);
    int64_t left = next == INT64_MAX ? IDLE_MS : (next - clock_monotonic()) / NS_PER_MS + 1;
    return (int)(left < 0 ? 0 : left < IDLE_MS ? left : IDLE_MS);
}

static void serve_requests(struct http_client *client)
{
    while (begin_look(client)) {
        end_cancelled(client);
        end_waiting(client, clock_monotonic(), SL_HTTP_TIMEOUT, OTHERS);
        start_waiting(client);
        http_transfers_perform(&client->transfers);
        end_finished(client);
        bool has_more = start_waiting(client); /* In the place of those that have ended. */
        int time = time_to_wait(client);
        http_transfers_wait(&client->transfers, has_more ? 0 : time);
    }
}

/* -- the thread: its begin and its end -- */

/* Says whether there are transfers that wait, and can be woken. */
static void note_waits(struct http_client *client, bool waits)
{
    pthread_mutex_lock(&client->lock);
    client->waits = waits;
    client->hanging_lookups = 0;
    pthread_mutex_unlock(&client->lock);
}

static void end_active(struct http_client *client)
{
    while (client->transfers.first != NULL) {
        struct http_exchange *exchange = client->transfers.first;
        http_transfers_take(&client->transfers, exchange);
        http_exchange_end(exchange, SL_HTTP_CANCELLED, STOPPING);
        end_exchange(client, exchange);
    }
}

static void report_failure(struct http_client *client, const char *error)
{
    int64_t now = clock_monotonic();
    if (client->told_at != 0 && now - client->told_at < TELL_AGAIN)
        return;
    client->told_at = now;
    log_error("http", "plugins' requests fail: %s", error);
}

void *http_thread_run(void *argument)
{
    struct http_client *client = argument;
    crash_prepare_thread();
    thread_trace_allow();
    const char *error = http_transfers_init(&client->transfers, client->queue.limits.under_way,
                                            client->queue.limits.per_owner);
    if (error == NULL) {
        note_waits(client, true);
        serve_requests(client);
        end_active(client);
        note_waits(client, false);
        http_transfers_deinit(&client->transfers);
        end_waiting(client, INT64_MAX, SL_HTTP_CANCELLED, STOPPING);
    } else {
        report_failure(client, error);
        end_waiting(client, INT64_MAX, SL_HTTP_FAILED, error);
    }
    crash_release_thread();
    return NULL;
}
