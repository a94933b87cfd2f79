/*
 * Answers the requests of the admin listener: checks who asks, and calls the function of the route.
 *
 * On CivetWeb's workers, many at once. Both functions are those of a struct request_handler.
 */
#ifndef SLUICE_ADMIN_ADMIN_REQUESTS_H
#define SLUICE_ADMIN_ADMIN_REQUESTS_H

struct address;
struct mg_connection;

/* `context` is the struct admin_listener. Returns the HTTP status. */
int admin_requests_answer(const void *context, struct mg_connection *conn,
                          const struct address *from);

/* Answers a request that cannot be read, for the reason in `sentence`. Returns the HTTP status. */
int admin_requests_answer_unreadable(struct mg_connection *conn, int status, const char *sentence);

#endif
