#include "credentials.h"

#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TOKENS 1000
#define SECRET "a secret of the benchmark, long enough to be one"
#define SIGNATURE_MAX 512
#define HALF 32 /* bytes of each number of an ES256 signature */

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "plugin_cost: %s\n", what);
    exit(1);
}

static FILE *create_file(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *file = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    if (file == NULL)
        give_up("a file in the temporary folder cannot be written");
    return file;
}

static void close_file(FILE *file)
{
    if (fclose(file) != 0)
        give_up("a file in the temporary folder cannot be written");
}

void write_private_file(const char *folder, const char *name, const char *text)
{
    FILE *file = create_file(folder, name);
    fputs(text, file);
    close_file(file);
}

__attribute__((format(printf, 1, 2))) static char *format(const char *how, ...)
{
    char *text;
    va_list arguments;
    va_start(arguments, how);
    int len = vasprintf(&text, how, arguments);
    va_end(arguments);
    if (len < 0)
        give_up("there is no memory");
    return text;
}

/* base64url without padding (RFC 7515, section 2), owned. */
static char *base64url(const void *data, size_t len)
{
    char *text = malloc(4 * ((len + 2) / 3) + 1);
    if (text == NULL)
        give_up("there is no memory");
    EVP_EncodeBlock((unsigned char *)text, data, (int)len);
    text[strcspn(text, "=")] = '\0';
    for (char *at = text; *at != '\0'; at++)
        *at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
    return text;
}

/* -- JSON Web Tokens -- */

/* As JWS has it (RFC 7518, section 3.4): two numbers of a fixed length. */
static size_t flatten(unsigned char *signature, size_t len)
{
    const unsigned char *at = signature;
    ECDSA_SIG *numbers = d2i_ECDSA_SIG(NULL, &at, (long)len);
    if (numbers == NULL || BN_bn2binpad(ECDSA_SIG_get0_r(numbers), signature, HALF) != HALF ||
        BN_bn2binpad(ECDSA_SIG_get0_s(numbers), signature + HALF, HALF) != HALF)
        give_up("an ES256 signature cannot be written");
    ECDSA_SIG_free(numbers);
    return 2 * HALF;
}

static size_t sign(EVP_PKEY *key, const char *text, unsigned char signature[SIGNATURE_MAX])
{
    size_t len = SIGNATURE_MAX;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const EVP_MD *digest = EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256();
    if (context == NULL || EVP_DigestSignInit(context, NULL, digest, NULL, key) != 1 ||
        EVP_DigestSign(context, signature, &len, (const unsigned char *)text, strlen(text)) != 1)
        give_up("a token cannot be signed");
    EVP_MD_CTX_free(context);
    return EVP_PKEY_is_a(key, "EC") ? flatten(signature, len) : len;
}

static size_t sign_with_secret(const char *text, unsigned char signature[SIGNATURE_MAX])
{
    unsigned len = 0;
    if (HMAC(EVP_sha256(), SECRET, (int)strlen(SECRET), (const unsigned char *)text, strlen(text),
             signature, &len) == NULL)
        give_up("a token cannot be signed");
    return len;
}

/* An Authorization header with a JWT that is good for an hour; `key` NULL: of the secret. */
static char *jwt(const char *algorithm, EVP_PKEY *key)
{
    unsigned char signature[SIGNATURE_MAX];
    char *header = format("{\"alg\":\"%s\",\"typ\":\"JWT\"}", algorithm);
    char *claims = format("{\"iss\":\"https://login.example.com/\",\"aud\":\"chat\","
                          "\"sub\":\"user-4711\",\"tenant\":\"blue\",\"exp\":%lld}",
                          (long long)time(NULL) + 3600);
    char *first = base64url(header, strlen(header));
    char *second = base64url(claims, strlen(claims));
    char *text = format("%s.%s", first, second);
    size_t len = key != NULL ? sign(key, text, signature) : sign_with_secret(text, signature);
    char *third = base64url(signature, len);
    char *result = format("Bearer %s.%s", text, third);
    char *pieces[] = {header, claims, first, second, text, third};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        free(pieces[i]);
    return result;
}

static char *jwt_of_new_key(const char *folder, const char *file_name, const char *algorithm,
                            EVP_PKEY *key)
{
    if (key == NULL)
        give_up("a key cannot be made");
    FILE *file = create_file(folder, file_name);
    if (PEM_write_PUBKEY(file, key) != 1)
        give_up("a key cannot be written");
    close_file(file);
    char *result = jwt(algorithm, key);
    EVP_PKEY_free(key);
    return result;
}

/* -- the others -- */

static char *token(const char *folder)
{
    FILE *file = create_file(folder, "tokens");
    for (int i = 1; i <= TOKENS; i++)
        fprintf(file, "user-%d token-of-the-benchmark-%08d\n", i, i);
    close_file(file);
    return format("Bearer token-of-the-benchmark-%08d", TOKENS);
}

static char *ticket(void)
{
    unsigned char signature[SIGNATURE_MAX];
    char *identity = base64url("user-4711", 9);
    long long expiry = (long long)time(NULL) + 3600;
    char *text = format("t1\n/ws\n%s\n%lld", identity, expiry);
    char *last = base64url(signature, sign_with_secret(text, signature));
    char *result = format("Bearer t1.%s.%lld.%s", identity, expiry, last);
    free(identity);
    free(text);
    free(last);
    return result;
}

void credentials_make(const char *folder, char *headers[CREDENTIALS])
{
    write_private_file(folder, "secret", SECRET);
    headers[CREDENTIAL_NONE] = NULL;
    headers[CREDENTIAL_TOKEN] = token(folder);
    headers[CREDENTIAL_TICKET] = ticket();
    headers[CREDENTIAL_HS256] = jwt("HS256", NULL);
    headers[CREDENTIAL_RS256] = jwt_of_new_key(folder, "rs256.pem", "RS256", EVP_RSA_gen(2048));
    headers[CREDENTIAL_ES256] = jwt_of_new_key(folder, "es256.pem", "ES256", EVP_EC_gen("P-256"));
    headers[CREDENTIAL_EDDSA] =
        jwt_of_new_key(folder, "eddsa.pem", "EdDSA", EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
}
