#include "http/http_transfers.h"

#include "base/clock.h"

#include <time.h>

const char *http_transfers_init(struct http_transfers *transfers, unsigned connections)
{
    const char *error;
    *transfers = (struct http_transfers){.curl = http_library_load(clock_monotonic(), &error)};
    if (transfers->curl == NULL)
        return error;
    transfers->multi = transfers->curl->multi_init();
    if (transfers->multi == NULL)
        return error_text(ERR_NO_MEMORY);
    transfers->curl->multi_setopt(transfers->multi, CURLMOPT_MAXCONNECTS, (long)connections);
    return NULL;
}

void http_transfers_deinit(struct http_transfers *transfers)
{
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

int http_transfers_start(struct http_transfers *transfers, struct http_exchange *exchange)
{
    const struct http_library *curl = transfers->curl;
    int64_t left = exchange->deadline - clock_monotonic();
    if (!exchange->is_repeated)
        exchange->time_left = left;
    int error = http_exchange_prepare(exchange, curl, left > 0 ? left : 0);
    if (error == OK && curl->multi_add_handle(transfers->multi, exchange->handle) != CURLM_OK) {
        http_exchange_release(exchange, curl);
        error = ERR_NO_MEMORY;
    }
    if (error == OK) {
        link_exchange(transfers, exchange);
        return OK;
    }
    exchange->stop = HTTP_STOP_MEMORY; /* Which is not the server's fault. */
    http_exchange_end(exchange, SL_HTTP_FAILED,
                      error == ERR_NO_MEMORY ? error_text(error) : "this libcurl is too old");
    return error;
}

void http_transfers_take(struct http_transfers *transfers, struct http_exchange *exchange)
{
    unlink_exchange(transfers, exchange);
    transfers->curl->multi_remove_handle(transfers->multi, exchange->handle);
    http_exchange_release(exchange, transfers->curl);
}

void http_transfers_perform(struct http_transfers *transfers)
{
    int running;
    transfers->curl->multi_perform(transfers->multi, &running);
}

/* Makes an exchange once more. Returns false if that has ended it. */
static bool repeat_exchange(struct http_transfers *transfers, struct http_exchange *exchange)
{
    http_transfers_take(transfers, exchange);
    exchange->is_repeated = true;
    exchange->curl_error[0] = '\0';
    return http_transfers_start(transfers, exchange) == OK;
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
        struct http_exchange *exchange = (struct http_exchange *)(void *)private;
        if (http_exchange_is_to_be_repeated(exchange, curl, result)) {
            if (repeat_exchange(transfers, exchange))
                continue;
            return exchange;
        }
        http_exchange_finish(exchange, curl, result);
        http_transfers_take(transfers, exchange);
        return exchange;
    }
    return NULL;
}

void http_transfers_wait(struct http_transfers *transfers, int milliseconds)
{
    static const struct timespec pause = {.tv_nsec = 10 * NS_PER_MS};
    if (transfers->curl->multi_poll(transfers->multi, NULL, 0, milliseconds, NULL) != CURLM_OK)
        nanosleep(&pause, NULL); /* It has not waited, and fails again at once. */
}

void http_transfers_wake(struct http_transfers *transfers)
{
    transfers->curl->multi_wakeup(transfers->multi);
}
