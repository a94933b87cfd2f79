#include "admin/api_log.h"

#include "admin/json.h"
#include "base/log_file.h"

int api_log_reopen(struct admin *admin, struct mg_connection *conn)
{
    char text[LOG_FILE_TEXT_MAX];
    (void)admin;
    int error = log_file_reopen("admin API", text);
    if (error != OK)
        return json_send_error(conn, error == ERR_NOT_FOUND ? 409 : 500, "", "not reopened", text);
    cJSON *body = cJSON_CreateObject();
    cJSON_AddStringToObject(body, "file", text);
    return json_send(conn, 200, body);
}
