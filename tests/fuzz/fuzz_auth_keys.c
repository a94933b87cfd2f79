/*
 * Feeds text to auth's readers of JWK Sets and PEM; the first byte chooses which.
 *
 * Besides the sanitizers: what is accepted holds a key that is good for something, and shared
 * secrets are taken only if that is asked for.
 */
#include "../../plugins/auth/base64url.c"
#include "../../plugins/auth/json_text.c"
#include "../../plugins/auth/key_pem.c"
#include "../../plugins/auth/key_set.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char error[KEY_ERROR_SIZE] = "";
    if (size == 0)
        return 0;
    const char *text = (const char *)data + 1;
    bool takes_secrets = (data[0] & 2) != 0;
    struct key_set *set = data[0] & 1 ? key_set_parse_pem(text, size - 1, error)
                                      : key_set_parse_jwks(text, size - 1, takes_secrets, error);
    if ((set == NULL) != (error[0] != '\0') || memchr(error, '\0', sizeof error) == NULL)
        abort();
    for (size_t i = 0; set != NULL && i < set->count; i++) {
        const struct key *key = &set->keys[i];
        bool is_secret = (key->algorithms & ALGORITHMS_HS) != 0;
        if (key->algorithms == 0 || (key->jwk == NULL) == (key->edwards == NULL) ||
            (is_secret && !takes_secrets))
            abort();
    }
    if (set != NULL && !key_set_contains(set, set))
        abort();
    key_set_unref(set);
    return 0;
}
