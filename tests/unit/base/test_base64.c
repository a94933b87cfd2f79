#include "unit.h"

#include "base/base64.h"
#include "failing_memory.h"

#include <stdlib.h>

static void assert_decodes(const char *text, const char *expected, size_t expected_len)
{
    char *out;
    size_t len;
    assert_int_equal(base64_decode(text, &out, &len), OK);
    assert_int_equal(len, expected_len);
    assert_memory_equal(out, expected, len + 1); /* The zero behind it, too. */
    free(out);
}

/* RFC 4648, section 10. */
static void decodes_the_test_vectors_of_the_rfc(void **state)
{
    (void)state;
    assert_decodes("", "", 0);
    assert_decodes("Zg==", "f", 1);
    assert_decodes("Zm8=", "fo", 2);
    assert_decodes("Zm9v", "foo", 3);
    assert_decodes("Zm9vYg==", "foob", 4);
    assert_decodes("Zm9vYmE=", "fooba", 5);
    assert_decodes("Zm9vYmFy", "foobar", 6);
}

static void decodes_bytes_that_are_no_text(void **state)
{
    (void)state;
    assert_decodes("AP+A", "\0\xff\x80", 3);
    assert_decodes("//79", "\xff\xfe\xfd", 3);
}

static void refuses_what_is_not_base64(void **state)
{
    static const char *const texts[] = {"Zg",    "Zg=",   "Zg===", "====", "=",        "Z=g=",
                                        "Zm9v ", " Zm9v", "Zm\n9", "Zm-_", "Zm9v\nZg", "Zg==Zg=="};
    char *out;
    size_t len;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_equal(base64_decode(texts[i], &out, &len), ERR_INVALID);
        assert_null(out);
    }
}

static int decode_foobar(void *context)
{
    char *out;
    size_t len;
    (void)context;
    int error = base64_decode("Zm9vYmFy", &out, &len);
    free(out);
    return error;
}

static void says_that_there_is_no_memory(void **state)
{
    (void)state;
    assert_int_equal(survive_failing_allocations(decode_foobar, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_the_test_vectors_of_the_rfc),
        cmocka_unit_test(decodes_bytes_that_are_no_text),
        cmocka_unit_test(refuses_what_is_not_base64),
        cmocka_unit_test(says_that_there_is_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
