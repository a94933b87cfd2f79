/*
 * The front: CivetWeb's listeners, TLS, HTTP parsing and answers; upgrades are checked, detached
 * and handed to the hub.
 *
 * Created and destroyed on the main thread; runs CivetWeb's own threads.
 */
#ifndef SLUICE_FRONT_FRONT_H
#define SLUICE_FRONT_FRONT_H

#include "base/error.h"
#include "config/config.h"
#include "config/diagnostics.h"
#include "front/accept_queue.h"

struct front;
struct hub;

/* Starts listening on all of the configuration's `listen` entries. `hub` must outlive the front.
 * Returns 0, ERR_CONFIG (a certificate or an address does not work; `diagnostics` says which and
 * why, with the position), or another negative code. */
MUST_CHECK int front_create(const struct config *config, struct hub *hub,
                            struct diagnostics *diagnostics, struct front **out);

/*
 * A reload. What can fail is done first: certificates are read anew, addresses are tried, and, last
 * of all that may go wrong in the server, listeners that the configuration has and the front has
 * not are opened: nobody is to be let in by a configuration that does not come into force. Nothing
 * that runs changes before the commit, which cannot fail: listeners that stay give new connections
 * their new certificate, those that are gone stop. Connections live on in any case. All on the main
 * thread.
 *
 * Returns 0, ERR_CONFIG (`diagnostics` says what does not work) or another negative code.
 */
struct front_reload;
MUST_CHECK int front_reload_prepare(struct front *front, const struct config *config,
                                    struct diagnostics *diagnostics, struct front_reload **out);
MUST_CHECK int front_reload_open(struct front_reload *reload, struct diagnostics *diagnostics);
void front_reload_commit(struct front *front, struct front_reload *reload);
void front_reload_abort(struct front_reload *reload); /* NULL is fine */

/* Checks certificates and keys without listening, for `sluice check`. Returns 0 or ERR_CONFIG. */
MUST_CHECK int front_check(const struct config *config, struct diagnostics *diagnostics);

/* How many listeners there are, and of one the address as configured and the URL as a user would
 * type it: "ws://127.0.0.1:8080", with the port that the kernel chose if 0 was configured. */
size_t front_listener_count(const struct front *front);
const char *front_listener_address(const struct front *front, size_t index);
void front_listener_url(const struct front *front, size_t index, char *url, size_t size);

/* When the certificate of a listener ends (wall clock, ns; 0: a plain one), and the listener's URL.
 * Returns false if there is no listener with that index any more. Any thread. */
bool front_certificate_end(struct front *front, size_t index, int64_t *end, char *url, size_t size);

/* How many HTTP responses there were since the start by the hundreds of their status: 1 for
 * upgrades handed to the hub, 2, 4, 5; anything else is 0. Any thread. */
unsigned long long front_responses(struct front *front, unsigned hundreds);

/* How many connections are pending, and how many were dropped since the start. Any thread. */
size_t front_pending(struct front *front);
unsigned long long front_dropped(struct front *front, enum pending_drop reason);

/* TLS handshakes: bytes that pending connections hold and may hold, how many handshakes have begun
 * since the start, how often an address has used up its rate, and how many connections broke a
 * rule. */
struct front_handshakes {
    size_t bytes;
    size_t bytes_limit;
    unsigned long long begun;
    unsigned long long delayed;
    unsigned long long faults[TLS_FAULT_COUNT];
};
void front_handshakes(struct front *front, struct front_handshakes *out);

/* Stops listening and waits for CivetWeb's threads; detached connections live on, and the counts
 * can still be read. Main thread. */
void front_stop(struct front *front);

/* Stops, if that has not been done, and frees. NULL is fine. */
void front_destroy(struct front *front);

#endif
