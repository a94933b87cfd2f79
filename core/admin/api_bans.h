/*
 * The JSON API's bans: who is not let in.
 *
 * Each function answers one request, on a CivetWeb worker, and returns the HTTP status.
 */
#ifndef SLUICE_ADMIN_API_BANS_H
#define SLUICE_ADMIN_API_BANS_H

struct admin;
struct mg_connection;

/* GET /api/v1/bans?limit=N&after=ID: at most `limit` bans (100 by default, 1000 at most) in the
 * order of their ids, from the one behind `after` on. */
int api_bans(struct admin *admin, struct mg_connection *conn);

/* POST /api/v1/bans: {"identity" or "address", "for" or "until", "reason"}. Clients that are meant
 * are closed with "code" and the reason, unless "keep" is true. */
int api_ban(struct admin *admin, struct mg_connection *conn);

/* DELETE /api/v1/bans/ID, or /api/v1/bans?identity=NAME or ?address=PREFIX */
int api_unban(struct admin *admin, struct mg_connection *conn);

#endif
