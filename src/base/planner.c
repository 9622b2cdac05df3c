/*
 * What the planner is told of our tables while they are young.
 *
 * Our statements and the checks of foreign keys are planned once per backend,
 * and an import makes a million users in one transaction by plans from when
 * there were none. In a table of ten pages every index that begins with the
 * realm looks as good as any other, and reading it all better still; in a
 * table of a hundred thousand rows each of these plans makes the import
 * quadratic. So no plan is made for a small table: a table of ours is planned
 * as if it had grown, and what was counted in it before it had is not used.
 */
#include "base/planner.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_statistic.h"
#include "optimizer/cost.h"
#include "optimizer/plancat.h"
#include "utils/lsyscache.h"
#include "utils/index_selfuncs.h"
#include "utils/selfuncs.h"
#include "utils/syscache.h"

/* A table is young until it has so many pages, and is planned as if it had so many rows. */
#define GROWN_PAGES 100
#define GROWN_ROWS 10000

/* The columns by which every table of people begins: the realm and the id. */
#define REALM_COLUMN 1
#define ID_COLUMN 2

static get_relation_info_hook_type previous_info_hook = NULL;
static get_relation_stats_hook_type previous_stats_hook = NULL;

/* Tell whether a table is one of ours. */
static bool
is_ours(Oid table)
{
	Oid			schema = get_namespace_oid("arsignup", true);

	return OidIsValid(schema) && get_rel_namespace(table) == schema;
}

/* Estimate the cost of a walk along an index of ids alone: twice what it is, and each row on another page. */
static void
estimate_ids(PlannerInfo *root, IndexPath *path, double loop_count, Cost *startup, Cost *total,
			 Selectivity *selectivity, double *correlation, double *pages)
{
	btcostestimate(root, path, loop_count, startup, total, selectivity, correlation, pages);
	*total *= 2;
	*correlation = 0;
}

/*
 * Have an index of ids alone, which is there for the application's foreign
 * keys, taken only where that of realm and id does not serve: it leads through
 * the rows of other realms, but the planner sees its order better.
 */
static void
prefer_realm(RelOptInfo *rel)
{
	ListCell   *cell;

	foreach(cell, rel->indexlist)
	{
		IndexOptInfo *index = lfirst_node(IndexOptInfo, cell);

		if (index->unique && index->nkeycolumns == 1 && index->indexkeys[0] == ID_COLUMN)
			index->amcostestimate = estimate_ids;
	}
}

/* Have a table planned as if it had grown, and each index that has all of its rows with it. */
static void
assume_grown(RelOptInfo *rel)
{
	ListCell   *cell;

	if (rel->pages >= GROWN_PAGES && rel->tuples >= GROWN_ROWS)
		return;
	rel->pages = Max(rel->pages, GROWN_PAGES);
	rel->tuples = Max(rel->tuples, GROWN_ROWS);
	foreach(cell, rel->indexlist)
	{
		IndexOptInfo *index = lfirst_node(IndexOptInfo, cell);

		if (index->indpred == NIL)
			index->tuples = rel->tuples;
	}
}

/* Tell the planner of a table of ours. */
static void
describe_table(PlannerInfo *root, Oid table, bool inhparent, RelOptInfo *rel)
{
	if (previous_info_hook)
		previous_info_hook(root, table, inhparent, rel);
	if (!is_ours(table))
		return;
	prefer_realm(rel);
	assume_grown(rel);
}

/* Tell whether a table was young when it was last analysed. */
static bool
was_young(Oid table)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
	bool		young = HeapTupleIsValid(tuple) &&
		((Form_pg_class) GETSTRUCT(tuple))->relpages < GROWN_PAGES;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return young;
}

/* Tell whether a column was found to have about as many values as rows. */
static bool
is_nearly_unique(Oid table, AttrNumber column)
{
	HeapTuple	tuple = SearchSysCache3(STATRELATTINH, ObjectIdGetDatum(table), Int16GetDatum(column),
										BoolGetDatum(false));
	bool		unique = HeapTupleIsValid(tuple) &&
		((Form_pg_statistic) GETSTRUCT(tuple))->stadistinct < 0;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return unique;
}

/*
 * Hide statistics that were taken when a table was young, and those that say
 * that a realm has a row or two: the next transaction may fill it. Some who
 * ask come with a struct that is not initialised.
 */
static bool
hide_stats(PlannerInfo *root, RangeTblEntry *rte, AttrNumber column, VariableStatData *data)
{
	if (previous_stats_hook && previous_stats_hook(root, rte, column, data))
		return true;
	if (rte->rtekind != RTE_RELATION || !is_ours(rte->relid))
		return false;
	if (!was_young(rte->relid) && (column != REALM_COLUMN || !is_nearly_unique(rte->relid, column)))
		return false;
	data->statsTuple = NULL;
	data->freefunc = NULL;
	return true;
}

/* Begin to tell the planner. */
void
planner_install_hooks(void)
{
	previous_info_hook = get_relation_info_hook;
	get_relation_info_hook = describe_table;
	previous_stats_hook = get_relation_stats_hook;
	get_relation_stats_hook = hide_stats;
}
