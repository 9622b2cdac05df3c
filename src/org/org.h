/*
 * Organisations and memberships.
 */
#ifndef ARSIGNUP_ORG_H
#define ARSIGNUP_ORG_H

#include "arsignup.h"
#include "base/caller.h"
#include "base/purge.h"
#include "base/realm_rows.h"
#include "datatype/timestamp.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/jsonb.h"
#include "utils/uuid.h"

typedef struct Org
{
	pg_uuid_t	id;
	const char *name;
	const char *reference;
	Jsonb	   *custom;			/* null: {} */
} Org;

typedef struct Membership
{
	pg_uuid_t	id;
	const pg_uuid_t *user_id;
	const pg_uuid_t *org_id;	/* may be null */
	ArrayType  *permissions;
	const TimestampTz *expires_at;	/* may be null */
	Jsonb	   *custom;			/* null: {} */
} Membership;

/* How much of memberships is told. */
typedef enum MembershipDetail
{
	MEMBERSHIPS_NONE,
	MEMBERSHIPS_PERMISSIONS,
	MEMBERSHIPS_ORG_NAMES,
	MEMBERSHIPS_ATTRIBUTES
} MembershipDetail;

extern void org_insert(const pg_uuid_t *realm_id, const Org *org, TimestampTz now);
extern void membership_insert(const pg_uuid_t *realm_id, const Membership *membership, TimestampTz now);
extern SPITupleTable *memberships_read_claims(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, TimestampTz now);
extern void memberships_append_claims(StringInfo json, SPITupleTable *memberships, MembershipDetail detail,
									  bool with_orgs, int room);
extern bool orgs_exist(const pg_uuid_t *realm_id);
extern Purge expired_memberships;
extern RealmRows realm_orgs;

#endif							/* ARSIGNUP_ORG_H */
