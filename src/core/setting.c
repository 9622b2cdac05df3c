/*
 * Settings: resources whose fields are columns of a table that administrators
 * write by SQL, too. A call makes the INSERT or UPDATE that they would, of the
 * columns that it gives, so constraints and triggers are the same; what they
 * refuse is told by the field, and by the name of the rule.
 *
 * The server names the first rule that is broken. So a value that it refuses is
 * left out, or another stands in for it, and all is tried again, until all
 * faults are known; then nothing is done.
 */
#include "core/core.h"

#include "realm/realm.h"
#include "utils/memutils.h"

/* Return a field of settings. */
static const Setting *
setting(const Resource *resource, int n)
{
	Assert(resource->field_size == sizeof(Setting));
	return (const Setting *) resource->fields + n;
}

/* ---------- what is told ---------- */

/* Write the expression of what is told of a row. */
static const char *
told_sql(const Resource *resource)
{
	const char *separator = "";
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "jsonb_build_object(");
	for (int i = 0; i < resource->field_count; i++)
	{
		const Setting *told = setting(resource, i);

		if (!(told->field.use & FIELD_READ) || (told->told == NULL && told->column == NULL))
			continue;
		appendStringInfo(&sql, "%s'%s', ", separator, told->field.name);
		if (told->told != NULL)
			appendStringInfoString(&sql, told->told);
		else
			appendStringInfo(&sql, "t.%s", told->column);
		separator = ", ";
	}
	appendStringInfoChar(&sql, ')');
	return sql.data;
}

/* Return what is told of a row, as an expression; each time the same address. */
const char *
settings_json(const Resource *resource)
{
	typedef struct Written
	{
		const Resource *resource;
		const char *sql;
	} Written;
	static Written written[8];
	int			n = 0;

	while (n < (int) lengthof(written) && written[n].resource != NULL && written[n].resource != resource)
		n++;
	if (n == (int) lengthof(written))
		elog(ERROR, "there are more settings than %d", n);
	if (written[n].resource == NULL)
	{
		written[n].sql = MemoryContextStrdup(TopMemoryContext, told_sql(resource));
		written[n].resource = resource;
	}
	return written[n].sql;
}

/* ---------- one write ---------- */

/*
 * The columns that a call writes, what they get, and the parameters of that:
 * the realm, the row, a name that the handler has made, the values.
 */
typedef struct Write
{
	StringInfoData columns;
	StringInfoData values;
	Parameters	parameters;
} Write;

/* Tell whether a field of the settings was refused. */
static bool
is_refused(const CoreCall *call, int n)
{
	return (call->refused & UINT64CONST(1) << n) != 0;
}

/* Tell whether a field is null; where that leaves what is, a blank word is one that there is not. */
static bool
is_nothing(const CoreCall *call, const Setting *given)
{
	if (given->is_kept && given->field.type == FIELD_TEXT)
		return given_word(call, given->field.name) == NULL;
	return is_null(call, given->field.name);
}

/* Add a value by its type. */
static void
add_value(Parameters *parameters, const CoreCall *call, const Field *field)
{
	switch (field->type)
	{
		case FIELD_BOOLEAN:
			add_given_truth(parameters, call, field->name);
			break;
		case FIELD_NUMBER:
			add_given_number(parameters, call, field->name);
			break;
		case FIELD_INTEGER:
			add_given_integer(parameters, call, field->name);
			break;
		case FIELD_TEXTS:
			add_given_texts(parameters, call, field->name);
			break;
		case FIELD_OBJECT:
			add_given_object(parameters, call, field->name);
			break;
		default:
			add_text(parameters, given_word(call, field->name));
	}
}

/* Append an expression, in which ? is the parameter that was added last. */
static void
append_parameter(Write *write, const char *expression)
{
	for (const char *c = expression; *c; c++)
		if (*c == '?')
			appendStringInfo(&write->values, "$%d", write->parameters.count);
		else
			appendStringInfoChar(&write->values, *c);
}

