/*
 * Asking an HTTP service who a client is: GET, with the client's token, path and address as
 * headers, and 200, 401 or 403 as the answer.
 *
 *     Authorization: Bearer TOKEN
 *     X-Original-Path: /ws
 *     X-Client-Address: 192.0.2.7
 *
 * A 200 names the client in a JSON object: {"identity": "ada", "expires_in": 300, "attributes":
 * {"team": "blue"}}. Whatever is neither of the three, or not such an object, means that nobody
 * gets in now.
 */
#ifndef AUTH_CALLBACK_H
#define AUTH_CALLBACK_H

#include "answer_cache.h"
#include "finding.h"
#include "http.h"

struct callback {
    const char *url_cstr; /* borrowed */
    const char *ca_file_cstr;
    int64_t timeout;            /* ns */
    int64_t keep;               /* ns that an answer is good for; 0: none is kept */
    struct answer_cache *cache; /* owned; NULL: none */
    struct sl_metric *requests; /* borrowed */
    struct sl_metric *hits;
    _Atomic int64_t next_log; /* ns: complaints are logged once a second */
};

/* What the cache knows; CHECK_ASK: nothing. */
enum check callback_check(struct callback *callback, struct sl_instance *self,
                          const struct shown *shown, struct finding *finding);

/* Fills in a request about a client; its headers are the caller's to free. False: no memory, or
 * what is shown cannot be a header. */
bool callback_prepare(const struct callback *callback, const struct shown *shown,
                      struct http_request *request);

/* What the answer says; it is kept for a while. */
enum check callback_understand(struct callback *callback, struct sl_instance *self,
                               const struct shown *shown, const struct http_request *request,
                               struct finding *finding);

/* Reads the body of a 200. Pure; for tests and the fuzzer too. */
enum check callback_parse(const char *body, size_t len, int64_t now, struct finding *finding);

#endif
