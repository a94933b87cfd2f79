/*
 * The admin API's view of topics.
 *
 * On CivetWeb workers.
 */
#ifndef SLUICE_ADMIN_API_TOPICS_H
#define SLUICE_ADMIN_API_TOPICS_H

struct admin;
struct mg_connection;

/* GET /api/v1/topics?endpoint=&search=&sort=&limit= */
int api_topics(struct admin *admin, struct mg_connection *conn);

#endif
