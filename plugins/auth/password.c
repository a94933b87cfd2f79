#include "password.h"

#include "base64url.h"

#include <argon2.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define SALT_MAX 64
#define HASH_MAX 64
#define HASH_MIN 16
#define LN_MAX 20
#define ITERATIONS_MAX 16

struct scrypt {
    unsigned ln; /* log2 of N */
    unsigned r;
    unsigned p;
    uint8_t salt[SALT_MAX];
    size_t salt_len;
    uint8_t hash[HASH_MAX];
    size_t hash_len;
};

static bool starts_with(const char *text, size_t len, const char *prefix)
{
    return len >= strlen(prefix) && memcmp(text, prefix, strlen(prefix)) == 0;
}

bool password_is_hash(const char *text, size_t len)
{
    return starts_with(text, len, "$argon2") || starts_with(text, len, "$scrypt$");
}

static bool argon2_type_of(const char *hash, argon2_type *type)
{
    if (starts_with(hash, strlen(hash), "$argon2id$"))
        *type = Argon2_id;
    else if (starts_with(hash, strlen(hash), "$argon2i$"))
        *type = Argon2_i;
    else if (starts_with(hash, strlen(hash), "$argon2d$"))
        *type = Argon2_d;
    else
        return false;
    return true;
}

static bool decode_field(const char **at, char end, uint8_t *out, size_t size, size_t *len)
{
    size_t text = strcspn(*at, "$");
    if ((*at)[text] != end || !base64_decode(BASE64_STANDARD, *at, text, out, size, len))
        return false;
    *at += text + (end == '$' ? 1 : 0);
    return true;
}

/* Whether libargon2 can decode the hash (RFC 9106, section 3.1): numbers as it writes them, and
 * base64 of usual lengths. Asking libargon2 itself would cost a verification for each line of the
 * list. */
static bool argon2_parse(const char *hash, unsigned *memory, unsigned *iterations, unsigned *lanes)
{
    char prefix[128];
    unsigned version;
    uint8_t bytes[HASH_MAX];
    size_t salt_len, hash_len;
    const char *at = strchr(hash + 1, '$');
    if (sscanf(at, "$v=%9u$m=%9u,t=%9u,p=%9u$", &version, memory, iterations, lanes) != 4 ||
        (version != ARGON2_VERSION_10 && version != ARGON2_VERSION_13))
        return false;
    int len = snprintf(prefix, sizeof prefix, "$v=%u$m=%u,t=%u,p=%u$", version, *memory,
                       *iterations, *lanes);
    if (len <= 0 || strncmp(at, prefix, (size_t)len) != 0 || strchr(at + len, '=') != NULL)
        return false;
    at += len;
    return decode_field(&at, '$', bytes, sizeof bytes, &salt_len) &&
           decode_field(&at, '\0', bytes, sizeof bytes, &hash_len) &&
           salt_len >= ARGON2_MIN_SALT_LENGTH && hash_len >= HASH_MIN;
}

static const char *argon2_error(const char *hash)
{
    argon2_type type;
    unsigned memory, iterations, lanes;
    if (!argon2_type_of(hash, &type) || !argon2_parse(hash, &memory, &iterations, &lanes))
        return "it is not of the form $argon2id$v=19$m=65536,t=3,p=4$SALT$HASH";
    if (memory > PASSWORD_MEMORY_MAX / 1024)
        return "it needs more than 256 MiB (m=262144) to verify";
    if (iterations > ITERATIONS_MAX || lanes > ITERATIONS_MAX)
        return "t and p may be at most 16";
    return iterations > 0 && lanes > 0 && memory >= 8 * lanes
               ? NULL
               : "t and p are at least 1, and m at least 8 times p";
}

static bool scrypt_parse(const char *hash, struct scrypt *scrypt)
{
    int used = 0;
    if (sscanf(hash, "$scrypt$ln=%2u,r=%2u,p=%2u$%n", &scrypt->ln, &scrypt->r, &scrypt->p, &used) !=
            3 ||
        used == 0)
        return false;
    const char *at = hash + used;
    return decode_field(&at, '$', scrypt->salt, sizeof scrypt->salt, &scrypt->salt_len) &&
           decode_field(&at, '\0', scrypt->hash, sizeof scrypt->hash, &scrypt->hash_len);
}

static const char *scrypt_error(const char *hash)
{
    struct scrypt scrypt;
    if (!scrypt_parse(hash, &scrypt) || scrypt.hash_len < HASH_MIN || scrypt.salt_len == 0 ||
        scrypt.ln == 0 || scrypt.r == 0 || scrypt.p == 0)
        return "it is not of the form $scrypt$ln=16,r=8,p=1$SALT$HASH";
    if (scrypt.ln > LN_MAX || scrypt.p > ITERATIONS_MAX ||
        128ul * scrypt.r << scrypt.ln > PASSWORD_MEMORY_MAX)
        return "it needs more than 256 MiB to verify";
    return NULL;
}

const char *password_hash_error(const char *hash_cstr)
{
    if (strlen(hash_cstr) > PASSWORD_HASH_MAX)
        return "it is longer than 511 bytes";
    return starts_with(hash_cstr, strlen(hash_cstr), "$scrypt$") ? scrypt_error(hash_cstr)
                                                                 : argon2_error(hash_cstr);
}

static bool scrypt_verify(const char *hash, const char *secret, size_t len)
{
    struct scrypt scrypt;
    uint8_t got[HASH_MAX];
    if (!scrypt_parse(hash, &scrypt) ||
        EVP_PBE_scrypt(secret, len, scrypt.salt, scrypt.salt_len, UINT64_C(1) << scrypt.ln,
                       scrypt.r, scrypt.p, PASSWORD_MEMORY_MAX * 2, got, scrypt.hash_len) != 1)
        return false;
    return CRYPTO_memcmp(got, scrypt.hash, scrypt.hash_len) == 0;
}

bool password_verify(const char *hash_cstr, const char *secret, size_t len)
{
    argon2_type type;
    if (starts_with(hash_cstr, strlen(hash_cstr), "$scrypt$"))
        return scrypt_verify(hash_cstr, secret, len);
    return argon2_type_of(hash_cstr, &type) &&
           argon2_verify(hash_cstr, secret, len, type) == ARGON2_OK;
}
