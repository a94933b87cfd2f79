#include "client/certificate.h"

#include "base/clock.h"
#include "delivery/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <time.h>

X509 *certificate_of_peer(const SSL *tls)
{
    if (tls == NULL || SSL_get_verify_result(tls) != X509_V_OK)
        return NULL;
    X509 *certificate = SSL_get1_peer_certificate(tls);
    ERR_clear_error(); /* The next SSL_get_error would read what is left there. */
    return certificate;
}

/* -- until when it is valid -- */

int64_t certificate_not_after(const X509 *certificate)
{
    struct tm broken_down;
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &broken_down) != 1)
        return 0;
    int64_t seconds = timegm(&broken_down);
    return seconds < INT64_MAX / NS_PER_S ? seconds * NS_PER_S : CERTIFICATE_WITHOUT_END;
}

int64_t certificate_chain_end(const STACK_OF(X509) * chain)
{
    int64_t first = CERTIFICATE_WITHOUT_END;
    for (int i = 0; i < sk_X509_num(chain); i++) {
        int64_t end = certificate_not_after(sk_X509_value(chain, i));
        if (end < first)
            first = end;
    }
    return first;
}

int64_t certificate_end(const SSL *tls)
{
    int64_t noted = tls_stream_certificate_end(tls);
    if (noted != 0)
        return noted;
    const STACK_OF(X509) *chain = SSL_get0_verified_chain(tls);
    bool is_verified = chain != NULL && SSL_get_verify_result(tls) == X509_V_OK;
    return is_verified ? certificate_chain_end(chain) : CERTIFICATE_WITHOUT_END;
}

void certificate_note_end(SSL *tls, int64_t end)
{
    tls_stream_note_certificate_end(tls, end);
}
