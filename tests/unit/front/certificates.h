/*
 * Certificates made for one test, and TLS contexts with them.
 */
#ifndef SLUICE_TESTS_FRONT_CERTIFICATES_H
#define SLUICE_TESTS_FRONT_CERTIFICATES_H

#include "unit.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <unistd.h>

#define HOUR 3600L /* seconds */

struct test_certificate {
    X509 *certificate;
    EVP_PKEY *key;
};

static inline void add_extension(X509 *certificate, int kind, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, kind, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

/* Makes a certificate that is valid from `begin` to `end`, in seconds from now. `issuer` signs it;
 * NULL: it signs itself, and may sign others. */
static inline struct test_certificate make_certificate(const char *name, long begin, long end,
                                                       const struct test_certificate *issuer)
{
    static uint64_t serial = 1;
    struct test_certificate made = {X509_new(), EVP_EC_gen("P-256")};
    assert_non_null(made.certificate);
    assert_non_null(made.key);
    assert_int_equal(X509_set_version(made.certificate, X509_VERSION_3), 1);
    assert_int_equal(ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.certificate), serial++), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(made.certificate), begin));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(made.certificate), end));
    assert_int_equal(X509_NAME_add_entry_by_txt(X509_get_subject_name(made.certificate), "CN",
                                                MBSTRING_UTF8, (const unsigned char *)name, -1, -1,
                                                0),
                     1);
    assert_int_equal(X509_set_pubkey(made.certificate, made.key), 1);
    if (issuer == NULL)
        add_extension(made.certificate, NID_basic_constraints, "critical,CA:TRUE");
    const struct test_certificate *signer = issuer != NULL ? issuer : &made;
    assert_int_equal(
        X509_set_issuer_name(made.certificate, X509_get_subject_name(signer->certificate)), 1);
    assert_true(X509_sign(made.certificate, signer->key, EVP_sha256()) > 0);
    return made;
}

static inline void free_certificate(struct test_certificate *made)
{
    X509_free(made->certificate);
    EVP_PKEY_free(made->key);
}

/* A context that uses the certificate; the caller frees it. */
static inline SSL_CTX *context_with(const SSL_METHOD *method, const struct test_certificate *made)
{
    SSL_CTX *context = SSL_CTX_new(method);
    assert_non_null(context);
    if (made != NULL) {
        assert_int_equal(SSL_CTX_use_certificate(context, made->certificate), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey(context, made->key), 1);
    }
    return context;
}

#endif
