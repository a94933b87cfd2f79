/*
 * The admin listener: health, readiness, metrics and the JSON API over HTTP.
 *
 * Created and destroyed on the main thread; answers on CivetWeb workers of its own, so that a busy
 * front does not hide the server's health. Nor does a busy API: see admin/request_slots.h.
 */
#ifndef SLUICE_ADMIN_ADMIN_H
#define SLUICE_ADMIN_ADMIN_H

#include "admin/admin_token.h"
#include "base/error.h"
#include "config/config.h"
#include "config/diagnostics.h"

struct admin;
struct event_ring;
struct front;
struct hub;
struct reload_order;
struct watchdog;

/* The parts of the server that the listener shows and uses; all must outlive it. */
struct admin_parts {
    struct hub *hub;
    struct front *front;
    struct watchdog *watchdog;
    struct event_ring *events; /* the last ones */
    /* Reloads the configuration; called on the admin's threads. NULL if that is not possible. */
    int (*reload)(void *context, struct reload_order *order);
    void *reload_context;
};

/* Starts listening on admin.listen; *out is NULL if the configuration has none. Returns 0,
 * ERR_CONFIG (an address or a token's file does not work, see `diagnostics`) or another negative
 * code. */
MUST_CHECK int admin_create(const struct config *config, const struct admin_parts *parts,
                            struct diagnostics *diagnostics, struct admin **out);

/* A reload: the tokens' files are read anew. `admin` may be NULL. Main thread. Returns 0 or
 * ERR_CONFIG. */
struct admin_reload {
    bool is_elsewhere; /* for another address than the one that is listened on */
    bool has_console;
    struct admin_token_set tokens;
};
MUST_CHECK int admin_prepare_reload(const struct admin *admin, const struct config *config,
                                    struct diagnostics *diagnostics, struct admin_reload *out);
void admin_commit_reload(struct admin *admin, const struct admin_reload *reload);

/* Checks the tokens' files without listening, for `sluice check`. Returns 0 or ERR_CONFIG. */
MUST_CHECK int admin_check(const struct config *config, struct diagnostics *diagnostics);

/* How many addresses are listened on (0 for NULL), and one of them: "http://127.0.0.1:9090" with
 * the port that was chosen, or "unix:/path". */
size_t admin_listener_count(const struct admin *admin);
void admin_url(const struct admin *admin, size_t index, char *url, size_t size);

/* Stops listening. NULL is fine. */
void admin_destroy(struct admin *admin);

#endif
