/*
 * Closing clients for the administrator: one by its id, or all that a filter means. The loops close
 * them in portions, so that none is held however many there are.
 *
 * On a CivetWeb worker, which waits for the loops.
 */
#ifndef SLUICE_ADMIN_KICK_CLIENTS_H
#define SLUICE_ADMIN_KICK_CLIENTS_H

#include "admin/caller.h"
#include "base/error.h"
#include "ws/frame.h"

#include <cjson/cJSON.h>
#include <stdint.h>

struct client_filter;
struct hub;

/* How the clients are closed. */
struct close_words {
    uint16_t code;
    char reason[CLOSE_REASON_MAX + 1];
    char who[CALLER_TEXT_MAX]; /* asks for it, for the log */
};

/* With 1008 and "closed by the administrator". */
struct close_words close_words_usual(void);

/* Takes "code" out of a request's body, whose other members are strings. Returns NULL or what is
 * wrong with it; without one nothing changes. */
const char *close_words_take_code(cJSON *body, struct close_words *words);

/* Takes the reason; NULL: nothing changes. Returns NULL or what is wrong with it. */
const char *close_words_take_reason(const char *text, struct close_words *words);

/* Closes all open clients that are meant. Returns 0, ERR_LIMIT (a loop does not answer) or
 * ERR_NO_MEMORY; *closed is how many have been closed, before an error too. */
MUST_CHECK int kick_matching(struct hub *hub, const struct client_filter *filter,
                             const struct close_words *words, uint64_t *closed);

/* Closes a client. Returns 0, ERR_NOT_FOUND, ERR_LIMIT or ERR_NO_MEMORY. */
MUST_CHECK int kick_by_id(struct hub *hub, uint64_t id, const struct close_words *words);

#endif
