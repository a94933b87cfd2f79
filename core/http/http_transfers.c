#include "http/http_transfers.h"

#include "base/clock.h"

#include <time.h>

#define MORE_MIN (250 * NS_PER_MS)

const char *http_transfers_init(struct http_transfers *transfers, unsigned under_way,
                                unsigned per_owner)
{
    const char *error;
    *transfers = (struct http_transfers){.curl = http_library_load(clock_monotonic(), &error),
                                         .next_deadline = INT64_MAX};
    http_lookups_init(&transfers->lookups, under_way, per_owner);
    if (transfers->curl == NULL)
        return error;
    transfers->multi = transfers->curl->multi_init();
    if (transfers->multi == NULL)
        return error_text(ERR_NO_MEMORY);
    transfers->curl->multi_setopt(transfers->multi, CURLMOPT_MAXCONNECTS, (long)under_way);
    return NULL;
}

static void end_lookup(struct http_transfers *transfers, struct http_lookup *lookup)
{
    if (lookup->handle != NULL)
        transfers->curl->multi_remove_handle(transfers->multi, lookup->handle);
    http_lookups_end(&transfers->lookups, lookup);
}

void http_transfers_deinit(struct http_transfers *transfers)
{
    while (transfers->lookups.first != NULL)
        end_lookup(transfers, transfers->lookups.first);
    transfers->curl->multi_cleanup(transfers->multi);
}

static void link_exchange(struct http_transfers *transfers, struct http_exchange *exchange)
{
    exchange->previous = NULL;
    exchange->next = transfers->first;
    if (transfers->first != NULL)
        transfers->first->previous = exchange;
    transfers->first = exchange;
}

static void unlink_exchange(struct http_transfers *transfers, struct http_exchange *exchange)
{
    if (exchange->previous != NULL)
        exchange->previous->next = exchange->next;
    else
        transfers->first = exchange->next;
    if (exchange->next != NULL)
        exchange->next->previous = exchange->previous;
    exchange->next = exchange->previous = NULL;
}

static void release_exchange(struct http_exchange *exchange, const struct http_library *curl)
{
    http_exchange_release(exchange, curl);
    http_lookup_destroy(exchange);
}

/* The time of libcurl's own. What is late is ended here, and libcurl's timeout comes later, so that
 * a lookup of a name does not end unseen; but not much later, since libcurl derives from it how
 * long it tries each address of a server. */
static int64_t libcurls_time(int64_t left)
{
    int64_t more = left / 4;
    if (left < 0)
        left = 0;
    return left + (more > MORE_MIN ? more : MORE_MIN);
}

int http_transfers_start(struct http_transfers *transfers, struct http_exchange *exchange)
{
    const struct http_library *curl = transfers->curl;
    int64_t left = exchange->deadline - clock_monotonic();
    if (!exchange->is_repeated)
        exchange->time_left = left;
    int error = http_exchange_prepare(exchange, curl, libcurls_time(left));
    if (error == OK) {
        error = http_lookup_watch(&transfers->lookups, exchange);
        if (error != OK)
            release_exchange(exchange, curl);
    }
    if (error == OK && curl->multi_add_handle(transfers->multi, exchange->handle) != CURLM_OK) {
        release_exchange(exchange, curl);
        error = ERR_NO_MEMORY;
    }
    if (error == OK) {
        link_exchange(transfers, exchange);
        if (exchange->deadline < transfers->next_deadline)
            transfers->next_deadline = exchange->deadline;
        return OK;
    }
    exchange->stop = HTTP_STOP_MEMORY; /* Which is not the server's fault. */
    http_exchange_end(exchange, SL_HTTP_FAILED,
                      error == ERR_NO_MEMORY ? error_text(error) : "this libcurl is too old");
    return error;
}

static void take_back(struct http_transfers *transfers, struct http_exchange *exchange)
{
    unlink_exchange(transfers, exchange);
    transfers->curl->multi_remove_handle(transfers->multi, exchange->handle);
    release_exchange(exchange, transfers->curl);
}

