/*
 * The client's side of RFC 6455: the request for an upgrade, what its answer must have (4.1), and
 * masked frames (5.3). Answers are read by core/ws/frame.h with `from_server` set.
 *
 * Pure: no sockets and no randomness; keys and masks are the caller's to choose.
 */
#ifndef SLUICE_WS_CLIENT_SIDE_H
#define SLUICE_WS_CLIENT_SIDE_H

#include "base/buffer.h"
#include "ws/frame.h"

#define CLIENT_KEY_BYTES 16
#define CLIENT_KEY_MAX 25 /* in base64, with the terminating zero */
#define CLIENT_RESPONSE_HEADERS_MAX 100
#define CLIENT_RESPONSE_MAX 16384  /* bytes of all heads; longer ones are refused */
#define CLIENT_SUBPROTOCOL_MAX 256 /* with the terminating zero */
#define CLIENT_PHRASE_MAX 64       /* with the terminating zero */
#define CLIENT_LOCATION_MAX 256    /* with the terminating zero */

/* What is asked for. Texts are zero-terminated, and have been checked: no control characters. */
struct client_request {
    const char *host;   /* with the port if it is not the scheme's */
    const char *target; /* path and query */
    char key[CLIENT_KEY_MAX];
    const char *const *subprotocols; /* offered, the preferred one first */
    size_t subprotocol_count;
    const char *const *headers; /* "Name: value"; a Host takes the place of ours */
    size_t header_count;
};

/* What an upgrade was answered. */
struct client_response {
    int status;
    const char *wrong;                        /* of a 101: what makes it none; static, or NULL */
    char phrase[CLIENT_PHRASE_MAX];           /* behind the status */
    char subprotocol[CLIENT_SUBPROTOCOL_MAX]; /* empty: none */
    char location[CLIENT_LOCATION_MAX];       /* of a redirection; empty: none */
    size_t head_len;                          /* where the frames, or the body, begin */
    size_t body_len; /* announced; CLIENT_BODY_TO_END: until the connection ends */
    bool has_coding; /* the body is in chunks or the like */
};
#define CLIENT_BODY_TO_END SIZE_MAX

/* Writes random bytes as a Sec-WebSocket-Key. */
void client_key_encode(const uint8_t bytes[CLIENT_KEY_BYTES], char key[CLIENT_KEY_MAX]);

/* Appends the whole request. Returns 0, ERR_LIMIT or ERR_NO_MEMORY. */
MUST_CHECK int client_request_append(struct buffer *out, const struct client_request *request);

/* Reads what has come of an answer whose head may have `max` bytes. Returns 1 once it is whole, 0
 * if it is not yet, or ERR_INVALID (no HTTP response), ERR_LIMIT (too long, too many headers) or
 * ERR_NO_MEMORY. In which pieces it comes does not matter. */
MUST_CHECK int client_response_read(const struct client_request *request, const char *data,
                                    size_t len, size_t max, struct client_response *response);

/* Whether it is an interim response (1xx but 101): the answer comes behind it. */
bool client_response_is_interim(const struct client_response *response);

/* Appends a whole masked frame. Returns 0, ERR_LIMIT or ERR_NO_MEMORY (nothing is appended then).
 */
MUST_CHECK int client_frame_append(struct buffer *out, enum opcode opcode, const void *data,
                                   size_t len, const uint8_t mask[4]);

/* The same for a close frame without a reason; CLOSE_NO_STATUS: without a code. */
MUST_CHECK int client_close_append(struct buffer *out, uint16_t code, const uint8_t mask[4]);

#endif
