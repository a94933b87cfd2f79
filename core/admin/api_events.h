/*
 * The admin API's view of the last events.
 *
 * On CivetWeb workers.
 */
#ifndef SLUICE_ADMIN_API_EVENTS_H
#define SLUICE_ADMIN_API_EVENTS_H

struct admin;
struct mg_connection;

/* GET /api/v1/events?after=&limit=&event=&client= */
int api_events(struct admin *admin, struct mg_connection *conn);

#endif
