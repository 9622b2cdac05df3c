/*
 * Organisations and memberships.
 */
#ifndef ARSIGNUP_ORG_H
#define ARSIGNUP_ORG_H

#include "arsignup.h"
#include "base/fault.h"
#include "datatype/timestamp.h"
#include "utils/array.h"
#include "utils/jsonb.h"
#include "utils/uuid.h"

typedef struct Org
{
	pg_uuid_t	id;
	const char *name;
	const char *reference;
	Jsonb	   *custom;			/* null: the column's default */
} Org;

typedef struct Membership
{
	pg_uuid_t	id;
	const pg_uuid_t *user_id;
	const pg_uuid_t *org_id;	/* may be null */
	ArrayType  *permissions;
	const TimestampTz *expires_at;	/* may be null */
	Jsonb	   *custom;			/* null: the column's default */
} Membership;

extern bool permissions_are_valid(ArrayType *permissions);
extern void org_insert(const pg_uuid_t *realm_id, const Org *org, TimestampTz now);
extern bool membership_insert(const pg_uuid_t *realm_id, const Membership *membership, TimestampTz now);

#endif							/* ARSIGNUP_ORG_H */
