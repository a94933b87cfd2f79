#include "front/pending.h"

#include "base/address.h"
#include "base/log.h"
#include "front/lingering_close.h"
#include "ws/http_status.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAD_CAPACITY_MIN 512 /* bytes; most heads fit */
#define ANSWER_MAX 512        /* bytes */
#define HEADER_PART 512       /* bytes of a PROXY header that are read at a time */

/* Bytes that OpenSSL holds for a connection whose handshake is complete. */
#define CONNECTION_BYTES ((size_t)20 * 1024)

/* What a TLS connection may receive until its head is complete: a handshake with certificates, and
 * a head in records that are not too small. */
#define HANDSHAKE_BYTES (64u * 1024)
#define BYTES_PER_HEAD_BYTE 4u
#define RECORDS_MAX 4096u

static bool would_block(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static enum pending_state state_of_head(struct pending *pending, const unsigned char *head,
                                        size_t len, size_t max_head)
{
    bool ready = len >= max_head || head_is_decided(head, len, &pending->progress);
    return ready ? PENDING_READY : PENDING_INCOMPLETE;
}

static enum pending_state examine_plain(struct pending *pending, unsigned char *scratch,
                                        size_t max_head)
{
    ssize_t len = recv(pending->socket, scratch, max_head, MSG_PEEK | MSG_DONTWAIT);
    if (len < 0)
        return would_block(errno) ? PENDING_INCOMPLETE : PENDING_ENDED;
    pending->peeked += (size_t)len;
    enum pending_state state = state_of_head(pending, scratch, (size_t)len, max_head);
    /* Peeking does not show an end behind bytes. */
    return state == PENDING_INCOMPLETE && (len == 0 || pending->has_ended) ? PENDING_ENDED : state;
}

/* A request begins with the name of a method, and nothing of TLS begins with a letter. */
static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

enum pending_state pending_look_for_tls(struct pending *pending)
{
    char first;
    if (pending->may_begin_tls)
        return PENDING_READY;
    ssize_t len = recv(pending->socket, &first, 1, MSG_PEEK | MSG_DONTWAIT);
    if (len <= 0)
        return len < 0 && would_block(errno) ? PENDING_INCOMPLETE : PENDING_ENDED;
    if (is_letter(first))
        return PENDING_PLAIN_HTTP;
    if (pending->has_ended) /* The peer cannot answer any more. */
        return PENDING_ENDED;
    pending->may_begin_tls = true;
    return PENDING_READY;
}

/* Makes no TLS state, which is large, before the first byte has come. */
static enum pending_state begin_tls(struct pending *pending, size_t max_head)
{
    uint32_t most = HANDSHAKE_BYTES + BYTES_PER_HEAD_BYTE * (uint32_t)max_head;
    enum pending_state state = pending_look_for_tls(pending);
    if (state != PENDING_READY)
        return state;
    pending->tls.ssl = SSL_new(pending->context);
    if (pending->tls.ssl == NULL ||
        tls_stream_attach(pending->tls.ssl, pending->socket, most, RECORDS_MAX) != OK) {
        SSL_free(pending->tls.ssl);
        pending->tls.ssl = NULL;
        return PENDING_ENDED;
    }
    SSL_set_accept_state(pending->tls.ssl);
    return PENDING_READY;
}

static enum pending_state state_after_tls_failure(const struct pending *pending, int rc)
{
    int error = SSL_get_error(pending->tls.ssl, rc);
    ERR_clear_error();
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
        return PENDING_ENDED;
    return tls_stream_is_held(pending->tls.ssl) ? PENDING_TURN_OVER : PENDING_INCOMPLETE;
}

static enum pending_state continue_handshake(struct pending *pending)
{
    ERR_clear_error();
    int rc = SSL_accept(pending->tls.ssl);
    pending->has_handshake = rc == 1;
    if (pending->has_handshake)
        tls_stream_on_handshake(pending->tls.ssl);
    return pending->has_handshake ? PENDING_READY : state_after_tls_failure(pending, rc);
}

static int append_to_head(struct pending *pending, const unsigned char *bytes, size_t len)
{
    struct pending_tls *tls = &pending->tls;
    size_t capacity = pending->head_capacity == 0 ? HEAD_CAPACITY_MIN : pending->head_capacity;
    while (capacity < tls->head_len + len)
        capacity *= 2;
    if (capacity != pending->head_capacity) {
        unsigned char *larger = realloc(tls->head, capacity);
        if (larger == NULL)
            return ERR_NO_MEMORY;
        tls->head = larger;
        pending->head_capacity = capacity;
    }
    memcpy(tls->head + tls->head_len, bytes, len);
    tls->head_len += len;
    return OK;
}

/* Reads a record at a time, whole, so that nothing of it stays behind unseen in OpenSSL. */
static enum pending_state read_tls_head(struct pending *pending, size_t max_head)
{
    unsigned char record[SSL3_RT_MAX_PLAIN_LENGTH];
    enum pending_state state;
    do {
        size_t len = 0;
        size_t left = max_head - pending->tls.head_len;
        ERR_clear_error();
        int rc = SSL_read_ex(pending->tls.ssl, record, left < sizeof record ? left : sizeof record,
                             &len);
        if (rc != 1)
            return state_after_tls_failure(pending, rc);
        if (append_to_head(pending, record, len) != OK)
            return PENDING_ENDED;
        state = state_of_head(pending, pending->tls.head, pending->tls.head_len, max_head);
    } while (state == PENDING_INCOMPLETE);
    return state;
}

static enum pending_state examine_tls(struct pending *pending, size_t max_head)
{
    enum pending_state state = PENDING_READY;
    if (pending->tls.ssl == NULL)
        state = begin_tls(pending, max_head);
    else
        tls_stream_begin_turn(pending->tls.ssl);
    if (state == PENDING_READY && !pending->has_handshake)
        state = continue_handshake(pending);
    if (state == PENDING_READY)
        state = read_tls_head(pending, max_head);
    return state;
}

/* Looks whether a PROXY header comes first, and reads nothing of it yet. */
static enum pending_state look_for_proxy_header(struct pending *pending)
{
    unsigned char first[PROXY_SIGNATURE_LEN];
    ssize_t len = recv(pending->socket, first, sizeof first, MSG_PEEK | MSG_DONTWAIT);
    if (len <= 0)
        return len < 0 && would_block(errno) ? PENDING_INCOMPLETE : PENDING_ENDED;
    enum proxy_signature signature = proxy_signature_of(first, (size_t)len);
    if (signature == PROXY_SIGNATURE_PARTLY) /* Peeking does not show an end behind bytes. */
        return pending->has_ended ? PENDING_ENDED : PENDING_INCOMPLETE;
    pending->has_old_header = signature == PROXY_SIGNATURE_TEXT;
    pending->proxy_header_stage =
        signature == PROXY_SIGNATURE_BINARY ? PROXY_HEADER_BEGUN : PROXY_HEADER_DONE;
    return PENDING_READY;
}

static enum pending_state refuse_proxy_header(const struct pending *pending, const char *fault)
{
    struct address proxy;
    char text[ADDRESS_TEXT_MAX];
    address_from_sockaddr(&proxy, (const struct sockaddr *)&pending->peer);
    address_text(&proxy, text);
    log_debug("front", "connection of the proxy %s closed: its PROXY header %s", text, fault);
    return PENDING_BAD_PROXY_HEADER;
}

/* Reads the header and no byte of what follows. */
static enum pending_state read_proxy_header(struct pending *pending)
{
    unsigned char part[HEADER_PART];
    const char *fault = NULL;
    size_t missing;
    while (fault == NULL && (missing = proxy_header_missing(&pending->header)) > 0) {
        size_t most = missing < sizeof part ? missing : sizeof part;
        ssize_t len = recv(pending->socket, part, most, MSG_DONTWAIT);
        if (len < 0 && would_block(errno))
            return PENDING_INCOMPLETE;
        fault = len <= 0 ? "ends too early" : proxy_header_add(&pending->header, part, (size_t)len);
    }
    if (fault != NULL)
        return refuse_proxy_header(pending, fault);
    pending->proxy_header_stage = PROXY_HEADER_DONE;
    return PENDING_READY;
}

static void use_proxy_header(struct pending *pending)
{
    struct address address;
    pending->is_announced = proxy_header_address(&pending->header, &address);
    if (pending->is_announced)
        pending->peer_len = address_to_sockaddr(&address, &pending->peer);
}

enum pending_state pending_examine_proxy_header(struct pending *pending)
{
    enum pending_state state = PENDING_READY;
    if (pending->proxy_header_stage == PROXY_HEADER_POSSIBLE)
        state = look_for_proxy_header(pending);
    if (state != PENDING_READY || pending->proxy_header_stage == PROXY_HEADER_DONE)
        return state;
    state = read_proxy_header(pending);
    if (state == PENDING_READY)
        use_proxy_header(pending);
    return state;
}

enum pending_state pending_examine(struct pending *pending, unsigned char *scratch, size_t max_head)
{
    enum pending_state state = pending_examine_proxy_header(pending);
    if (state != PENDING_READY)
        return state;
    return pending->context == NULL ? examine_plain(pending, scratch, max_head)
                                    : examine_tls(pending, max_head);
}

enum tls_fault pending_tls_fault(const struct pending *pending)
{
    return pending->tls.ssl != NULL ? tls_stream_fault(pending->tls.ssl) : TLS_FAULT_NONE;
}

size_t pending_tls_bytes(const struct pending *pending)
{
    if (pending->tls.ssl == NULL)
        return 0;
    return (pending->has_handshake ? CONNECTION_BYTES : PENDING_HANDSHAKE_BYTES) +
           pending->head_capacity;
}

void pending_send_timeout(struct pending *pending)
{
    char answer[ANSWER_MAX];
    size_t written;
    size_t len =
        http_refusal(408, "", "The request did not arrive in time.", answer, sizeof answer);
    if (pending->context == NULL)
        (void)send(pending->socket, answer, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    else if (pending->has_handshake)
        (void)SSL_write_ex(pending->tls.ssl, answer, len, &written);
}

void pending_send_tls_hint(struct pending *pending)
{
    char answer[ANSWER_MAX];
    size_t len =
        http_refusal(400, "", "This port speaks TLS: connect to it with wss:// or https://.",
                     answer, sizeof answer);
    (void)send(pending->socket, answer, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void pending_destroy(struct pending *pending)
{
    if (pending->has_handshake)
        (void)SSL_shutdown(pending->tls.ssl);
    SSL_free(pending->tls.ssl);
    ERR_clear_error();
    if (pending->socket >= 0) {
        (void)shutdown(pending->socket, SHUT_WR);
        /* Closing with unread bytes would reset the connection, and our answer might be lost. */
        size_t discarded = 0;
        (void)lingering_close_discard(pending->socket, &discarded);
        close(pending->socket);
    }
    SSL_CTX_free(pending->context);
    free(pending->tls.head);
    free(pending);
}

void pending_queue_clear(struct pending_queue *queue)
{
    struct pending *pending;
    while ((pending = TAILQ_FIRST(queue)) != NULL) {
        TAILQ_REMOVE(queue, pending, link);
        pending_destroy(pending);
    }
}