/* Begin with a column; what it gets is to follow. */
static void
append_column(Write *write, const char *column)
{
	const char *separator = write->columns.len > 0 ? ", " : "";

	appendStringInfo(&write->columns, "%s%s", separator, column);
	appendStringInfoString(&write->values, separator);
}

/*
 * Append a field that is given and not left out. Null is what the column has of
 * its own accord; only a number may be none, where the column may have none.
 */
static void
append_given(Write *write, const CoreCall *call, const Setting *given)
{
	append_column(write, given->column);
	if (is_nothing(call, given) && given->field.type != FIELD_NUMBER)
	{
		appendStringInfoString(&write->values, "DEFAULT");
		return;
	}
	add_value(&write->parameters, call, &given->field);
	append_parameter(write, given->stored ? given->stored : "?");
}

/* Append a field if it is written. */
static void
append_field(Write *write, const CoreCall *call, int n, bool is_new)
{
	const Setting *written = setting(call->settings->resource, n);
	bool		is_bad = is_refused(call, n);
	bool		is_left_out = (written->is_kept || (is_new && written->initial != NULL)) && is_nothing(call, written);
	const char *otherwise = is_bad ? written->stand_in : written->initial;

	if (written->column == NULL || !(written->field.use & FIELD_WRITE))
		return;
	if (is_given(call, written->field.name) && !is_bad && !is_left_out)
		append_given(write, call, written);
	else if (is_new && otherwise != NULL)
	{
		append_column(write, written->column);
		appendStringInfoString(&write->values, otherwise);
	}
}

/* Gather what is written. */
static void
gather(CoreCall *call, Write *write, bool is_new)
{
	initStringInfo(&write->columns);
	initStringInfo(&write->values);
	write->parameters = (Parameters) {0};
	add_uuid(&write->parameters, &call->realm_id);
	add_uuid(&write->parameters, &call->row_id);
	add_text(&write->parameters, call->made_name);
	if (is_new && !call->settings->rows->is_of_all)
	{
		append_column(write, "realm_id");
		appendStringInfoString(&write->values, "$1");
	}
	for (int i = 0; i < call->settings->resource->field_count; i++)
		append_field(write, call, i, is_new);
}

/* Write what is stored elsewhere, if anything; or raise what is known to be wrong. */
static void
finish_write(CoreCall *call)
{
	if (call->settings->write_more != NULL)
		call->settings->write_more(call);
	faults_raise(&call->faults);
}

/* Insert the row; or raise what is known to be wrong with it. */
static void
insert_row(CoreCall *call)
{
	const char *table = call->settings->rows->table;
	int			nest_level = lock_timeout_begin();
	Write		write;

	gather(call, &write, true);
	if (statement_run_once(psprintf("INSERT INTO arsignup.%s (%s) VALUES (%s) RETURNING id", table, write.columns.data,
									write.values.data), &write.parameters) == 0)
		raise_suppressed(table);
	call->row_id = *column_uuid(1);
	finish_write(call);
	lock_timeout_end(nest_level);
}

/* Return the condition that finds the row. */
static const char *
row_condition(const CoreCall *call)
{
	return call->settings->rows->is_of_all ? "id = $2" : "realm_id = $1 AND id = $2";
}

/* Raise that no row was touched: since there is none, or since a trigger has suppressed it. */
static void
raise_untouched(const CoreCall *call, Parameters *parameters)
{
	const char *table = call->settings->rows->table;

	if (statement_run_once(psprintf("SELECT FROM arsignup.%s WHERE %s", table, row_condition(call)), parameters) > 0)
		raise_suppressed(table);
	raise_not_found(table);
}

/* Update the row; or raise what is known to be wrong with it. */
static void
update_row(CoreCall *call)
{
	const char *table = call->settings->rows->table;
	int			nest_level = lock_timeout_begin();
	Write		write;

	gather(call, &write, false);
	if (write.columns.len > 0 &&
		statement_run_once(psprintf("UPDATE arsignup.%s SET (%s) = ROW (%s) WHERE %s", table, write.columns.data,
									write.values.data, row_condition(call)), &write.parameters) == 0)
		raise_untouched(call, &write.parameters);
	finish_write(call);
	lock_timeout_end(nest_level);
}

