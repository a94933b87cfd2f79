#include "issuer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <string.h>

#define TEXT_SIZE 16384

const char *issuer_base64url(const void *data, size_t len)
{
    static char text[TEXT_SIZE];
    assert_true(len * 4 / 3 + 8 < sizeof text);
    EVP_EncodeBlock((unsigned char *)text, data, (int)len);
    text[strcspn(text, "=")] = '\0';
    for (char *at = text; *at != '\0'; at++)
        *at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
    return text;
}

static const char *signed_text(const char *header, const char *payload)
{
    static char text[TEXT_SIZE];
    snprintf(text, sizeof text, "%s.", issuer_base64url(header, strlen(header)));
    strncat(text, issuer_base64url(payload, strlen(payload)), sizeof text - strlen(text) - 1);
    return text;
}

const char *issuer_token(const char *header, const char *payload, const void *signature, size_t len)
{
    static char token[TEXT_SIZE];
    snprintf(token, sizeof token, "%s.", signed_text(header, payload));
    strncat(token, issuer_base64url(signature, len), sizeof token - strlen(token) - 1);
    return token;
}

const char *issuer_hs256(const char *header, const char *payload, const char *secret, size_t len)
{
    uint8_t mac[32];
    const char *text = signed_text(header, payload);
    assert_non_null(
        HMAC(EVP_sha256(), secret, (int)len, (const uint8_t *)text, strlen(text), mac, NULL));
    return issuer_token(header, payload, mac, sizeof mac);
}

/* RFC 7518, section 3.4. */
static size_t ecdsa_raw(EVP_PKEY *pkey, uint8_t *signature, size_t len)
{
    const uint8_t *at = signature;
    int size = (EVP_PKEY_get_bits(pkey) + 7) / 8;
    ECDSA_SIG *parsed = d2i_ECDSA_SIG(NULL, &at, (long)len);
    assert_non_null(parsed);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(parsed), signature, size), size);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(parsed), signature + size, size), size);
    ECDSA_SIG_free(parsed);
    return (size_t)size * 2;
}

const char *issuer_sign(EVP_PKEY *pkey, const EVP_MD *digest, const char *header,
                        const char *payload)
{
    uint8_t signature[1024];
    size_t len = sizeof signature;
    const char *text = signed_text(header, payload);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(context, NULL, digest, NULL, pkey), 1);
    assert_int_equal(EVP_DigestSign(context, signature, &len, (const uint8_t *)text, strlen(text)),
                     1);
    EVP_MD_CTX_free(context);
    if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_EC)
        len = ecdsa_raw(pkey, signature, len);
    return issuer_token(header, payload, signature, len);
}

const char *issuer_pem(EVP_PKEY *pkey)
{
    static char pem[TEXT_SIZE];
    BIO *output = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PUBKEY(output, pkey), 1);
    int len = BIO_read(output, pem, sizeof pem - 1);
    assert_true(len > 0);
    pem[len] = '\0';
    BIO_free(output);
    return pem;
}

static void put_coordinate(EVP_PKEY *pkey, const char *name, size_t size, char *out, size_t room)
{
    uint8_t bytes[80];
    BIGNUM *number = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(pkey, name, &number), 1);
    assert_int_equal(BN_bn2binpad(number, bytes, (int)size), size);
    snprintf(out, room, "%s", issuer_base64url(bytes, size));
    BN_free(number);
}

const char *issuer_ec_jwk(EVP_PKEY *pkey, const char *curve, size_t size)
{
    static char jwk[512];
    char x[128];
    char y[128];
    put_coordinate(pkey, OSSL_PKEY_PARAM_EC_PUB_X, size, x, sizeof x);
    put_coordinate(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, size, y, sizeof y);
    snprintf(jwk, sizeof jwk, "{\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"}", curve, x,
             y);
    return jwk;
}

struct key_set *issuer_keys(const char *jwks)
{
    char error[KEY_ERROR_SIZE];
    struct key_set *set = key_set_parse_jwks(jwks, strlen(jwks), true, error);
    if (set == NULL)
        fail_msg("%s: %s", jwks, error);
    return set;
}

enum jwt_result issuer_verify(const char *token, const struct jwt_rules *rules,
                              const struct key_set *set, int64_t now)
{
    json_t *claims = NULL;
    enum jwt_result result = jwt_verify(token, strlen(token), rules, &set, 1, now, &claims);
    if (result == JWT_OK)
        json_decref(claims);
    return result;
}
