#include "key_set_parts.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

/* libcjose takes numbers, not texts of a fixed length, so leading zero bytes of a coordinate are
 * left out. */
static size_t number_of(const EVP_PKEY *pkey, const char *name, uint8_t *out, size_t size)
{
    BIGNUM *number = NULL;
    size_t len = 0;
    if (EVP_PKEY_get_bn_param(pkey, name, &number) == 1 && (size_t)BN_num_bytes(number) <= size)
        len = (size_t)BN_bn2bin(number, out);
    BN_free(number);
    return len;
}

static bool take_rsa(const EVP_PKEY *pkey, struct key *key)
{
    uint8_t n[RSA_BITS_MAX / 8];
    uint8_t e[RSA_EXPONENT_MAX];
    cjose_err error;
    cjose_jwk_rsa_keyspec spec = {.n = n, .e = e};
    int bits = EVP_PKEY_get_bits(pkey);
    if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX)
        return false;
    spec.nlen = number_of(pkey, OSSL_PKEY_PARAM_RSA_N, n, sizeof n);
    spec.elen = number_of(pkey, OSSL_PKEY_PARAM_RSA_E, e, sizeof e);
    if (spec.nlen == 0 || !key_is_exponent(e, spec.elen))
        return false;
    key->jwk = cjose_jwk_create_RSA_spec(&spec, &error);
    key->algorithms = RSA_ALGORITHMS;
    key->signature_len = ((size_t)bits + 7) / 8;
    return key->jwk != NULL;
}

static bool take_ec(const EVP_PKEY *pkey, struct key *key)
{
    uint8_t x[80];
    uint8_t y[80];
    char curve[64];
    size_t curve_len;
    cjose_err error;
    cjose_jwk_ec_keyspec spec = {.x = x, .y = y};
    if (EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, curve, sizeof curve,
                                       &curve_len) != 1)
        return false;
    if (strcmp(curve, "prime256v1") == 0) {
        spec.crv = CJOSE_JWK_EC_P_256;
        key->algorithms = ALGORITHM_ES256;
    } else if (strcmp(curve, "secp384r1") == 0) {
        spec.crv = CJOSE_JWK_EC_P_384;
        key->algorithms = ALGORITHM_ES384;
    } else if (strcmp(curve, "secp521r1") == 0) {
        spec.crv = CJOSE_JWK_EC_P_521;
        key->algorithms = ALGORITHM_ES512;
    } else {
        return false;
    }
    spec.xlen = number_of(pkey, OSSL_PKEY_PARAM_EC_PUB_X, x, sizeof x);
    spec.ylen = number_of(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, y, sizeof y);
    key->jwk = spec.xlen > 0 && spec.ylen > 0 ? cjose_jwk_create_EC_spec(&spec, &error) : NULL;
    return key->jwk != NULL;
}

static bool take_public_key(EVP_PKEY *pkey, struct key *key)
{
    int type = EVP_PKEY_get_base_id(pkey);
    if (type == EVP_PKEY_RSA)
        return take_rsa(pkey, key);
    if (type == EVP_PKEY_EC)
        return take_ec(pkey, key);
    if (type != EVP_PKEY_ED25519 && type != EVP_PKEY_ED448)
        return false;
    EVP_PKEY_up_ref(pkey);
    key->edwards = pkey;
    key->algorithms = type == EVP_PKEY_ED448 ? ALGORITHM_ED448 : ALGORITHM_ED25519;
    return true;
}

static EVP_PKEY *decode_block(const char *name, const uint8_t *data, long len)
{
    if (strcmp(name, PEM_STRING_PUBLIC) == 0)
        return d2i_PUBKEY(NULL, &data, len);
    if (strcmp(name, PEM_STRING_RSA_PUBLIC) == 0)
        return d2i_PublicKey(EVP_PKEY_RSA, NULL, &data, len);
    if (strcmp(name, PEM_STRING_X509) != 0)
        return NULL;
    X509 *certificate = d2i_X509(NULL, &data, len);
    EVP_PKEY *pkey = certificate != NULL ? X509_get_pubkey(certificate) : NULL;
    X509_free(certificate);
    return pkey;
}

/* Takes one block of PEM. False if no more follow. */
static bool take_block(BIO *input, struct key_set *set, bool *has_private)
{
    char *name = NULL;
    char *header = NULL;
    uint8_t *data = NULL;
    long len = 0;
    if (PEM_read_bio(input, &name, &header, &data, &len) != 1)
        return false;
    EVP_PKEY *pkey = decode_block(name, data, len);
    struct key *key = &set->keys[set->count];
    *has_private |= strstr(name, "PRIVATE KEY") != NULL;
    if (pkey != NULL && take_public_key(pkey, key)) {
        set->count++;
    } else {
        key_deinit(key);
        memset(key, 0, sizeof *key);
        set->skipped++;
    }
    EVP_PKEY_free(pkey);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_clear_free(data, (size_t)len);
    return set->count < KEYS_MAX;
}

struct key_set *key_set_parse_pem(const char *pem, size_t len, char *error)
{
    bool has_private = false;
    struct key_set *set = NULL;
    if (len > KEY_INPUT_MAX) {
        snprintf(error, KEY_ERROR_SIZE, "it is larger than 1 MiB");
        return NULL;
    }
    BIO *input = BIO_new_mem_buf(pem, (int)len);
    set = input != NULL ? key_set_create(KEYS_MAX, error) : NULL;
    while (set != NULL && take_block(input, set, &has_private))
        ;
    BIO_free(input);
    ERR_clear_error();
    if (set != NULL && has_private) {
        snprintf(error, KEY_ERROR_SIZE,
                 "it holds a private key, which has no business on this "
                 "server: openssl pkey -pubout makes the public one");
        key_set_unref(set);
        return NULL;
    }
    return set != NULL ? key_set_finish(set, "the PEM file", error) : NULL;
}
