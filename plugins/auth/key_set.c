#include "key_set_parts.h"

#include "base64url.h"
#include "json_text.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMBER_MAX 2048 /* bytes of a number or secret of a JWK */

static const struct {
    const char *name;
    enum algorithm algorithm;
} algorithm_names[] = {
    {"HS256", ALGORITHM_HS256}, {"HS384", ALGORITHM_HS384},     {"HS512", ALGORITHM_HS512},
    {"RS256", ALGORITHM_RS256}, {"RS384", ALGORITHM_RS384},     {"RS512", ALGORITHM_RS512},
    {"PS256", ALGORITHM_PS256}, {"PS384", ALGORITHM_PS384},     {"PS512", ALGORITHM_PS512},
    {"ES256", ALGORITHM_ES256}, {"ES384", ALGORITHM_ES384},     {"ES512", ALGORITHM_ES512},
    {"EdDSA", ALGORITHM_EDDSA}, {"Ed25519", ALGORITHM_ED25519}, {"Ed448", ALGORITHM_ED448},
};

unsigned algorithm_find(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof algorithm_names / sizeof *algorithm_names; i++)
        if (strlen(algorithm_names[i].name) == len &&
            memcmp(algorithm_names[i].name, name, len) == 0)
            return algorithm_names[i].algorithm;
    return 0;
}

/* -- sets -- */

struct key_set *key_set_create(size_t capacity, char *error)
{
    struct key_set *set = calloc(1, sizeof *set + capacity * sizeof(struct key));
    if (set == NULL)
        snprintf(error, KEY_ERROR_SIZE, "there is no memory for the keys");
    else
        atomic_init(&set->references, 1);
    return set;
}

void key_deinit(struct key *key)
{
    if (key->jwk != NULL)
        cjose_jwk_release(key->jwk);
    EVP_PKEY_free(key->edwards);
}

struct key_set *key_set_ref(struct key_set *set)
{
    atomic_fetch_add(&set->references, 1);
    return set;
}

void key_set_unref(struct key_set *set)
{
    if (set == NULL || atomic_fetch_sub(&set->references, 1) != 1)
        return;
    for (size_t i = 0; i < set->count; i++)
        key_deinit(&set->keys[i]);
    free(set);
}

struct key_set *key_set_finish(struct key_set *set, const char *what, char *error)
{
    if (set->count > 0)
        return set;
    snprintf(error, KEY_ERROR_SIZE, "there is no usable key in %s (%zu entries are of no use here)",
             what, set->skipped);
    key_set_unref(set);
    return NULL;
}

/* -- JWK (RFC 7517) -- */

struct text {
    const char *data;
    size_t len;
};

static struct text text_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return (struct text){json_string_value(value),
                         json_is_string(value) ? json_string_length(value) : 0};
}

static bool text_is(struct text text, const char *expected)
{
    return text.len == strlen(expected) && memcmp(text.data, expected, text.len) == 0;
}

bool key_is_exponent(const uint8_t *bytes, size_t len)
{
    while (len > 0 && bytes[0] == 0) {
        bytes++;
        len--;
    }
    return len > 0 && (bytes[len - 1] & 1) != 0 && !(len == 1 && bytes[0] == 1);
}

static bool is_exponent_text(struct text text)
{
    uint8_t bytes[RSA_EXPONENT_MAX];
    size_t len;
    return text.len > 0 &&
           base64_decode(BASE64_URL, text.data, text.len, bytes, sizeof bytes, &len) &&
           key_is_exponent(bytes, len);
}

static bool make_print(struct key *key, const void *data, size_t len)
{
    return EVP_Digest(data, len, key->print, NULL, EVP_sha256(), NULL) == 1;
}

static unsigned curve_algorithm(struct text curve)
{
    return text_is(curve, "P-256")   ? ALGORITHM_ES256
           : text_is(curve, "P-384") ? ALGORITHM_ES384
           : text_is(curve, "P-521") ? ALGORITHM_ES512
                                     : 0;
}

static unsigned hmac_algorithms(size_t bytes)
{
    return bytes >= 64   ? ALGORITHM_HS256 | ALGORITHM_HS384 | ALGORITHM_HS512
           : bytes >= 48 ? ALGORITHM_HS256 | ALGORITHM_HS384
           : bytes >= 32 ? ALGORITHM_HS256
                         : 0;
}