/* Delete the row. */
static void
delete_row(CoreCall *call)
{
	int			nest_level = lock_timeout_begin();
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_uuid(&parameters, &call->row_id);
	if (statement_run_once(psprintf("DELETE FROM arsignup.%s WHERE %s", call->settings->rows->table,
									row_condition(call)), &parameters) == 0)
		raise_untouched(call, &parameters);
	lock_timeout_end(nest_level);
}

/* ---------- what is refused ---------- */

/* Return the field that is a column, or whose column a constraint's name begins with; -1 if none is. */
static int
find_field(const Resource *resource, const char *column, const char *constraint)
{
	size_t		longest = 0;
	int			found = -1;

	for (int i = 0; i < resource->field_count; i++)
	{
		const char *name = setting(resource, i)->column;
		size_t		size = name ? strlen(name) : 0;

		if (size > longest && (column ? strcmp(name, column) == 0 :
							   strncmp(name, constraint, size) == 0 && constraint[size] == '_'))
		{
			found = i;
			longest = size;
		}
	}
	return found;
}

/* Return the field that a unique constraint is about. */
static int
find_unique(const Settings *settings, const Outcome *outcome)
{
	int			n = 0;

	if (settings->unique == NULL || outcome->constraint == NULL || strcmp(settings->unique, outcome->constraint) != 0)
		return -1;
	while (strcmp(setting(settings->resource, n)->field.name, settings->unique_field) != 0)
		n++;
	return n;
}

/* Return the field that was refused; -1 if it is not known to be one. */
static int
find_refused(const Settings *settings, const Outcome *outcome)
{
	if (outcome->sqlstate == ERRCODE_UNIQUE_VIOLATION)
		return find_unique(settings, outcome);
	if (outcome->table == NULL || strcmp(outcome->table, settings->rows->table) != 0)
		return -1;
	if (outcome->sqlstate == ERRCODE_CHECK_VIOLATION && outcome->constraint != NULL)
		return find_field(settings->resource, NULL, outcome->constraint);
	return outcome->column != NULL ? find_field(settings->resource, outcome->column, NULL) : -1;
}

/*
 * Return the first of a list of texts that a rule for one column refuses by
 * itself; NULL if none is, as of a list that is too long. The rule is asked.
 */
static const char *
find_refused_text(const CoreCall *call, const Setting *refused, const char *constraint)
{
	Parameters	parameters = {0};
	const char *rule;

	add_text(&parameters, psprintf("arsignup.%s", call->settings->rows->table));
	add_text(&parameters, constraint);
	if (statement_run_once("SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint"
						   " WHERE conrelid = $1::regclass AND conname = $2 AND cardinality(conkey) = 1", &parameters) == 0)
		return NULL;
	rule = column_text(1);
	parameters = (Parameters) {0};
	add_given_texts(&parameters, call, refused->field.name);
	if (statement_run_once(psprintf("SELECT text FROM (SELECT text, n, ARRAY[text] AS %s FROM unnest($1)"
									" WITH ORDINALITY AS u (text, n)) AS t WHERE NOT (%s) ORDER BY n LIMIT 1",
									refused->column, rule), &parameters) == 0)
		return NULL;
	return column_text(1);
}

/* Return what was found, as a sentence ends with it; nothing of what is long. */
static const char *
found_words(const CoreCall *call, const Setting *refused, const char *constraint)
{
	const Field *field = &refused->field;
	const char *text = NULL;

	if (field->type == FIELD_TEXTS)
		text = find_refused_text(call, refused, constraint);
	else if (field->type != FIELD_OBJECT)
		text = refused->is_kept ? given_word(call, field->name) : given_text(call, field->name);
	return text != NULL ? psprintf(", not %s", fault_quote(text)) : "";
}

