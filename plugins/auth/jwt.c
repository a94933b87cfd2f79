#include "jwt.h"

#include "base64url.h"
#include "json_text.h"
#include "jwt_claims.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#define KEYS_TRIED 16      /* for one token, so that no token costs more than that */
#define COST_MAX 250       /* microseconds that checking a signature may take on a loop */
#define SIGNATURE_MAX 1024 /* bytes: RSA with 8192 bits */

struct span {
    const char *data;
    size_t len;
};

struct parts {
    struct span header;
    struct span payload;
    struct span signature;
    struct span signed_text; /* header.payload */
};

const char *jwt_result_text(enum jwt_result result)
{
    static const char *const texts[] = {
#define JWT_TEXT(name, sentence) [name] = sentence,
        JWT_RESULTS(JWT_TEXT)
#undef JWT_TEXT
    };
    return texts[result];
}

/* -- form (RFC 7515, section 7.1) -- */

static bool split_token(const char *token, size_t len, struct parts *parts)
{
    const char *first = memchr(token, '.', len);
    if (first == NULL)
        return false;
    const char *second = memchr(first + 1, '.', len - (size_t)(first + 1 - token));
    if (second == NULL)
        return false;
    size_t rest = len - (size_t)(second + 1 - token);
    *parts = (struct parts){.header = {token, (size_t)(first - token)},
                            .payload = {first + 1, (size_t)(second - first - 1)},
                            .signature = {second + 1, rest},
                            .signed_text = {token, (size_t)(second - token)}};
    return memchr(second + 1, '.', rest) == NULL && parts->header.len > 0 &&
           parts->payload.len > 0 && rest > 0;
}

/* base64url of '{' followed by a quotation mark or a space begins with "ey"; followed by a line
 * end, with "ew". */
bool jwt_is_one(const char *text, size_t len)
{
    struct parts parts;
    return len > 3 && text[0] == 'e' && (text[1] == 'y' || text[1] == 'w') &&
           split_token(text, len, &parts);
}

/* Decodes base64url of a JSON object in which no name occurs twice. NULL if the part is anything
 * else. */
static json_t *decode_object(struct span part)
{
    char text[JWT_MAX];
    size_t len;
    if (!base64_decode(BASE64_URL, part.data, part.len, (uint8_t *)text, sizeof text, &len))
        return NULL;
    json_t *object = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL); /* as libcjose */
    if (json_is_object(object))
        return object;
    json_decref(object);
    return NULL;
}

/* -- signature -- */

struct header {
    unsigned algorithm;
    char key_id[KEY_ID_MAX + 1];
};

/* Whether the header asks for an extension, none of which is implemented: any that `crit` names
 * (RFC 7515, section 4.1.11), and a payload that is not base64url (RFC 7797), which `crit` ought to
 * name but may not. */
static bool asks_for_extension(const json_t *header)
{
    const json_t *b64 = json_object_get(header, "b64");
    return json_object_get(header, "crit") != NULL || (b64 != NULL && !json_is_true(b64));
}

static enum jwt_result read_header(struct span part, unsigned algorithms, struct header *header)
{
    json_t *object = decode_object(part);
    const json_t *name = json_object_get(object, "alg");
    const json_t *id = json_object_get(object, "kid");
    enum jwt_result result = JWT_OK;
    *header = (struct header){0};
    if (json_is_string(name))
        header->algorithm = algorithm_find(json_string_value(name), json_string_length(name));
    if (!json_is_string(name) || (id != NULL && !json_is_string(id)))
        result = JWT_MALFORMED;
    else if ((header->algorithm & algorithms) == 0)
        result = JWT_WRONG_ALGORITHM;
    else if (asks_for_extension(object))
        result = JWT_CRITICAL;
    else if (id != NULL && json_string_length(id) > KEY_ID_MAX)
        result = JWT_UNKNOWN_KEY;
    else if (id != NULL)
        memcpy(header->key_id, json_string_value(id), json_string_length(id));
    header->algorithm &= algorithms; /* "EdDSA" means both of its curves. */
    json_decref(object);
    return result;
}

