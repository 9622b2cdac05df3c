/*
 * Users and their credentials.
 */
#ifndef ARSIGNUP_USER_H
#define ARSIGNUP_USER_H

#include "account/realm.h"
#include "base/fault.h"
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
	char	   *first_name;
	char	   *last_name;
	char	   *reference;
	Jsonb	   *custom;
	char	   *password_hash;
} User;

extern char *normalize_email(const char *email);
extern char *normalize_username(const char *username);
extern char *accept_line(char *given, const char *attribute, const char *label, Faults *faults);
extern Jsonb *accept_custom(Jsonb *given, Faults *faults);
extern void user_check(const Realm *realm, User *user, Faults *faults);
extern void user_check_free(const Realm *realm, const User *user, Faults *faults);
extern void user_insert(const Realm *realm, User *user, TimestampTz now);
extern const char *user_full_name(const User *user);

#endif							/* ARSIGNUP_USER_H */