/*
 * Return a rule in words, out of the part of its name behind the column:
 * has_1_to_255_characters. What is known is what the field is about, up to a
 * semicolon; so is a word that is stored as something else.
 */
static const char *
rule_words(const Setting *refused, const char *rule)
{
	const Field *field = &refused->field;
	char	   *words = strchr(rule, '_') ? pstrdup(strchr(rule, '_') + 1) : "";

	if (strcmp(words, "known") == 0 || (refused->stored != NULL && field->type == FIELD_TEXT))
		return psprintf("be %.*s", (int) strcspn(field->about, ";"), field->about);
	for (char *c = words; *c; c++)
		if (*c == '_')
			*c = ' ';
	return psprintf("%s %s", strncmp(rule, "has_", 4) == 0 ? "have" : "be", words);
}

/* Return a sentence on why a field was refused. */
static const char *
refusal_sentence(const CoreCall *call, const Setting *refused, const Outcome *outcome)
{
	const Field *field = &refused->field;
	const char *label = field_label(field->name);

	switch (outcome->sqlstate)
	{
		case ERRCODE_UNIQUE_VIOLATION:
			return psprintf("%s is already taken.", label);
		case ERRCODE_NOT_NULL_VIOLATION:
			return psprintf("%s can't be blank.", label);
		case ERRCODE_CHECK_VIOLATION:
			return psprintf("%s must %s%s.", label, rule_words(refused, outcome->constraint + strlen(refused->column) + 1),
							found_words(call, refused, outcome->constraint));
		default:
			return psprintf("%s can't be changed so, since the realm has users or orgs.", label);
	}
}

/* Note a field that was refused; false if nothing new was. */
static bool
note_refusal(CoreCall *call, const Outcome *outcome)
{
	int			n = find_refused(call->settings, outcome);
	const Setting *refused = n < 0 ? NULL : setting(call->settings->resource, n);

	if (refused == NULL || is_refused(call, n))
		return false;
	fault_add(&call->faults, refused->field.name, refusal_sentence(call, refused, outcome));
	call->refused |= UINT64CONST(1) << n;
	return true;
}

/* Judge an error: a rule of ours that is broken is an answer, of which the log need not hear. */
static Verdict
judge(int sqlstate)
{
	switch (sqlstate)
	{
		case ERRCODE_UNIQUE_VIOLATION:
		case ERRCODE_NOT_NULL_VIOLATION:
		case ERRCODE_CHECK_VIOLATION:
		case ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST:
			return VERDICT_ANSWER;
		default:
			return core_judge(sqlstate);
	}
}

/* Leave out the fields of which something wrong is known already. */
static void
refuse_faulty(CoreCall *call)
{
	const Resource *resource = call->settings->resource;

	for (int i = 0; i < resource->field_count; i++)
		if (fault_is_about(&call->faults, resource_field(resource, i)->name))
			call->refused |= UINT64CONST(1) << i;
}

/* Write a row, or answer why not. What is in the call's faults already is told, too. */
static bool
settings_write(CoreCall *call, const Settings *settings, void (*write) (CoreCall *call))
{
	Outcome		outcome;

	call->settings = settings;
	refuse_faulty(call);
	do
		core_attempt_judged(call, write, judge, &outcome);
	while (note_refusal(call, &outcome));
	if (outcome.sqlstate == 0)
		return true;
	reply_outcome(call, &outcome);
	return false;
}

/* Insert what is given as a row, whose id is then the call's; or answer why not. */
bool
settings_create(CoreCall *call, const Settings *settings)
{
	return settings_write(call, settings, insert_row);
}

/* Update the call's row by what is given; or answer why not. */
bool
settings_update(CoreCall *call, const Settings *settings)
{
	return settings_write(call, settings, update_row);
}

/* Delete the call's row; or answer why not. */
bool
settings_delete(CoreCall *call, const Settings *settings)
{
	return settings_write(call, settings, delete_row);
}
