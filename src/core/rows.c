/*
 * Reading rows: one by its id, or a page of them, by keys of an index and
 * never by counting rows off.
 *
 * The statement for each combination of filters, order and direction is
 * written when it is first needed, from words of ours only, and kept. They are
 * few: filters stand in the order of their table, and one that has an index of
 * its own leaves no choice of order. A backend that has seen all queries keeps
 * 128 for users and events each, 48 for memberships, 16 for orgs and 8 for
 * sessions, and two dozen that read one row.
 *
 * A record of what happened grows with every signup, which pays for no index
 * that only a list would use. What its list is filtered by is looked for among
 * RECORD_SEARCH rows that come next, in the order of the list, and the answer
 * is what was found there: fewer than were asked for, with more to come, or,
 * if nothing was found, from which id on to look.
 */
#include "core/core.h"

#include "base/encode.h"
#include "base/id.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define MAX_RESULTS 1000
#define DEFAULT_RESULTS 100

/* Parameters that every statement has: the realm, the time, and where the page begins. */
#define REALM "$1"
#define AFTER_KEY "$3"
#define AFTER_ID "$4"

/* Those of a record: which part of it. */
#define SINCE "$5"
#define SINCE_ID "$6"
#define FIRST_FILTER 7

/* What page of a listing is asked for. */
typedef struct RowsPage
{
	const Rows *rows;
	const ListSort *sort;
	bool		is_descending;
	int			max_results;
	int			limit;			/* one of two constants, so that the planner knows how little is read */
	const char *after_key;
	bool		has_after;
	pg_uuid_t	after_id;
	TimestampTz since;
	pg_uuid_t	since_id;
	bool		is_empty;		/* a filter that matches nothing */
	int			filter_count;
	int			filter_bits;	/* which of the table */
	const ListFilter *filters[LIST_MAX_FILTERS];
	const char *texts[LIST_MAX_FILTERS];
	pg_uuid_t	ids[LIST_MAX_FILTERS];
} RowsPage;

/* ---------- what is asked for ---------- */

/* Return a parameter of the query; NULL if it is not there or blank, as clients send what they have not. */
static const char *
asked(const CoreCall *call, const char *name)
{
	const char *text = value_text(value_member(call->query, name));

	return text != NULL && *text == '\0' ? NULL : text;
}

/* Return a sentence with the names by which a list can be sorted. */
static const char *
sort_fault(const Rows *rows, const char *found)
{
	StringInfoData sentence;

	initStringInfo(&sentence);
	appendStringInfoString(&sentence, "Sort must be one of ");
	for (int i = 0; i < LIST_MAX_SORTS && rows->sorts[i].name != NULL; i++)
		appendStringInfo(&sentence, "%s%s", i > 0 ? ", " : "", rows->sorts[i].name);
	appendStringInfo(&sentence, ", not %s.", fault_quote(found));
	return sentence.data;
}

/* Read the order. */
static void
read_order(CoreCall *call, RowsPage *page)
{
	const char *sort = asked(call, "sort");
	const char *direction = asked(call, "direction");

	page->sort = page->rows->sorts;
	while (sort != NULL && page->sort->name != NULL && strcmp(sort, page->sort->name) != 0)
		page->sort++;
	if (page->sort->name == NULL)
	{
		fault_add(&call->faults, "sort", sort_fault(page->rows, sort));
		page->sort = page->rows->sorts;
	}
	page->is_descending = direction ? strcmp(direction, "desc") == 0 : page->rows->time != NULL;
	if (direction == NULL)
		return;
	if (!page->is_descending && strcmp(direction, "asc") != 0)
		fault_add(&call->faults, "direction", "Direction must be asc or desc.");
}

