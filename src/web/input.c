/*
 * The fields of the forms: one table, from which pages are written and by
 * which forms are read. The LoginRocket API takes the same, but hides none:
 * whoever writes the form decides what it asks for.
 */
#include "web/input.h"

#include <stddef.h>
#include <string.h>

#define ON(page) (1u << (page))
#define ON_ANY (ON(PAGE_KINDS) - 1)

/* ---------- when a field is there ---------- */

/* Require a field where the email is the username; else it is not there. */
static FieldRule
with_emails_as_usernames(const FormRules *rules)
{
	return rules->usernames_are_emails ? FIELD_REQUIRED : FIELD_HIDDEN;
}

/* Require a field where there are usernames; else it is not there. */
static FieldRule
with_usernames(const FormRules *rules)
{
	return rules->usernames_are_emails ? FIELD_HIDDEN : FIELD_REQUIRED;
}

/* Ask for a field as the app asks for names. */
static FieldRule
as_names(const FormRules *rules)
{
	return rules->name_field;
}

/* Likewise where one of two names is not enough; else it is not there. */
static FieldRule
as_each_name(const FormRules *rules)
{
	return rules->name_field == FIELD_EITHER ? FIELD_HIDDEN : rules->name_field;
}

/* Likewise where one of two names is enough; else it is not there. */
static FieldRule
as_either_name(const FormRules *rules)
{
	return rules->name_field == FIELD_EITHER ? FIELD_EITHER : FIELD_HIDDEN;
}

/* Ask for a field as the app asks for the name of an org. */
static FieldRule
as_org_name(const FormRules *rules)
{
	return rules->org_name_field;
}

/* Require a field where the password is asked for twice; else it is not there. */
static FieldRule
if_asked_twice(const FormRules *rules)
{
	return rules->password_is_asked_twice ? FIELD_REQUIRED : FIELD_HIDDEN;
}

/* ---------- the table ---------- */

#define USERNAME "autocomplete=\"username\" autocapitalize=\"none\" spellcheck=\"false\""
#define TYPED_EMAIL " inputmode=\"email\""
#define GIVEN_NAME "autocomplete=\"given-name\""
#define NEW_PASSWORD "autocomplete=\"new-password\""

static const Input table[] = {
	{ON(PAGE_SIGNUP), as_each_name, "first_name", "First name", "text", GIVEN_NAME, NULL},
	{ON(PAGE_SIGNUP), as_either_name, "first_name", "First name", "text", GIVEN_NAME,
	"If you have one name only, leave the other field blank."},
	{ON(PAGE_SIGNUP), as_names, "last_name", "Last name", "text", "autocomplete=\"family-name\"", NULL},
	{ON(PAGE_SIGNUP), as_org_name, "org_name", "Organisation", "text", "autocomplete=\"organization\"", NULL},
	{ON(PAGE_SIGNUP), with_usernames, "username", "Username", "text", USERNAME,
	"Letters, digits, dots, underscores and hyphens."},
	{ON(PAGE_SIGNUP), with_usernames, "email", "Email", "email", "autocomplete=\"email\"" TYPED_EMAIL, NULL},
	{ON(PAGE_SIGNUP), with_emails_as_usernames, "email", "Email", "email", USERNAME TYPED_EMAIL, NULL},
	{ON(PAGE_LOGIN) | ON(PAGE_FORGOT), with_emails_as_usernames, "login", "Email", "email", USERNAME TYPED_EMAIL, NULL},
	{ON(PAGE_LOGIN) | ON(PAGE_FORGOT), with_usernames, "login", "Username or email", "text", USERNAME, NULL},
	{ON(PAGE_SIGNUP) | ON(PAGE_RESET), NULL, "password", "Password", "password", NEW_PASSWORD, NULL},
	{ON(PAGE_SIGNUP) | ON(PAGE_RESET), if_asked_twice, "password_confirmation", "Password, once more", "password",
	NEW_PASSWORD, NULL},
	{ON(PAGE_LOGIN), NULL, "password", "Password", "password", "autocomplete=\"current-password\"", NULL},
	{ON(PAGE_RESET) | ON(PAGE_VERIFY), NULL, "token", NULL, NULL, NULL, NULL},
	{ON(PAGE_LOGIN), NULL, "choice", NULL, NULL, NULL, NULL},
	{ON(PAGE_SIGNUP) | ON(PAGE_LOGIN) | ON(PAGE_FORGOT), NULL, IDEMPOTENCY_FIELD, NULL, NULL, NULL, NULL},
	{ON(API_SIGNUP), NULL, "first_name", "First name", NULL, NULL, NULL},
	{ON(API_SIGNUP), NULL, "last_name", "Last name", NULL, NULL, NULL},
	{ON(API_SIGNUP), NULL, "org_name", "Organisation", NULL, NULL, NULL},
	{ON(API_SIGNUP) | ON(API_LOGIN), NULL, "username", "Username", NULL, NULL, NULL},
	{ON(API_SIGNUP) | ON(API_LOGIN), NULL, "email", "Email", NULL, NULL, NULL},
	{ON(API_SIGNUP), NULL, "email_confirmation", "Email confirmation", NULL, NULL, NULL},
	{ON(API_SIGNUP) | ON(API_LOGIN), NULL, "password", "Password", NULL, NULL, NULL},
	{ON(API_SIGNUP), NULL, "password_confirmation", "Password confirmation", NULL, NULL, NULL},
	{ON(API_LOGOUT), NULL, "token", "Token", NULL, NULL, NULL},
	{ON_ANY, NULL, "redirect_uri", NULL, NULL, NULL, NULL},
	{ON_ANY, NULL, "redir", NULL, NULL, NULL, NULL},
	{ON_ANY, NULL, "app", NULL, NULL, NULL, NULL}
};

/* Tell whether a field is required, one of two that are, optional or not there under an app's rules. */
FieldRule
input_rule(const Input *input, const FormRules *rules)
{
	return input->rule ? input->rule(rules) : FIELD_REQUIRED;
}

/* List the fields of a page under an app's rules; return how many. */
int
inputs_of(PageKind page, const FormRules *rules, const Input *inputs[INPUTS_MAX])
{
	int			count = 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if ((table[i].pages & ON(page)) != 0 && input_rule(&table[i], rules) != FIELD_HIDDEN)
			inputs[count++] = &table[i];
	return count;
}

/* Tell a field whose content is never sent back. */
bool
input_is_password(const Input *input)
{
	return input->type != NULL && strcmp(input->type, "password") == 0;
}

/* Tell the field beside which it says what a password needs. */
bool
input_is_new_password(const Input *input)
{
	return input_is_password(input) && strcmp(input->name, "password") == 0 &&
		strcmp(input->attributes, NEW_PASSWORD) == 0;
}
