/*
 * Feeds tokens to auth's JWT check, with a key for each kind of algorithm. If the first byte is
 * even the rest is a token; if it is odd the rest is a header, a line feed and a payload, which are
 * signed with the shared secret, so that the claims are reached.
 *
 * Besides the sanitizers: what is accepted names an algorithm of a key, and has claims.
 */
#include "../../plugins/auth/base64url.c"
#include "../../plugins/auth/json_text.c"
#include "../../plugins/auth/key_pem.c"
#include "../../plugins/auth/jwt.c"
#include "../../plugins/auth/jwt_claims.c"
#include "../../plugins/auth/key_set.c"

#include <openssl/hmac.h>

#define NOW 1300000000
#define SECRET "a-secret-that-only-the-fuzzer-knows"

static const char keys[] =
    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"ec\","
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"},"
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"},"
    "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_"
    "wWJcyQoTbji9k0l8W26mPd"
    "dxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9"
    "wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZl"
    "xvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FR"
    "WyuXpoQ\"}]}";

static struct key_set *sets[2];

static void encode(char *out, const void *data, size_t len)
{
    EVP_EncodeBlock((unsigned char *)out, data, (int)len);
    out[strcspn(out, "=")] = '\0';
    for (; *out != '\0'; out++)
        *out = *out == '+' ? '-' : *out == '/' ? '_' : *out;
}

/* header LF payload, signed. */
static size_t make_token(const uint8_t *data, size_t size, char *token)
{
    uint8_t mac[32];
    const uint8_t *end = memchr(data, '\n', size);
    size_t header = end != NULL ? (size_t)(end - data) : size;
    encode(token, data, header);
    strcat(token, ".");
    encode(token + strlen(token), data + header + (end != NULL), size - header - (end != NULL));
    HMAC(EVP_sha256(), SECRET, sizeof SECRET - 1, (const uint8_t *)token, strlen(token), mac, NULL);
    strcat(token, ".");
    encode(token + strlen(token), mac, sizeof mac);
    return strlen(token);
}

static void check(const char *token, size_t len)
{
    static const char *const names[] = {"sluice"};
    static const struct claim_rule rule = {"a.b", "c"};
    json_t *claims = NULL;
    for (unsigned i = 0; i < 4; i++) {
        const struct jwt_rules rules = {.algorithms = ALGORITHMS_HS | ALGORITHMS_PUBLIC,
                                        .issuers = {names, i == 1},
                                        .audiences = {names, i == 1},
                                        .scopes = {names, i == 2},
                                        .claims = &rule,
                                        .claim_count = i == 3,
                                        .leeway = i};
        if (jwt_verify(token, len, &rules, (const struct key_set *const *)sets, 2, NOW, &claims) !=
            JWT_OK)
            continue;
        int64_t expiry = jwt_expiry(claims);
        if (!json_is_object(claims) || expiry < 0 ||
            (expiry == 0) != (json_object_get(claims, "exp") == NULL))
            abort();
        (void)jwt_claim(claims, "org.id");
        json_decref(claims);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char error[KEY_ERROR_SIZE];
    char token[2 * JWT_MAX + 256];
    if (sets[0] == NULL) {
        sets[0] = key_set_from_secret(SECRET, sizeof SECRET - 1, error);
        sets[1] = key_set_parse_jwks(keys, sizeof keys - 1, false, error);
    }
    if (sets[0] == NULL || sets[1] == NULL)
        abort();
    if (size < 1 || size > JWT_MAX)
        return 0;
    size_t len = size - 1;
    if (data[0] & 1)
        len = make_token(data + 1, size - 1, token);
    else
        memcpy(token, data + 1, len);
    (void)jwt_is_one(token, len);
    check(token, len);
    return 0;
}
