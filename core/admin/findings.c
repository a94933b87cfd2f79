#include "admin/findings.h"

cJSON *findings_describe(const struct diagnostic *items, size_t count)
{
    cJSON *findings = cJSON_CreateArray();
    for (size_t i = 0; i < count; i++) {
        const struct diagnostic *item = &items[i];
        cJSON *finding = cJSON_CreateObject();
        if (item->position.file != NULL)
            cJSON_AddStringToObject(finding, "file", item->position.file);
        cJSON_AddNumberToObject(finding, "line", item->position.line);
        cJSON_AddNumberToObject(finding, "column", item->position.column);
        cJSON_AddStringToObject(finding, "message", item->text);
        cJSON_AddItemToArray(findings, finding);
    }
    return findings;
}