/* Return how many are wanted at most. */
int
asked_max_results(CoreCall *call)
{
	const char *text = asked(call, "max_results");
	int			max_results = DEFAULT_RESULTS;
	char	   *end;

	if (text != NULL)
		max_results = strlen(text) <= 4 ? strtol(text, &end, 10) : 0;
	if (text != NULL && (max_results < 1 || max_results > MAX_RESULTS || *end != '\0'))
		fault_add(&call->faults, "max_results", "Max results must be a number from 1 to 1000.");
	return max_results;
}

/* Read how many are wanted at most. */
static void
read_max_results(CoreCall *call, RowsPage *page)
{
	page->max_results = asked_max_results(call);
	page->limit = 1 + (page->max_results > DEFAULT_RESULTS ? MAX_RESULTS : DEFAULT_RESULTS);
}

/* Read from when on a record is wanted. */
static void
read_since(CoreCall *call, RowsPage *page)
{
	const Value *since = value_member(call->query, "created_at_after");

	page->since = call->now - RECORD_DAYS * USECS_PER_DAY;
	if (page->rows->time != NULL && asked(call, "created_at_after") != NULL && !value_time(since, &page->since))
		fault_add(&call->faults, "created_at_after", "Created at after must be " TIME_FORM ".");
	page->since_id = id_before(page->since);
}

/* Return which of the page's filters has an index with the order, -1 if none has. */
static int
ordering_filter(const RowsPage *page)
{
	for (int i = 0; i < page->filter_count; i++)
		if (page->filters[i]->column != NULL)
			return i;
	return -1;
}

/* Return the filter whose index a page is read by, -1 if there is none: of several, only in a record. */
static int
leading_filter(const RowsPage *page)
{
	return page->filter_count == 1 || page->rows->time != NULL ? ordering_filter(page) : -1;
}

/* Tell whether a page of a record is looked for among the rows of a range: the realm's, or those of a filter with an index. */
static bool
is_searched(const RowsPage *page)
{
	return page->rows->time != NULL && page->filter_count > (ordering_filter(page) >= 0);
}

/* Tell whether an index has the rows of a page in their order; else those that filters match are few, and sorted. */
static bool
is_in_order(const RowsPage *page)
{
	return page->filter_count == 0 || is_searched(page) || leading_filter(page) >= 0;
}

/* Read one filter that is there. */
static void
read_filter(RowsPage *page, const ListFilter *filter, const char *text)
{
	int			n = page->filter_count++;

	page->filter_bits |= 1 << (filter - page->rows->filters);
	page->filters[n] = filter;
	page->texts[n] = text;
	if (filter->prefix != NULL)
		page->is_empty |= !id_with_prefix((Span) {text, strlen(text)}, filter->prefix, &page->ids[n]);
	else if (filter->normalize != NULL)
	{
		page->texts[n] = filter->normalize(text);
		page->is_empty |= page->texts[n] == NULL;
	}
}