void http_transfers_take(struct http_transfers *transfers, struct http_exchange *exchange)
{
    if (exchange->lookup->is_under_way) {
        unlink_exchange(transfers, exchange);
        http_lookups_keep(&transfers->lookups, exchange);
    } else {
        take_back(transfers, exchange);
    }
}

void http_transfers_perform(struct http_transfers *transfers)
{
    int running;
    transfers->curl->multi_perform(transfers->multi, &running);
}

/* Makes an exchange once more. Returns false if that has ended it. */
static bool repeat_exchange(struct http_transfers *transfers, struct http_exchange *exchange)
{
    take_back(transfers, exchange);
    exchange->is_repeated = true;
    exchange->curl_error[0] = '\0';
    return http_transfers_start(transfers, exchange) == OK;
}

static void finish_exchange(struct http_transfers *transfers, struct http_exchange *exchange,
                            CURLcode result)
{
    http_exchange_finish(exchange, transfers->curl, result);
    if (exchange->lookup->is_under_way && result == CURLE_OPERATION_TIMEDOUT)
        http_lookups_keep_for_a_time(&transfers->lookups, exchange, clock_monotonic());
    take_back(transfers, exchange);
}

/* Takes those whose deadline has passed from libcurl. */
static void end_late(struct http_transfers *transfers, int64_t now)
{
    struct http_exchange *next;
    transfers->next_deadline = INT64_MAX;
    for (struct http_exchange *exchange = transfers->first; exchange != NULL; exchange = next) {
        next = exchange->next;
        if (exchange->deadline <= now) {
            http_exchange_end(exchange, SL_HTTP_TIMEOUT,
                              exchange->lookup->is_under_way
                                  ? "the server's name was not found in DNS in time"
                                  : "there was no whole response in time");
            http_transfers_take(transfers, exchange);
            exchange->next = transfers->late;
            transfers->late = exchange;
        } else if (exchange->deadline < transfers->next_deadline) {
            transfers->next_deadline = exchange->deadline;
        }
    }
}

static struct http_exchange *take_late(struct http_transfers *transfers)
{
    int64_t now = clock_monotonic();
    if (transfers->late == NULL && now >= transfers->next_deadline)
        end_late(transfers, now);
    struct http_exchange *exchange = transfers->late;
    if (exchange != NULL) {
        transfers->late = exchange->next;
        exchange->next = NULL;
    }
    return exchange;
}

struct http_exchange *http_transfers_take_ended(struct http_transfers *transfers)
{
    const struct http_library *curl = transfers->curl;
    CURLMsg *message;
    int left;
    while ((message = curl->multi_info_read(transfers->multi, &left)) != NULL) {
        char *private = NULL;
        CURLcode result = message->data.result;
        curl->easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        struct http_lookup *lookup = (struct http_lookup *)(void *)private;
        struct http_exchange *exchange = lookup->exchange;
        if (exchange == NULL) {
            end_lookup(transfers, lookup);
            continue;
        }
        if (http_exchange_is_to_be_repeated(exchange, curl, result)) {
            if (repeat_exchange(transfers, exchange))
                continue;
            return exchange;
        }
        finish_exchange(transfers, exchange, result);
        return exchange;
    }
    return take_late(transfers);
}

void http_transfers_wait(struct http_transfers *transfers, int milliseconds)
{
    static const struct timespec pause = {.tv_nsec = 10 * NS_PER_MS};
    if (transfers->next_deadline != INT64_MAX) {
        int64_t left = (transfers->next_deadline - clock_monotonic()) / NS_PER_MS + 1;
        if (left < milliseconds)
            milliseconds = left > 0 ? (int)left : 0;
    }
    if (transfers->curl->multi_poll(transfers->multi, NULL, 0, milliseconds, NULL) != CURLM_OK)
        nanosleep(&pause, NULL); /* It has not waited, and fails again at once. */
}

void http_transfers_wake(struct http_transfers *transfers)
{
    transfers->curl->multi_wakeup(transfers->multi);
}
