#include "base/base64.h"

#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

int base64_decode(const char *text, char **out, size_t *len)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t text_len = strlen(text);
    size_t digits = strspn(text, alphabet);
    size_t padding = text_len - digits;
    *out = NULL;
    if (text_len % 4 != 0 || text_len > INT_MAX || padding > 2 ||
        strspn(text + digits, "=") != padding)
        return ERR_INVALID;
    unsigned char *bytes = malloc(text_len / 4 * 3 + 1);
    if (bytes == NULL)
        return ERR_NO_MEMORY;
    int decoded = EVP_DecodeBlock(bytes, (const unsigned char *)text, (int)text_len);
    if (decoded < (int)padding) {
        free(bytes);
        return ERR_INVALID;
    }
    *len = (size_t)decoded - padding;
    bytes[*len] = '\0';
    *out = (char *)bytes;
    return OK;
}
