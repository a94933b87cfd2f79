#include "front/tls_sessions.h"

#include "base/clock.h"
#include "client/certificate.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <stdbool.h>

/* Limits how long the session may be resumed. Runs for resumed connections too, so that no ticket
 * outlives its certificate by way of another ticket. */
static int on_ticket_made(SSL *tls, void *context)
{
    SSL_SESSION *session = SSL_get_session(tls);
    int64_t end = certificate_end(tls);
    (void)context;
    if (end == CERTIFICATE_WITHOUT_END || session == NULL)
        return 1;
    int64_t left = (end - clock_wall()) / NS_PER_S;
    if (left < SSL_SESSION_get_timeout(session))
        SSL_SESSION_set_timeout(session, left > 0 ? (long)left : 0);
    return 1;
}

/* Verifies the certificate of a session that is about to be resumed, with what its listener demands
 * now. A ticket holds no intermediate certificates: if client_ca does not have them either, the
 * client has to do a full handshake. Returns when the chain ends (wall clock, ns), or -1. */
static int64_t verify_certificate(SSL *tls, X509 *certificate)
{
    int64_t end = -1;
    X509_STORE *store = SSL_CTX_get_cert_store(SSL_get_SSL_CTX(tls));
    X509_STORE_CTX *verification = X509_STORE_CTX_new();
    if (verification != NULL && X509_STORE_CTX_init(verification, store, certificate, NULL) == 1 &&
        X509_STORE_CTX_set_default(verification, "ssl_client") == 1 &&
        X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(verification), SSL_get0_param(tls)) == 1 &&
        X509_verify_cert(verification) == 1)
        end = certificate_chain_end(X509_STORE_CTX_get0_chain(verification));
    X509_STORE_CTX_free(verification);
    ERR_clear_error();
    return end;
}

static bool may_resume(SSL *tls, const SSL_SESSION *session)
{
    if (SSL_get_verify_mode(tls) == SSL_VERIFY_NONE)
        return true;
    X509 *certificate = SSL_SESSION_get0_peer((SSL_SESSION *)(uintptr_t)session);
    int64_t end = certificate != NULL ? verify_certificate(tls, certificate) : -1;
    if (end < 0)
        return false;
    certificate_note_end(tls, end);
    return true;
}

static SSL_TICKET_RETURN on_ticket_read(SSL *tls, SSL_SESSION *session, const unsigned char *name,
                                        size_t name_len, SSL_TICKET_STATUS status, void *context)
{
    (void)name;
    (void)name_len;
    (void)context;
    bool is_read = status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW;
    if (!is_read || !may_resume(tls, session))
        return SSL_TICKET_RETURN_IGNORE_RENEW; /* a full handshake, and a new ticket */
    return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

int tls_sessions_prepare(SSL_CTX *context)
{
    return SSL_CTX_set_session_ticket_cb(context, on_ticket_made, on_ticket_read, NULL) == 1
               ? OK
               : ERR_TLS;
}
