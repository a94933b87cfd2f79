/*
 * The negotiation of permessage-deflate (RFC 7692, section 7.1) in the opening handshake.
 *
 * Pure: no sockets, no compression. Thread-safe, no state.
 */
#ifndef SLUICE_WS_EXTENSION_H
#define SLUICE_WS_EXTENSION_H

struct request;

/* The windows that the server compresses with: each is one compression more of what is published,
 * so there are two and not seven. */
enum deflate_window {
    DEFLATE_WINDOW_NONE,  /* not agreed on: nothing is compressed, in either direction */
    DEFLATE_WINDOW_FULL,  /* 2^15 bytes */
    DEFLATE_WINDOW_SMALL, /* 2^9 bytes, for clients that ask for less than 2^15 */
    DEFLATE_WINDOW_COUNT
};

/* Takes the first of the request's offers that the server can agree to. Offers with an unknown,
 * repeated or malformed parameter, with a server_max_window_bits of 8 (which zlib cannot keep to),
 * and other extensions are passed over. Returns DEFLATE_WINDOW_NONE if no offer is left, and sets
 * *answer to the value of the response's Sec-WebSocket-Extensions (static storage), or NULL. */
enum deflate_window extension_negotiate(const struct request *request, const char **answer);

#endif
