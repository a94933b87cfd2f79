#include "config/yaml_json.h"

#include "config/values.h"

static cJSON *json_of_scalar(const struct yaml_node *scalar)
{
    int64_t integer;
    double number;
    bool boolean;
    if (scalar->text == NULL)
        return cJSON_CreateString(scalar->written);
    if (!scalar->plain)
        return cJSON_CreateString(scalar->text);
    if (yaml_node_is_null(scalar))
        return cJSON_CreateNull();
    if (integer_parse(scalar->text, &integer) == 0)
        return cJSON_CreateNumber((double)integer);
    if (number_parse(scalar->text, &number) == 0)
        return cJSON_CreateNumber(number);
    if (bool_parse(scalar->text, &boolean) == 0)
        return cJSON_CreateBool(boolean);
    return cJSON_CreateString(scalar->text);
}

cJSON *yaml_json_value(const struct yaml_node *node)
{
    if (node == NULL)
        return cJSON_CreateNull();
    if (node->kind == NODE_SCALAR)
        return json_of_scalar(node);
    bool is_list = node->kind == NODE_SEQUENCE;
    cJSON *json = is_list ? cJSON_CreateArray() : cJSON_CreateObject();
    for (size_t i = 0; i < node->count; i++) {
        cJSON *value = yaml_json_value(node->entries[i].value);
        if (is_list)
            cJSON_AddItemToArray(json, value);
        else
            cJSON_AddItemToObject(json, node->entries[i].key, value);
    }
    return json;
}