/* RFC 8037, section 2. */
static bool import_edwards(const json_t *entry, struct key *key)
{
    uint8_t x[64];
    size_t len;
    struct text curve = text_of(entry, "crv");
    struct text text = text_of(entry, "x");
    int type = text_is(curve, "Ed25519") ? EVP_PKEY_ED25519
               : text_is(curve, "Ed448") ? EVP_PKEY_ED448
                                         : EVP_PKEY_NONE;
    if (type == EVP_PKEY_NONE || text.len == 0 ||
        !base64_decode(BASE64_URL, text.data, text.len, x, sizeof x, &len))
        return false;
    key->edwards = EVP_PKEY_new_raw_public_key(type, NULL, x, len);
    key->algorithms = type == EVP_PKEY_ED448 ? ALGORITHM_ED448 : ALGORITHM_ED25519;
    return key->edwards != NULL && make_print(key, x, len);
}

/* libcjose aborts the process (an assertion) on malformed base64. */
static bool is_base64(const json_t *entry, const char *member)
{
    uint8_t bytes[MEMBER_MAX];
    size_t len;
    struct text text = text_of(entry, member);
    return text.len > 0 &&
           base64_decode(BASE64_URL, text.data, text.len, bytes, sizeof bytes, &len);
}

static bool are_numbers(const json_t *entry, const char *const *members)
{
    for (; *members != NULL; members++)
        if (strcmp(*members, "kty") != 0 && strcmp(*members, "crv") != 0 &&
            !is_base64(entry, *members))
            return false;
    return true;
}

/* Through libcjose, with these members and no others. */
static bool import_members(const json_t *entry, const char *const *members, struct key *key)
{
    cjose_err error;
    if (!are_numbers(entry, members))
        return false;
    json_t *copy = json_object();
    for (; *members != NULL; members++)
        if (json_object_set(copy, *members, json_object_get(entry, *members)) != 0)
            break;
    char *text = *members == NULL ? json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (text != NULL && make_print(key, text, strlen(text)))
        key->jwk = cjose_jwk_import(text, strlen(text), &error);
    if (text != NULL)
        OPENSSL_cleanse(text, strlen(text));
    free(text);
    json_decref(copy);
    return key->jwk != NULL;
}

static bool import_rsa(const json_t *entry, struct key *key)
{
    static const char *const members[] = {"kty", "n", "e", NULL};
    cjose_err error;
    if (!is_exponent_text(text_of(entry, "e")) || !import_members(entry, members, key))
        return false;
    size_t bits = cjose_jwk_get_keysize(key->jwk, &error);
    key->algorithms = RSA_ALGORITHMS;
    key->signature_len = (bits + 7) / 8;
    return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX;
}

static bool import_ec(const json_t *entry, struct key *key)
{
    static const char *const members[] = {"kty", "crv", "x", "y", NULL};
    key->algorithms = curve_algorithm(text_of(entry, "crv"));
    return key->algorithms != 0 && import_members(entry, members, key);
}

static bool import_secret(const json_t *entry, struct key *key)
{
    static const char *const members[] = {"kty", "k", NULL};
    cjose_err error;
    if (import_members(entry, members, key))
        key->algorithms = hmac_algorithms(cjose_jwk_get_keysize(key->jwk, &error) / 8);
    return key->algorithms != 0;
}

/* RFC 7517, sections 4.2 to 4.4: the uses that the key allows. */
static bool is_for_verifying(const json_t *entry)
{
    const json_t *use = json_object_get(entry, "use");
    const json_t *operations = json_object_get(entry, "key_ops");
    size_t index;
    const json_t *operation;
    if (use != NULL && !text_is(text_of(entry, "use"), "sig"))
        return false;
    if (operations == NULL)
        return true;
    json_array_foreach(operations, index, operation)
    {
        if (json_is_string(operation) && strcmp(json_string_value(operation), "verify") == 0)
            return true;
    }
    return false;
}

static bool restrict_algorithms(const json_t *entry, struct key *key)
{
    struct text name = text_of(entry, "alg");
    if (json_object_get(entry, "alg") == NULL)
        return true;
    key->algorithms &= name.len > 0 ? algorithm_find(name.data, name.len) : 0;
    return key->algorithms != 0;
}

