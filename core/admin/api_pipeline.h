/*
 * The admin API's view of pipelines: each stage's policy, what it has decided and how long that
 * took, which services and events it has to do with; and the instances that are awaited.
 *
 * On CivetWeb workers.
 */
#ifndef SLUICE_ADMIN_API_PIPELINE_H
#define SLUICE_ADMIN_API_PIPELINE_H

struct admin;
struct mg_connection;

/* GET /api/v1/pipeline */
int api_pipeline(struct admin *admin, struct mg_connection *conn);

#endif
