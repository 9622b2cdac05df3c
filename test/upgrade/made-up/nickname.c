#include "org/nickname.h"

#include "base/argument.h"
#include "base/statement.h"
#include "base/tables.h"
#include "utils/lsyscache.h"

extern Datum arsignup_create_org(PG_FUNCTION_ARGS);

/* Give an org a nickname, if there is a place for it: tables of the version before have none. */
void
org_set_nickname(const pg_uuid_t *realm_id, const pg_uuid_t *org_id, const char *nickname)
{
	static Statement set_nickname = STATEMENT(
		"UPDATE arsignup.orgs SET nickname = $3 WHERE realm_id = $1 AND id = $2");
	Parameters	parameters = {0};

	if (get_attnum(table_id("orgs"), "nickname") == InvalidAttrNumber)
		return;
	add_uuid(&parameters, realm_id);
	add_uuid(&parameters, org_id);
	add_text(&parameters, nickname);
	statement_touch(&set_nickname, &parameters, "orgs", 1);
}

/* arsignup.create_org(realm_id uuid, name text, reference text, custom jsonb, nickname text) returns uuid */
PG_FUNCTION_INFO_V1(arsignup_create_org_with_nickname);
Datum
arsignup_create_org_with_nickname(PG_FUNCTION_ARGS)
{
	Datum		id = arsignup_create_org(fcinfo);

	spi_open();
	if (!PG_ARGISNULL(4))
		org_set_nickname(argument_uuid(fcinfo, 0), DatumGetUUIDP(id), argument_text(fcinfo, 4));
	spi_close();
	return id;
}

/* arsignup.find_nicknamed_org(realm_id uuid, nickname text) returns arsignup.nicknamed_org */
PG_FUNCTION_INFO_V1(arsignup_find_nicknamed_org);
Datum
arsignup_find_nicknamed_org(PG_FUNCTION_ARGS)
{
	static Statement find = STATEMENT("SELECT id FROM arsignup.orgs WHERE realm_id = $1 AND nickname = $2");
	Parameters	parameters = {0};
	pg_uuid_t	id;
	Datum		values[2] = {UUIDPGetDatum(&id), fcinfo->args[1].value};
	bool		nulls[2] = {false, false};

	spi_open();
	add_uuid(&parameters, argument_uuid(fcinfo, 0));
	add_text(&parameters, argument_text(fcinfo, 1));
	nulls[0] = statement_read(&find, &parameters) == 0;
	if (!nulls[0])
		id = *column_uuid(1);
	spi_close();
	return return_row(fcinfo, values, nulls);
}