static bool import_by_type(const json_t *entry, bool takes_secrets, struct key *key)
{
    struct text type = text_of(entry, "kty");
    if (json_object_get(entry, "d") != NULL) /* RFC 7518, section 6: it is a private key. */
        return false;
    if (text_is(type, "RSA"))
        return import_rsa(entry, key);
    if (text_is(type, "EC"))
        return import_ec(entry, key);
    if (text_is(type, "oct"))
        return takes_secrets && import_secret(entry, key);
    return text_is(type, "OKP") && import_edwards(entry, key);
}

/* A key without an id fits any token. A key whose id is not a text, or is too long, fits none. */
static bool has_fitting_id(const json_t *entry)
{
    const json_t *id = json_object_get(entry, "kid");
    return id == NULL || (json_is_string(id) && json_string_length(id) <= KEY_ID_MAX);
}

static void import_entry(struct key_set *set, const json_t *entry, bool takes_secrets)
{
    struct key *key = &set->keys[set->count];
    struct text id = text_of(entry, "kid");
    if (json_is_object(entry) && has_fitting_id(entry) && is_for_verifying(entry) &&
        import_by_type(entry, takes_secrets, key) && restrict_algorithms(entry, key)) {
        if (id.len > 0)
            memcpy(key->id, id.data, id.len);
        set->count++;
        return;
    }
    key_deinit(key);
    memset(key, 0, sizeof *key);
    set->skipped++;
}

struct key_set *key_set_parse_jwks(const char *json, size_t len, bool takes_secrets, char *error)
{
    json_error_t where;
    struct key_set *set = NULL;
    if (len > KEY_INPUT_MAX) {
        snprintf(error, KEY_ERROR_SIZE, "the JWKS is larger than 1 MiB");
        return NULL;
    }
    json_t *document = json_read(json, len, &where);
    json_t *keys = json_object_get(document, "keys");
    if (document == NULL)
        snprintf(error, KEY_ERROR_SIZE, "the JWKS is not JSON: line %d, column %d: %s", where.line,
                 where.column, where.text);
    else if (!json_is_array(keys) && json_object_get(document, "kty") == NULL)
        snprintf(error, KEY_ERROR_SIZE, "the JWKS has no array \"keys\"");
    else
        set = key_set_create(keys != NULL ? KEYS_MAX : 1, error);
    if (set != NULL && keys == NULL)
        import_entry(set, document, takes_secrets);
    for (size_t i = 0; set != NULL && i < json_array_size(keys) && i < KEYS_MAX; i++)
        import_entry(set, json_array_get(keys, i), takes_secrets);
    if (set != NULL && json_array_size(keys) > KEYS_MAX)
        set->surplus = json_array_size(keys) - KEYS_MAX;
    json_decref(document);
    ERR_clear_error();
    return set != NULL ? key_set_finish(set, "the JWKS", error) : NULL;
}

static bool set_holds_key(const struct key_set *set, const struct key *key)
{
    for (size_t i = 0; i < set->count; i++)
        if (strcmp(set->keys[i].id, key->id) == 0 &&
            memcmp(set->keys[i].print, key->print, KEY_PRINT_SIZE) == 0)
            return true;
    return false;
}

bool key_set_contains(const struct key_set *whole, const struct key_set *part)
{
    for (size_t i = 0; i < part->count; i++)
        if (!set_holds_key(whole, &part->keys[i]))
            return false;
    return true;
}

/* -- a shared secret -- */

struct key_set *key_set_from_secret(const char *secret, size_t len, char *error)
{
    cjose_err why;
    static const char pem[] = "-----BEGIN ";
    if (len >= sizeof pem - 1 && memcmp(secret, pem, sizeof pem - 1) == 0) {
        snprintf(error, KEY_ERROR_SIZE,
                 "it is a key or certificate in PEM, which everybody may know, and no secret: "
                 "jwt_key_file is for those");
        return NULL;
    }
    if (hmac_algorithms(len) == 0) {
        snprintf(error, KEY_ERROR_SIZE,
                 "the secret has fewer than 32 bytes and can be guessed; "
                 "make one with: openssl rand -hex 32");
        return NULL;
    }
    struct key_set *set = key_set_create(1, error);
    if (set == NULL)
        return NULL;
    set->keys[0].jwk = cjose_jwk_create_oct_spec((const uint8_t *)secret, len, &why);
    set->keys[0].algorithms = hmac_algorithms(len);
    set->count = set->keys[0].jwk != NULL ? 1 : 0;
    return key_set_finish(set, "the secret", error);
}
