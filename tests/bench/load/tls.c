#include "tls.h"

#include <errno.h>
#include <openssl/err.h>

SSL_CTX *tls_context_create(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (!context)
        return NULL;
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(context, 1); /* one recv for many records */
    SSL_CTX_set_quiet_shutdown(context, 1);
    return context;
}

SSL *tls_begin(SSL_CTX *context, int socket, SSL_SESSION *session)
{
    SSL *tls = SSL_new(context);
    if (!tls)
        return NULL;
    if (SSL_set_fd(tls, socket) != 1 || (session && SSL_set_session(tls, session) != 1)) {
        SSL_free(tls);
        return NULL;
    }
    SSL_set_connect_state(tls);
    return tls;
}

/* What a call that returned `result` means in the words of send and recv. */
static ssize_t result_of(const SSL *tls, int result)
{
    if (result > 0)
        return result;
    int error = SSL_get_error(tls, result);
    if (error == SSL_ERROR_ZERO_RETURN)
        return 0;
    errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? EAGAIN : EPROTO;
    return -1;
}

ssize_t tls_send(SSL *tls, const void *data, size_t len)
{
    ERR_clear_error();
    return result_of(tls, SSL_write(tls, data, (int)len));
}

ssize_t tls_receive(SSL *tls, void *data, size_t len)
{
    ERR_clear_error();
    return result_of(tls, SSL_read(tls, data, (int)len));
}

SSL_SESSION *tls_end(SSL *tls)
{
    if (!tls)
        return NULL;
    SSL_SESSION *session = SSL_get1_session(tls);
    if (session && !SSL_SESSION_is_resumable(session)) {
        SSL_SESSION_free(session);
        session = NULL;
    }
    SSL_shutdown(tls); /* quiet; without it OpenSSL would not resume the session */
    SSL_free(tls);
    return session;
}
