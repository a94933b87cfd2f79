/*
 * Asking an HTTP service for a client's identity: GET, with the client's token, path and address as
 * headers, and 200, 401 or 403 as the answer.
 *
 *     Authorization: Bearer TOKEN
 *     X-Original-Path: /ws
 *     X-Client-Address: 192.0.2.7
 *
 * A 200 names the client in a JSON object: {"identity": "ada", "expires_in": 300, "attributes":
 * {"team": "blue"}}. With any other status or body nobody gets in now.
 */
#ifndef AUTH_CALLBACK_H
#define AUTH_CALLBACK_H

#include "answer_cache.h"
#include "finding.h"

#include <sluice/plugin.h>

struct callback {
    const char *url_cstr; /* borrowed */
    const char *ca_file_cstr;
    int64_t timeout;            /* ns */
    int64_t keep;               /* ns that an answer is kept; 0: not at all */
    struct answer_cache *cache; /* owned; NULL: none */
    struct sl_metric *requests; /* borrowed */
    struct sl_metric *hits;
    _Atomic int64_t next_log; /* ns: complaints are logged once a second */
};

/* Looks the answer up in the cache; CHECK_ASK if it is not there. */
enum check callback_check(struct callback *callback, struct sl_instance *self,
                          const struct shown *shown, struct finding *finding);

/* Asks about a client. False if too many wait, a value cannot be a header, or there is no memory;
 * `done` is not called then. */
bool callback_ask(const struct callback *callback, struct sl_instance *self, uint64_t client,
                  const struct shown *shown,
                  void (*done)(struct sl_instance *self, struct sl_client *client,
                               const struct sl_http_response *response, void *context),
                  void *context);

/* Evaluates an answer, and keeps it in the cache. */
enum check callback_understand(struct callback *callback, struct sl_instance *self,
                               const struct shown *shown, const struct sl_http_response *response,
                               struct finding *finding);

/* Reads the body of a 200. Pure; for tests and the fuzzer too. */
enum check callback_parse(const char *body, size_t len, int64_t now, struct finding *finding);

#endif
