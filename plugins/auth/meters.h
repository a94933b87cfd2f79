/*
 * What auth counts, on the server's /metrics as sluice_plugin_auth_...
 */
#ifndef AUTH_METERS_H
#define AUTH_METERS_H

#include <sluice/plugin.h>

struct meters {
    struct sl_metric *accepted;
    struct sl_metric *refused;
    struct sl_metric *failed; /* could not be told: 503 */
    struct sl_metric *deferred;
    struct sl_metric *expired; /* clients closed with 4401 */
    struct sl_metric *renewed;
    struct sl_metric *renewals_refused;
    struct sl_metric *rechecks_refused;
    struct sl_metric *http_requests;
    struct sl_metric *http_cache_hits;
    struct sl_metric *key_fetches;
    struct sl_metric *key_failures;
    struct sl_metric *unknown_keys;
    struct sl_metric *slow_refused;
    struct sl_metric *renewals_limited;
    struct sl_metric *keys;    /* gauge: from jwks_url, in force */
    struct sl_metric *fetched; /* gauge: when these were fetched, seconds since 1970-01-01 UTC */
};

static inline void meters_init(struct meters *meters, struct sl_instance *self)
{
    const struct {
        struct sl_metric **meter;
        const char *name;
        const char *help;
    } rows[] = {
        {&meters->accepted, "accepted_total", "Clients that were let in with an identity"},
        {&meters->refused, "refused_total", "Clients that were refused: 401 and 403"},
        {&meters->failed, "failed_total", "Clients that could not be checked: 503"},
        {&meters->deferred, "deferred_total", "Checks that ran on a worker thread"},
        {&meters->expired, "expired_total", "Clients closed since their credentials had expired"},
        {&meters->renewed, "renewed_total", "Renewals of clients that are connected"},
        {&meters->renewals_refused, "renewals_refused_total", "Renewals that were refused"},
        {&meters->rechecks_refused, "rechecks_refused_total",
         "Clients that a reload found not good any more (on_reload: recheck)"},
        {&meters->http_requests, "http_requests_total", "Questions to the HTTP service"},
        {&meters->http_cache_hits, "http_cache_hits_total", "Answers that were still known"},
        {&meters->key_fetches, "key_fetches_total", "Fetches of the JWKS"},
        {&meters->key_failures, "key_failures_total", "Fetches of the JWKS that failed"},
        {&meters->slow_refused, "slow_refused_total",
         "Checks that take long for which there was no place: 503"},
        {&meters->renewals_limited, "renewals_limited_total",
         "Renewals that were not looked at, since a client sent too many"},
        {&meters->unknown_keys, "unknown_keys_total", "Tokens of a key that is not known"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        *rows[i].meter = self->host->metric(self, SL_COUNTER, rows[i].name, rows[i].help, NULL, 0);
    meters->keys =
        self->host->metric(self, SL_GAUGE, "keys", "Keys from jwks_url that are in force", NULL, 0);
    meters->fetched =
        self->host->metric(self, SL_GAUGE, "keys_timestamp_seconds",
                           "When the keys from jwks_url were fetched; 0: there are none", NULL, 0);
}

#endif
