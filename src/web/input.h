/*
 * The fields of the forms, and of the LoginRocket API. Pure C: no postgres.h.
 */
#ifndef ARSIGNUP_INPUT_H
#define ARSIGNUP_INPUT_H

#include "realm/rule.h"

typedef enum PageKind
{
	PAGE_SIGNUP,
	PAGE_LOGIN,
	PAGE_LOGOUT,
	PAGE_FORGOT,
	PAGE_RESET,
	PAGE_VERIFY,
	PAGE_KINDS,
	PAGE_NONE = PAGE_KINDS,		/* no form of ours */
	API_SIGNUP,					/* what the LoginRocket API takes */
	API_LOGIN,
	API_LOGOUT
} PageKind;

/* One row of the table that pages are written from and forms are read by. */
typedef struct Input
{
	unsigned	pages;			/* bits of PageKind */
	FieldRule	(*rule) (const FormRules *rules);	/* null: always required */
	const char *name;
	const char *label;			/* null: carried along, not shown */
	const char *type;
	const char *attributes;		/* what helps to type it in, as markup */
	const char *hint;
} Input;

#define INPUTS_MAX 16

/* The field by which a form that is sent twice is known: it is the same in all forms of a browser. */
#define IDEMPOTENCY_FIELD "idempotency_key"

extern int	inputs_of(PageKind page, const FormRules *rules, const Input *inputs[INPUTS_MAX]);
extern FieldRule input_rule(const Input *input, const FormRules *rules);
extern bool input_is_password(const Input *input);
extern bool input_is_new_password(const Input *input);

#endif							/* ARSIGNUP_INPUT_H */
