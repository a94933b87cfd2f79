#include "base/error.h"
#include "unit.h"

#include <string.h>

static const int codes[] = {
#define CODE(name, value, text) name,
    SLUICE_ERRORS(CODE)
#undef CODE
};
#define CODE_COUNT (sizeof codes / sizeof *codes)

static void each_code_is_negative_and_has_a_text_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < CODE_COUNT; i++) {
        assert_true(codes[i] < 0);
        assert_string_not_equal(error_text(codes[i]), "unknown error");
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(codes[i], codes[j]);
            assert_string_not_equal(error_text(codes[i]), error_text(codes[j]));
        }
    }
}

static void other_numbers_have_a_text_too(void **state)
{
    (void)state;
    assert_string_equal(error_text(OK), "success");
    assert_string_equal(error_text(ERR_NO_MEMORY), "out of memory");
    assert_string_equal(error_text(1), "unknown error");
    assert_string_equal(error_text(-1000), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_code_is_negative_and_has_a_text_of_its_own),
        cmocka_unit_test(other_numbers_have_a_text_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
