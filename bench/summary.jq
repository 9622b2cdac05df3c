# From samples, one object for each case: of pairs the ratios of speed and of CPU per call, above 1 where ours is better.

# The value below which such a part of an array lies, between two of its elements where none is just there.
def quantile($part): sort | ((length - 1) * $part) as $at | ($at | floor) as $below
	| .[$below] + ($at - $below) * ((.[$below + 1] // .[$below]) - .[$below]);
def quartiles: {low: quantile(0.25), median: quantile(0.5), high: quantile(0.75)};

# Calls a second, and microseconds of CPU a call.
def speed: .calls / .seconds;
def cost: .cpu / .calls * 1e6;
def side: {per_second: (map(speed) | quantile(0.5)), cpu: (map(cost) | quantile(0.5))};

# As it is told, and judged.
def hundredths: . * 100 | round / 100;

# Whether a value is what was to be reached.
def is_reached($reach): ($reach | split(" ")) as [$sign, $bound]
	| if $reach == "" then null elif $sign == ">=" then hundredths >= ($bound | tonumber) else hundredths <= ($bound | tonumber) end;

# In the order in which they were measured.
def summary: [to_entries[] | .value + {at: .key}] | group_by([.lane, .case, .against, .unit]) | sort_by(.[0].at) | map(
	(.[0] | {lane, case: (.case | gsub("\\b1 clients"; "1 client")), reach}) + if .[0].ours then {
		against: .[0].against,
		ratio: (map((.ours | speed) / (.theirs | speed)) | quartiles),
		cpu_ratio: (map(select(.ours.cpu > 0) | (.theirs | cost) / (.ours | cost)) | if length > 0 then quartiles else null end),
		ours: (map(.ours) | side), theirs: (map(.theirs) | side)
	} else {
		unit: .[0].unit, value: (map(.value) | quartiles)
	} end
	| .reach as $reach | .reached = ((.ratio.median // .value.median) | is_reached($reach)));
