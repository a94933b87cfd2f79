/*
 * The admin listener: health, readiness and metrics over HTTP.
 *
 * Created and destroyed on the main thread; answers on CivetWeb workers of its own, so that a busy
 * front does not hide the server's health.
 */
#ifndef SLUICE_ADMIN_ADMIN_H
#define SLUICE_ADMIN_ADMIN_H

#include "base/error.h"
#include "config/config.h"
#include "config/diagnostics.h"

struct admin;
struct front;
struct hub;

/* Starts listening on admin.listen, if the configuration has one; else *out is NULL. `hub` and
 * `front` must outlive it. Returns 0, ERR_CONFIG (address or token file does not work, see
 * `diagnostics`) or another negative code. */
MUST_CHECK int admin_create(const struct config *config, struct hub *hub, const struct front *front,
                            struct diagnostics *diagnostics, struct admin **out);

/* Checks the token file without listening, for `sluice check`. Returns 0 or ERR_CONFIG. */
MUST_CHECK int admin_check(const struct config *config, struct diagnostics *diagnostics);

/* Writes "http://127.0.0.1:9090" with the port that was chosen. */
void admin_url(const struct admin *admin, char *url, size_t size);

/* Stops listening. NULL is fine. */
void admin_destroy(struct admin *admin);

#endif
