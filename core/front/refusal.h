/*
 * Refusals of requests, answered with a sentence and told to the log.
 *
 * On the CivetWeb worker that runs the request's callback.
 */
#ifndef SLUICE_FRONT_REFUSAL_H
#define SLUICE_FRONT_REFUSAL_H

struct address;
struct mg_connection;

struct refusal {
    const char *stage; /* that refuses, as base/event_table.h lists them */
    int status;
    const char *sentence;
    const char *header; /* "Name: value", or NULL */
};

/* A request as a refusal looks at it; all borrowed. */
struct refused {
    struct mg_connection *conn;
    const char *path;           /* decoded; NULL: it, and the headers, cannot be read */
    const struct address *from; /* where it comes from */
};

/* Answers and logs it. Returns the status. */
int refusal_send(const struct refused *refused, const struct refusal *refusal);

#endif
