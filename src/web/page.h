/*
 * Pages. Pure C: no postgres.h.
 */
#ifndef ARSIGNUP_PAGE_H
#define ARSIGNUP_PAGE_H

#include "http/html.h"
#include "http/urlencoded.h"
#include "web/input.h"

#define FAULTS_MAX 32
#define LINKS_MAX 2

/* What is wrong with a field; without a field, with the whole. */
typedef struct PageFault
{
	const char *name;
	const char *sentence;
	const char *code;			/* by which programs know it */
} PageFault;

/* A way to another page: "Have you signed up already? Log in"; the lead may be null. */
typedef struct PageLink
{
	const char *lead;
	const char *label;
	const char *url;
} PageLink;

/* Everything that a page shows; what is null is left out. Only the three that are called so are HTML. */
typedef struct WebPage
{
	const char *app_name;
	const char *header_html;
	const char *footer_html;
	const char *external_css;
	const char *stylesheet;		/* URL of ours */

	const char *heading;
	const char *text;
	const char *action;			/* URL that takes the form; null: there is none */
	const char *button;
	const char *choice;			/* a second button, sent as choice=yes */
	const FormRules *rules;
	int			input_count;
	const Input *inputs[INPUTS_MAX];
	FormValue	values[INPUTS_MAX];
	const char *trouble;		/* heading over the faults; null: the usual one */
	int			fault_count;
	PageFault	faults[FAULTS_MAX];
	int			retry_after;	/* seconds until held names may be free; 0: none is held */
	PageLink	remedy;			/* shown with the faults; null: none */
	int			link_count;
	PageLink	links[LINKS_MAX];
} WebPage;

extern void page_set_inputs(WebPage *page, PageKind kind, const FormRules *rules);
extern bool page_read_form(WebPage *page, Span form, char *buffer);
extern bool page_has(const WebPage *page, const char *name);
extern void page_set_value(WebPage *page, const char *name, Span value);
extern Span page_value(const WebPage *page, const char *name);
extern const char *page_label(const WebPage *page, const char *name);
extern void page_add_coded_fault(WebPage *page, const char *name, const char *sentence, const char *code);
extern void page_add_fault(WebPage *page, const char *name, const char *sentence);
extern void page_add_link(WebPage *page, const char *lead, const char *label, const char *url);
extern void page_check(WebPage *page);
extern void page_write(const WebPage *page, Html *html);

#endif							/* ARSIGNUP_PAGE_H */
