#include "host/certificate_field.h"
#include "made_certificate.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static void add_name(X509 *certificate, const char *kind, const char *text, int len)
{
    X509_NAME *name = X509_get_subject_name(certificate);
    assert_int_equal(X509_NAME_add_entry_by_txt(name, kind, MBSTRING_UTF8,
                                                (const unsigned char *)text, len, -1, 0),
                     1);
}

static void add_alternative(GENERAL_NAMES *names, int type, const char *text, int len)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *value = ASN1_IA5STRING_new();
    assert_non_null(name);
    assert_non_null(value);
    assert_int_equal(ASN1_STRING_set(value, text, len), 1);
    GENERAL_NAME_set0_value(name, type, value);
    assert_true(sk_GENERAL_NAME_push(names, name) > 0);
}

static void assert_field(const struct made *made, enum sl_certificate_field field, size_t index,
                         const char *expected)
{
    size_t len = 0;
    char *text = certificate_read(made->certificate, field, index, &len);
    if (expected == NULL) {
        assert_null(text);
        return;
    }
    assert_non_null(text);
    assert_string_equal(text, expected);
    assert_int_equal(len, strlen(expected));
    free(text);
}

static void reads_names(void **state)
{
    (void)state;
    struct made made = make_certificate();
    add_name(made.certificate, "O", "Example", -1);
    add_name(made.certificate, "CN", "J\xc3\xbcrgen", -1);
    add_name(made.certificate, "CN", "second", -1);
    finish_certificate(&made, NULL);
    assert_field(&made, SL_CERTIFICATE_SUBJECT, 0, "CN=second,CN=J\xc3\xbcrgen,O=Example");
    assert_field(&made, SL_CERTIFICATE_SUBJECT, 1, NULL);
    assert_field(&made, SL_CERTIFICATE_ISSUER, 0, "CN=second,CN=J\xc3\xbcrgen,O=Example");
    assert_field(&made, SL_CERTIFICATE_COMMON_NAME, 0, "J\xc3\xbcrgen");
    assert_field(&made, SL_CERTIFICATE_COMMON_NAME, 1, "second");
    assert_field(&made, SL_CERTIFICATE_COMMON_NAME, 2, NULL);
    assert_field(&made, SL_CERTIFICATE_COMMON_NAME, SIZE_MAX, NULL);
    assert_field(&made, (enum sl_certificate_field)99, 0, NULL);
    release_certificate(&made);
}

static void reads_numbers(void **state)
{
    (void)state;
    struct made made = make_certificate();
    finish_certificate(&made, NULL);
    size_t len = 0;
    assert_field(&made, SL_CERTIFICATE_SERIAL, 0, "1afe");
    assert_field(&made, SL_CERTIFICATE_SERIAL, 1, NULL);
    char *print = certificate_read(made.certificate, SL_CERTIFICATE_SHA256, 0, &len);
    assert_non_null(print);
    assert_int_equal(len, 64);
    assert_int_equal(strspn(print, "0123456789abcdef"), 64);
    free(print);
    release_certificate(&made);
}

static void reads_alternative_names(void **state)
{
    (void)state;
    struct made made = make_certificate();
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    assert_non_null(names);
    add_alternative(names, GEN_DNS, "a.example", -1);
    add_alternative(names, GEN_EMAIL, "a@example", -1);
    add_alternative(names, GEN_DNS, "b.example", -1);
    add_alternative(names, GEN_URI, "spiffe://example/a", -1);
    finish_certificate(&made, names);
    assert_field(&made, SL_CERTIFICATE_DNS, 0, "a.example");
    assert_field(&made, SL_CERTIFICATE_DNS, 1, "b.example");
    assert_field(&made, SL_CERTIFICATE_DNS, 2, NULL);
    assert_field(&made, SL_CERTIFICATE_EMAIL, 0, "a@example");
    assert_field(&made, SL_CERTIFICATE_URI, 0, "spiffe://example/a");
    assert_field(&made, SL_CERTIFICATE_URI, 1, NULL);
    release_certificate(&made);
}

static void has_none_without_the_extension(void **state)
{
    (void)state;
    struct made made = make_certificate();
    finish_certificate(&made, NULL);
    assert_field(&made, SL_CERTIFICATE_DNS, 0, NULL);
    assert_field(&made, SL_CERTIFICATE_COMMON_NAME, 0, NULL);
    assert_field(&made, SL_CERTIFICATE_SUBJECT, 0, NULL);
    release_certificate(&made);
}

static void refuses_a_zero_byte(void **state)
{
    (void)state;
    struct made made = make_certificate();
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    assert_non_null(names);
    add_name(made.certificate, "CN", "good\0evil", 9);
    add_alternative(names, GEN_DNS, "good.example\0.evil", 18);
    add_alternative(names, GEN_DNS, "next.example", -1);
    finish_certificate(&made, names);
    assert_field(&made, SL_CERTIFICATE_COMMON_NAME, 0, NULL);
    assert_field(&made, SL_CERTIFICATE_DNS, 0, NULL);
    assert_field(&made, SL_CERTIFICATE_DNS, 1, "next.example"); /* It keeps its number. */
    release_certificate(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_names),
        cmocka_unit_test(reads_numbers),
        cmocka_unit_test(reads_alternative_names),
        cmocka_unit_test(has_none_without_the_extension),
        cmocka_unit_test(refuses_a_zero_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