/* Tell whether a name is one that all lists take, all that have pages, or all that have a choice of order. */
static bool
is_common(const CoreRoute *route, const char *name)
{
	static const char *const names[] = {
		"expand", "realm_id", "request", "after", "max_results", "direction", "sort"
	};
	int			count = route->rows != NULL ? lengthof(names) : route->answer == list_jwt_keys ? 5 : 3;

	for (int i = 0; i < count; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* Find a filter by its name; null if the list has none. */
static const ListFilter *
find_filter(const Rows *rows, const char *name)
{
	for (int i = 0; rows != NULL && i < LIST_MAX_FILTERS && rows->filters[i].name != NULL; i++)
		if (strcmp(rows->filters[i].name, name) == 0)
			return &rows->filters[i];
	return NULL;
}

/* Check that a parameter is known, and one text. A filter that is not would give everything to who wants a part of it: a fault. */
static void
check_parameter(const char *name, const Value *value, void *context)
{
	CoreCall   *call = context;
	const Rows *rows = call->route->rows;
	bool		is_time = rows != NULL && rows->time != NULL && strcmp(name, "created_at_after") == 0;

	if (!is_common(call->route, name) && !is_time && find_filter(rows, name) == NULL)
		fault_add(&call->faults, name, "This list can't be filtered by that.");
	else if (value_text(value) == NULL && strcmp(name, "expand") != 0 && strcmp(name, "request") != 0)
		fault_add(&call->faults, name, psprintf("%s must be a single text.", field_label(name)));
}

/* Check the parameters of a list. */
void
check_parameters(CoreCall *call)
{
	value_each(call->query, check_parameter, call);
}

/* Read the filters, in the order of their table. A blank one matches nothing; it must not match everything. */
static void
read_filters(CoreCall *call, RowsPage *page)
{
	check_parameters(call);
	for (int i = 0; i < LIST_MAX_FILTERS && page->rows->filters[i].name != NULL; i++)
	{
		const ListFilter *filter = &page->rows->filters[i];
		const char *text = value_text(value_member(call->query, filter->name));

		if (text != NULL)
			read_filter(page, filter, text);
	}
}

/* Have rows in the order that the index of a filter has: all that it finds would else have to be sorted. */
static void
settle_order(CoreCall *call, RowsPage *page)
{
	int			filter = ordering_filter(page);

	if (filter < 0 || page->sort->column == NULL)
		return;
	if (asked(call, "sort") != NULL)
		fault_add(&call->faults, "sort", psprintf("Sort must be id or created_at in a list that is filtered by %s.",
												  page->filters[filter]->name));
	while (page->sort->column != NULL)
		page->sort++;
}

/* ---------- statements ---------- */

/* What tells statements from each other; its texts are constants, known by their addresses. */
typedef struct StatementKey
{
	const Rows *rows;
	const char *json;			/* what is told; null: the key by which a row is sorted */
	const char *sort_column;
	int			limit;			/* 0: one row */
	int			filter_bits;
	bool		is_descending;
	bool		has_after;
} StatementKey;

/* A statement that is written here. */
typedef struct WrittenStatement
{
	struct WrittenStatement *next;
	StatementKey key;
	Statement	statement;
} WrittenStatement;

/* Tell whether two keys are the same. */
static bool
same_key(const StatementKey *a, const StatementKey *b)
{
	return a->rows == b->rows && a->json == b->json && a->sort_column == b->sort_column && a->limit == b->limit &&
		a->filter_bits == b->filter_bits && a->is_descending == b->is_descending && a->has_after == b->has_after;
}

/* Return the statement of a key, kept for as long as the backend lives; it has no text yet if it is new. */
static Statement *
find_statement(const StatementKey *key)
{
	static WrittenStatement *written = NULL;
	WrittenStatement *found = written;

	while (found != NULL && !same_key(&found->key, key))
		found = found->next;
	if (found == NULL)
	{
		found = MemoryContextAllocZero(TopMemoryContext, sizeof(WrittenStatement));
		found->key = *key;
		found->next = written;
		written = found;
	}
	return &found->statement;
}

/* Keep the text of a statement. */
static void
keep_text(Statement *statement, const char *sql)
{
	statement->sql = MemoryContextStrdup(TopMemoryContext, sql);
}

/* Append what is told of rows, and which there are. */
static void
append_select(StringInfo sql, const char *told, const Rows *rows)
{
	appendStringInfo(sql, "SELECT %s FROM arsignup.%s t WHERE %s", told, rows->table,
					 rows->is_of_all ? "true" : "t.realm_id = " REALM);
	if (rows->condition != NULL)
		appendStringInfo(sql, " AND %s", rows->condition);
}

/* Write the statement of a row. */
static const char *
row_sql(const char *told, const Rows *rows)
{
	StringInfoData sql;

	initStringInfo(&sql);
	append_select(&sql, told, rows);
	appendStringInfoString(&sql, " AND t.id = $3");
	return sql.data;
}

/* Add what a row is read by. */
static void
add_row(Parameters *parameters, CoreCall *call, const pg_uuid_t *id)
{
	add_uuid(parameters, &call->realm_id);
	add_time(parameters, call->now);
	add_uuid(parameters, id);
}

/*
 * Append the condition of a filter. Of several, one whose index has the ids
 * in order, too, matches the most, and hides from the planner.
 */
static void
append_filter(StringInfo sql, const ListFilter *filter, int parameter, bool is_only)
{
	appendStringInfoString(sql, " AND ");
	if (!is_only && filter->column != NULL)
	{
		appendStringInfo(sql, "coalesce(t.%s, t.%s) = $%d", filter->column, filter->column, parameter);
		return;
	}
	for (const char *c = filter->condition; *c; c++)
		if (*c == '?')
			appendStringInfo(sql, "$%d", parameter);
		else
			appendStringInfoChar(sql, *c);
}

/* Append the filters of a page. */
static void
append_filters(StringInfo sql, const RowsPage *page)
{
	for (int i = 0; i < page->filter_count; i++)
		append_filter(sql, page->filters[i], FIRST_FILTER + i, page->filter_count == 1);
}

/*
 * Return the column by which a page is sorted, as an expression. No index has
 * it behind what is filtered by: so that the planner does not read all of the
 * realm in its order, for the few rows that match, it is not to know it there.
 */
static const char *
sort_key(const RowsPage *page)
{
	return psprintf(page->filter_count > 0 ? "(t.%s || '')" : "t.%s", page->sort->column);
}

/* Append the order of a page; the planner is not to know an order by id, either, that no index has. */
static void
append_order(StringInfo sql, const RowsPage *page)
{
	const char *direction = page->is_descending ? " DESC" : "";
	const char *id = is_in_order(page) ? "t.id" : "coalesce(t.id, t.id)";

	appendStringInfoString(sql, " ORDER BY ");
	if (page->sort->column != NULL)
		appendStringInfo(sql, "%s%s", sort_key(page), direction);
	if (page->sort->column != NULL && !page->sort->is_unique)
		appendStringInfoString(sql, ", ");
	if (!page->sort->is_unique)
		appendStringInfo(sql, "%s%s", id, direction);
}

/* Append a comparison of ids; it names the realm, or what is asked for, too, where an index has that before the ids. */
static void
append_comparison(StringInfo sql, const RowsPage *page, char comparison, const char *id)
{
	int			filter = leading_filter(page);

	if (filter >= 0)
		appendStringInfo(sql, " AND (t.%s, t.id) %c ($%d, %s)", page->filters[filter]->column, comparison,
						 FIRST_FILTER + filter, id);
	else if ((page->filter_count == 0 && !page->rows->is_of_all) || is_searched(page))
		appendStringInfo(sql, " AND (t.realm_id, t.id) %c (" REALM ", %s)", comparison, id);
	else
		appendStringInfo(sql, " AND t.id %c %s", comparison, id);
}

/*
 * Append the condition that a row comes after the one that was seen last. In
 * the order of ids it is there from the first page on: so the planner takes the
 * index that has the realm, or what is asked for, in front. It would else look
 * for few rows through the ids of all realms.
 */
static void
append_after(StringInfo sql, const RowsPage *page)
{
	char		comparison = page->is_descending ? '<' : '>';
	const ListSort *sort = page->sort;

	if (sort->column == NULL)
		append_comparison(sql, page, comparison, AFTER_ID);
	else if (page->has_after && sort->is_unique)
		appendStringInfo(sql, " AND %s %c " AFTER_KEY, sort_key(page), comparison);
	else if (page->has_after)
		appendStringInfo(sql, " AND (%s, t.id) %c (" AFTER_KEY ", " AFTER_ID ")", sort_key(page),
						 comparison);
}

/*
 * Append the condition that a row of a record is young enough. Its id says so
 * to the index, which has the ids in order, unless the page begins there; the
 * time itself must hide from the index that has it in front.
 */
static void
append_since(StringInfo sql, const RowsPage *page)
{
	appendStringInfo(sql, " AND coalesce(t.%s, t.%s) > " SINCE, page->rows->time, page->rows->time);
	if (page->is_descending)
		append_comparison(sql, page, '>', SINCE_ID);
}

/* Append what reads the rows of a page, or, if it is searched, those among which its rows are looked for. */
static void
append_range(StringInfo sql, const char *told, const RowsPage *page)
{
	int			filter = ordering_filter(page);

	append_select(sql, told, page->rows);
	if (page->rows->time != NULL)
		append_since(sql, page);
	if (!is_searched(page))
		append_filters(sql, page);
	else if (filter >= 0)
		append_filter(sql, page->filters[filter], FIRST_FILTER + filter, true);
	append_after(sql, page);
	append_order(sql, page);
}

/*
 * Write the statement of a page that is searched. Behind its rows comes the id
 * of the last one that was looked at, if there may be more: a page that is full
 * is read no further than its own rows.
 */
static const char *
search_sql(const CoreCall *call, const RowsPage *page)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "(SELECT %s, NULL::uuid FROM (", page->rows->json(call));
	append_range(&sql, "*", page);
	appendStringInfo(&sql, " LIMIT %d) AS t WHERE true", RECORD_SEARCH);
	append_filters(&sql, page);
	append_order(&sql, page);
	appendStringInfo(&sql, " LIMIT %d) UNION ALL (", page->limit);
	append_range(&sql, "NULL, t.id", page);
	appendStringInfo(&sql, " LIMIT 1 OFFSET %d)", RECORD_SEARCH - 1);
	return sql.data;
}

