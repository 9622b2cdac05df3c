/*
 * Who may change what is ours, and what may refer to it or be made of it.
 *
 * Only a superuser changes our tables, functions and types, for a trigger, a
 * default or an index expression on a table of ours is code that runs as us.
 * Foreign keys of others lead to users, orgs and memberships only, and from
 * columns of the same type: their check runs as the owner of the table that
 * they lead to, with whatever cast another type takes. No column and no domain
 * is of the type secret.
 */
#include "base/fence.h"
#include "base/tables.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "base/secret.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

static object_access_hook_type previous_hook = NULL;

/* Whether create_tables is at work. */
static bool is_making_tables = false;

/* How to find out where something belongs: a row of a catalog, by its id, has the table or the schema. */
typedef struct Catalog
{
	Oid			id;
	Oid			index;
	AttrNumber	key;
	AttrNumber	place;
	bool		is_in_table;
} Catalog;

static const Catalog constraints =
	{ConstraintRelationId, ConstraintOidIndexId, Anum_pg_constraint_oid, Anum_pg_constraint_connamespace, false};

static const Catalog types =
	{TypeRelationId, TypeOidIndexId, Anum_pg_type_oid, Anum_pg_type_typnamespace, false};

static const Catalog *const catalogs[] = {
	&types,
	&(Catalog) {RelationRelationId, ClassOidIndexId, Anum_pg_class_oid, Anum_pg_class_relnamespace, false},
	&(Catalog) {ProcedureRelationId, ProcedureOidIndexId, Anum_pg_proc_oid, Anum_pg_proc_pronamespace, false},
	&(Catalog) {TriggerRelationId, TriggerOidIndexId, Anum_pg_trigger_oid, Anum_pg_trigger_tgrelid, true},
	&(Catalog) {RewriteRelationId, RewriteOidIndexId, Anum_pg_rewrite_oid, Anum_pg_rewrite_ev_class, true},
	&(Catalog) {PolicyRelationId, PolicyOidIndexId, Anum_pg_policy_oid, Anum_pg_policy_polrelid, true},
	&(Catalog) {StatisticExtRelationId, StatisticExtOidIndexId, Anum_pg_statistic_ext_oid, Anum_pg_statistic_ext_stxrelid, true}
};

/* Tell whether a schema is one of the extension's. */
static bool
is_our_schema(Oid schema)
{
	return OidIsValid(schema) &&
		(schema == get_namespace_oid("arsignup", true) || schema == get_namespace_oid("arsignup_web", true)) &&
		OidIsValid(get_extension_oid("arsignup", true));
}

/* Tell whether a table is in one of our schemas. */
static bool
is_our_table(Oid table)
{
	return OidIsValid(table) && is_our_schema(get_rel_namespace(table));
}

/* Copy a row of a catalog, as a snapshot shows it; NULL if it shows none. */
static HeapTuple
catalog_row(const Catalog *catalog, Oid id, Snapshot snapshot, Relation relation)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, catalog->key, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(id));
	scan = systable_beginscan(relation, catalog->index, true, snapshot, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		tuple = heap_copytuple(tuple);
	systable_endscan(scan);
	return tuple;
}

/* Tell whether something is ours, as a snapshot shows it. */
static bool
is_ours_in(const Catalog *catalog, Oid id, Snapshot snapshot)
{
	Relation	relation = table_open(catalog->id, AccessShareLock);
	HeapTuple	tuple = catalog_row(catalog, id, snapshot, relation);
	Oid			place = InvalidOid;
	bool		isnull;

	if (HeapTupleIsValid(tuple))
		place = DatumGetObjectId(heap_getattr(tuple, catalog->place, RelationGetDescr(relation), &isnull));
	table_close(relation, AccessShareLock);
	return catalog->is_in_table ? is_our_table(place) : is_our_schema(place);
}

/* Tell whether something that was just made or changed is ours, or was before. */
static bool
is_ours(Oid class, Oid id)
{
	if (class == AttrDefaultRelationId)
		return is_our_table(id);
	if (class == constraints.id)
		return is_ours_in(&constraints, id, SnapshotSelf);
	for (int i = 0; i < (int) lengthof(catalogs); i++)
		if (catalogs[i]->id == class)
			return is_ours_in(catalogs[i], id, SnapshotSelf) || is_ours_in(catalogs[i], id, NULL);
	return false;
}

/* Let create_tables change what is ours, or no longer. */
void
structure_permit(bool permitted)
{
	is_making_tables = permitted;
}

/*
 * Tell whether a superuser is at work, or create_tables, as one of our roles
 * and not by what an event trigger does meanwhile as another; or the server
 * itself, which makes an index as the owner of its table, whoever may ask for
 * it: a superuser, or a database's owner who has it made anew.
 */
static bool
is_permitted(void)
{
	return superuser() || (is_making_tables && role_is_ours(GetUserId())) ||
		(InSecurityRestrictedOperation() && role_is_ours(GetUserId()) && !role_is_ours(GetOuterUserId()));
}

/* Refuse a change of what is ours. */
pg_noreturn static void
refuse_change(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("only a superuser may change what belongs to arsignup"),
			 errdetail("Code that is attached to its tables runs with its rights.")));
}

