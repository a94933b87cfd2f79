/*
 * The bytes of one TLS connection: a BIO over its socket that bounds what a peer can make OpenSSL
 * do. SSL_read goes on for as long as records come that carry no data (KeyUpdates, refused
 * renegotiations), and reserves what a handshake message announces; so the stream reads record
 * headers itself, stops at a record's boundary when a turn's budget of records and bytes is used
 * up, and ends a connection that breaks one of its rules.
 *
 * Only the thread that has the connection at the moment. Owned by the SSL, and freed with it.
 */
#ifndef SLUICE_DELIVERY_TLS_STREAM_H
#define SLUICE_DELIVERY_TLS_STREAM_H

#include "base/error.h"

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tls_output;

#define TLS_TURN_RECORDS 64          /* that OpenSSL gets in one turn */
#define TLS_TURN_BYTES (128u * 1024) /* likewise; the last record may pass it */
#define TLS_HELLO_MAX (16u * 1024)   /* bytes of a ClientHello */
#define TLS_KEY_UPDATES 32           /* in TLS_KEY_UPDATE_TIME; one in 2^24 records is needed */
#define TLS_KEY_UPDATE_TIME (INT64_C(60) * 1000000000) /* ns */

/* Why a stream has ended a connection. */
#define TLS_FAULTS(X)                                                                              \
    X(TLS_FAULT_HELLO, "client_hello") /* announced a ClientHello over TLS_HELLO_MAX */            \
    X(TLS_FAULT_EXCESS, "excess")      /* sent too much before its request was complete */         \
    X(TLS_FAULT_RENEGOTIATION, "renegotiation") /* TLS 1.2 */                                      \
    X(TLS_FAULT_KEY_UPDATES, "key_updates")     /* TLS 1.3 */

enum tls_fault {
    TLS_FAULT_NONE,
#define TLS_FAULT_ENUM(name, label) name,
    TLS_FAULTS(TLS_FAULT_ENUM)
#undef TLS_FAULT_ENUM
        TLS_FAULT_COUNT
};

/* Lets streams see the KeyUpdates of all connections that are made from the context. */
void tls_stream_prepare(SSL_CTX *context);

/* Gives `tls` a stream over `socket`, which is not owned. Until tls_stream_open at most `bytes` may
 * come in all, in at most `records`. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int tls_stream_attach(SSL *tls, int socket, uint32_t bytes, uint32_t records);

/* Begins a turn: a full budget. */
void tls_stream_begin_turn(SSL *tls);

/* Whether the turn's budget was used up, so that more may be there without the kernel saying so
 * again. */
bool tls_stream_is_held(const SSL *tls);

/* The handshake is complete: a further one ends the connection. */
void tls_stream_on_handshake(SSL *tls);

/* The connection is somebody's who waits for all of it and calls begin_turn no more: what may come
 * in all is the only bound. */
void tls_stream_lend(SSL *tls);

/* The request is complete: only turns are bounded from here on. The keys of the key exchange are
 * forgotten: nothing needs them any more, and with ML-KEM they take 7 KB. */
void tls_stream_open(SSL *tls);

/* Why the stream has ended the connection, if it has. */
enum tls_fault tls_stream_fault(const SSL *tls);

/* Where what it writes goes. */
struct tls_output *tls_stream_output(const SSL *tls);

/* Room for when the peer's certificate ends, see certificate.h; 0 until it is noted. */
void tls_stream_note_certificate_end(SSL *tls, int64_t end);
int64_t tls_stream_certificate_end(const SSL *tls);

/* A fault's name in metrics and in the log; static storage. */
const char *tls_fault_text(enum tls_fault fault);

#endif
