/*
 * Realms and connected apps, as signups and accounts see them.
 */
#ifndef ARSIGNUP_REALM_H
#define ARSIGNUP_REALM_H

#include "arsignup.h"
#include "datatype/timestamp.h"
#include "fmgr.h"
#include "realm/rule.h"
#include "utils/array.h"
#include "utils/uuid.h"

typedef struct Realm
{
	pg_uuid_t	id;
	char	   *name;
	bool		active;
	bool		usernames_are_emails;
	bool		emails_are_unique;
	int			password_min_length;
	int			password_min_score;
	bool		logins_enabled;
	bool		sessions_are_managed;
	int			session_minutes;
	char	   *jwt_alg;
	bool		jwt_has_custom;
	bool		jwt_has_memberships;
	bool		jwt_has_orgs;
	bool		sso_is_seamless;
	bool		verification_is_requested;	/* at a signup */
	bool		verification_is_required;	/* before a login */
	Interval	longest_hold;
} Realm;

/* An app with the rules that hold for it: its own, else its realm's. */
typedef struct App
{
	Realm		realm;
	pg_uuid_t	id;
	char	   *name;
	bool		active;
	bool		logins_enabled;
	bool		signups_enabled;
	SignupMode	signup_mode;
	FieldRule	name_field;
	FieldRule	org_name_field;
	bool		password_is_asked_twice;
	ArrayType  *default_permissions;
	Interval	signup_token_ttl;
	char	   *login_handler;
	char	   *signup_handler; /* the login handler if the app has none */
} App;

extern bool realm_find(const pg_uuid_t *id, Realm *realm);
extern void realm_read(const pg_uuid_t *id, Realm *realm);
extern void realm_read_active(const pg_uuid_t *id, Realm *realm);
extern void app_read(const pg_uuid_t *id, App *app);
extern SignupMode signup_mode(const char *name);
extern FieldRule field_rule(const char *name);
extern FieldRule name_rule(const char *name);
extern void app_read_active(const pg_uuid_t *id, App *app);
extern const char *permissions_fault(ArrayType *permissions);
extern bool realm_lock_inactive(const pg_uuid_t *id);
extern void realm_delete(const pg_uuid_t *id, TimestampTz now);
extern bool realm_is_going(const pg_uuid_t *id);
pg_noreturn extern void raise_not_found(const char *what);
pg_noreturn extern void raise_inactive(const char *what);

#endif							/* ARSIGNUP_REALM_H */