/* RFC 7518, sections 3.2 to 3.5: each algorithm and key has one length of signatures. It is checked
 * here because libcjose reads that many bytes before it looks at the actual length. */
static size_t signature_length(unsigned algorithm, const struct key *key)
{
    if (key->signature_len > 0)
        return key->signature_len;
    switch (algorithm) {
    case ALGORITHM_HS256:
        return 32;
    case ALGORITHM_HS384:
        return 48;
    case ALGORITHM_HS512:
    case ALGORITHM_ES256:
        return 64;
    case ALGORITHM_ES384:
        return 96;
    case ALGORITHM_ES512:
        return 132;
    default:
        return (size_t)EVP_PKEY_get_size(key->edwards);
    }
}

static bool verify_edwards(EVP_PKEY *key, struct span text, const uint8_t *signature, size_t len)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good =
        context != NULL && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
        EVP_DigestVerify(context, signature, len, (const uint8_t *)text.data, text.len) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

static bool verify_with(const struct key *key, const char *token, size_t len,
                        const struct parts *parts, const uint8_t *signature, size_t signature_len)
{
    cjose_err error;
    if (key->edwards != NULL)
        return verify_edwards(key->edwards, parts->signed_text, signature, signature_len);
    cjose_jws_t *jws = cjose_jws_import(token, len, &error);
    bool good = jws != NULL && cjose_jws_verify(jws, key->jwk, &error);
    if (jws != NULL)
        cjose_jws_release(jws);
    return good;
}

/* A token on the way to its key. */
struct search {
    const char *token;
    size_t len;
    const struct parts *parts;
    const struct header *header;
    uint8_t signature[SIGNATURE_MAX];
    size_t signature_len;
    int tried;
    bool knows_id; /* a key has the token's id, whether or not it fits the algorithm */
};

/* Tries the keys of one set. With `by_id`: those that have the token's key id. Without: those for
 * which the id does not decide, because the key or the token has none. */
static bool try_set(struct search *search, const struct key_set *set, bool by_id)
{
    const struct header *header = search->header;
    for (size_t i = 0; i < set->count && search->tried < KEYS_TRIED; i++) {
        const struct key *key = &set->keys[i];
        bool has_id = key->id[0] != '\0' && header->key_id[0] != '\0';
        search->knows_id |= has_id && strcmp(key->id, header->key_id) == 0;
        if ((key->algorithms & header->algorithm) == 0 || has_id != by_id ||
            (has_id && strcmp(key->id, header->key_id) != 0))
            continue;
        search->tried++;
        if (search->signature_len == signature_length(header->algorithm, key) &&
            verify_with(key, search->token, search->len, search->parts, search->signature,
                        search->signature_len))
            return true;
    }
    return false;
}

/* Says "unknown key" when a set that is fetched later may hold the right key: the token names a key
 * that no set has (even if keys without a name were tried), or it names none. */
static enum jwt_result verify_with_sets(struct search *search, const struct key_set *const *sets,
                                        size_t set_count)
{
    bool good = false;
    if (!base64_decode(BASE64_URL, search->parts->signature.data, search->parts->signature.len,
                       search->signature, sizeof search->signature, &search->signature_len))
        return JWT_MALFORMED;
    for (size_t i = 0; i < set_count && !good; i++)
        good = sets[i] != NULL && try_set(search, sets[i], true);
    bool is_known = search->knows_id;
    for (size_t i = 0; i < set_count && !good; i++)
        good = sets[i] != NULL && try_set(search, sets[i], false);
    ERR_clear_error();
    bool is_nameless = search->header->key_id[0] == '\0' && search->tried > 0;
    if (is_nameless && (search->header->algorithm & ALGORITHMS_PUBLIC) != 0)
        return good ? JWT_OK : JWT_NO_KEY_FITS;
    is_known |= is_nameless;
    return good ? JWT_OK : is_known ? JWT_WRONG_SIGNATURE : JWT_UNKNOWN_KEY;
}

