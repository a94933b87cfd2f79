/*
 * The JSON API's clients: the list of them, and one of them.
 *
 * Each function answers one request, on a CivetWeb worker, and returns the HTTP status. The loops
 * are asked, since only they know their clients.
 */
#ifndef SLUICE_ADMIN_API_CLIENTS_H
#define SLUICE_ADMIN_API_CLIENTS_H

struct admin;
struct mg_connection;

/* GET /api/v1/clients?limit=N&after=ID: at most `limit` clients (100 by default, 1000 at most) in
 * an order that stays the same, from the one behind `after` on; with identity, address, endpoint
 * and topic only those of which all that is true. With sort=queue, age, bytes, messages, drops or
 * last-heard: the `limit` clients of which that is largest, the largest first, and no pages. */
int api_clients(struct admin *admin, struct mg_connection *conn);

/* GET /api/v1/clients/{id} */
int api_client(struct admin *admin, struct mg_connection *conn);

#endif
