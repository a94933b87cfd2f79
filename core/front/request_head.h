/*
 * The head of an HTTP request (RFC 9112, sections 2 to 5), in the bytes that a connection has
 * delivered: whether it is complete, whether it is well formed, and a normal form of it, which is
 * all that CivetWeb gets to read.
 *
 * Pure: no sockets, no allocation. Thread-safe, no state.
 */
#ifndef SLUICE_FRONT_REQUEST_HEAD_H
#define SLUICE_FRONT_REQUEST_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#define HEAD_FIELDS_MAX 64      /* header fields; CivetWeb has room for no more */
#define HEAD_AUTHORITY_MAX 264u /* bytes: a host of 255, a colon and a port, and some */

/* What is wrong with a head. */
enum head_fault {
    HEAD_FINE,
    HEAD_INCOMPLETE,
    HEAD_TOO_LARGE, /* more bytes than a head may have; set by callers */
    HEAD_MALFORMED,
    HEAD_BAD_TARGET,
    HEAD_BAD_FIELD,
    HEAD_BAD_HOST,   /* none, or more than one */
    HEAD_BAD_LENGTH, /* of the body: not a number, or given more than once */
    HEAD_TOO_MANY_FIELDS
};

/* How to refuse a request: an HTTP status and one sentence, static storage. */
struct head_refusal {
    int status;
    const char *sentence;
};

/* How much of a head head_is_decided has searched. Starts as zeros. */
struct head_progress {
    size_t searched; /* bytes that need not be searched again */
    bool has_begun;  /* the empty lines in front are over */
};

/* What head_normalize takes out of a head. */
struct request_head {
    bool is_asterisk;                   /* the target was "*", which only OPTIONS may have */
    char authority[HEAD_AUTHORITY_MAX]; /* of a target in absolute form; else empty */
};

/* Whether more bytes would change nothing: the head is complete, or cannot become well formed.
 * `bytes` are all that have arrived so far, those of earlier calls included. */
bool head_is_decided(const unsigned char *bytes, size_t len, struct head_progress *progress);

/* Checks the head at the start of `bytes` and brings it into a form that CivetWeb cannot
 * misunderstand: without empty lines in front; lines end with LF; tabs in values are blanks, and
 * there are none around values; the target is in origin form ("/" for "*"), and if it was in
 * absolute form the Host field is its authority, as section 3.2.2 demands. There is one Host field
 * (HTTP/1.0 may do without one), and the body's length is said in one way. Bytes behind the
 * head are kept. *len, the length of all bytes, never grows. After a fault the bytes are useless.
 */
enum head_fault head_normalize(char *bytes, size_t *len, struct request_head *out);

/* How to answer a request with this fault. */
struct head_refusal head_refusal_of(enum head_fault fault);

#endif
