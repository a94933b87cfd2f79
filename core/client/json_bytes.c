#include "client/json_bytes.h"

#include "base/utf8.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

bool json_bytes_is_text(const void *data, size_t len)
{
    return len == 0 || (memchr(data, '\0', len) == NULL && utf8_is_valid(data, len));
}

cJSON *json_bytes_base64(const void *data, size_t len)
{
    cJSON *item = NULL;
    char *text = malloc(len / 3 * 4 + 5);
    if (text != NULL) {
        EVP_EncodeBlock((unsigned char *)text, data, (int)len);
        item = cJSON_CreateString(text);
    }
    free(text);
    return item;
}

void json_bytes_add(cJSON *object, const char *name, const char *binary_name, const void *data,
                    size_t len)
{
    char *text = json_bytes_is_text(data, len) ? strndup(data, len) : NULL;
    if (text != NULL)
        cJSON_AddStringToObject(object, name, text);
    else
        cJSON_AddItemToObject(object, binary_name, json_bytes_base64(data, len));
    free(text);
}
