#include "admin/json.h"

#include "front/response.h"

#include <string.h>

static int send_text(struct mg_connection *conn, int status, const char *headers, const char *text)
{
    struct response response = {.status = status,
                                .content_type = "application/json",
                                .headers = headers,
                                .body = text,
                                .body_len = strlen(text)};
    return response_send(conn, &response);
}

static int send_value(struct mg_connection *conn, int status, const char *headers, cJSON *value)
{
    char *text = cJSON_PrintUnformatted(value);
    cJSON_Delete(value);
    if (text == NULL)
        return send_text(conn, 500, "",
                         "{\"error\":\"internal\",\"detail\":\"the server is short of memory\"}");
    int sent = send_text(conn, status, headers, text);
    cJSON_free(text);
    return sent;
}

int json_send(struct mg_connection *conn, int status, cJSON *value)
{
    return send_value(conn, status, "", value);
}

int json_send_error(struct mg_connection *conn, int status, const char *headers, const char *error,
                    const char *detail)
{
    cJSON *value = cJSON_CreateObject();
    cJSON_AddStringToObject(value, "error", error);
    cJSON_AddStringToObject(value, "detail", detail);
    return send_value(conn, status, headers, value);
}