/* Refuse a key that leads to a table to which none may, or from a column whose type is another. */
static void
check_foreign_key(Form_pg_constraint constraint, ArrayType *columns)
{
	const char *target = get_rel_name(constraint->confrelid);
	Datum	   *numbers;
	int			count;

	deconstruct_array(columns, INT2OID, sizeof(int16), true, TYPALIGN_SHORT, &numbers, NULL, &count);
	if (!table_is_of_directory(target))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a foreign key cannot refer to table \"arsignup.%s\"", target),
				 errhint("Refer to arsignup.users (id), arsignup.orgs (id) or arsignup.memberships (id).")));
	for (int i = 0; i < count; i++)
		if (get_atttype(constraint->conrelid, DatumGetInt16(numbers[i])) != UUIDOID)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column \"%s\" must have the type uuid to refer to table \"arsignup.%s\"",
							get_attname(constraint->conrelid, DatumGetInt16(numbers[i]), false), target),
					 errdetail("A cast from another type would run as the owner of that table."),
					 errhint("Change the type of the column to uuid, not to a domain over it.")));
}

/* Look at a constraint that was just made: is it a foreign key from elsewhere to us? */
static void
check_new_constraint(Oid id)
{
	Relation	relation = table_open(ConstraintRelationId, AccessShareLock);
	HeapTuple	tuple = catalog_row(&constraints, id, SnapshotSelf, relation);
	Form_pg_constraint constraint = HeapTupleIsValid(tuple) ? (Form_pg_constraint) GETSTRUCT(tuple) : NULL;
	bool		isnull;

	if (constraint != NULL && constraint->contype == CONSTRAINT_FOREIGN &&
		is_our_table(constraint->confrelid) && !is_our_table(constraint->conrelid))
		check_foreign_key(constraint,
						  DatumGetArrayTypeP(heap_getattr(tuple, Anum_pg_constraint_conkey,
														  RelationGetDescr(relation), &isnull)));
	table_close(relation, AccessShareLock);
}

/* Tell whether a type is that of secrets, or of arrays of them. */
static bool
holds_secrets(Oid type)
{
	Oid			secret = secret_type();

	return OidIsValid(secret) && (type == secret || get_element_type(type) == secret);
}

/* Refuse a column or a domain of secrets: they could not be read again, and a dump would not have them. */
pg_noreturn static void
refuse_secrets(const char *what, const char *name)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TABLE_DEFINITION),
			 errmsg("%s \"%s\" cannot have the type arsignup.secret", what, name),
			 errdetail("What is stored of that type is shown, and dumped, as <redacted>."),
			 errhint("Use it for parameters only.")));
}

/* Look at the columns of a table, a view, or a composite type. */
static void
check_columns(Oid table)
{
	Relation	attributes = table_open(AttributeRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_attribute_attrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(table));
	scan = systable_beginscan(attributes, AttributeRelidNumIndexId, true, SnapshotSelf, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_attribute attribute = (Form_pg_attribute) GETSTRUCT(tuple);

		if (!attribute->attisdropped && holds_secrets(attribute->atttypid))
			refuse_secrets("column", NameStr(attribute->attname));
	}
	systable_endscan(scan);
	table_close(attributes, AccessShareLock);
}

/* Look at the type that a domain is of. */
static void
check_domain(Oid id)
{
	Relation	relation = table_open(TypeRelationId, AccessShareLock);
	HeapTuple	tuple = catalog_row(&types, id, SnapshotSelf, relation);
	Form_pg_type type = HeapTupleIsValid(tuple) ? (Form_pg_type) GETSTRUCT(tuple) : NULL;

	if (type != NULL && type->typtype == TYPTYPE_DOMAIN && holds_secrets(type->typbasetype))
		refuse_secrets("domain", NameStr(type->typname));
	table_close(relation, AccessShareLock);
}

/* Look at what was made. */
static void
check_made(Oid class, Oid id, const ObjectAccessPostCreate *details)
{
	if (class == ConstraintRelationId)
		check_new_constraint(id);
	if (!is_permitted() && !(details != NULL && details->is_internal) && is_ours(class, id))
		refuse_change();
}

/* Look at what was changed: a table that inherits is named by its parent, too. */
static void
check_changed(Oid class, Oid id, const ObjectAccessPostAlter *details)
{
	if (is_permitted() || (details != NULL && details->is_internal))
		return;
	if (class == InheritsRelationId ? is_our_table(details->auxiliary_id) : is_ours(class, id))
		refuse_change();
}

/* Called by the server for every object that is made or changed, among others. */
static void
watch(ObjectAccessType access, Oid class, Oid object, int column, void *details)
{
	if (previous_hook)
		previous_hook(access, class, object, column, details);
	if ((access == OAT_POST_CREATE || access == OAT_POST_ALTER) && class == RelationRelationId)
		check_columns(object);
	if (access == OAT_POST_CREATE && class == TypeRelationId)
		check_domain(object);
	if (access == OAT_POST_CREATE)
		check_made(class, object, details);
	else if (access == OAT_POST_ALTER)
		check_changed(class, object, details);
}

/* Begin to watch. */
void
structure_install_hook(void)
{
	previous_hook = object_access_hook;
	object_access_hook = watch;
}
