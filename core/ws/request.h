/*
 * An HTTP request for an upgrade, copied out of the HTTP parser: what the handshake check and the
 * plugins' connect hooks may look at.
 *
 * Pure: no sockets, no HTTP parsing. One allocation holds everything; immutable after creation
 * (query parameters are decoded on creation), so any one thread at a time may own it.
 */
#ifndef SLUICE_WS_REQUEST_H
#define SLUICE_WS_REQUEST_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Query parameters: an upgrade has a handful, and each costs memory. */
#define REQUEST_PARAMETERS_MAX 256

/* Bytes with a length. All strings below are also zero-terminated; none contains a NUL. */
struct span {
    const char *data;
    size_t len;
};

struct request_field {
    struct span name;
    struct span value;
};

struct request {
    struct span method;
    struct span http_version;            /* "1.1" */
    struct span path;                    /* decoded, without the query */
    struct span query;                   /* raw, without '?'; empty if none */
    const struct request_field *headers; /* in the order received, leading/trailing blanks cut */
    size_t header_count;
    const struct request_field *parameters; /* the query's, percent-decoded, '+' is a blank */
    size_t parameter_count;
};

/* What request_create copies from; zero-terminated strings, NULL query if there is none. */
struct request_source {
    const char *method;
    const char *http_version;
    const char *path;
    const char *query;
    size_t header_count;
    const char *const *header_names;
    const char *const *header_values;
};

/* Copies `source` into one allocation. *out is owned by the caller: request_destroy.
 * Returns 0, ERR_NO_MEMORY, or ERR_LIMIT: the query has more than REQUEST_PARAMETERS_MAX. */
MUST_CHECK int request_create(const struct request_source *source, struct request **out);

/* Frees; NULL is fine. */
void request_destroy(struct request *request);

/* The first header of that name (ASCII case does not matter); false if there is none. */
bool request_header(const struct request *request, const char *name, struct span *value);

/* How many headers of that name there are. */
size_t request_header_count(const struct request *request, const char *name);

/* The first query parameter of that name, decoded; false if there is none. */
bool request_parameter(const struct request *request, const char *name, struct span *value);

/* The first cookie of that name (RFC 6265 section 4.2.1), as sent, without surrounding double
 * quotes; false if there is none. `value` is not zero-terminated. */
bool request_cookie(const struct request *request, const char *name, struct span *value);

/* A walk over the elements of a comma separated header: linear, where request_list_element starts
 * anew each time. Borrows the request and the name. */
struct request_list {
    const struct request *request;
    const char *name;
    size_t header; /* index of the header being read */
    size_t offset; /* bytes of its value already read */
};

/* Starts before the first element. */
void request_list_init(struct request_list *list, const struct request *request, const char *name);

/* The next element, over all headers of that name, blanks cut, empty elements skipped, commas
 * inside double quotes belonging to the element (RFC 9110 section 5.6); false past the last. Not
 * zero-terminated. */
bool request_list_next(struct request_list *list, struct span *element);

/* The nth element (from 0) of a comma separated header, over all headers of that name, blanks cut,
 * empty elements skipped (RFC 9110 section 5.6.1); false past the last. Not zero-terminated. */
bool request_list_element(const struct request *request, const char *name, size_t index,
                          struct span *element);

/* Whether a comma separated header contains `token`; ASCII case does not matter if `any_case`. */
bool request_list_contains(const struct request *request, const char *name, const char *token,
                           bool any_case);

#endif
