#include "admin/findings.h"
#include "unit.h"

#include <string.h>

static void each_finding_has_its_position_and_text(void **state)
{
    (void)state;
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    diagnostics_add(&diagnostics, (struct position){"b.yaml", 7, 1}, "\"x\" is wrong");
    diagnostics_add(&diagnostics, (struct position){"a.yaml", 0, 0}, "is empty");
    cJSON *list = findings_describe(diagnostics.items, diagnostics.count);
    char *text = cJSON_PrintUnformatted(list);
    assert_string_equal(
        text, "[{\"file\":\"b.yaml\",\"line\":7,\"column\":1,\"message\":\"\\\"x\\\" is wrong\"},"
              "{\"file\":\"a.yaml\",\"line\":0,\"column\":0,\"message\":\"is empty\"}]");
    cJSON_free(text);
    cJSON_Delete(list);
    diagnostics_deinit(&diagnostics);
}

static void no_findings_are_an_empty_list(void **state)
{
    (void)state;
    cJSON *list = findings_describe(NULL, 0);
    assert_true(cJSON_IsArray(list));
    assert_int_equal(cJSON_GetArraySize(list), 0);
    cJSON_Delete(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_finding_has_its_position_and_text),
        cmocka_unit_test(no_findings_are_an_empty_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
