# A table of every case, and before it what it was measured on.

include "summary";

def range: if . == null then "" else "\(.median | hundredths) (\(.low | hundredths) to \(.high | hundredths))" end;

"Measured \(.date[:10]) at \(.commit) on \(.machine.cores) cores (\(.machine.cpu)) and \(.machine.memory_mib / 1024 | round) GiB, \(.machine.system), "
	+ ([.versions | to_entries[] | select(.key | test("^(postgresql|libsodium)")) | "\(.key) \(.value)"] | join(", "))
	+ "; \(.rounds) rounds of \(.slice) s, among \(.users) users.",
"",
"| lane | case | against | ratio | CPU | reach | |",
"| --- | --- | --- | --- | --- | --- | --- |",
(.cases[] | [.lane, .case, (.against // .unit), ((.ratio // .value) | range), (.cpu_ratio | range), .reach,
	({"true": "met", "false": "**not met**", "null": ""}[.reached | tostring])] | "| " + join(" | ") + " |")
