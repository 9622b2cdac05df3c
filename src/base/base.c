/*
 * SQL functions: the type secret, ids, the trigger of tables whose rows are kept.
 */
#include "arsignup.h"

#include "base/argument.h"
#include "base/caller.h"
#include "base/encode.h"
#include "base/fault.h"
#include "base/id.h"
#include "base/kept.h"
#include "commands/trigger.h"
#include "libpq/pqformat.h"

/* arsignup.secret_in(cstring) returns arsignup.secret */
PG_FUNCTION_INFO_V1(arsignup_secret_in);
Datum
arsignup_secret_in(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(PG_GETARG_CSTRING(0)));
}

/* arsignup.secret_out(arsignup.secret) returns cstring */
PG_FUNCTION_INFO_V1(arsignup_secret_out);
Datum
arsignup_secret_out(PG_FUNCTION_ARGS)
{
	PG_RETURN_CSTRING(pstrdup("<redacted>"));
}

/* arsignup.secret_recv(internal) returns arsignup.secret */
PG_FUNCTION_INFO_V1(arsignup_secret_recv);
Datum
arsignup_secret_recv(PG_FUNCTION_ARGS)
{
	StringInfo	message = (StringInfo) PG_GETARG_POINTER(0);
	int			size;
	char	   *bytes = pq_getmsgtext(message, message->len - message->cursor, &size);

	PG_RETURN_TEXT_P(cstring_to_text_with_len(bytes, size));
}

/* arsignup.new_id() returns uuid */
PG_FUNCTION_INFO_V1(arsignup_new_id);
Datum
arsignup_new_id(PG_FUNCTION_ARGS)
{
	return return_uuid(id_make(GetCurrentTimestamp()));
}

/* arsignup.format_id(prefix text, id uuid) returns text */
PG_FUNCTION_INFO_V1(arsignup_format_id);
Datum
arsignup_format_id(PG_FUNCTION_ARGS)
{
	char	   *prefix = text_to_cstring(PG_GETARG_TEXT_PP(0));
	pg_uuid_t  *id = PG_GETARG_UUID_P(1);
	char		number[BASE62_UUID_LENGTH];

	if (!is_id_prefix(prefix, strlen(prefix)))
		fault_raise("prefix", "Prefix must be 1 to 8 lower-case letters.");
	base62_encode_uuid(id->data, number);
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("%s_%.*s", prefix, BASE62_UUID_LENGTH, number)));
}

/* arsignup.parse_id(public_id text) returns uuid */
PG_FUNCTION_INFO_V1(arsignup_parse_id);
Datum
arsignup_parse_id(PG_FUNCTION_ARGS)
{
	text	   *public_id = PG_GETARG_TEXT_PP(0);
	pg_uuid_t	id;

	if (!id_parse(VARDATA_ANY(public_id), VARSIZE_ANY_EXHDR(public_id), id.data))
		fault_raise("public_id", "Public id must be 1 to 8 lower-case letters, an underscore and 22 letters and digits,"
					" as format_id writes it.");
	return return_uuid(id);
}

/* arsignup.note_change() returns trigger: has all backends read anew what they keep of a table */
PG_FUNCTION_INFO_V1(arsignup_note_change);
Datum
arsignup_note_change(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	check_trigger_call(fcinfo);
	kept_note_change(trigger);
	return PointerGetDatum(TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple);
}
