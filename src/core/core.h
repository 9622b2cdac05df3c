/*
 * The Core API: what its calls share.
 */
#ifndef ARSIGNUP_CORE_H
#define ARSIGNUP_CORE_H

#include "arsignup.h"
#include "api_key/api_key.h"
#include "base/fault.h"
#include "base/secret.h"
#include "base/statement.h"
#include "http/body.h"
#include "http/call.h"
#include "http/request.h"
#include "http/response.h"
#include "once/submission.h"
#include "utils/inet.h"

typedef struct CoreCall CoreCall;

/* ---------- what there is: tables that calls are checked by, and the description is written from ---------- */

typedef enum FieldType
{
	FIELD_TEXT,
	FIELD_SECRET,				/* a text, and no number */
	FIELD_TIME,					/* told in seconds since 1970, taken as TIME_FORM */
	FIELD_BOOLEAN,
	FIELD_NUMBER,
	FIELD_INTEGER,
	FIELD_TEXTS,
	FIELD_OBJECT,
	FIELD_OBJECTS
} FieldType;

/* How a time is given, as sentences and the description say it. */
#define TIME_FORM "seconds since 1970, or a time such as 2030-01-31T12:00:00Z"

typedef enum FieldUse
{
	FIELD_READ = 1,
	FIELD_WRITE = 2,
	FIELD_BOTH = 3
} FieldUse;

typedef struct Field
{
	const char *name;
	FieldType	type;
	FieldUse	use;
	const char *about;
} Field;

/*
 * A field that is a column of a table of settings. What is told of it, as SQL
 * on t, is the column if null; what is stored, with ? for the value, is the
 * value. If a new row is given none, it has the initial one, as SQL, else the
 * column's own. What must be there has a value, as SQL, that no rule refuses:
 * it stands in for one that was refused, so that the rules for other columns
 * are heard, too.
 */
typedef struct Setting
{
	Field		field;
	const char *column;			/* null: none; it is only told */
	const char *told;			/* null, and no column: neither */
	const char *stored;
	const char *initial;
	const char *stand_in;
	bool		is_kept;		/* null leaves what is, since the column's own might open what was closed */
} Setting;

/* What a body holds under its name, or an answer is. */
typedef struct Resource
{
	const char *name;
	const char *alias;			/* under which it may stand as well; may be null */
	const void *fields;			/* of type Field or Setting */
	int			field_count;
	size_t		field_size;
} Resource;

#define RESOURCE(name, fields) RESOURCE_ALIAS(name, NULL, fields)
#define RESOURCE_ALIAS(name, alias, fields) {(name), (alias), (fields), lengthof(fields), sizeof((fields)[0])}

/* Return a field of a resource. */
static inline const Field *
resource_field(const Resource *resource, int n)
{
	return (const Field *) ((const char *) resource->fields + n * resource->field_size);
}

typedef struct ListFilter
{
	const char *name;
	const char *prefix;			/* of ids; null: a text */
	const char *condition;		/* on t; ? is the value */
	const char *column;			/* of t, which an index has before the id: the order is by id; may be null */
	char	   *(*normalize) (const char *text);	/* may be null; NULL matches nothing */
} ListFilter;

typedef struct ListSort
{
	const char *name;
	const char *column;			/* of t, before its id; null: by id alone */
	bool		is_unique;		/* is the column enough? */
} ListSort;

#define LIST_MAX_FILTERS 5
#define LIST_MAX_SORTS 4

/* A table whose rows can be read one by one, or in pages, in an order that an index has. */
typedef struct Rows
{
	const char *table;			/* t below */
	const char *prefix;			/* of its ids */
	const char *(*json) (const CoreCall *call); /* what is told of a row */
	const char *parts;			/* what is told only if expand names it; null: nothing */
	const char *condition;		/* null: none; $2 is the time */
	bool		is_of_all;		/* not of a realm each */
	ListSort	sorts[LIST_MAX_SORTS];	/* the first one holds if none is named */
	ListFilter	filters[LIST_MAX_FILTERS];

	/*
	 * A record of what happened: the last comes first, and a list has what is
	 * younger than created_at_after says, by this column of t. No index has
	 * what it is filtered by: it is looked for among so many rows at a time.
	 */
	const char *time;			/* null: it is no record */
} Rows;

/* Which realm a call is about, and whose keys open it: bits; 0: the realm that the key or the call names. */
typedef enum RouteRealm
{
	REALM_IN_PATH = 1,
	REALMS_ALL = 2				/* only a key to all realms */
} RouteRealm;

/* A table of settings, which calls change as an administrator's INSERT and UPDATE do. */
typedef struct Settings
{
	const Resource *resource;
	const Rows *rows;

	/* What is unique, if anything: the constraint, of whatever table, and the field that is taken then. */
	const char *unique;
	const char *unique_field;

	void		(*write_more) (CoreCall *call); /* what is stored elsewhere; may be null */
} Settings;

