include "summary";
{$date, $commit, $quick, $rounds, $slice, $users,
	machine: {$cpu, $cores, memory_mib: $memory, $kernel, $system, $huge_pages},
	versions: $packages, $settings,
	cases: ($samples | summary), $samples}