/* Write the statement of a page. */
static const char *
page_sql(const CoreCall *call, const RowsPage *page)
{
	StringInfoData sql;

	if (is_searched(page))
		return search_sql(call, page);
	initStringInfo(&sql);
	append_range(&sql, page->rows->json(call), page);
	appendStringInfo(&sql, " LIMIT %d", page->limit);
	return sql.data;
}

/* Return the statement of a page. */
static Statement *
page_statement(const CoreCall *call, const RowsPage *page)
{
	StatementKey key = {.rows = page->rows, .json = page->rows->json(call), .sort_column = page->sort->column,
		.limit = page->limit, .filter_bits = page->filter_bits, .is_descending = page->is_descending,
	.has_after = page->has_after && page->sort->column != NULL};
	Statement  *statement = find_statement(&key);

	if (statement->sql == NULL)
		keep_text(statement, page_sql(call, page));
	return statement;
}

/* Return the statement that reads by what a row is sorted. */
static Statement *
sort_key_statement(const RowsPage *page)
{
	StatementKey key = {.rows = page->rows, .sort_column = page->sort->column};
	Statement  *statement = find_statement(&key);

	if (statement->sql == NULL)
		keep_text(statement, row_sql(psprintf("t.%s", page->sort->column), page->rows));
	return statement;
}

