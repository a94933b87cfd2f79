#include "front/guest.h"

#include "base/address.h"
#include "base/log.h"
#include "front/farewell.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAD_CAPACITY_MIN 512 /* bytes; most heads fit */
#define HEADER_PART 512       /* bytes of a PROXY header that are read at a time */

/* Bytes that OpenSSL holds for a connection whose handshake is complete. */
#define CONNECTION_BYTES ((size_t)20 * 1024)

/* What a TLS guest may send until its head is complete: a handshake with certificates, and a head
 * in records that are not too small. */
#define HANDSHAKE_BYTES (64u * 1024)
#define BYTES_PER_HEAD_BYTE 4u
#define RECORDS_MAX 4096u

static bool would_block(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static enum guest_state judge(struct guest *guest, const unsigned char *head, size_t len,
                              size_t max_head)
{
    bool ready = len >= max_head || head_is_decided(head, len, &guest->progress);
    return ready ? GUEST_READY : GUEST_WAITS;
}

static enum guest_state examine_plain(struct guest *guest, unsigned char *scratch, size_t max_head)
{
    ssize_t len = recv(guest->socket, scratch, max_head, MSG_PEEK | MSG_DONTWAIT);
    if (len < 0)
        return would_block(errno) ? GUEST_WAITS : GUEST_GONE;
    guest->peeked += (size_t)len;
    enum guest_state state = judge(guest, scratch, (size_t)len, max_head);
    /* Peeking does not show an end behind bytes. */
    return state == GUEST_WAITS && (len == 0 || guest->ended) ? GUEST_GONE : state;
}

/* A request begins with the name of a method, and nothing of TLS begins with a letter. */
static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* A guest that says nothing gets no TLS state, which is large. */
static enum guest_state begin_tls(struct guest *guest, size_t max_head)
{
    uint32_t most = HANDSHAKE_BYTES + BYTES_PER_HEAD_BYTE * (uint32_t)max_head;
    char first;
    ssize_t len = recv(guest->socket, &first, 1, MSG_PEEK | MSG_DONTWAIT);
    if (len <= 0)
        return len < 0 && would_block(errno) ? GUEST_WAITS : GUEST_GONE;
    if (is_letter(first))
        return GUEST_PLAIN;
    if (guest->ended) /* It cannot answer any more. */
        return GUEST_GONE;
    guest->tls.ssl = SSL_new(guest->context);
    if (guest->tls.ssl == NULL ||
        tls_stream_attach(guest->tls.ssl, guest->socket, most, RECORDS_MAX) != OK) {
        SSL_free(guest->tls.ssl);
        guest->tls.ssl = NULL;
        return GUEST_GONE;
    }
    SSL_set_accept_state(guest->tls.ssl);
    return GUEST_READY;
}

static enum guest_state after_failure(const struct guest *guest, int rc)
{
    int error = SSL_get_error(guest->tls.ssl, rc);
    ERR_clear_error();
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
        return GUEST_GONE;
    return tls_stream_is_held(guest->tls.ssl) ? GUEST_HELD : GUEST_WAITS;
}

static enum guest_state shake_hands(struct guest *guest)
{
    ERR_clear_error();
    int rc = SSL_accept(guest->tls.ssl);
    guest->shaken = rc == 1;
    if (guest->shaken)
        tls_stream_on_handshake(guest->tls.ssl);
    return guest->shaken ? GUEST_READY : after_failure(guest, rc);
}

static int keep(struct guest *guest, const unsigned char *bytes, size_t len)
{
    struct guest_tls *tls = &guest->tls;
    size_t capacity = guest->head_capacity == 0 ? HEAD_CAPACITY_MIN : guest->head_capacity;
    while (capacity < tls->head_len + len)
        capacity *= 2;
    if (capacity != guest->head_capacity) {
        unsigned char *larger = realloc(tls->head, capacity);
        if (larger == NULL)
            return ERR_NO_MEMORY;
        tls->head = larger;
        guest->head_capacity = capacity;
    }
    memcpy(tls->head + tls->head_len, bytes, len);
    tls->head_len += len;
    return OK;
}

/* Reads a record at a time, whole, so that nothing of it stays behind unseen in OpenSSL. */
static enum guest_state read_head(struct guest *guest, unsigned char *scratch, size_t max_head)
{
    enum guest_state state;
    do {
        size_t len = 0;
        ERR_clear_error();
        int rc = SSL_read_ex(guest->tls.ssl, scratch, max_head - guest->tls.head_len, &len);
        if (rc != 1)
            return after_failure(guest, rc);
        if (keep(guest, scratch, len) != OK)
            return GUEST_GONE;
        state = judge(guest, guest->tls.head, guest->tls.head_len, max_head);
    } while (state == GUEST_WAITS);
    return state;
}

static enum guest_state examine_tls(struct guest *guest, unsigned char *scratch, size_t max_head)
{
    enum guest_state state = GUEST_READY;
    if (guest->tls.ssl == NULL)
        state = begin_tls(guest, max_head);
    else
        tls_stream_begin_turn(guest->tls.ssl);
    if (state == GUEST_READY && !guest->shaken)
        state = shake_hands(guest);
    if (state == GUEST_READY)
        state = read_head(guest, scratch, max_head);
    return state;
}

/* Looks whether a PROXY header comes first; nothing of it is taken yet. */
static enum guest_state look_for_header(struct guest *guest)
{
    unsigned char first[PROXY_SIGNATURE_LEN];
    ssize_t len = recv(guest->socket, first, sizeof first, MSG_PEEK | MSG_DONTWAIT);
    if (len <= 0)
        return len < 0 && would_block(errno) ? GUEST_WAITS : GUEST_GONE;
    enum proxy_signature signature = proxy_signature_of(first, (size_t)len);
    if (signature == PROXY_SIGNATURE_PARTLY) /* Peeking does not show an end behind bytes. */
        return guest->ended ? GUEST_GONE : GUEST_WAITS;
    guest->has_old_header = signature == PROXY_SIGNATURE_TEXT;
    guest->preface = signature == PROXY_SIGNATURE_BINARY ? PREFACE_BEGUN : PREFACE_NONE;
    return GUEST_READY;
}

static enum guest_state refuse_header(const struct guest *guest, const char *fault)
{
    struct address proxy;
    char text[ADDRESS_TEXT_MAX];
    address_from_sockaddr(&proxy, (const struct sockaddr *)&guest->peer);
    address_text(&proxy, text);
    log_debug("front", "connection of the proxy %s closed: its PROXY header %s", text, fault);
    return GUEST_REFUSED;
}

/* Takes the header and no byte of what follows. */
static enum guest_state take_header(struct guest *guest)
{
    unsigned char part[HEADER_PART];
    const char *fault = NULL;
    size_t missing;
    while (fault == NULL && (missing = proxy_header_missing(&guest->header)) > 0) {
        size_t most = missing < sizeof part ? missing : sizeof part;
        ssize_t len = recv(guest->socket, part, most, MSG_DONTWAIT);
        if (len < 0 && would_block(errno))
            return GUEST_WAITS;
        fault = len <= 0 ? "ends too early" : proxy_header_add(&guest->header, part, (size_t)len);
    }
    if (fault != NULL)
        return refuse_header(guest, fault);
    guest->preface = PREFACE_NONE;
    return GUEST_READY;
}

static void use_header(struct guest *guest)
{
    struct address address;
    guest->is_announced = proxy_header_address(&guest->header, &address);
    if (guest->is_announced)
        guest->peer_len = address_to_sockaddr(&address, &guest->peer);
}

enum guest_state guest_examine_preface(struct guest *guest)
{
    enum guest_state state = GUEST_READY;
    if (guest->preface == PREFACE_POSSIBLE)
        state = look_for_header(guest);
    if (state != GUEST_READY || guest->preface == PREFACE_NONE)
        return state;
    state = take_header(guest);
    if (state == GUEST_READY)
        use_header(guest);
    return state;
}

enum guest_state guest_examine(struct guest *guest, unsigned char *scratch, size_t max_head)
{
    enum guest_state state = guest_examine_preface(guest);
    if (state != GUEST_READY)
        return state;
    return guest->context == NULL ? examine_plain(guest, scratch, max_head)
                                  : examine_tls(guest, scratch, max_head);
}

enum tls_fault guest_tls_fault(const struct guest *guest)
{
    return guest->tls.ssl != NULL ? tls_stream_fault(guest->tls.ssl) : TLS_FAULT_NONE;
}

size_t guest_tls_bytes(const struct guest *guest)
{
    if (guest->tls.ssl == NULL)
        return 0;
    return (guest->shaken ? CONNECTION_BYTES : GUEST_HANDSHAKE_BYTES) + guest->head_capacity;
}

void guest_send_timeout(struct guest *guest)
{
    static const char answer[] = "HTTP/1.1 408 Request Timeout\r\n"
                                 "Content-Type: text/plain; charset=utf-8\r\n"
                                 "Content-Length: 36\r\n"
                                 "Cache-Control: no-store\r\n"
                                 "Connection: close\r\n"
                                 "\r\n"
                                 "The request did not arrive in time.\n";
    size_t written;
    if (guest->context == NULL)
        (void)send(guest->socket, answer, sizeof answer - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    else if (guest->shaken)
        (void)SSL_write_ex(guest->tls.ssl, answer, sizeof answer - 1, &written);
}

void guest_send_tls_hint(struct guest *guest)
{
    static const char answer[] = "HTTP/1.1 400 Bad Request\r\n"
                                 "Content-Type: text/plain; charset=utf-8\r\n"
                                 "Content-Length: 61\r\n"
                                 "Cache-Control: no-store\r\n"
                                 "Connection: close\r\n"
                                 "\r\n"
                                 "This port speaks TLS: connect to it with wss:// or https://.\n";
    (void)send(guest->socket, answer, sizeof answer - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void guest_destroy(struct guest *guest)
{
    if (guest->shaken)
        (void)SSL_shutdown(guest->tls.ssl);
    SSL_free(guest->tls.ssl);
    ERR_clear_error();
    if (guest->socket >= 0) {
        (void)shutdown(guest->socket, SHUT_WR);
        /* Closing on unread bytes would reset the connection and take our last words with it. */
        size_t discarded = 0;
        (void)farewell_discard(guest->socket, &discarded);
        close(guest->socket);
    }
    SSL_CTX_free(guest->context);
    free(guest->tls.head);
    free(guest);
}

void guest_queue_clear(struct guest_queue *queue)
{
    struct guest *guest;
    while ((guest = TAILQ_FIRST(queue)) != NULL) {
        TAILQ_REMOVE(queue, guest, queue);
        guest_destroy(guest);
    }
}
