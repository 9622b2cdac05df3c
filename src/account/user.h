/*
 * Users and their credentials.
 */
#ifndef ARSIGNUP_USER_H
#define ARSIGNUP_USER_H

#include "base/caller.h"
#include "base/event.h"
#include "base/fault.h"
#include "base/realm_rows.h"
#include "base/row.h"
#include "password/password.h"
#include "realm/realm.h"
#include "utils/jsonb.h"

/* A user to be: filled by the caller as given, then by user_check as it will be stored. */
typedef struct User
{
	pg_uuid_t	id;
	const char *user_type;
	char	   *username;
	char	   *username_key;	/* canonical form */
	char	   *email;
	char	   *email_key;		/* canonical form */
	bool		shares_email;	/* may others have it? of a user who was read */
	char	   *first_name;
	char	   *last_name;
	char	   *reference;
	Jsonb	   *custom;
	const char *state;			/* NULL in a new user: active */
	int			token_generation;
	const char *email_verification; /* NULL in a new user: none */
	char	   *password_hash;
	TimestampTz password_changed_at;	/* of a password that was read */
	bool		logs_in;		/* with the insert, as after a signup */
	bool		has_given_id;	/* which may have been somebody else's */
	bool		was_held;		/* a new user, whose names a signup token has held */
} User;

/* What is given of the row of a user that is new; user_new has the values. */
#define NEW_USER \
	"realm_id, id, username, username_key, email, email_key, shared_email_id, first_name, last_name, reference, custom," \
	" created_at, user_type, last_login_at, email_verification"

/* Who is there: a user to be, whose names are held, is nobody yet. */
#define IS_SOMEBODY "state <> 'held'"

/* Who has an email that is not the username, in the words of its index; the others are found by the username. */
#define HAS_EMAIL(table, email) table "email_key = " email " AND " table "email_key <> " table "username_key"

extern char *normalize_email(const char *email);
extern char *normalize_username(const char *username);
extern char *normalize_login(const char *login);
extern bool name_is_foreign_id(const char *key, const pg_uuid_t *user_id);
extern char *normalize_line(const char *line);
extern char *accept_line(char *given, const char *attribute, const char *label, Faults *faults);
extern pg_uuid_t accept_id(const pg_uuid_t *given, const char *attribute, const char *label, TimestampTz now,
						   Faults *faults);
extern void check_created_at(TimestampTz created_at, TimestampTz now, Faults *faults);
extern Jsonb *custom_or_empty(Jsonb *custom);
extern Jsonb *accept_custom(Jsonb *given, Faults *faults);
extern void user_check(const Realm *realm, User *user, Faults *faults);
extern void state_check(const char *state, Faults *faults);
extern void user_check_id_free(const User *user, Faults *faults);
extern void user_check_free(const Realm *realm, const User *user, Faults *faults);
extern void user_check_free_later(const Realm *realm, const User *user, Faults *faults);
extern void user_insert(const Realm *realm, User *user, TimestampTz now);
extern void user_import(const Realm *realm, User *user, TimestampTz created_at);
extern void user_add(Parameters *parameters, const Realm *realm, const User *user);
extern Parameters user_new(const Realm *realm, const User *user, TimestampTz now);
extern void user_insert_names(Insert *insert, Insert *insert_or_fail, Parameters *parameters,
							  const Realm *realm, const User *user);
extern void user_touch_names(Statement *statement, Parameters *parameters, const Realm *realm, const User *user);
extern Parameters user_parameters(const pg_uuid_t *realm_id, const pg_uuid_t *user_id);
extern bool user_find(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, User *user);
extern bool user_find_and_hold(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, User *user);
extern bool user_find_and_lock(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, User *user);
extern void user_read(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, User *user);
extern void user_lock(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, User *user);
extern bool user_confirm(const pg_uuid_t *realm_id, User *user);
extern bool user_is_going(const pg_uuid_t *realm_id, const pg_uuid_t *user_id);
extern void user_hold(const pg_uuid_t *realm_id, const pg_uuid_t *user_id);
extern void user_update(const Realm *realm, User *user);
extern bool user_find_by_login(const Realm *realm, const char *login, User *user);
extern bool user_find_id(const pg_uuid_t *realm_id, const char *login, pg_uuid_t *user_id);
extern void user_record_login(const pg_uuid_t *realm_id, const pg_uuid_t *user_id, TimestampTz now);
extern bool user_find_to_delete(const pg_uuid_t *realm_id, const pg_uuid_t *user_id);
extern void user_delete(const Caller *caller, const pg_uuid_t *realm_id, const pg_uuid_t *user_id);
extern bool users_exist(const pg_uuid_t *realm_id);
extern RealmRows realm_users;
extern bool user_read_password(const pg_uuid_t *realm_id, User *user);
extern void user_renew_password(const pg_uuid_t *realm_id, const User *user, const char *hash);
extern void user_end_tokens(const pg_uuid_t *realm_id, const pg_uuid_t *user_id);
extern void users_end_tokens(const pg_uuid_t *realm_id);
extern void user_set_password(const pg_uuid_t *realm_id, const User *user, bool email_is_proved, TimestampTz now);
extern bool user_exchange_password(const pg_uuid_t *realm_id, const User *user, TimestampTz now);
extern bool user_delete_password(const pg_uuid_t *realm_id, const pg_uuid_t *user_id);
extern void user_set_verification(const pg_uuid_t *realm_id, const User *user,
								  const char *email_verification);
extern bool user_begin_verification(const pg_uuid_t *realm_id, const pg_uuid_t *user_id);
extern Changes user_changes(const User *before, const User *after);
extern Event password_changed(const pg_uuid_t *user_id);
extern bool user_is_verified(const User *user);
extern bool user_must_verify(const Realm *realm, const User *user);
extern PasswordPolicy user_password_policy(const Realm *realm, const User *user);
extern Span user_accept_password(SecretScope *scope, const Realm *realm, const User *user, Span password,
								 Faults *faults);
extern void user_hash_password(SecretScope *scope, const Realm *realm, User *user, Span password);
extern const char *user_full_name(const User *user);

#endif							/* ARSIGNUP_USER_H */
