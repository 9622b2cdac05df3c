/*
 * What an app's forms ask for. Pure C: no postgres.h.
 */
#ifndef ARSIGNUP_RULE_H
#define ARSIGNUP_RULE_H

#include <stdbool.h>

typedef enum SignupMode
{
	SIGNUP_USER,
	SIGNUP_USER_ORG,
	SIGNUP_TOKEN
} SignupMode;

typedef enum FieldRule
{
	FIELD_REQUIRED,
	FIELD_EITHER,				/* one of two such fields is required */
	FIELD_OPTIONAL,
	FIELD_HIDDEN
} FieldRule;

/* The rules of an app, else its realm's, as a page needs them. */
typedef struct FormRules
{
	bool		usernames_are_emails;
	FieldRule	name_field;
	FieldRule	org_name_field; /* hidden where a signup makes no org */
	bool		password_is_asked_twice;
	int			password_min_length;
	bool		password_must_be_strong;
} FormRules;

#endif							/* ARSIGNUP_RULE_H */