/* -- what it may cost -- */

/* The cost of one check in microseconds, roughly as on a machine of 2020. */
static unsigned cost_of(unsigned algorithm, const struct key *key)
{
    if ((algorithm & ALGORITHMS_HS) != 0)
        return 5;
    if ((algorithm & (ALGORITHM_ES384 | ALGORITHM_ES512)) != 0)
        return 1000;
    if (key->edwards != NULL)
        return EVP_PKEY_get_id(key->edwards) == EVP_PKEY_ED448 ? 400 : 150;
    return key->signature_len > 512 ? 400 : 100;
}

/* The cost of trying all candidate keys of a set; adds their number to *tried. */
static unsigned cost_of_set(const struct header *header, const struct key_set *set, int *tried)
{
    unsigned cost = 0;
    for (size_t i = 0; i < set->count && *tried < KEYS_TRIED; i++) {
        const struct key *key = &set->keys[i];
        bool has_id = key->id[0] != '\0' && header->key_id[0] != '\0';
        if ((key->algorithms & header->algorithm) == 0 ||
            (has_id && strcmp(key->id, header->key_id) != 0))
            continue;
        cost += cost_of(header->algorithm, key);
        ++*tried;
    }
    return cost;
}

bool jwt_is_slow(const char *token, size_t len, unsigned algorithms,
                 const struct key_set *const *sets, size_t set_count)
{
    struct parts parts;
    struct header header;
    unsigned cost = 0;
    int tried = 0;
    if (len > JWT_MAX || !split_token(token, len, &parts) ||
        read_header(parts.header, algorithms, &header) != JWT_OK)
        return false;
    for (size_t i = 0; i < set_count; i++)
        if (sets[i] != NULL)
            cost += cost_of_set(&header, sets[i], &tried);
    return cost > COST_MAX;
}

/* -- all of it -- */

/* Decodes the payload; the caller frees it. NULL if it is not base64url. This is done before
 * libcjose sees the token, since libcjose aborts the process (an assertion) on malformed base64. */
static char *decode_payload(struct span part, size_t *len)
{
    char *payload = malloc(part.len);
    if (payload != NULL &&
        base64_decode(BASE64_URL, part.data, part.len, (uint8_t *)payload, part.len, len))
        return payload;
    free(payload);
    return NULL;
}

enum jwt_result jwt_verify_signature(const char *token, size_t len, unsigned algorithms,
                                     const struct key_set *const *sets, size_t set_count,
                                     char **payload, size_t *payload_len)
{
    struct parts parts;
    struct header header;
    struct search search = {.token = token, .len = len, .parts = &parts, .header = &header};
    if (len > JWT_MAX || !split_token(token, len, &parts))
        return JWT_MALFORMED;
    enum jwt_result result = read_header(parts.header, algorithms, &header);
    if (result != JWT_OK)
        return result;
    *payload = decode_payload(parts.payload, payload_len);
    if (*payload == NULL)
        return JWT_MALFORMED;
    result = verify_with_sets(&search, sets, set_count);
    if (result != JWT_OK)
        free(*payload);
    return result;
}

enum jwt_result jwt_verify(const char *token, size_t len, const struct jwt_rules *rules,
                           const struct key_set *const *sets, size_t set_count, int64_t now,
                           json_t **claims)
{
    char *payload = NULL;
    size_t payload_len;
    enum jwt_result result = jwt_verify_signature(token, len, rules->algorithms, sets, set_count,
                                                  &payload, &payload_len);
    if (result != JWT_OK)
        return result;
    *claims = json_read(payload, payload_len, NULL);
    free(payload);
    result = json_is_object(*claims) ? jwt_check_claims(*claims, rules, now) : JWT_WRONG_CLAIMS;
    if (result != JWT_OK)
        json_decref(*claims);
    return result;
}