#define RECORD_DAYS 30			/* of a record, if created_at_after is not given */
#define RECORD_SEARCH 10000

typedef struct CoreRoute
{
	const char *method;
	const char *path;			/* a segment :id stands for any */
	KeyPermission permission;	/* 0: no key is asked for */
	int			realm;			/* bits of RouteRealm */
	void		(*answer) (CoreCall *call);
	int			status;			/* of success */
	const Resource *takes;		/* may be null */
	const Resource *gives;		/* may be null */
	const Rows *rows;			/* may be null */
	const char *summary;
} CoreRoute;

/* ---------- one call ---------- */

struct CoreCall
{
	SecretScope *scope;
	const Request *request;
	Response   *response;
	const CoreRoute *route;
	Span		query_text;
	Span		body_text;
	Span		id;				/* from the path; terminated */
	ApiKey		key;
	pg_uuid_t	realm_id;
	const Value *query;
	const Value *body;
	const Value *given;		/* the part of the body that is about the resource */
	inet	   *ip;				/* of the person, as the caller says */
	const char *client;
	Faults		faults;
	TimestampTz now;
	Span		submission_key;	/* nothing: it is done again if it is sent again */
	Submission	submission;
	SubmissionState submission_state;

	/* What handlers find out. */
	pg_uuid_t	user_id;
	pg_uuid_t	row_id;
	const char *token;
	const char *made_name;		/* $3 of what is initial in settings */
	const Settings *settings;	/* being written */
	uint64		refused;		/* which of their fields: bits */
};

/* core.c */
extern bool core_answer(Span path, Span query, Span body, const Request *request, SecretScope *scope,
						Response *response);

/* field.c: reading what is given */
extern void note_fault(CoreCall *call, const char *attribute, const char *sentence);
extern void check_fields(CoreCall *call);
extern const char *given_text(const CoreCall *call, const char *name);
extern const char *given_word(const CoreCall *call, const char *name);
extern const char *given_change(const CoreCall *call, const char *name);
extern bool is_other_than(const CoreCall *call, const char *name, const char *word);
extern Span given_secret(const CoreCall *call, const char *name);
extern void add_given(Parameters *parameters, const CoreCall *call, const char *name);
extern void add_change(Parameters *parameters, const CoreCall *call, const char *name);
extern void add_given_secret(Parameters *parameters, const CoreCall *call, const char *name);
extern void add_given_object(Parameters *parameters, const CoreCall *call, const char *name);
extern void add_given_texts(Parameters *parameters, const CoreCall *call, const char *name);
extern void add_given_time(Parameters *parameters, const CoreCall *call, const char *name);
extern void add_given_number(Parameters *parameters, const CoreCall *call, const char *name);
extern bool given_id(CoreCall *call, const char *name, const char *prefix, pg_uuid_t *id);
extern void check_confirmation(CoreCall *call);
extern void check_state(CoreCall *call);
extern void read_source(CoreCall *call);
extern void check_expand(CoreCall *call);
extern bool is_given(const CoreCall *call, const char *name);
extern bool is_null(const CoreCall *call, const char *name);
extern void add_given_truth(Parameters *parameters, const CoreCall *call, const char *name);
extern void add_given_integer(Parameters *parameters, const CoreCall *call, const char *name);
extern bool expands(const CoreCall *call, const char *name);
extern bool value_time(const Value *value, TimestampTz *time);
extern bool id_with_prefix(Span text, const char *prefix, pg_uuid_t *id);
extern const char *field_label(const char *name);

/* reply.c: answering */
extern void reply_json(CoreCall *call, int status, const char *json);
extern void reply_empty(CoreCall *call);
extern void reply_removed(CoreCall *call);
extern const char *with_member(const char *object, const char *name, const char *value);
extern void reply_error(CoreCall *call, int status, const char *sentence);
extern bool reply_faults(CoreCall *call);
extern void reply_fault(CoreCall *call, int status, const char *attribute, const char *sentence);
extern void reply_not_found(CoreCall *call);
extern void reply_not_offered(CoreCall *call);
extern void reply_forbidden(CoreCall *call);
extern void reply_retry(CoreCall *call, int status, int seconds, const char *sentence);
extern void reply_under_way(CoreCall *call);
extern void reply_outcome(CoreCall *call, const Outcome *outcome);
extern void reply_failure(CoreCall *call, const Outcome *outcome);
extern Verdict core_judge(int sqlstate);
extern void core_attempt_judged(CoreCall *call, void (*action) (CoreCall *call), Verdict (*judge) (int sqlstate),
								Outcome *outcome);
extern void core_attempt(CoreCall *call, void (*action) (CoreCall *call), Outcome *outcome);
extern void core_write(CoreCall *call, void (*action) (CoreCall *call), Outcome *outcome);
extern bool core_try(CoreCall *call, void (*action) (CoreCall *call));
extern void core_part(CoreCall *call, void (*action) (CoreCall *call));