/* Find where the page begins: the key by which the row that was seen last is sorted. */
static void
read_after(CoreCall *call, RowsPage *page)
{
	const char *after = asked(call, "after");
	Parameters	parameters = {0};

	page->has_after = after != NULL;
	if (after == NULL)
	{
		/* No row has such an id. */
		memset(&page->after_id, page->is_descending ? 0xff : 0, UUID_LEN);
	}
	else if (!id_with_prefix((Span) {after, strlen(after)}, page->rows->prefix, &page->after_id))
		fault_add(&call->faults, "after", "After must be the id of the last one that was seen.");
	else if (page->sort->column != NULL)
	{
		add_row(&parameters, call, &page->after_id);
		if (statement_run(sort_key_statement(page), &parameters) == 0)
			fault_add(&call->faults, "after", "After is not there any more.");
		else
			page->after_key = column_text(1);
	}

	/* Of two beginnings an index would be read from the earlier one on. */
	if (page->rows->time != NULL && !page->is_descending && memcmp(&page->after_id, &page->since_id, UUID_LEN) < 0)
		page->after_id = page->since_id;
}

/* ---------- one row ---------- */

/* Return the statement that reads a row. */
static Statement *
row_statement(const CoreCall *call, const Rows *rows)
{
	StatementKey key = {.rows = rows, .json = rows->json(call)};
	Statement  *statement = find_statement(&key);

	if (statement->sql == NULL)
		keep_text(statement, row_sql(key.json, rows));
	return statement;
}

