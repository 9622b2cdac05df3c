/*
 * What is wrong with an input: everything at once, by attribute.
 *
 * People read the message, which is all sentences in a row; programs read the
 * detail: {"errors": {"<attribute>": ["<sentence>", ...], ...}}. Where a name is
 * held, "codes" beside it tells that from a name that is taken, and
 * "retry_after" in how many seconds it may be free.
 */
#include "base/fault.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/timestamp.h"

typedef struct Fault
{
	const char *attribute;
	const char *sentence;
	const char *code;
} Fault;

bool		input_is_refused = false;

/* Tell whether anything is wrong with an input, be it that its caller has found it. */
bool
faults_exist(const Faults *faults)
{
	return faults->list != NIL || input_is_refused;
}

/* Tell whether something is wrong with an attribute. */
bool
fault_is_about(const Faults *faults, const char *attribute)
{
	ListCell   *cell;

	foreach(cell, faults->list)
		if (strcmp(((Fault *) lfirst(cell))->attribute, attribute) == 0)
			return true;
	return false;
}

/* Note what is wrong, and by which code programs know it. */
void
fault_add_coded(Faults *faults, const char *attribute, const char *sentence, const char *code)
{
	Fault	   *fault = palloc(sizeof(Fault));

	*fault = (Fault) {attribute, sentence, code};
	faults->list = lappend(faults->list, fault);
}

/* Note that something other than a taken name is wrong. */
void
fault_add(Faults *faults, const char *attribute, const char *sentence)
{
	fault_add_coded(faults, attribute, sentence, "invalid");
	faults->invalid = true;
}

/* Note that a name is taken. */
void
fault_add_taken(Faults *faults, const char *attribute, const char *label)
{
	fault_add_coded(faults, attribute, psprintf("%s is already taken.", label), "taken");
}

/* Note that a name is held until then: to whoever else wants it, it is taken. */
void
fault_add_held(Faults *faults, const char *attribute, const char *label, TimestampTz until)
{
	int64		seconds = (until - GetCurrentTimestamp() + USECS_PER_SEC - 1) / USECS_PER_SEC;

	fault_add_coded(faults, attribute, psprintf("%s is held by a signup that is not finished yet.", label), "held");
	faults->retry_after = Max(faults->retry_after, Max(1, seconds));
}

/* As much of what was found as a sentence quotes, in bytes. */
#define QUOTE_SIZE 40

/* Return what was found in the place of something that there is, as a sentence quotes it. Never for a secret. */
char *
fault_quote(const char *found)
{
	int			size = pg_mbcliplen(found, strlen(found), QUOTE_SIZE);

	return psprintf("\"%.*s%s\"", size, found, found[size] != '\0' ? "..." : "");
}

/* Write one attribute's member: "email": ["...", "..."], of sentences or codes. */
static void
append_attribute(StringInfo json, const Faults *faults, const char *attribute, bool is_code)
{
	const char *separator = "";
	ListCell   *cell;

	escape_json(json, attribute);
	appendStringInfoString(json, ": [");
	foreach(cell, faults->list)
	{
		Fault	   *fault = lfirst(cell);

		if (strcmp(fault->attribute, attribute) != 0)
			continue;
		appendStringInfoString(json, separator);
		escape_json(json, is_code ? fault->code : fault->sentence);
		separator = ", ";
	}
	appendStringInfoChar(json, ']');
}

/* Tell whether an earlier fault is about the same attribute. */
static bool
is_repeated(const Faults *faults, int position)
{
	Fault	   *fault = list_nth(faults->list, position);

	for (int i = 0; i < position; i++)
		if (strcmp(((Fault *) list_nth(faults->list, i))->attribute, fault->attribute) == 0)
			return true;
	return false;
}

/* Write sentences or codes of all faults, each attribute once, in the order of first mention. */
static void
append_faults(StringInfo json, const Faults *faults, bool is_code)
{
	const char *separator = "";

	appendStringInfo(json, "\"%s\": {", is_code ? "codes" : "errors");
	for (int i = 0; i < list_length(faults->list); i++)
	{
		if (is_repeated(faults, i))
			continue;
		appendStringInfoString(json, separator);
		append_attribute(json, faults, ((Fault *) list_nth(faults->list, i))->attribute, is_code);
		separator = ", ";
	}
	appendStringInfoChar(json, '}');
}

/* Write all faults as JSON. */
char *
faults_to_json(const Faults *faults)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoChar(&json, '{');
	append_faults(&json, faults, false);
	if (faults->retry_after > 0)
	{
		appendStringInfoString(&json, ", ");
		append_faults(&json, faults, true);
		appendStringInfo(&json, ", \"retry_after\": %d", faults->retry_after);
	}
	appendStringInfoChar(&json, '}');
	return json.data;
}

/* Put all sentences in a row. */
static char *
faults_to_sentences(const Faults *faults)
{
	StringInfoData text;
	ListCell   *cell;

	initStringInfo(&text);
	foreach(cell, faults->list)
	{
		if (text.len > 0)
			appendStringInfoChar(&text, ' ');
		appendStringInfoString(&text, ((Fault *) lfirst(cell))->sentence);
	}
	return text.data;
}

/* Raise SU001, or SU002 if nothing is wrong but taken names; return if nothing is wrong. */
void
faults_raise(const Faults *faults)
{
	if (!faults_exist(faults))
		return;
	ereport(ERROR,
			(errcode(faults->invalid || input_is_refused ? ERRCODE_ARSIGNUP_INVALID : ERRCODE_ARSIGNUP_TAKEN),
			 errmsg_internal("%s", faults_to_sentences(faults)),
			 errdetail_internal("%s", faults_to_json(faults))));
}

/* Raise SU001 for the only thing that is wrong. */
void
fault_raise(const char *attribute, const char *sentence)
{
	Faults		faults = NO_FAULTS;

	fault_add(&faults, attribute, sentence);
	faults_raise(&faults);
	pg_unreachable();
}
