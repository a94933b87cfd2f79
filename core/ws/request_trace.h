/*
 * The names by which a request is found again in the logs of others: its id, and that of the trace
 * that it belongs to (https://www.w3.org/TR/trace-context/).
 *
 * Pure but for random numbers: no sockets, no memory.
 */
#ifndef SLUICE_WS_REQUEST_TRACE_H
#define SLUICE_WS_REQUEST_TRACE_H

#define REQUEST_ID_MAX 128 /* characters */
#define TRACE_ID_LEN 32

struct request_trace {
    char trace_id[TRACE_ID_LEN + 1]; /* lower-case hexadecimal digits; empty: none */
    char id[REQUEST_ID_MAX + 1];
};

/* Reads the values of X-Request-Id and traceparent; NULL: the request has no such header. An id
 * that is empty, too long or has other characters than printable ASCII without blanks is not taken;
 * instead of one that is missing, one is made. A traceparent that breaks the rules is ignored. */
void request_trace_read(struct request_trace *trace, const char *request_id,
                        const char *traceparent);

#endif
