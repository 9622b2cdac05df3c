# A table of lanes: of all cases against the same, the lowest and the highest median.

include "summary";

def span: map(hundredths) | if min == max then "\(min)" else "\(min) to \(max)" end;

"| lane | against | how many times as fast | CPU: how many times as little |",
"| --- | --- | --- | --- |",
([.cases[] | select(.ratio)] | group_by([.lane, .against])[]
	| [.[0].lane, .[0].against, (map(.ratio.median) | span), (map(.cpu_ratio.median // empty) | if length > 0 then span else "" end)]
	| "| " + join(" | ") + " |")