/* Return a row as JSON, NULL if there is none. */
const char *
read_row(CoreCall *call, const Rows *rows, const pg_uuid_t *id)
{
	Parameters	parameters = {0};

	add_row(&parameters, call, id);
	if (statement_run(row_statement(call, rows), &parameters) == 0)
		return NULL;
	return column_text_of(0, 1);
}

/* Answer with a row. */
void
reply_row(CoreCall *call, int status, const Rows *rows, const pg_uuid_t *id)
{
	const char *json = read_row(call, rows, id);

	if (json == NULL)
		reply_not_found(call);
	else
		reply_json(call, status, json);
}

/* Read the id in the path; answer if it is none of this kind. */
bool
find_row(CoreCall *call, pg_uuid_t *id)
{
	if (id_with_prefix(call->id, call->route->rows->prefix, id))
		return true;
	reply_not_found(call);
	return false;
}

/* GET of a row by its id */
void
show_row(CoreCall *call)
{
	pg_uuid_t	id;

	if (find_row(call, &id))
		reply_row(call, 200, call->route->rows, &id);
}

/* ---------- pages ---------- */

/* Read a page; return how many rows there are, one more than wanted at most. */
static uint64
read_page(CoreCall *call, const RowsPage *page)
{
	Parameters	parameters = {0};

	add_uuid(&parameters, &call->realm_id);
	add_time(&parameters, call->now);
	add_text(&parameters, page->after_key);
	add_uuid(&parameters, &page->after_id);
	add_time(&parameters, page->since);
	add_uuid(&parameters, &page->since_id);
	for (int i = 0; i < page->filter_count; i++)
		if (page->filters[i]->prefix != NULL)
			add_uuid(&parameters, &page->ids[i]);
		else
			add_text(&parameters, page->texts[i]);
	return statement_read_page(page_statement(call, page), &parameters, page->max_results + 1,
							   is_in_order(page));
}

/* Answer that nothing was found in the part of a record that was looked at, and where to go on. */
static void
reply_searched(CoreCall *call, const RowsPage *page)
{
	char		id[BASE62_UUID_LENGTH + 1] = {0};

	base62_encode_uuid(column_uuid(2)->data, id);
	reply_fault(call, 422, "after", psprintf("None of the %d that come next matches. Go on with after=%s_%s.",
											 RECORD_SEARCH, page->rows->prefix, id));
}

/* Answer with rows that were read, one more than wanted at most. */
void
reply_collection(CoreCall *call, uint64 rows, int max_results)
{
	bool		has_more = rows > (uint64) max_results || (rows > 0 && column_text_of(rows - 1, 1) == NULL);
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfo(&json, "{\"more_results\": %s, \"collection\": [", has_more ? "true" : "false");
	for (uint64 row = 0; row < rows - has_more; row++)
		appendStringInfo(&json, "%s%s", row > 0 ? ", " : "", column_text_of(row, 1));
	appendStringInfoString(&json, "]}");
	reply_json(call, 200, json.data);
}

/* GET of a listing */
void
list_rows(CoreCall *call)
{
	RowsPage	page = {.rows = call->route->rows};
	uint64		rows;

	read_order(call, &page);
	read_max_results(call, &page);
	read_filters(call, &page);
	read_since(call, &page);
	settle_order(call, &page);
	read_after(call, &page);
	if (reply_faults(call))
		return;
	rows = page.is_empty ? 0 : read_page(call, &page);
	if (rows == 1 && column_is_null(1))
		reply_searched(call, &page);
	else
		reply_collection(call, rows, page.max_results);
}
