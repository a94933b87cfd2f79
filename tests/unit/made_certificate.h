/*
 * Certificates made by tests.
 */
#ifndef SLUICE_TESTS_MADE_CERTIFICATE_H
#define SLUICE_TESTS_MADE_CERTIFICATE_H

#include "unit.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>

/* A certificate is never used here, so it is signed by its own key and valid at no time. */
struct made {
    X509 *certificate;
    EVP_PKEY *key;
};

/* Signs, so that what is read comes out of the encoded form, as that of a client does. */
static inline void finish_certificate(struct made *made, GENERAL_NAMES *names)
{
    X509 *certificate = made->certificate;
    unsigned char *bytes = NULL;
    if (names != NULL)
        assert_int_equal(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0), 1);
    GENERAL_NAMES_free(names);
    assert_int_equal(X509_set_issuer_name(certificate, X509_get_subject_name(certificate)), 1);
    assert_true(X509_sign(certificate, made->key, EVP_sha256()) > 0);
    int len = i2d_X509(certificate, &bytes);
    assert_true(len > 0);
    const unsigned char *at = bytes;
    X509 *decoded = d2i_X509(NULL, &at, len);
    assert_non_null(decoded);
    OPENSSL_free(bytes);
    X509_free(certificate);
    made->certificate = decoded;
}

static inline struct made make_certificate(void)
{
    struct made made = {X509_new(), EVP_EC_gen("P-256")};
    assert_non_null(made.certificate);
    assert_non_null(made.key);
    assert_int_equal(X509_set_version(made.certificate, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.certificate), 0x1afe), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(made.certificate), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(made.certificate), 0));
    assert_int_equal(X509_set_pubkey(made.certificate, made.key), 1);
    return made;
}

static inline void release_certificate(struct made *made)
{
    X509_free(made->certificate);
    EVP_PKEY_free(made->key);
}

#endif
