#include "host/certificate_field.h"

#include "base/utf8.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

/* A name with a zero byte in it would read as another one; what is not UTF-8 is no text for
 * plugins. */
static char *copy_text(const void *text, size_t text_len, size_t *len)
{
    if (text_len == 0 || memchr(text, '\0', text_len) != NULL || !utf8_is_valid(text, text_len))
        return NULL;
    *len = text_len;
    return strndup(text, text_len);
}

static char *read_name(const X509_NAME *name, size_t *len)
{
    char *text = NULL;
    char *copy = NULL;
    BIO *memory = BIO_new(BIO_s_mem());
    if (memory != NULL &&
        X509_NAME_print_ex(memory, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) >= 0) {
        long text_len = BIO_get_mem_data(memory, &text);
        if (text_len > 0)
            copy = copy_text(text, (size_t)text_len, len);
    }
    BIO_free(memory);
    return copy;
}

static char *read_common_name(const X509_NAME *name, size_t index, size_t *len)
{
    int at = -1;
    for (size_t i = 0; i <= index; i++) {
        at = X509_NAME_get_index_by_NID(name, NID_commonName, at);
        if (at < 0)
            return NULL;
    }
    unsigned char *utf8 = NULL;
    int utf8_len =
        ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    char *copy = utf8_len > 0 ? copy_text(utf8, (size_t)utf8_len, len) : NULL;
    OPENSSL_free(utf8);
    return copy;
}

static char *to_lower_hex(const unsigned char *bytes, size_t count, size_t *len)
{
    static const char digits[] = "0123456789abcdef";
    char *text = malloc(count * 2 + 1);
    if (text == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[count * 2] = '\0';
    *len = count * 2;
    return text;
}

static char *read_serial(const X509 *certificate, size_t *len)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
    return to_lower_hex(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial), len);
}

static char *read_fingerprint(const X509 *certificate, size_t *len)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_len = 0;
    if (X509_digest(certificate, EVP_sha256(), digest, &digest_len) != 1)
        return NULL;
    return to_lower_hex(digest, digest_len, len);
}

static char *read_alternative(X509 *certificate, int type, size_t index, size_t *len)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    char *copy = NULL;
    for (int i = 0; i < sk_GENERAL_NAME_num(names) && copy == NULL; i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != type || index-- > 0)
            continue;
        const ASN1_IA5STRING *text = name->d.ia5;
        copy = copy_text(ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text), len);
        break;
    }
    GENERAL_NAMES_free(names);
    return copy;
}

char *certificate_read(X509 *certificate, enum sl_certificate_field field, size_t index,
                       size_t *len)
{
    switch (field) {
    case SL_CERTIFICATE_COMMON_NAME:
        return read_common_name(X509_get_subject_name(certificate), index, len);
    case SL_CERTIFICATE_DNS:
        return read_alternative(certificate, GEN_DNS, index, len);
    case SL_CERTIFICATE_EMAIL:
        return read_alternative(certificate, GEN_EMAIL, index, len);
    case SL_CERTIFICATE_URI:
        return read_alternative(certificate, GEN_URI, index, len);
    default:
        break;
    }
    if (index > 0)
        return NULL; /* There is one of each of the others. */
    switch (field) {
    case SL_CERTIFICATE_SUBJECT:
        return read_name(X509_get_subject_name(certificate), len);
    case SL_CERTIFICATE_ISSUER:
        return read_name(X509_get_issuer_name(certificate), len);
    case SL_CERTIFICATE_SERIAL:
        return read_serial(certificate, len);
    case SL_CERTIFICATE_SHA256:
        return read_fingerprint(certificate, len);
    default:
        return NULL;
    }
}