/* setting.c */
extern const char *settings_json(const Resource *resource);
extern bool settings_create(CoreCall *call, const Settings *settings);
extern bool settings_update(CoreCall *call, const Settings *settings);
extern bool settings_delete(CoreCall *call, const Settings *settings);

/* rows.c */
extern const char *read_row(CoreCall *call, const Rows *rows, const pg_uuid_t *id);
extern void reply_row(CoreCall *call, int status, const Rows *rows, const pg_uuid_t *id);
extern bool find_row(CoreCall *call, pg_uuid_t *id);
extern void show_row(CoreCall *call);
extern void check_parameters(CoreCall *call);
extern int	asked_max_results(CoreCall *call);
extern void reply_collection(CoreCall *call, uint64 rows, int max_results);
extern void list_rows(CoreCall *call);

/* openapi.c */
extern void show_description(CoreCall *call);
extern const CoreRoute core_routes[];
extern const int core_route_count;

/* The resources: tables and handlers. */
extern const Resource realm_resource;
extern const Resource auth_provider_resource;
extern const Resource jwt_key_resource;
extern const Resource user_resource;
extern const Resource user_token_resource;
extern const Resource session_resource;
extern const Resource credential_resource;
extern const Resource org_resource;
extern const Resource membership_resource;
extern const Rows realm_rows;
extern const Rows user_rows;
extern const Rows session_rows;
extern const Rows org_rows;
extern const Rows membership_rows;
extern const Resource event_resource;
extern const Rows event_rows;
extern const Resource login_policy_resource;
extern const Rows login_policy_rows;
extern const Resource app_hook_resource;
extern const Rows app_hook_rows;

/* realm.c */
extern void show_realm(CoreCall *call);
extern void create_realm(CoreCall *call);
extern void update_realm(CoreCall *call);
extern void delete_realm(CoreCall *call);
extern void reset_realm(CoreCall *call);

/* auth_provider.c */
extern void list_auth_providers(CoreCall *call);
extern void show_auth_provider(CoreCall *call);
extern void create_auth_provider(CoreCall *call);
extern void update_auth_provider(CoreCall *call);
extern void delete_auth_provider(CoreCall *call);

/* jwt_key.c */
extern void list_jwt_keys(CoreCall *call);
extern void show_jwt_key(CoreCall *call);
extern void create_jwt_key(CoreCall *call);
extern void delete_jwt_key(CoreCall *call);

/* login_policy.c */
extern void create_login_policy(CoreCall *call);
extern void update_login_policy(CoreCall *call);
extern void delete_login_policy(CoreCall *call);

/* app_hook.c */
extern void create_app_hook(CoreCall *call);
extern void update_app_hook(CoreCall *call);
extern void delete_app_hook(CoreCall *call);

/* user.c */
extern bool find_user(CoreCall *call, Span text);
extern bool find_path_user(CoreCall *call);
extern void reply_user(CoreCall *call, int status, const char *token_name, const char *token);
extern void show_user(CoreCall *call);
extern void create_user(CoreCall *call);
extern void update_user(CoreCall *call);
extern void delete_user(CoreCall *call);
extern const char *given_email(const CoreCall *call);
extern void change_user(CoreCall *call, bool with_custom);
extern void check_user(CoreCall *call);
extern void set_user_password(CoreCall *call);
extern void make_user_key(CoreCall *call);
extern void authenticate_user(CoreCall *call);
extern void authenticate_key(CoreCall *call);

/* credential.c */
extern void show_credential(CoreCall *call);
extern void create_credential(CoreCall *call);
extern void update_credential(CoreCall *call);
extern void delete_credential(CoreCall *call);

/* recover.c */
extern void check_password(CoreCall *call);
extern void update_password(CoreCall *call);
extern void generate_password_token(CoreCall *call);
extern void reset_password(CoreCall *call);
extern void request_email_verification(CoreCall *call);
extern void verify_email(CoreCall *call);

/* user_token.c */
extern void redeem_user_token(CoreCall *call);
extern void show_user_token(CoreCall *call);
extern void create_user_token(CoreCall *call);
extern void hold_user_token(CoreCall *call);
extern void delete_user_token(CoreCall *call);

/* session.c */
extern void show_session(CoreCall *call);
extern void create_session(CoreCall *call);
extern void delete_session(CoreCall *call);

/* org.c */
extern void create_org(CoreCall *call);
extern void update_org(CoreCall *call);
extern void delete_org(CoreCall *call);

/* membership.c */
extern void create_membership(CoreCall *call);
extern void update_membership(CoreCall *call);
extern void delete_membership(CoreCall *call);

#endif							/* ARSIGNUP_CORE_H */
